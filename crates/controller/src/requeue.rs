//! When a stack is looked at again.

use crate::execute::Outcome;
use jenkinsstack_aws::Class;
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
    let retries = failures.chain(unread).map(|class| backoff(class, failed));
    let ready = outcome.plan.ready().next().map(|_| backoff(Class::Transient, failed));
    retries.chain(outcome.polls.next()).chain(ready).min().unwrap_or(resync)
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
