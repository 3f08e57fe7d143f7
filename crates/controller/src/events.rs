//! Events of a stack: the story once, not the state again and again.

use crate::execute::{Done, Verb};
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use jenkinsstack_core::kind::Kind;
use kube::Resource;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use std::collections::BTreeMap;

/// Longest note of an event (events.k8s.io/v1).
const NOTE_LIMIT: usize = 1000;

/// Publishes events. What can't be published is logged: an event is news, never state.
#[derive(Clone)]
pub struct Events {
    recorder: Recorder,
}

impl Events {
    /// Events as this replica's.
    pub fn new(client: kube::Client, identity: &str) -> Self {
        let reporter = Reporter { controller: "jenkinsstack-operator".into(), instance: Some(identity.to_owned()) };
        Self { recorder: Recorder::new(client, reporter) }
    }

    /// What a pass did: one event for each verb, naming all resources of it.
    pub async fn done(&self, stack: &JenkinsStack, done: &[Done]) {
        let mut verbs: BTreeMap<Verb, Vec<(Kind, String)>> = BTreeMap::new();
        for Done { node: _, kind, verb, id, line: _ } in done {
            verbs.entry(*verb).or_default().push((*kind, id.clone()));
        }
        for (verb, resources) in verbs {
            let named: Vec<String> = resources.iter().map(|(kind, id)| format!("{kind} {id}")).collect();
            self.publish(stack, EventType::Normal, &format!("{verb:?}"), "Apply", named.join(", ")).await;
        }
    }

    /// A summary that changed: Ready came or went, or something new is wrong.
    pub async fn turned(&self, stack: &JenkinsStack, status: &JenkinsStackStatus) {
        let Some(now) = status.condition(ConditionType::Ready) else { return };
        let before = stack.status.as_ref().and_then(|status| status.condition(ConditionType::Ready));
        let same = before.is_some_and(|before| before.status == now.status && before.reason == now.reason);
        let busy = ["Progressing", "Unknown"].contains(&now.reason.as_str());
        if !same && !busy {
            let type_ = if now.status == "True" || now.reason == "Deleting" || now.reason == "Suspended" {
                EventType::Normal
            } else {
                EventType::Warning
            };
            self.publish(stack, type_, &now.reason, "Reconcile", now.message.clone()).await;
        }
    }

    /// The last event of a deleted stack: what it leaves behind.
    pub async fn deleted(&self, stack: &JenkinsStack, note: String) {
        self.publish(stack, EventType::Normal, "Deleted", "Delete", note).await;
    }

    async fn publish(&self, stack: &JenkinsStack, type_: EventType, reason: &str, action: &str, note: String) {
        let note = note.chars().take(NOTE_LIMIT).collect();
        let event =
            Event { type_, reason: reason.to_owned(), note: Some(note), action: action.into(), secondary: None };
        if let Err(error) = self.recorder.publish(&event, &stack.object_ref(&())).await {
            tracing::debug!(%error, reason, "event not published");
        }
    }
}
