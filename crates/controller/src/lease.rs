//! Leader election by a Lease, with the semantics of client-go: one replica works, the others wait.
//!
//! A holder is judged by this replica's own monotonic clock: a lease is free when its record has not changed for the
//! time that it grants. Clocks of other machines are never compared. Every write carries the resource version, so of two
//! candidates one loses.

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{Api, ObjectMeta, PostParams};
use std::time::Duration;
use tokio::time::Instant;

/// For how long a lease is granted; as in client-go.
const GRANTED: Duration = Duration::from_secs(15);
/// How long the holder may fail to renew before it must stop working.
const RENEW_DEADLINE: Duration = Duration::from_secs(10);
/// How often it is renewed, or tried for.
const RETRY: Duration = Duration::from_secs(2);
/// How often one try is made again at once because somebody wrote to the lease at the same moment.
const COLLISIONS: usize = 3;

/// How long work may still go on after [`Election::hold`] has ended: then another replica may begin.
pub const GRACE: Duration = GRANTED.saturating_sub(RENEW_DEADLINE);

/// One replica's side of the election.
pub struct Election {
    leases: Api<Lease>,
    name: String,
    identity: String,
    /// The record that was seen last and when it was first seen like that.
    observed: Option<(LeaseSpec, Instant)>,
}

/// Who holds a lease, after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Holder {
    /// This replica.
    Us,
    /// Another one.
    Other(String),
    /// Nobody knows: somebody wrote to it each time that it was tried for.
    Unknown,
}

impl Election {
    /// For the lease `name` in `namespace`, as `identity`.
    pub fn new(client: kube::Client, namespace: &str, name: &str, identity: &str) -> Self {
        let leases = Api::namespaced(client, namespace);
        Self { leases, name: name.to_owned(), identity: identity.to_owned(), observed: None }
    }

