//! Events of a stack: the story once, not the state again and again.
//!
//! Not kube's own recorder: it takes two events of one reason for the same, whatever they say, and so would drop all but
//! the first resources that a deploy makes.

use crate::execute::{Done, Verb};
use jenkinsstack_api::status::{ConditionType, Reason};
use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use jenkinsstack_core::render;
use jenkinsstack_status::conditions::LASTING;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, ObjectMeta, PostParams};
use kube::{Resource, ResourceExt};
use std::collections::BTreeMap;

/// Longest note of an event (events.k8s.io/v1).
const NOTE_LIMIT: usize = 1000;
/// Who tells.
const CONTROLLER: &str = "jenkinsstack-operator";

/// Publishes events. What can't be published is logged: an event is news, never state.
#[derive(Clone)]
pub struct Events {
    client: kube::Client,
    identity: String,
}

/// How an event is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    /// Things go their way.
    Normal,
    /// Somebody should look.
    Warning,
}

/// What a status is like, as far as events go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Everything is as it should be, or rests because the spec says so.
    AtRest,
    /// Work is under way.
    Busy,
    /// The stack is being deleted.
    Leaving,
    /// Something failed that may pass by itself.
    Retrying,
    /// Somebody has to do something.
    Stuck,
}

impl Events {
    /// Events as this replica's.
    pub fn new(client: kube::Client, identity: &str) -> Self {
        Self { client, identity: identity.to_owned() }
    }

    /// What a pass did: for each verb an event that names all its resources, or as many as it takes.
    pub async fn done(&self, stack: &JenkinsStack, done: &[Done]) {
        let mut verbs: BTreeMap<Verb, Vec<String>> = BTreeMap::new();
        for Done { node: _, kind, verb, id, line: _ } in done {
            verbs.entry(*verb).or_default().push(format!("{kind} {}", render::short(id)));
        }
        for (verb, named) in verbs {
            for note in notes(named) {
                self.publish(stack, Tone::Normal, &format!("{verb:?}"), "Apply", note).await;
            }
        }
    }

    /// A summary that changed, after so many failed passes in a row: Ready came or went, or something is wrong.
    pub async fn turned(
        &self,
        stack: &JenkinsStack,
        before: Option<&JenkinsStackStatus>,
        status: &JenkinsStackStatus,
        failed: u32,
    ) {
        let Some(ready) = status.condition(ConditionType::Ready) else { return };
        if let Some(tone) = news(before, status, failed) {
            self.publish(stack, tone, &ready.reason, "Reconcile", ready.message.clone()).await;
        }
    }

    /// The last event of a deleted stack: what it leaves behind.
    pub async fn deleted(&self, stack: &JenkinsStack, note: String) {
        self.publish(stack, Tone::Normal, "Deleted", "Delete", note).await;
    }

    async fn publish(&self, stack: &JenkinsStack, tone: Tone, reason: &str, action: &str, note: String) {
        let now = jiff::Timestamp::now();
        let event = Event {
            metadata: ObjectMeta {
                name: Some(format!("{}.{:x}", stack.name_any(), now.as_nanosecond())),
                namespace: stack.namespace(),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now)),
            type_: Some(format!("{tone:?}")),
            reason: Some(reason.to_owned()),
            action: Some(action.to_owned()),
            note: Some(note.chars().take(NOTE_LIMIT).collect()),
            regarding: Some(stack.object_ref(&())),
            reporting_controller: Some(CONTROLLER.to_owned()),
            reporting_instance: Some(self.identity.clone()),
            ..Event::default()
        };
        let api: Api<Event> = Api::namespaced(self.client.clone(), &stack.namespace().unwrap_or_default());
        if let Err(error) = api.create(&PostParams::default(), &event).await {
            tracing::debug!(%error, reason, "event not published");
        }
    }
}

/// Lists that have room in a note each.
fn notes(named: Vec<String>) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for name in named {
        match notes.last_mut() {
            Some(last) if last.len() + name.len() + 2 <= NOTE_LIMIT => last.push_str(&format!(", {name}")),
            Some(_) | None => notes.push(name),
        }
    }
    notes
}

/// Whether a status is news, and in which tone.
fn news(before: Option<&JenkinsStackStatus>, now: &JenkinsStackStatus, failed: u32) -> Option<Tone> {
    let summary = |status: &JenkinsStackStatus| {
        status.condition(ConditionType::Ready).map(|ready| (ready.status.clone(), ready.reason.clone()))
    };
    let changed = before.and_then(summary) != summary(now);
    let new_generation = before.and_then(|before| before.observed_generation) != now.observed_generation;
    let tone = match mood(now) {
        Mood::AtRest => (Tone::Normal, changed),
        Mood::Busy => (Tone::Normal, false),
        // A deletion is a generation of its own; what fails meanwhile and passes does not begin it anew.
        Mood::Leaving => (Tone::Normal, new_generation),
        // Before that it is only the order of things, as when a security group is held by an interface that is going.
        Mood::Retrying => (Tone::Warning, failed == LASTING),
        Mood::Stuck => (Tone::Warning, changed),
    };
    Some(tone.0).filter(|_| tone.1)
}

