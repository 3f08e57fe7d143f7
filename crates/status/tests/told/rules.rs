//! What holds for every status.

use crate::cases::{self, Case, What, at};
use crate::fake::Fake;
use crate::rollout::settled;
use crate::world::{PLANTED, graph_of};
use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::{ConditionType, JenkinsHealth, Reason, ResourceState, TargetHealth};
use jenkinsstack_core::graph::NodeId;
use jenkinsstack_core::kind::service::Told;
use jenkinsstack_core::kind::{Kind, Observed, State};
use jenkinsstack_core::plan::{Plan, Wait};
use jenkinsstack_status::conditions::LASTING;

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
            // What may pass by itself does not take Ready away at once.
            let held = present.reason == Reason::ProgressingWithRetry.to_string();
            assert!(held || ready.unwrap().status != "True", "{name}: ready and not at rest");
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

fn named(name: &str) -> Case {
    cases::all().into_iter().find(|case| case.name == name).unwrap()
}

fn reason(status: &JenkinsStackStatus, type_: ConditionType) -> &str {
    status.condition(type_).map_or("", |condition| condition.reason.as_str())
}

#[test]
fn the_condition_of_jenkins_says_what_jenkins_says() {
    for (name, jenkins) in
        [("ready", "True"), ("ready-not-asked", "Unknown"), ("jenkins-down", "False"), ("target-unhealthy", "False")]
    {
        let status = named(name).status(0, None);
        assert!(is(&status, ConditionType::Jenkins, jenkins), "{name}: {status:?}");
    }
}

#[test]
fn a_jenkins_that_cannot_be_asked_is_judged_by_its_target() {
    for (targets, ready) in [
        (TargetHealth::Healthy, true),
        (TargetHealth::Unknown, true),
        (TargetHealth::Unhealthy, false),
        (TargetHealth::Initial, false),
        (TargetHealth::Draining, false),
        (TargetHealth::None, false),
    ] {
        let status = Case { targets: Some(targets), ..named("ready-not-asked") }.status(0, None);
        assert_eq!(is(&status, ConditionType::Ready, "True"), ready, "{targets:?}");
        let unhealthy = reason(&status, ConditionType::Ready) == Reason::Unhealthy.to_string();
        assert_eq!(unhealthy, !ready, "{targets:?}");
        assert_eq!(status.health.unwrap().targets, targets);
    }
}

#[test]
fn a_service_at_rest_is_not_taken_for_a_healthy_one() {
    let mut case = named("ready-not-asked");
    let mut seen = case.fake.seen.of(&NodeId::new("service"))[0].clone();
    let Observed::Service(service) = &mut seen.observed else { panic!("{seen:?}") };
    service.rollout.told = Told::Nothing;
    case.fake.seen.see(seen);
    assert_eq!(case.status(0, None).health.unwrap().targets, TargetHealth::Unknown);
}

#[test]
fn one_bad_look_at_jenkins_is_not_believed_by_a_ready_stack() {
    let ready = named("ready").status(0, None);
    for name in ["jenkins-down", "target-unhealthy"] {
        let first = Case { unwell: 1, ..named(name) }.status(60, Some(&ready));
        assert!(is(&first, ConditionType::Ready, "True") && is(&first, ConditionType::Jenkins, "False"), "{name}");
        let second = Case { unwell: 2, ..named(name) }.status(75, Some(&first));
        assert!(is(&second, ConditionType::Ready, "False"), "{name}");
        let third = Case { unwell: 1, ..named(name) }.status(90, Some(&second));
        assert!(is(&third, ConditionType::Ready, "False"), "{name}: once it is not Ready, it takes a good look");
        assert!(is(&named("ready").status(105, Some(&third)), ConditionType::Ready, "True"), "{name}");
    }
}

#[test]
fn a_passing_trouble_does_not_take_ready_away_until_it_lasts() {
    let ready = named("ready").status(0, None);
    let slow = named("throttled").troubles;
    let unread = Case { troubles: slow, ..named("unread") };
    for case in [unread, named("stopped-retrying")] {
        let held = Case { failed: LASTING - 1, ..case }.status(60, Some(&ready));
        assert!(is(&held, ConditionType::Ready, "True"), "{held:?}");
        assert_eq!(reason(&held, ConditionType::Reconciling), Reason::ProgressingWithRetry.to_string());
        assert_eq!(areas(&held), areas(&ready), "what could not be read stays as it was");
        assert_eq!((&held.endpoints, &held.resources), (&ready.endpoints, &ready.resources));
    }
    for name in ["unread", "stopped-retrying"] {
        let case = named(name);
        let troubles = named("throttled").troubles;
        let lasting = Case { failed: LASTING, troubles, ..case }.status(60, Some(&ready));
        assert!(is(&lasting, ConditionType::Ready, "False"), "{name}");
    }
    for name in ["throttled", "stopped-needs-user", "denied"] {
        let status = named(name).status(60, Some(&ready));
        assert!(is(&status, ConditionType::Ready, "False"), "{name}: something is known to differ, or needs somebody");
    }
}

fn areas(status: &JenkinsStackStatus) -> Vec<String> {
    let area = |type_: &str| !["Ready", "Reconciling", "Stalled"].contains(&type_);
    let of = status.conditions.iter().filter(|condition| area(&condition.type_));
    of.map(|condition| format!("{} {}", condition.type_, condition.status)).collect()
}

#[test]
fn another_spec_begins_without_ready() {
    let mut before = named("ready").status(0, None);
    before.conditions.iter_mut().for_each(|condition| condition.observed_generation = Some(2));
    let status = named("stopped-retrying").status(60, Some(&before));
    assert!(is(&status, ConditionType::Ready, "False"), "{status:?}");
}

#[test]
fn a_nudge_counts_as_handled_once_something_was_looked_at() {
    for case in cases::all() {
        let looked = matches!(case.what, What::Passed | What::Stopped(_));
        assert_eq!(case.status(0, None).last_handled_reconcile_at.is_some(), looked, "{}", case.name);
    }
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
