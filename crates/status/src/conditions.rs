//! Conditions in the form of kstatus: a summary, what is under way, what is stuck, and one for each area.

use crate::facts::{Facts, Outlook, Pass, Phase, Trouble, area};
use jenkinsstack_api::status::{ConditionType, JenkinsHealth, Reason};
use jenkinsstack_core::plan::{Blocker, Plan};
use jenkinsstack_core::render;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// Longest message of a condition that is still read; the API allows 32 KiB.
const MESSAGE_LIMIT: usize = 1000;

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

/// All conditions, in the order of [`ConditionType::ALL`]. `Reconciling` and `Stalled` are there only while true.
pub fn conditions(facts: &Facts<'_>) -> Vec<Condition> {
    let mut drafts = match &facts.phase {
        Phase::Started => started(),
        Phase::Suspended => return suspended(facts),
        Phase::Stopped(trouble) => stopped(trouble),
        Phase::Passed(pass) => passed(pass),
    };
    if matches!(facts.phase, Phase::Started | Phase::Stopped(_)) {
        drafts.extend(areas().filter(|area| previous(facts, *area).is_none()).map(unknown));
        let kept = areas().filter_map(|area| previous(facts, area).cloned());
        return in_order(drafts.into_iter().map(|draft| finish(facts, draft)).chain(kept).collect());
    }
    in_order(drafts.into_iter().map(|draft| finish(facts, draft)).collect())
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
fn suspended(facts: &Facts<'_>) -> Vec<Condition> {
    let message = "spec.suspend is true: nothing is changed on AWS until it is false";
    let status = match previous(facts, ConditionType::Ready).map(|ready| ready.status.as_str()) {
        Some("True") => TRUE,
        Some("False") => FALSE,
        _ => UNKNOWN,
    };
    let ready = finish(facts, draft(ConditionType::Ready, status, Reason::Suspended, message));
    let fresh = areas().filter(|area| previous(facts, *area).is_none()).map(|area| finish(facts, unknown(area)));
    let kept = areas().filter_map(|area| previous(facts, area).cloned());
    in_order(std::iter::once(ready).chain(fresh).chain(kept).collect())
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

fn passed(pass: &Pass<'_>) -> Vec<Draft> {
    let mut drafts = summary(pass);
    drafts.extend(areas().map(|type_| match type_ {
        ConditionType::Jenkins => jenkins(pass),
        other => of_area(pass, other),
    }));
    drafts
}

fn summary(pass: &Pass<'_>) -> Vec<Draft> {
    let troubles = troubles(pass);
    let stuck = troubles.iter().find(|trouble| trouble.outlook == Outlook::NeedsUser);
    if let Some(trouble) = stuck {
        return stopped(trouble);
    }
    if let Some(trouble) = troubles.first() {
        return stopped(trouble);
    }
    if pass.deleting {
        let message = format!("deleting: {}", next_line(pass.plan));
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
    match pass.jenkins {
        JenkinsHealth::Down | JenkinsHealth::Starting => {
            let message = "everything on AWS is as the spec says, but Jenkins does not answer yet";
            vec![
                draft(ConditionType::Ready, FALSE, Reason::Unhealthy, message),
                draft(ConditionType::Reconciling, TRUE, Reason::Waiting, message),
            ]
        }
        JenkinsHealth::Up | JenkinsHealth::Unknown => {
            vec![draft(ConditionType::Ready, TRUE, Reason::Succeeded, "everything is as the spec says")]
        }
    }
}

/// What the plan will do next, or waits for, in a sentence.
fn next_line(plan: &Plan) -> String {
    let Plan { steps, waits, blocked: _, kept: _ } = plan;
    let waiting = waits.first().map(render::wait_line);
    let doing = steps.iter().find(|step| step.after.is_empty()).map(render::step_line);
    let open = steps.len() + waits.len();
    match waiting.or(doing) {
        Some(line) => format!("{line} ({open} open)"),
        None => format!("{open} open"),
    }
}

/// What went wrong in the pass, and what blocks the plan; the worst first.
fn troubles(pass: &Pass<'_>) -> Vec<Trouble> {
    let blocked = pass.plan.blocked.iter().map(|blocked| {
        let reason = match &blocked.by {
            Blocker::Refused { .. } => Reason::UnsafePlan,
            Blocker::OtherInstallation { .. } => Reason::OwnedByAnotherInstallation,
            Blocker::Failed { .. } => Reason::TaskFailed,
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
    let trouble =
        troubles(pass).into_iter().find(|trouble| trouble.about.as_ref().is_some_and(|(_, kind)| area(*kind) == type_));
    if let Some(Trouble { reason, message, .. }) = trouble {
        return draft(type_, FALSE, reason, message);
    }
    let Plan { steps, waits, blocked: _, kept: _ } = pass.plan;
    let wait = waits.iter().find(|wait| area(wait.kind) == type_).map(render::wait_line);
    let step = steps.iter().find(|step| area(step.kind) == type_).map(render::step_line);
    if let Some(line) = wait.or(step) {
        let reason = if pass.deleting { Reason::Deleting } else { Reason::Progressing };
        return draft(type_, FALSE, reason, line);
    }
    let wanted = pass.graph.nodes().filter(|(_, node)| area(node.desired.kind()) == type_).count();
    match wanted {
        0 if pass.deleting => draft(type_, FALSE, Reason::Deleting, "nothing left to delete here"),
        0 => draft(type_, TRUE, Reason::Succeeded, "nothing of it belongs to this stack"),
        1 => draft(type_, TRUE, Reason::Succeeded, "1 resource is as the spec says"),
        count => draft(type_, TRUE, Reason::Succeeded, format!("{count} resources are as the spec says")),
    }
}

fn jenkins(pass: &Pass<'_>) -> Draft {
    let (status, reason, message) = match pass.jenkins {
        _ if pass.deleting => (FALSE, Reason::Deleting, "the stack is being deleted"),
        JenkinsHealth::Up => (TRUE, Reason::Succeeded, "Jenkins answers"),
        JenkinsHealth::Starting => (FALSE, Reason::Progressing, "Jenkins is getting ready"),
        JenkinsHealth::Down => (FALSE, Reason::Unhealthy, "Jenkins does not answer: see the log group of the stack"),
        JenkinsHealth::Unknown => (UNKNOWN, Reason::Unknown, "Jenkins can't be asked from here"),
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