fn mood(status: &JenkinsStackStatus) -> Mood {
    let reason = |type_| status.condition(type_).map(|condition| condition.reason.as_str());
    let is = |reason: Option<&str>, expected: Reason| reason == Some(expected.to_string().as_str());
    let (ready, reconciling) = (reason(ConditionType::Ready), reason(ConditionType::Reconciling));
    match reconciling {
        _ if status.condition(ConditionType::Stalled).is_some() => Mood::Stuck,
        None => Mood::AtRest,
        Some(_) if is(reconciling, Reason::ProgressingWithRetry) => Mood::Retrying,
        Some(_) if is(ready, Reason::Deleting) => Mood::Leaving,
        Some(_) => Mood::Busy,
    }
}

/// The reason of a status that is in trouble; of one that is Ready meanwhile, that it is tried again.
pub(crate) fn trouble(status: &JenkinsStackStatus) -> Option<&str> {
    let ready = status.condition(ConditionType::Ready)?;
    let said = if ready.status == "True" { status.condition(ConditionType::Reconciling)? } else { ready };
    matches!(mood(status), Mood::Retrying | Mood::Stuck).then_some(said.reason.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn status(generation: i64, conditions: &[(&str, &str, &str)]) -> JenkinsStackStatus {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(type_, status, reason)| {
                json!({"type": type_, "status": status, "reason": reason, "message": "",
                    "lastTransitionTime": "2026-01-01T00:00:00Z"})
            })
            .collect();
        serde_json::from_value(json!({"observedGeneration": generation, "conditions": conditions})).unwrap()
    }

    #[test]
    fn the_story_is_told_once() {
        let ready = status(1, &[("Ready", "True", "Succeeded")]);
        let busy = status(1, &[("Ready", "False", "Progressing"), ("Reconciling", "True", "Progressing")]);
        let stuck = status(1, &[("Ready", "False", "AccessDenied"), ("Stalled", "True", "AccessDenied")]);
        let retrying = status(1, &[("Ready", "False", "Conflict"), ("Reconciling", "True", "ProgressingWithRetry")]);
        let leaving = status(2, &[("Ready", "False", "Deleting"), ("Reconciling", "True", "Deleting")]);
        let held = status(2, &[("Ready", "False", "Conflict"), ("Reconciling", "True", "ProgressingWithRetry")]);
        for (name, before, now, failed, told) in [
            ("work begins", None, &busy, 0, None),
            ("it becomes ready", Some(&busy), &ready, 0, Some(Tone::Normal)),
            ("it stays ready", Some(&ready), &ready, 0, None),
            ("somebody has to act", Some(&ready), &stuck, 0, Some(Tone::Warning)),
            ("nobody has acted", Some(&stuck), &stuck, 9, None),
            ("a failure may pass", Some(&ready), &retrying, 0, None),
            ("a failure lasts", Some(&retrying), &retrying, LASTING, Some(Tone::Warning)),
            ("and still lasts", Some(&retrying), &retrying, LASTING + 1, None),
            ("the failure has passed", Some(&retrying), &ready, 0, Some(Tone::Normal)),
            ("it is deleted", Some(&ready), &leaving, 0, Some(Tone::Normal)),
            ("something is held for a while", Some(&leaving), &held, 0, None),
            ("it is held no longer", Some(&held), &leaving, 0, None),
        ] {
            assert_eq!(news(before, now, failed), told, "{name}");
        }
    }

    #[test]
    fn no_resource_is_cut_off() {
        let named: Vec<String> = (0..100).map(|n| format!("security group rule sgr-{n}")).collect();
        let notes = notes(named.clone());
        assert!(notes.len() > 1 && notes.iter().all(|note| note.len() <= NOTE_LIMIT));
        assert_eq!(notes.join(", "), named.join(", "));
    }

    #[test]
    fn only_trouble_counts_as_trouble() {
        let leaving = status(2, &[("Ready", "False", "Deleting"), ("Reconciling", "True", "Deleting")]);
        let stuck = status(1, &[("Ready", "False", "AccessDenied"), ("Stalled", "True", "AccessDenied")]);
        assert_eq!((trouble(&leaving), trouble(&stuck)), (None, Some("AccessDenied")));
        let held = status(2, &[("Ready", "True", "Succeeded"), ("Reconciling", "True", "ProgressingWithRetry")]);
        assert_eq!(trouble(&held), Some("ProgressingWithRetry"));
    }
}
