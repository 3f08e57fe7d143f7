//! What AWS refuses. A plan that runs into one of these would never get further.

use super::{Fake, has_name};
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::input::Output;
use jenkinsstack_core::kind::{Desired, Kind, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::plan::Step;
use serde_json::Value;

impl Fake {
    pub(super) fn refuse_create(&self, step: &Step, node: &Node) {
        let taken = self.names.iter().any(|(kind, name, _)| *kind == step.kind && *name == node.name);
        assert!(!(taken && has_name(&node.desired)), "the name {} of {} is taken", node.name, step.node);
        let there = self.seen.of(&step.node).len();
        match step.kind {
            Kind::FileSystem => assert_eq!(there, 0, "a second home"),
            Kind::MountTarget => assert_eq!(there, 0, "MountTargetConflict: {}", step.node),
            Kind::Service => assert!(!self.seen.all().any(is_service), "a second controller on the home"),
            _ => (),
        }
        self.refuse_place(&node.desired, None);
    }

    pub(super) fn refuse_update(&self, step: &Step, before: &Seen, node: &Node) {
        assert_eq!(before.observed.kind(), step.kind);
        self.refuse_place(&node.desired, Some(&before.id()));
    }

    fn refuse_place(&self, desired: &Desired, own: Option<&str>) {
        for seen in self.seen.all().filter(|seen| Some(seen.id().as_str()) != own) {
            match (desired, &seen.observed) {
                (Desired::Listener(new), Observed::Listener(old)) => {
                    let same = *new.load_balancer.known().unwrap() == old.load_balancer && new.port == old.port;
                    assert!(!same, "DuplicateListener: port {} is taken by {}", new.port, seen.node);
                }
                (Desired::ListenerRule(new), Observed::ListenerRule(old)) => {
                    let here = *new.listener.known().unwrap() == old.listener;
                    assert!(!here || new.priority != old.priority, "PriorityInUse: {} by {}", new.priority, seen.node);
                    let target_group = new.target_group.known().unwrap();
                    let shared = !here && old.target_group.as_ref() == Some(target_group);
                    assert!(!shared, "TargetGroupAssociationLimit: {target_group} is used by {}", seen.node);
                }
                _ => (),
            }
        }
    }

    /// Nothing is deleted that something else refers to, except what keeps its settings with the home.
    pub(super) fn refuse_delete(&self, seen: &Seen) {
        let kind = seen.observed.kind();
        if matches!(kind, Kind::FileSystemPolicy | Kind::BackupPolicy) {
            return;
        }
        let outputs = seen.observed.outputs();
        let names: Vec<&String> = [Output::Id, Output::Arn].iter().filter_map(|output| outputs.get(output)).collect();
        for other in self.seen.all().filter(|other| other.id() != seen.id()) {
            let of = other.observed.kind();
            let exempt = of == kind || matches!(of, Kind::FileSystemPolicy | Kind::BackupPolicy | Kind::Role);
            let mut texts = Vec::new();
            strings(&serde_json::to_value(&other.observed).unwrap(), &mut texts);
            let refers = texts.iter().any(|text| names.contains(&text));
            assert!(exempt || !refers, "{} {} is deleted while {} refers to it", kind, seen.node, other.node);
        }
    }
}

fn is_service(seen: &Seen) -> bool {
    seen.observed.kind() == Kind::Service
}

/// All texts in a value.
fn strings(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| strings(value, into)),
        Value::Object(map) => map.values().for_each(|value| strings(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => (),
    }
}
