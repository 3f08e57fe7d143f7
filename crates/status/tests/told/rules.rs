//! What holds for every status.

use crate::cases::{self, Case, What, at};
use crate::fake::Fake;
use crate::rollout::settled;
use crate::world::{PLANTED, graph_of};
use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::{ConditionType, JenkinsHealth, Reason, ResourceState};
use jenkinsstack_core::graph::NodeId;
use jenkinsstack_core::kind::{Kind, State};
use jenkinsstack_core::plan::{Plan, Wait};

/// Every case after nothing, and after every other one.
fn successions() -> Vec<(String, Option<JenkinsStackStatus>, JenkinsStackStatus)> {
    let cases = cases::all();
    let mut all = Vec::new();
    for case in &cases {
        all.push((case.name.to_owned(), None, case.status(0, None)));
        for before in &cases {
            let previous = before.status(0, None);
            let next = case.status(60, Some(&previous));
            all.push((format!("{} after {}", case.name, before.name), Some(previous), next));
        }
    }
    all
}

fn is(status: &JenkinsStackStatus, type_: ConditionType, value: &str) -> bool {
    status.condition(type_).is_some_and(|condition| condition.status == value)
}

#[test]
fn conditions_follow_kstatus() {
    for (name, _, status) in successions() {
        let [ready, reconciling, stalled] =
            [ConditionType::Ready, ConditionType::Reconciling, ConditionType::Stalled].map(|t| status.condition(t));
        assert!(ready.is_some(), "{name}");
        assert!(reconciling.is_none() || stalled.is_none(), "{name}: both at once");
        for present in [reconciling, stalled].into_iter().flatten() {
            assert_eq!(present.status, "True", "{name}: {} is there only while true", present.type_);
            assert_ne!(ready.unwrap().status, "True", "{name}: ready and not at rest");
        }
        assert_eq!(status.observed_generation, Some(3), "{name}");
        assert!(status.conditions.iter().all(|condition| condition.observed_generation == Some(3)), "{name}");
        assert!(status.conditions.iter().all(|condition| !condition.message.is_empty()), "{name}");
    }
}

#[test]
fn conditions_stand_in_their_order_and_once() {
    for (name, _, status) in successions() {
        let have: Vec<&str> = status.conditions.iter().map(|condition| condition.type_.as_str()).collect();
        let order = ConditionType::ALL.map(ConditionType::as_str);
        let want: Vec<&str> = order.into_iter().filter(|type_| have.contains(type_)).collect();
        assert_eq!(have, want, "{name}");
        assert!(have.len() >= 8, "{name}: Ready and every area are always there");
    }
}

#[test]
fn times_move_only_with_the_status() {
    for (name, previous, status) in successions() {
        for condition in &status.conditions {
            let before = previous.iter().flat_map(|status| &status.conditions).find(|b| b.type_ == condition.type_);
            let same = before.filter(|before| before.status == condition.status);
            let since = if previous.is_some() { at(60) } else { at(0) };
            let expected = same.map_or(since, |before| before.last_transition_time.clone());
            assert_eq!(condition.last_transition_time, expected, "{name}: {}", condition.type_);
        }
    }
}

#[test]
fn equal_facts_give_equal_status() {
    for case in cases::all() {
        let first = case.status(0, None);
        assert_eq!(case.status(60, Some(&first)), first, "{}: a write that says nothing new", case.name);
    }
}

#[test]
fn no_secret_is_told() {
    for (name, _, status) in successions() {
        let text = serde_json::to_string(&status).unwrap();
        assert!(!text.contains(PLANTED), "{name}: {text}");
    }
}

#[test]
fn what_a_phase_does_not_look_at_stays() {
    let ready = cases::all().into_iter().find(|case| case.name == "ready").unwrap().status(0, None);
    for case in cases::all().iter().filter(|case| !matches!(case.what, What::Passed)) {
        let status = case.status(60, Some(&ready));
        let parts = |s: &JenkinsStackStatus| (s.endpoints.clone(), s.health.clone(), s.resources.clone());
        assert_eq!(parts(&status), parts(&ready), "{}", case.name);
    }
}

#[test]
fn a_pause_keeps_what_was_ready() {
    let ready = cases::all().into_iter().find(|case| case.name == "ready").unwrap().status(0, None);
    let paused = cases::all().into_iter().find(|case| case.name == "suspended").unwrap().status(60, Some(&ready));
    assert!(is(&paused, ConditionType::Ready, "True"));
    assert_eq!(paused.condition(ConditionType::Ready).unwrap().reason, Reason::Suspended.to_string());
}

#[test]
fn redirect_uris_are_those_to_register() {
    for (name, change, url, uris) in [
        (
            "prefix and login",
            serde_json::json!({}),
            "https://jenkins.example.com/ci/",
            vec![
                "https://jenkins.example.com/oauth2/idpresponse",
                "https://jenkins.example.com/ci/securityRealm/finishLogin",
            ],
        ),
        (
            "no prefix",
            serde_json::json!({"endpoint": {"pathPrefix": null}}),
            "https://jenkins.example.com/",
            vec![
                "https://jenkins.example.com/oauth2/idpresponse",
                "https://jenkins.example.com/securityRealm/finishLogin",
            ],
        ),
        ("no login", serde_json::json!({"auth": {"oidc": null}}), "https://jenkins.example.com/ci/", vec![]),
    ] {
        let mut value = serde_json::to_value(cases::spec()).unwrap();
        for (area, fields) in change.as_object().unwrap() {
            for (field, to) in fields.as_object().unwrap() {
                value[area][field] = to.clone();
            }
        }
        let spec = serde_json::from_value(value).unwrap();
        let fake = settled(&graph_of(&spec));
        let endpoints = cases::passed("", &spec, fake, JenkinsHealth::Up).status(0, None).endpoints.unwrap();
        assert_eq!(
            (endpoints.url.as_deref(), endpoints.redirect_uris),
            (Some(url), uris.iter().map(|&u| u.to_owned()).collect()),
            "{name}"
        );
    }
}

#[test]
fn resources_are_listed_once_each_with_what_stays() {
    for case in cases::all().iter().filter(|case| matches!(case.what, What::Passed)) {
        let rows = case.status(0, None).resources;
        let nodes: Vec<&str> = rows.iter().map(|row| row.node.as_str()).collect();
        let mut sorted = nodes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(nodes, sorted, "{}", case.name);
    }
    let replaced = cases::all().into_iter().find(|case| case.name == "load-balancer-replaced").unwrap();
    assert_eq!(replaced.fake.seen.of(&NodeId::new("load-balancer")).len(), 2, "an old one is still there");
    let row = replaced.status(0, None).resources.into_iter().find(|row| row.node == "load-balancer").unwrap();
    assert_eq!(row.state, ResourceState::Ready, "the new one stands for the node");
}

#[test]
fn long_lists_are_cut() {
    let wait = |number: usize| Wait {
        node: NodeId::new(format!("rule/{number:03}")),
        kind: Kind::ListenerRule,
        id: "id".into(),
        state: State::Pending("being made".into()),
    };
    let plan = Plan { waits: (0..80).map(wait).collect(), ..Plan::default() };
    let case = Case { plan, ..cases::passed("", &cases::spec(), Fake::default(), JenkinsHealth::Unknown) };
    assert_eq!(case.status(0, None).pending.len(), 50);
}
