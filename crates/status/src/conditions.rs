//! Conditions in the form of kstatus: a summary, what is under way, what is stuck, and one for each area.

use crate::facts::{Facts, Outlook, Pass, Phase, Trouble, area};
use crate::health;
use jenkinsstack_api::status::{ConditionType, JenkinsHealth, Reason, TaskHealth};
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::plan::{Action, Blocker, Plan};
use jenkinsstack_core::render;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// Longest message of a condition that is still read; the API allows 32 KiB.
const MESSAGE_LIMIT: usize = 1000;
/// Looks in a row at which Jenkins has to be unwell before a stack that was Ready is not so any more: one is a blip.
const CONFIRMED: u32 = 2;
/// So many failed passes in a row, a minute or two, make a trouble that passes by itself as a rule a lasting one.
pub const LASTING: u32 = 5;

/// A condition without its bookkeeping.
struct Draft {
    type_: ConditionType,
    status: &'static str,
    reason: Reason,
    message: String,
}

const TRUE: &str = "True";
const FALSE: &str = "False";
const UNKNOWN: &str = "Unknown";

/// All conditions, in the order of [`ConditionType::ALL`]. `Reconciling` and `Stalled` are there only while true. An area
/// that nothing is said of stays as it was.
pub fn conditions(facts: &Facts<'_>) -> Vec<Condition> {
    let drafts = match &facts.phase {
        Phase::Started => started(),
        Phase::Suspended => suspended(facts),
        Phase::Stopped(trouble) if may_hold(facts, trouble) => held(trouble),
        Phase::Stopped(trouble) => stopped(trouble),
        Phase::Passed(pass) => passed(facts, pass),
    };
    let untold: Vec<ConditionType> = areas().filter(|area| drafts.iter().all(|draft| draft.type_ != *area)).collect();
    let kept = untold.into_iter().map(|area| match previous(facts, area) {
        Some(before) => before.clone(),
        None => finish(facts, unknown(area)),
    });
    let kept: Vec<Condition> = kept.collect();
    in_order(drafts.into_iter().map(|draft| finish(facts, draft)).chain(kept).collect())
}

fn areas() -> impl Iterator<Item = ConditionType> {
    let summary = [ConditionType::Ready, ConditionType::Reconciling, ConditionType::Stalled];
    ConditionType::ALL.into_iter().filter(move |type_| !summary.contains(type_))
}

fn unknown(type_: ConditionType) -> Draft {
    draft(type_, UNKNOWN, Reason::Unknown, "not looked at yet")
}

fn draft(type_: ConditionType, status: &'static str, reason: Reason, message: impl Into<String>) -> Draft {
    Draft { type_, status, reason, message: message.into() }
}

fn started() -> Vec<Draft> {
    let message = "the spec was read, work begins";
    vec![
        draft(ConditionType::Ready, UNKNOWN, Reason::Progressing, message),
        draft(ConditionType::Reconciling, TRUE, Reason::Progressing, message),
    ]
}

/// Everything stays as it was; the summary says why nothing happens.
fn suspended(facts: &Facts<'_>) -> Vec<Draft> {
    let message = "spec.suspend is true: nothing is changed on AWS until it is false";
    let status = match previous(facts, ConditionType::Ready).map(|ready| ready.status.as_str()) {
        Some("True") => TRUE,
        Some("False") => FALSE,
        _ => UNKNOWN,
    };
    vec![draft(ConditionType::Ready, status, Reason::Suspended, message)]
}

fn stopped(trouble: &Trouble) -> Vec<Draft> {
    let Trouble { reason, message, about: _, outlook } = trouble;
    let ready = draft(ConditionType::Ready, FALSE, *reason, message.clone());
    let second = match outlook {
        Outlook::Retrying => draft(ConditionType::Reconciling, TRUE, Reason::ProgressingWithRetry, message.clone()),
        Outlook::NeedsUser => draft(ConditionType::Stalled, TRUE, *reason, message.clone()),
    };
    vec![ready, second]
}

/// Whether a stack that was Ready stays so: it was with this spec, and what is wrong passes by itself as a rule, and has not
/// lasted yet.
fn may_hold(facts: &Facts<'_>, trouble: &Trouble) -> bool {
    was_ready(facts) && trouble.outlook == Outlook::Retrying && facts.failed < LASTING
}

fn was_ready(facts: &Facts<'_>) -> bool {
    let ready = previous(facts, ConditionType::Ready);
    ready.is_some_and(|ready| ready.status == TRUE && ready.observed_generation == Some(facts.generation))
}

/// It is tried again, and until then all stays as it was.
fn held(trouble: &Trouble) -> Vec<Draft> {
    let as_it_was = "everything was as the spec says when it was last looked at; see the condition Reconciling";
    vec![
        draft(ConditionType::Ready, TRUE, Reason::Succeeded, as_it_was),
        draft(ConditionType::Reconciling, TRUE, Reason::ProgressingWithRetry, trouble.message.clone()),
    ]
}

