//! Plans as text: the same words in golden files, events and the plugin.

mod value;

use crate::diff::Field;
use crate::graph::NodeId;
use crate::input::Source;
use crate::kind::{Kind, State};
use crate::plan::{Action, Blocked, Blocker, Goal, Kept, Leaving, Plan, Step, Wait};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The whole plan, a line a step, and below it a line a field.
pub fn text(plan: &Plan) -> String {
    let Plan { steps, waits, blocked, kept } = plan;
    let mut out = String::new();
    for step in steps.iter().filter(|step| !matches!(step.action, Action::Review { .. })) {
        let _ = writeln!(out, "{} {}", sign(&step.action), step_with_needs(step));
        for line in fields(&step.action).iter().flat_map(value::lines) {
            let _ = writeln!(out, "      {line}");
        }
    }
    for (after, nodes) in reviews(plan) {
        let _ = writeln!(out, "? after {after}: look again at {nodes}");
    }
    for wait in waits {
        let _ = writeln!(out, ". {}", wait_line(wait));
    }
    for blocked in blocked {
        let _ = writeln!(out, "! {}", blocked_line(blocked));
    }
    for Kept { node, kind, id } in kept {
        let _ = writeln!(out, "= keep {} ({id})", named(*kind, node));
    }
    if out.is_empty() { "no change\n".into() } else { out }
}

/// One step in words, for example `create load balancer`.
pub fn step_line(step: &Step) -> String {
    let Step { node, kind, action, after: _, resolved: _ } = step;
    let what = named(*kind, node);
    match action {
        Action::Create { replaces } if replaces.is_empty() => format!("create {what}"),
        Action::Create { .. } => format!("replace {what}"),
        Action::Update { id, .. } => format!("update {what} ({})", short(id)),
        Action::Review { id } => format!("look again at {what} ({})", short(id)),
        Action::Delete { id, because } => format!("delete {what} ({}): {}", short(id), reason(because)),
    }
}

/// A resource by its kind and its name within the stack, without saying the same twice.
fn named(kind: Kind, node: &NodeId) -> String {
    let label = kind.to_string();
    let slug = label.replace(' ', "-");
    match node.as_str().strip_prefix(&slug) {
        Some("") => label,
        Some(rest) if rest.starts_with('/') => format!("{label} {}", rest.trim_start_matches('/')),
        _ => format!("{label} {node}"),
    }
}

/// One step in words, and what it comes after.
pub fn step_with_needs(step: &Step) -> String {
    format!("{}{}", step_line(step), after(step))
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
    format!("wait for {} ({}): {doing}", named(*kind, node), short(id))
}

/// One blocker in words, with what to do.
pub fn blocked_line(blocked: &Blocked) -> String {
    let Blocked { node, kind, by } = blocked;
    let what = named(*kind, node);
    match by {
        Blocker::Refused { fields, remedy } => {
            let fields: Vec<String> = fields.iter().map(field_line).collect();
            format!("{what} is not changed ({}): {remedy}", fields.join(", "))
        }
        Blocker::OtherInstallation { installation, goal } => {
            format!("{what} belongs to the installation {installation}: {}", way_out(*goal))
        }
        Blocker::Failed { why } => format!("{what} failed: {why}{}", cure(*kind)),
        Blocker::Unread if node.as_str() == kind.to_string() => {
            format!(
                "it could not be read which {kind} there is, so nothing that depends on it is done; it is tried again"
            )
        }
        Blocker::Unread => format!("{what} could not be read, so nothing is done to it; it is tried again"),
        Blocker::NoValue { of: Source { node: need, output } } => {
            format!("{what} waits: {need} exists, but AWS does not give its {output:?}; it is tried again")
        }
        Blocker::Several { ids } => {
            format!("{what} exists more than once ({}): keep one, and remove the tags of the others", ids.join(", "))
        }
    }
}

/// What to do about a stack that another installation runs.
fn way_out(goal: Goal) -> &'static str {
    match goal {
        Goal::Run => "delete the stack there, or give this stack another name",
        Goal::LeaveKeepHome | Goal::LeaveNothing => {
            "set spec.deletionPolicy of this stack to Orphan, it then goes and nothing on AWS is touched"
        }
    }
}

/// One field in words: `name: from -> to`; of large values only what differs.
pub fn field_line(field: &Field) -> String {
    value::lines(field).join(", ")
}

/// What will be looked at again, by what it waits for: a list of nodes each.
fn reviews(plan: &Plan) -> BTreeMap<String, String> {
    let mut by_need: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| matches!(step.action, Action::Review { .. })) {
        by_need.entry(names(&step.after)).or_default().push(step.node.as_str());
    }
    by_need.into_iter().map(|(after, nodes)| (after, nodes.join(", "))).collect()
}

fn fields(action: &Action) -> &[Field] {
    match action {
        Action::Create { replaces } => replaces,
        Action::Update { fields, .. } => fields,
        Action::Delete { because: Leaving::MakesRoom { fields }, .. } => fields,
        Action::Delete {
            because: Leaving::FreesHome | Leaving::NotWanted | Leaving::Superseded | Leaving::StackDeleted,
            ..
        }
        | Action::Review { .. } => &[],
    }
}

/// What helps against a failure that does not mend itself.
fn cure(kind: Kind) -> &'static str {
    match kind {
        Kind::Service => "; see the log group of the stack, then correct the image or the settings of the controller",
        Kind::FileSystem => "; the home is left alone: ask AWS Support",
        _ => "; delete it on AWS, and another one is made",
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
    if step.after.is_empty() { String::new() } else { format!(", after {}", names(&step.after)) }
}

/// The nodes as a list; several of one family as `mount-target/*`.
fn names(nodes: &BTreeSet<NodeId>) -> String {
    let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in nodes {
        let family = node.as_str().split_once('/').map_or(node.as_str(), |(family, _)| family);
        families.entry(family).or_default().push(node.as_str());
    }
    let shown = families.into_iter().flat_map(|(family, nodes)| {
        let (members, alone): (Vec<&str>, Vec<&str>) = nodes.into_iter().partition(|node| node.contains('/'));
        let members =
            if members.len() > 1 { vec![format!("{family}/*")] } else { members.iter().map(|&n| n.into()).collect() };
        alone.into_iter().map(str::to_owned).chain(members)
    });
    shown.collect::<Vec<String>>().join(", ")
}

/// An ARN without what is the same for all of a stack: `arn:PARTITION:SERVICE:REGION:ACCOUNT:`.
pub fn short(id: &str) -> &str {
    if id.starts_with("arn:") { id.splitn(6, ':').last().unwrap_or(id) } else { id }
}

fn reason(because: &Leaving) -> &'static str {
    match because {
        Leaving::MakesRoom { fields } if fields.is_empty() => "it is in the way of another one",
        Leaving::MakesRoom { .. } => "there is room for its successor only once it is gone",
        Leaving::FreesHome => "its home moves to another subnet, and nobody may have it mounted meanwhile",
        Leaving::NotWanted => "the spec does not ask for it any more",
        Leaving::Superseded => "another one took its place",
        Leaving::StackDeleted => "the stack is deleted",
    }
}