    /// Waits until this replica leads.
    pub async fn acquire(&mut self) {
        let mut told = None;
        loop {
            match self.try_hold().await {
                Ok(Holder::Us) => return,
                Ok(Holder::Unknown) => (),
                Ok(Holder::Other(holder)) => {
                    if told.as_ref() != Some(&holder) {
                        tracing::info!(holder, lease = self.name, "waiting for the lease");
                        told = Some(holder);
                    }
                }
                Err(error) => tracing::warn!(%error, lease = self.name, "the lease can't be read or written"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Renews until that fails for too long or somebody else holds the lease; then this replica must stop within
    /// [`GRACE`].
    pub async fn hold(&mut self) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < RENEW_DEADLINE {
            tokio::time::sleep(RETRY.min(RENEW_DEADLINE.saturating_sub(renewed.elapsed()))).await;
            // Others count from the write, which may be long before its answer.
            let began = Instant::now();
            match tokio::time::timeout(RENEW_DEADLINE.saturating_sub(renewed.elapsed()), self.try_hold()).await {
                Ok(Ok(Holder::Us)) => renewed = began,
                Ok(Ok(Holder::Other(holder))) => {
                    tracing::warn!(holder, lease = self.name, "the lease was taken");
                    return;
                }
                Ok(Ok(Holder::Unknown)) => tracing::warn!(lease = self.name, "the lease was not renewed: collisions"),
                Ok(Err(error)) => tracing::warn!(%error, lease = self.name, "the lease was not renewed"),
                Err(_) => return,
            }
        }
    }

    /// Gives the lease back, so that the next replica need not wait. Call it when all work has stopped.
    pub async fn release(&mut self) {
        // Who can't give it back in time lets it expire.
        let _ = tokio::time::timeout(RENEW_DEADLINE, self.give_back()).await;
    }

    async fn give_back(&mut self) {
        let Ok(Some(mut lease)) = self.leases.get_opt(&self.name).await else { return };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(&self.identity) {
            spec.holder_identity = None;
            spec.lease_duration_seconds = Some(1);
            if let Err(error) = self.leases.replace(&self.name, &PostParams::default(), &lease).await {
                tracing::debug!(%error, "the lease was not given back");
            }
        }
    }

    /// Takes or renews the lease if that can be. A conflict only says that somebody wrote to the lease, perhaps a note: it
    /// is read again to see who holds it.
    async fn try_hold(&mut self) -> Result<Holder, kube::Error> {
        for _ in 0..COLLISIONS {
            if let Some(holder) = self.try_once().await? {
                return Ok(holder);
            }
        }
        Ok(Holder::Unknown)
    }

    /// One try; nothing after a conflict.
    async fn try_once(&mut self) -> Result<Option<Holder>, kube::Error> {
        let Some(lease) = self.leases.get_opt(&self.name).await? else { return self.create().await };
        let spec = lease.spec.clone().unwrap_or_default();
        if self.observed.as_ref().is_none_or(|(seen, _)| *seen != spec) {
            self.observed = Some((spec.clone(), Instant::now()));
        }
        let holder = spec.holder_identity.clone().unwrap_or_default();
        let ours = holder == self.identity;
        if !ours && !holder.is_empty() && !self.expired(&spec) {
            return Ok(Some(Holder::Other(holder)));
        }
        let transitions = spec.lease_transitions.unwrap_or_default() + i32::from(!ours);
        let acquired = if ours { spec.acquire_time } else { Some(now()) };
        let next = Lease { spec: Some(self.record(transitions, acquired)), ..lease };
        self.written(self.leases.replace(&self.name, &PostParams::default(), &next).await)
    }

    async fn create(&mut self) -> Result<Option<Holder>, kube::Error> {
        let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
        let lease = Lease { metadata, spec: Some(self.record(0, Some(now()))) };
        self.written(self.leases.create(&PostParams::default(), &lease).await)
    }

    fn written(&mut self, outcome: Result<Lease, kube::Error>) -> Result<Option<Holder>, kube::Error> {
        match outcome {
            Ok(lease) => {
                self.observed = Some((lease.spec.unwrap_or_default(), Instant::now()));
                Ok(Some(Holder::Us))
            }
            Err(kube::Error::Api(answer)) if answer.is_conflict() || answer.is_already_exists() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn expired(&self, spec: &LeaseSpec) -> bool {
        let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        let granted = seconds.map_or(GRANTED, Duration::from_secs);
        self.observed.as_ref().is_some_and(|(_, since)| since.elapsed() >= granted)
    }

    fn record(&self, transitions: i32, acquired: Option<MicroTime>) -> LeaseSpec {
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(GRANTED.as_secs()).ok(),
            acquire_time: acquired,
            renew_time: Some(now()),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }
}

fn now() -> MicroTime {
    MicroTime(jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Answer, Script};
    use serde_json::{Value, json};

    const PATH: &str = "/apis/coordination.k8s.io/v1/namespaces/system/leases/operators";

    fn election(script: &Script) -> Election {
        Election::new(script.client(), "system", "operators", "us")
    }

    fn held_by(holder: &str) -> Value {
        let spec = json!({"holderIdentity": holder, "leaseDurationSeconds": 15});
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec,
            "metadata": {"name": "operators", "namespace": "system", "resourceVersion": "1"}})
    }

    #[tokio::test(start_paused = true)]
    async fn a_note_on_the_lease_does_not_take_it() {
        let script = Script::new([
            Answer::ok(held_by("us")),
            Answer::failure(409, "Conflict"),
            Answer::ok(held_by("us")),
            Answer::ok(held_by("us")),
            Answer::ok(held_by("them")),
        ]);
        election(&script).hold().await;
        let (get, put) = (format!("GET {PATH}"), format!("PUT {PATH}"));
        assert_eq!(script.asked(), [&get, &put, &get, &put, &get].map(String::as_str));
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_does_not_grant_more() {
        let late = Duration::from_secs(7);
        let script = Script::new([Answer::ok(held_by("us")), Answer::ok(held_by("us")).after(late)]);
        let began = Instant::now();
        election(&script).hold().await;
        assert_eq!(began.elapsed(), RETRY + RENEW_DEADLINE, "from the write, not from its answer");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_free_is_taken_and_what_is_not_is_waited_for() {
        let script = Script::new([
            Answer::ok(held_by("them")),
            Answer::ok(held_by("them")),
            Answer::ok(held_by("")),
            Answer::ok(held_by("us")),
        ]);
        let began = Instant::now();
        election(&script).acquire().await;
        assert_eq!((began.elapsed(), script.asked().len()), (2 * RETRY, 4));
    }
}
