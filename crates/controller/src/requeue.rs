//! When a stack is looked at again.

use crate::execute::Outcome;
use jenkinsstack_aws::Class;
use jenkinsstack_core::graph::NodeId;
use std::collections::BTreeSet;
use std::time::Duration;

/// How often a stack that is as it should be is looked at for drift.
pub const RESYNC: Duration = Duration::from_secs(600);

/// How old a shared listing may be, given how often stacks are looked at: what is done meanwhile is known anyway, and
/// every other pass of a stack at rest finds one that another stack has asked for. After a failure something may be
/// otherwise than we know.
pub fn listing_age(failed: bool, resync: Duration) -> Duration {
    let age = resync / 2;
    if failed { age.min(Duration::from_secs(60)) } else { age }
}

/// After how long a stack is looked at again, given how often its passes have failed in a row.
pub fn after(outcome: &Outcome, failed: u32, resync: Duration) -> Duration {
    let failures = outcome.failures.iter().map(|failure| failure.error.class);
    let unread = outcome.unread.iter().map(|error| error.class);
    let lacking = outcome.lacking().map(|_| Class::NotYet);
    // What failed comes at its own pace, also where it could be taken or looked at at once.
    let out: BTreeSet<&NodeId> = outcome.failures.iter().map(|failure| &failure.node).collect();
    let ready = outcome.plan.ready().filter(|step| !out.contains(&step.node)).map(|_| Class::Transient);
    let retries = failures.chain(unread).chain(lacking).chain(ready).map(|class| backoff(class, failed));
    retries.chain(outcome.polls.next(&out)).min().unwrap_or(resync)
}

/// After how long a Jenkins that was unwell at so many looks in a row is looked at again; none for one that is well.
pub fn until_well(unwell: u32) -> Option<Duration> {
    match unwell {
        0 => None,
        1 => Some(Duration::from_secs(15)),
        _ => Some(Duration::from_secs(25)),
    }
}

/// After how long something that failed with `class` is tried again, after `failed` failures in a row.
pub fn backoff(class: Class, failed: u32) -> Duration {
    let (first, most) = match class {
        Class::NotYet | Class::Transient | Class::Missing => (2, 60),
        Class::Throttled => (5, 300),
        Class::Conflict => (5, 60),
        Class::Denied | Class::Invalid | Class::Foreign | Class::Bug => (30, 300),
        Class::Quota => (60, 600),
    };
    let factor = 1u64.checked_shl(failed.min(16)).unwrap_or(u64::MAX);
    Duration::from_secs((first * factor).min(most))
}

/// `span` and up to a fifth more, by `chance` between 0 and 1: stacks that started together drift apart.
pub fn spread(span: Duration, chance: f64) -> Duration {
    span.mul_f64(1.0 + 0.2 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::Failure;
    use jenkinsstack_aws::Error;
    use jenkinsstack_core::input::{Output, Source};
    use jenkinsstack_core::kind::{Kind, State};
    use jenkinsstack_core::plan::{Action, Blocked, Blocker, Plan, Step, Wait};
    use std::sync::Arc;

    fn step(node: &str) -> Step {
        let action = Action::Create { replaces: Vec::new() };
        Step { node: NodeId::new(node), kind: Kind::Role, action, after: BTreeSet::new(), resolved: None }
    }

    /// A pass whose one ready step has failed.
    fn failed(class: Class) -> Outcome {
        let error = Arc::new(Error::new(class, "CreateRole", "task-role", "no"));
        let failure = Failure { node: NodeId::new("task-role"), kind: Kind::Role, line: String::new(), error };
        let plan = Plan { steps: vec![step("task-role")], ..Plan::default() };
        Outcome { plan, failures: vec![failure], ..Outcome::default() }
    }

    #[test]
    fn a_failed_step_comes_at_the_pace_of_its_class() {
        let classes = [
            Class::Throttled,
            Class::Transient,
            Class::NotYet,
            Class::Conflict,
            Class::Denied,
            Class::Invalid,
            Class::Quota,
            Class::Foreign,
            Class::Bug,
            Class::Missing,
        ];
        let seconds = |times| classes.map(|class| after(&failed(class), times, RESYNC).as_secs());
        assert_eq!(seconds(0), [5, 2, 2, 5, 30, 30, 60, 30, 30, 2]);
        assert_eq!(seconds(9), [300, 60, 60, 60, 300, 300, 600, 300, 300, 60]);
    }

    #[test]
    fn what_was_not_tried_waits_for_nothing_that_failed() {
        let mut outcome = failed(Class::Quota);
        outcome.plan.steps.push(step("log-group"));
        assert_eq!(after(&outcome, 0, RESYNC).as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_failed_comes_at_the_pace_of_its_class() {
        let mut outcome = failed(Class::Denied);
        let (node, kind, state) = (NodeId::new("task-role"), Kind::Role, State::Pending("coming".into()));
        let wait = Wait { node, kind, id: "id".into(), state };
        outcome.polls.looked(&wait);
        assert_eq!(after(&outcome, 0, RESYNC).as_secs(), 30);
        outcome.polls.looked(&Wait { node: NodeId::new("file-system"), ..wait });
        assert_eq!(after(&outcome, 0, RESYNC).as_secs(), 2, "others are looked at in their turn");
    }

    #[test]
    fn a_value_that_is_lacking_is_waited_for() {
        let of = Source { node: NodeId::new("role"), output: Output::Arn };
        let blocked = Blocked { node: NodeId::new("service"), kind: Kind::Service, by: Blocker::NoValue { of } };
        let plan = Plan { blocked: vec![blocked], ..Plan::default() };
        let outcome = Outcome { plan, ..Outcome::default() };
        assert_eq!([0, 9].map(|failed| after(&outcome, failed, RESYNC).as_secs()), [2, 60]);
        assert!(!outcome.is_quiet());
    }

    #[test]
    fn a_jenkins_that_is_unwell_is_looked_at_again_soon() {
        let seconds = [0, 1, 2, 50].map(|unwell| until_well(unwell).map(|span| spread(span, 1.0).as_secs()));
        assert_eq!(seconds, [None, Some(18), Some(30), Some(30)]);
    }

    #[test]
    fn retries_back_off_up_to_their_limit() {
        let seconds = |class, failed| backoff(class, failed).as_secs();
        assert_eq!([0, 1, 2, 9, 200].map(|n| seconds(Class::NotYet, n)), [2, 4, 8, 60, 60]);
        assert_eq!([0, 9].map(|n| seconds(Class::Denied, n)), [30, 300]);
    }

    #[test]
    fn a_settled_stack_is_looked_at_for_drift() {
        assert_eq!(after(&Outcome::default(), 0, RESYNC), RESYNC);
        assert_eq!(spread(RESYNC, 1.0).as_secs(), 720);
    }
}