fn passed(facts: &Facts<'_>, pass: &Pass<'_>) -> Vec<Draft> {
    let trouble = worst(pass);
    if let Some(trouble) = trouble.as_ref().filter(|trouble| may_hold(facts, trouble))
        && nothing_differs(pass)
        && !is_out(facts, pass)
    {
        return held(trouble).into_iter().chain([jenkins(facts, pass)]).collect();
    }
    let mut drafts = trouble.map_or_else(|| summary(facts, pass), |trouble| stopped(&trouble));
    drafts.extend(areas().map(|type_| match type_ {
        ConditionType::Jenkins => jenkins(facts, pass),
        other => of_area(pass, other),
    }));
    drafts
}

/// Whether all that is open is open because something could not be read.
fn nothing_differs(pass: &Pass<'_>) -> bool {
    let Plan { steps, waits, blocked, kept: _ } = pass.plan;
    let reviews = steps.iter().all(|step| matches!(step.action, Action::Review { .. }));
    let unread = blocked.iter().all(|blocked| blocked.by == Blocker::Unread);
    !pass.deleting && reviews && unread && waits.is_empty()
}

/// Whether Jenkins counts as not well: for a stack that was Ready a second look has to confirm it.
fn is_out(facts: &Facts<'_>, pass: &Pass<'_>) -> bool {
    let unwell = health::is_unwell(&health::health(pass, facts.previous));
    unwell && (pass.unwell >= CONFIRMED || !was_ready(facts))
}

/// The worst of what went wrong, and how much more there is.
fn worst(pass: &Pass<'_>) -> Option<Trouble> {
    let troubles = troubles(pass);
    let worst = troubles.first()?.clone();
    match troubles.len() {
        1 => Some(worst),
        count => Some(Trouble { message: format!("{} (the first of {count} problems)", worst.message), ..worst }),
    }
}

fn summary(facts: &Facts<'_>, pass: &Pass<'_>) -> Vec<Draft> {
    if pass.deleting {
        let message =
            format!("deleting: {}", if pass.plan.settled() { last_line(pass.plan) } else { next_line(pass.plan) });
        return vec![
            draft(ConditionType::Ready, FALSE, Reason::Deleting, message.clone()),
            draft(ConditionType::Reconciling, TRUE, Reason::Deleting, message),
        ];
    }
    if !pass.plan.settled() {
        let message = next_line(pass.plan);
        return vec![
            draft(ConditionType::Ready, FALSE, Reason::Progressing, message.clone()),
            draft(ConditionType::Reconciling, TRUE, Reason::Progressing, message),
        ];
    }
    if is_out(facts, pass) {
        let message = "everything on AWS is as the spec says, but Jenkins does not answer yet: it may still be starting, \
                       else see the log group of the stack";
        return vec![
            draft(ConditionType::Ready, FALSE, Reason::Unhealthy, message),
            draft(ConditionType::Reconciling, TRUE, Reason::Waiting, message),
        ];
    }
    vec![draft(ConditionType::Ready, TRUE, Reason::Succeeded, "everything is as the spec says")]
}

/// What the plan will do next, or waits for, in a sentence.
fn next_line(plan: &Plan) -> String {
    let Plan { steps, waits, blocked: _, kept: _ } = plan;
    let waiting = waits.first().map(render::wait_line);
    let doing = steps.iter().find(|step| step.after.is_empty()).map(render::step_line);
    let open = steps.len() + waits.len();
    match (waiting.or(doing), open) {
        (Some(line), 1) => line,
        (Some(line), _) => format!("{line} (and {} more to do)", open - 1),
        (None, _) => format!("{open} to do"),
    }
}

/// What a deletion leaves behind, once the rest is gone.
fn last_line(plan: &Plan) -> String {
    let kept: Vec<String> = plan.kept.iter().map(|kept| format!("{} {}", kept.kind, kept.id)).collect();
    let except = if kept.is_empty() { String::new() } else { format!(" except what is kept ({})", kept.join(", ")) };
    format!("everything is gone{except}; AWS is asked once more before the stack goes")
}

/// What went wrong in the pass, and what blocks the plan; the worst first.
fn troubles(pass: &Pass<'_>) -> Vec<Trouble> {
    let blocked = pass.plan.blocked.iter().map(|blocked| {
        let reason = match &blocked.by {
            Blocker::Refused { .. } => Reason::UnsafePlan,
            Blocker::OtherInstallation { .. } => Reason::OwnedByAnotherInstallation,
            Blocker::Failed { .. } if blocked.kind == Kind::Service => Reason::TaskFailed,
            Blocker::Failed { .. } => Reason::AwsUnavailable,
            Blocker::Unread => Reason::AwsUnavailable,
            Blocker::NoValue { .. } => Reason::InternalError,
            Blocker::Several { .. } => Reason::Conflict,
        };
        let outlook = match &blocked.by {
            Blocker::Refused { .. } | Blocker::OtherInstallation { .. } | Blocker::Failed { .. } => Outlook::NeedsUser,
            Blocker::Several { .. } => Outlook::NeedsUser,
            Blocker::Unread | Blocker::NoValue { .. } => Outlook::Retrying,
        };
        let about = Some((blocked.node.clone(), blocked.kind));
        Trouble { reason, message: render::blocked_line(blocked), about, outlook }
    });
    // A listing that failed says why; that the plan can't go on without it adds nothing.
    let why: Vec<Trouble> = pass.troubles.to_vec();
    let mut all: Vec<Trouble> = why.into_iter().chain(blocked).collect();
    all.sort_by_key(|trouble| trouble.outlook == Outlook::Retrying);
    all
}

