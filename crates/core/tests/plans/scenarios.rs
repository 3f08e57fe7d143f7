//! Golden plans: each folder of `tests/scenarios` has a spec, how the snapshot comes about, and the plan as text.
//!
//! A new case is a new folder. `UPDATE=1` rewrites the texts; the review is to read their diff.

use crate::fake::Fake;
use crate::rollout::{Order, carry_out, round, settled};
use crate::world::{INSTALLATION, PLANTED, graph_of, graph_rotated};
use jenkinsstack_api::{JenkinsStackSpec, validate};
use jenkinsstack_core::check::check;
use jenkinsstack_core::graph::{Graph, NodeId};
use jenkinsstack_core::kind::{Kind, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::TAG_INSTALLATION;
use jenkinsstack_core::plan::{Goal, plan};
use jenkinsstack_core::render;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

/// How a snapshot comes about, in this order.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Seeing {
    /// `Run` when absent, else `LeaveKeepHome` or `LeaveNothing`.
    goal: Option<String>,
    /// A settled stack of the spec with this merge patch; nothing is there when absent.
    settled: Option<Value>,
    /// That stack was deleted, and its home was kept.
    deleted: bool,
    /// Rounds of the present spec that were carried out.
    rounds: usize,
    /// The secrets have other values now.
    rotated: bool,
    /// What was changed by hand.
    drift: Vec<Drift>,
    /// Nodes that were deleted by hand.
    missing: Vec<NodeName>,
    /// Nodes of which there are two.
    double: Vec<NodeName>,
    /// Nodes that are in another state, in AWS's words.
    state: BTreeMap<NodeName, String>,
    /// Labels of kinds that could not be listed.
    unread: BTreeSet<String>,
    /// The installation that made everything, when it was not this one.
    installation: Option<String>,
}

type NodeName = String;

/// One change by hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Drift {
    node: NodeName,
    field: String,
    value: String,
}

