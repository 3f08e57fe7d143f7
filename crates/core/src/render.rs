//! Plans as text: the same words in golden files, events and the plugin.

use crate::diff::Field;
use crate::kind::State;
use crate::plan::{Action, Blocked, Blocker, Kept, Leaving, Plan, Step, Wait};
use std::fmt::Write;

/// The whole plan, a line a step, and below it a line a field.
pub fn text(plan: &Plan) -> String {
    let Plan { steps, waits, blocked, kept } = plan;
    let mut out = String::new();
    for step in steps {
        let _ = writeln!(out, "{} {}{}", sign(&step.action), step_line(step), after(step));
        for field in fields(&step.action) {
            let _ = writeln!(out, "      {}", field_line(field));
        }
    }
    for wait in waits {
        let _ = writeln!(out, ". {}", wait_line(wait));
    }
    for blocked in blocked {
        let _ = writeln!(out, "! {}", blocked_line(blocked));
    }
    for Kept { node, kind, id } in kept {
        let _ = writeln!(out, "= keep {kind} {node} ({id})");
    }
    if out.is_empty() { "no change\n".into() } else { out }
}

/// One step in words, for example `create load balancer load-balancer`.
pub fn step_line(step: &Step) -> String {
    let Step { node, kind, action, after: _, resolved: _ } = step;
    match action {
        Action::Create { replaces } if replaces.is_empty() => format!("create {kind} {node}"),
        Action::Create { .. } => format!("replace {kind} {node}"),
        Action::Update { id, .. } => format!("update {kind} {node} ({id})"),
        Action::Review { id } => format!("review {kind} {node} ({id})"),
        Action::Delete { id, because } => format!("delete {kind} {node} ({id}): {}", reason(*because)),
    }
}

/// One wait in words.
pub fn wait_line(wait: &Wait) -> String {
    let Wait { node, kind, id, state } = wait;
    let doing = match state {
        State::Ready => "ready".to_owned(),
        State::Settling(detail) | State::Pending(detail) => detail.clone(),
        State::Failed(why) => format!("failed: {why}"),
        State::Leaving => "being deleted".to_owned(),
    };
    format!("wait for {kind} {node} ({id}): {doing}")
}

/// One blocker in words, with what to do.
pub fn blocked_line(blocked: &Blocked) -> String {
    let Blocked { node, kind, by } = blocked;
    match by {
        Blocker::Refused { fields, remedy } => {
            let fields: Vec<String> = fields.iter().map(field_line).collect();
            format!("{kind} {node} is not changed ({}): {remedy}", fields.join(", "))
        }
        Blocker::OtherInstallation { installation } => format!(
            "{kind} {node} belongs to the installation {installation}: delete the stack there, or give this stack another name"
        ),
        Blocker::Failed { why } => format!("{kind} {node} failed: {why}"),
        Blocker::Unread => format!("{kind} {node} could not be read, so nothing is done to it"),
        Blocker::Several { ids } => {
            format!(
                "{kind} {node} exists more than once ({}): keep one, and remove the tags of the others",
                ids.join(", ")
            )
        }
    }
}

/// One field in words: `name: from -> to`.
pub fn field_line(field: &Field) -> String {
    let Field { name, from, to } = field;
    format!("{name}: {from} -> {to}")
}

fn fields(action: &Action) -> &[Field] {
    match action {
        Action::Create { replaces } => replaces,
        Action::Update { fields, .. } => fields,
        Action::Review { .. } | Action::Delete { .. } => &[],
    }
}

fn sign(action: &Action) -> char {
    match action {
        Action::Create { .. } => '+',
        Action::Update { .. } => '~',
        Action::Review { .. } => '?',
        Action::Delete { .. } => '-',
    }
}

fn after(step: &Step) -> String {
    if step.after.is_empty() {
        return String::new();
    }
    let nodes: Vec<&str> = step.after.iter().map(crate::graph::NodeId::as_str).collect();
    format!(", after {}", nodes.join(", "))
}

fn reason(because: Leaving) -> &'static str {
    match because {
        Leaving::NotWanted => "the spec does not ask for it any more",
        Leaving::Superseded => "another one took its place",
        Leaving::StackDeleted => "the stack is deleted",
    }
}