fn of_area(pass: &Pass<'_>, type_: ConditionType) -> Draft {
    let concerns = |trouble: &Trouble| {
        // The stack of another installation was not even compared, so nothing is said of any part of it.
        trouble.reason == Reason::OwnedByAnotherInstallation
            || trouble.about.as_ref().is_some_and(|(_, kind)| area(*kind) == type_)
    };
    if let Some(Trouble { reason, message, .. }) = troubles(pass).into_iter().find(concerns) {
        return draft(type_, FALSE, reason, message);
    }
    if let Some(line) = open_line(pass.plan, type_) {
        let reason = if pass.deleting { Reason::Deleting } else { Reason::Progressing };
        return draft(type_, FALSE, reason, line);
    }
    let wanted = pass.graph.nodes().filter(|(_, node)| area(node.desired.kind()) == type_).count();
    match wanted {
        0 if pass.deleting => draft(type_, FALSE, Reason::Deleting, left_line(pass.plan, type_)),
        0 => draft(type_, TRUE, Reason::Succeeded, "nothing of it belongs to this stack"),
        1 => draft(type_, TRUE, Reason::Succeeded, "1 resource is as the spec says"),
        count => draft(type_, TRUE, Reason::Succeeded, format!("{count} resources are as the spec says")),
    }
}

/// What is open in an area: what is under way first, then what can be done now, then what waits for something else.
fn open_line(plan: &Plan, type_: ConditionType) -> Option<String> {
    let Plan { steps, waits, blocked: _, kept: _ } = plan;
    let wait = waits.iter().find(|wait| area(wait.kind) == type_).map(render::wait_line);
    let mut steps: Vec<_> = steps.iter().filter(|step| area(step.kind) == type_).collect();
    steps.sort_by_key(|step| !step.after.is_empty());
    wait.or_else(|| steps.first().map(|step| render::step_with_needs(step)))
}

fn left_line(plan: &Plan, type_: ConditionType) -> String {
    let kept = plan.kept.iter().filter(|kept| area(kept.kind) == type_);
    let kept: Vec<String> = kept.map(|kept| format!("{} {}", kept.kind, kept.id)).collect();
    if kept.is_empty() { "nothing left to delete here".into() } else { format!("kept, as told: {}", kept.join(", ")) }
}

fn jenkins(facts: &Facts<'_>, pass: &Pass<'_>) -> Draft {
    let health = health::health(pass, facts.previous);
    let runs = health.task == TaskHealth::Running;
    let (status, reason, message) = match health.jenkins {
        _ if pass.deleting => (FALSE, Reason::Deleting, "the stack is being deleted"),
        JenkinsHealth::Up => (TRUE, Reason::Succeeded, "Jenkins answers"),
        JenkinsHealth::Starting => (FALSE, Reason::Progressing, "Jenkins answers that it is getting ready"),
        JenkinsHealth::Down | JenkinsHealth::Unknown if !runs => {
            (FALSE, Reason::Progressing, "the task of Jenkins does not run yet: see the condition Compute")
        }
        JenkinsHealth::Down => (FALSE, Reason::Unhealthy, "Jenkins does not answer: see the log group of the stack"),
        JenkinsHealth::Unknown if health::is_unwell(&health) => {
            let message = "Jenkins can't be asked from here, and its load balancer does not find it healthy: it may still be \
                           starting, else see the log group of the stack";
            (FALSE, Reason::Unhealthy, message)
        }
        JenkinsHealth::Unknown => {
            (UNKNOWN, Reason::Unknown, "Jenkins can't be asked from here; its load balancer asks it")
        }
    };
    draft(ConditionType::Jenkins, status, reason, message)
}

fn previous<'a>(facts: &'a Facts<'_>, type_: ConditionType) -> Option<&'a Condition> {
    facts.previous?.condition(type_)
}

/// Adds the generation, and the time of the last change of status.
fn finish(facts: &Facts<'_>, draft: Draft) -> Condition {
    let Draft { type_, status, reason, message } = draft;
    let before = previous(facts, type_).filter(|before| before.status == status);
    Condition {
        type_: type_.as_str().to_owned(),
        status: status.to_owned(),
        reason: reason.to_string(),
        message: message.chars().take(MESSAGE_LIMIT).collect(),
        observed_generation: Some(facts.generation),
        last_transition_time: before.map_or_else(|| facts.now.clone(), |before| before.last_transition_time.clone()),
    }
}

fn in_order(mut conditions: Vec<Condition>) -> Vec<Condition> {
    let place = |condition: &Condition| ConditionType::ALL.iter().position(|type_| type_.as_str() == condition.type_);
    conditions.sort_by_key(place);
    conditions
}