#[test]
fn plans_are_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut folders: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut wrong = Vec::new();
    for folder in &folders {
        let text = scenario(folder);
        assert!(!text.contains(PLANTED), "{}: {text}", folder.display());
        let path = folder.join("plan.txt");
        if env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        if golden != text {
            wrong.push(format!("{}:\n{text}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "read the texts, then run with UPDATE=1:\n{}", wrong.join("\n"));
    assert!(folders.len() >= 25, "{}", folders.len());
}

fn scenario(folder: &Path) -> String {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let value: Value = serde_saphyr::from_str(&read("spec.yaml")).unwrap();
    let seeing: Seeing =
        serde_saphyr::from_str(&read("seen.yaml")).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let spec: JenkinsStackSpec = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(validate(&spec), [], "{}", folder.display());
    let goal = match seeing.goal.as_deref() {
        None => Goal::Run,
        Some("LeaveKeepHome") => Goal::LeaveKeepHome,
        Some("LeaveNothing") => Goal::LeaveNothing,
        Some(other) => panic!("{}: no such goal: {other}", folder.display()),
    };
    let graph = match goal {
        Goal::Run => graph_rotated(&spec, if seeing.rotated { 2 } else { 1 }),
        Goal::LeaveKeepHome | Goal::LeaveNothing => Graph::default(),
    };
    let mut fake = see(&seeing, value, &graph);
    let plan = plan(&graph, &fake.seen, goal, INSTALLATION);
    check(&plan, &fake.seen, goal, INSTALLATION).unwrap();
    if plan.blocked.is_empty() {
        carry_out(&mut fake, &graph, goal, Order::Forwards);
    }
    render::text(&plan)
}

fn see(seeing: &Seeing, mut value: Value, graph: &Graph) -> Fake {
    let mut fake = Fake::default();
    if let Some(patch) = &seeing.settled {
        merge(&mut value, patch);
        fake = settled(&graph_of(&serde_json::from_value(value).unwrap()));
    }
    if seeing.deleted {
        carry_out(&mut fake, &Graph::default(), Goal::LeaveKeepHome, Order::Forwards);
    }
    for _ in 0..seeing.rounds {
        round(&mut fake, graph, Goal::Run, Order::Forwards);
    }
    for Drift { node, field, value } in &seeing.drift {
        edit(&mut fake, node, |seen| drift(seen, field, value));
    }
    for (node, state) in &seeing.state {
        edit(&mut fake, node, |seen| put_state(&mut seen.observed, state));
    }
    for node in &seeing.double {
        let seen = only(&fake, node);
        fake.double(&crate::properties::resolved(graph, &fake, &seen), &seen);
    }
    for node in &seeing.missing {
        let seen = only(&fake, node);
        fake.lose(&seen);
    }
    if let Some(other) = &seeing.installation {
        for seen in fake.all() {
            edit(&mut fake, seen.node.as_str(), |seen| {
                seen.tags.iter_mut().for_each(|tags| _ = tags.insert(TAG_INSTALLATION.into(), other.clone()));
            });
        }
    }
    for seen in fake.all().iter().filter(|seen| seeing.unread.contains(&seen.observed.kind().to_string())) {
        fake.seen.forget(&seen.node, &seen.id());
    }
    fake.seen.unread = Kind::ALL.iter().copied().filter(|kind| seeing.unread.contains(&kind.to_string())).collect();
    fake
}

/// JSON Merge Patch (RFC 7386).
fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = Value::Object(serde_json::Map::new());
    }
    for (key, change) in changes {
        match (value.as_object_mut().unwrap(), change) {
            (object, Value::Null) => _ = object.remove(key),
            (object, change) => merge(object.entry(key.clone()).or_insert(Value::Null), change),
        }
    }
}

fn only(fake: &Fake, node: &str) -> Seen {
    let found = fake.seen.of(&NodeId::new(node));
    assert_eq!(found.len(), 1, "{node}");
    found[0].clone()
}

fn edit(fake: &mut Fake, node: &str, change: impl FnOnce(&mut Seen)) {
    let mut seen = only(fake, node);
    change(&mut seen);
    fake.put(seen);
}

fn drift(seen: &mut Seen, field: &str, value: &str) {
    let number = || value.parse::<i32>().unwrap();
    match (&mut seen.observed, field) {
        (_, "tag") => {
            let (key, value) = value.split_once('=').unwrap();
            seen.tags.as_mut().unwrap().insert(key.into(), value.into());
        }
        (Observed::SecurityGroup(o), "strayRules") => _ = o.stray_rules.insert(value.parse().unwrap()),
        (Observed::LogGroup(o), "retentionInDays") => o.retention_days = Some(number()),
        (Observed::ListenerRule(o), "priority") => o.priority = number(),
        (Observed::LoadBalancer(o), "idleTimeout") => {
            _ = o.attributes.insert("idle_timeout.timeout_seconds".into(), value.into());
        }
        (Observed::Role(o), "managedPolicies") => _ = o.attached.insert(value.parse().unwrap()),
        (Observed::Role(o), "inlinePolicies") => _ = o.inline.remove(value),
        (Observed::FileSystemPolicy(o), "policy") => o.document = serde_json::from_str(value).unwrap(),
        (Observed::Service(o), "desiredCount") => o.desired_count = number(),
        (observed, field) => panic!("no way to change {field} of {observed:?}: add one here"),
    }
}

fn put_state(observed: &mut Observed, state: &str) {
    match observed {
        Observed::FileSystem(o) => o.life_cycle_state = state.into(),
        Observed::MountTarget(o) => o.life_cycle_state = state.into(),
        Observed::AccessPoint(o) => o.life_cycle_state = state.into(),
        Observed::LoadBalancer(o) => (o.state_code, o.state_reason) = (state.into(), "no capacity".into()),
        Observed::Cluster(o) => o.status = state.into(),
        Observed::Service(o) if state == "DRAINING" => o.status = state.into(),
        Observed::Service(o) => {
            (o.rollout.state, o.rollout.running) = (state.into(), 0);
            o.rollout.reason = "tasks failed to start".into();
        }
        other => panic!("{other:?} has no states"),
    }
}
