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

/// One replica's side of the election.
pub struct Election {
    leases: Api<Lease>,
    name: String,
    identity: String,
    /// The record that was seen last and when it was first seen like that.
    observed: Option<(LeaseSpec, Instant)>,
}

impl Election {
    /// For the lease `name` in `namespace`, as `identity`.
    pub fn new(client: kube::Client, namespace: &str, name: &str, identity: &str) -> Self {
        let leases = Api::namespaced(client, namespace);
        Self { leases, name: name.to_owned(), identity: identity.to_owned(), observed: None }
    }

    /// Waits until this replica leads.
    pub async fn acquire(&mut self) {
        loop {
            match self.try_hold().await {
                Ok(true) => return,
                Ok(false) => (),
                Err(error) => tracing::warn!(%error, lease = self.name, "the lease can't be read or written"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Renews until that fails for too long or somebody else holds the lease; then this replica must stop at once.
    pub async fn hold(&mut self) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < RENEW_DEADLINE {
            tokio::time::sleep(RETRY).await;
            match tokio::time::timeout(RENEW_DEADLINE.saturating_sub(renewed.elapsed()), self.try_hold()).await {
                Ok(Ok(true)) => renewed = Instant::now(),
                Ok(Ok(false)) => return,
                Ok(Err(error)) => tracing::warn!(%error, lease = self.name, "the lease was not renewed"),
                Err(_) => return,
            }
        }
    }

    /// Gives the lease back, so that the next replica need not wait. Call it when all work has stopped.
    pub async fn release(&mut self) {
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

    async fn try_hold(&mut self) -> Result<bool, kube::Error> {
        let Some(lease) = self.leases.get_opt(&self.name).await? else { return self.create().await };
        let spec = lease.spec.clone().unwrap_or_default();
        if self.observed.as_ref().is_none_or(|(seen, _)| *seen != spec) {
            self.observed = Some((spec.clone(), Instant::now()));
        }
        let ours = spec.holder_identity.as_deref() == Some(&self.identity);
        let free = spec.holder_identity.as_deref().is_none_or(str::is_empty) || self.expired(&spec);
        if !ours && !free {
            return Ok(false);
        }
        let transitions = spec.lease_transitions.unwrap_or_default() + i32::from(!ours);
        let acquired = if ours { spec.acquire_time } else { Some(now()) };
        let next = Lease { spec: Some(self.record(transitions, acquired)), ..lease };
        self.written(self.leases.replace(&self.name, &PostParams::default(), &next).await)
    }

    async fn create(&mut self) -> Result<bool, kube::Error> {
        let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
        let lease = Lease { metadata, spec: Some(self.record(0, Some(now()))) };
        self.written(self.leases.create(&PostParams::default(), &lease).await)
    }

    /// A conflict means that somebody else was faster.
    fn written(&mut self, outcome: Result<Lease, kube::Error>) -> Result<bool, kube::Error> {
        match outcome {
            Ok(lease) => {
                self.observed = Some((lease.spec.unwrap_or_default(), Instant::now()));
                Ok(true)
            }
            Err(kube::Error::Api(answer)) if answer.is_conflict() || answer.is_already_exists() => Ok(false),
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
