//! The second opinion: one plan by hand for every [`Forbidden`], and what is allowed beside it.

use crate::fake::Fake;
use crate::rollout::settled;
use crate::world::{INSTALLATION, graph_of};
use jenkinsstack_api::JenkinsStackSpec;
use jenkinsstack_core::check::{Forbidden, check};
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::observed::Snapshot;
use jenkinsstack_core::plan::{Action, Goal, Leaving, Plan, Step};
use std::collections::BTreeSet;

fn spec() -> JenkinsStackSpec {
    serde_json::from_value(serde_json::json!({"aws": {"region": "eu-central-1"}})).unwrap()
}

fn step(node: &str, action: Action, resolved: bool) -> Step {
    let graph = graph_of(&spec());
    let id = NodeId::new(node);
    let node: Node = graph.get(&id).unwrap().clone();
    let kind = node.desired.kind();
    Step { node: id, kind, action, after: BTreeSet::new(), resolved: resolved.then_some(node) }
}

fn judge(step: Step, seen: &Snapshot, goal: Goal, installation: &str) -> Result<(), Forbidden> {
    check(&Plan { steps: vec![step], ..Plan::default() }, seen, goal, installation)
}

fn id(fake: &Fake, node: &str) -> String {
    fake.seen.of(&NodeId::new(node))[0].id()
}

fn create() -> Action {
    Action::Create { replaces: Vec::new() }
}

fn delete(id: String) -> Action {
    Action::Delete { id, because: Leaving::StackDeleted }
}

#[test]
fn a_home_goes_only_when_told_so() {
    let fake = settled(&graph_of(&spec()));
    for node in ["file-system", "file-system-policy", "backup-policy"] {
        let id = id(&fake, node);
        for (goal, allowed) in [(Goal::Run, false), (Goal::LeaveKeepHome, false), (Goal::LeaveNothing, true)] {
            let expected = if allowed { Ok(()) } else { Err(Forbidden::HomeDeleted { id: id.clone() }) };
            assert_eq!(
                judge(step(node, delete(id.clone()), false), &fake.seen, goal, INSTALLATION),
                expected,
                "{node}"
            );
        }
    }
}

#[test]
fn there_is_one_home_and_one_service() {
    let fake = settled(&graph_of(&spec()));
    let (home, service) = (id(&fake, "file-system"), id(&fake, "service"));
    let nothing = Snapshot::default();
    for (node, seen, expected) in [
        ("file-system", &fake.seen, Err(Forbidden::HomeReplaced { id: home })),
        ("service", &fake.seen, Err(Forbidden::SecondController { id: service })),
        ("load-balancer", &fake.seen, Ok(())),
        ("file-system", &nothing, Ok(())),
        ("service", &nothing, Ok(())),
    ] {
        assert_eq!(judge(step(node, create(), true), seen, Goal::Run, INSTALLATION), expected, "{node}");
    }
}

#[test]
fn a_service_under_another_name_counts() {
    let mut seen = Snapshot::default();
    let fake = settled(&graph_of(&spec()));
    let mut other = fake.seen.of(&NodeId::new("service"))[0].clone();
    other.node = NodeId::new("old-service");
    let expected = Err(Forbidden::SecondController { id: other.id() });
    seen.see(other);
    assert_eq!(judge(step("service", create(), true), &seen, Goal::Run, INSTALLATION), expected);
}

#[test]
fn a_home_is_not_cut_off_from_its_controller() {
    let fake = settled(&graph_of(&spec()));
    let node = "mount-target/eu-central-1a";
    let (id, service) = (id(&fake, node), id(&fake, "service"));
    let moved = || Action::Delete { id: id.clone(), because: Leaving::MakesRoom { fields: Vec::new() } };
    let mounted = |service: String| Err(Forbidden::Mounted { id: id.clone(), service });
    let judge = |seen: &Snapshot| judge(step(node, moved(), false), seen, Goal::Run, INSTALLATION);
    assert_eq!(judge(&fake.seen), mounted(service.clone()));
    let mut gone = fake.seen.clone();
    gone.forget(&NodeId::new("service"), &service);
    assert_eq!(judge(&gone), Ok(()));
    gone.unread.insert(Kind::Service);
    assert_eq!(judge(&gone), mounted("service".into()));
}

#[test]
fn only_ours_is_changed() {
    let fake = settled(&graph_of(&spec()));
    let not_ours = |node: &str, id: String| Err(Forbidden::NotOurs { node: NodeId::new(node), id });
    for node in ["log-group", "mount-target/eu-central-1a", "backup-policy"] {
        let id = id(&fake, node);
        let update = || Action::Update { id: id.clone(), fields: Vec::new() };
        let judge = |action, of| judge(step(node, action, true), &fake.seen, Goal::LeaveNothing, of);
        assert_eq!(judge(update(), INSTALLATION), Ok(()), "{node}");
        assert_eq!(judge(update(), "another"), not_ours(node, id.clone()), "{node}");
        assert_eq!(judge(delete(id.clone()), "another"), not_ours(node, id.clone()), "{node}");
        assert_eq!(judge(delete("unheard-of".into()), INSTALLATION), not_ours(node, "unheard-of".into()), "{node}");
    }
}

#[test]
fn nothing_is_done_blindly() {
    let mut seen = Snapshot::default();
    let node = NodeId::new("log-group");
    let unresolved = Err(Forbidden::Unresolved { node: node.clone() });
    assert_eq!(judge(step("log-group", create(), false), &seen, Goal::Run, INSTALLATION), unresolved);
    seen.unread.insert(Kind::LogGroup);
    let unseen = Err(Forbidden::Unseen { node });
    assert_eq!(judge(step("log-group", create(), true), &seen, Goal::Run, INSTALLATION), unseen);
}

#[test]
fn a_step_that_waits_is_not_judged_yet() {
    let mut later = step("service", create(), false);
    later.after.insert(NodeId::new("task-definition"));
    let fake = settled(&graph_of(&spec()));
    assert_eq!(judge(later, &fake.seen, Goal::Run, INSTALLATION), Ok(()));
}
