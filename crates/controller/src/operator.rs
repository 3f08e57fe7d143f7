//! What all passes share: the ways to the cluster and to AWS, and what they count together.

use crate::accounts::Accounts;
use crate::events::Events;
use crate::inputs::Discovery;
use crate::metrics::Metrics;
use crate::polls::Polls;
use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::secret::Fingerprinter;
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::reflector::Store;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What all passes share.
pub struct Operator {
    /// The cluster.
    pub client: kube::Client,
    /// Name of the cluster, in the owner tags.
    pub cluster: String,
    /// Uid of the cluster's `kube-system` namespace.
    pub installation: String,
    /// What secrets are compared by.
    pub fingerprinter: Fingerprinter,
    /// Metadata documents of OpenID providers.
    pub discovery: Discovery,
    /// Asks Jenkins whether it is up.
    pub probes: reqwest::Client,
    /// Events.
    pub events: Events,
    /// Metrics.
    pub metrics: Metrics,
    /// Time between two looks at a stack that is as it should be.
    pub resync: Duration,
    /// All stacks, as the watch knows them: a newer spec stops a pass.
    pub stacks: Store<JenkinsStack>,
    /// Cancelled once this replica must stop.
    pub stopping: CancellationToken,
    /// Cancelled once another replica may work: nothing is told any more.
    pub lost: CancellationToken,
    /// One account for each region.
    pub accounts: Accounts,
    /// What is remembered of each stack from pass to pass. Without it a stack is looked at sooner, and that is all.
    pub progress: Mutex<BTreeMap<Owner, Progress>>,
}

impl Operator {
    /// The stacks of the namespace that a stack is in.
    pub(crate) fn api(&self, stack: &JenkinsStack) -> Api<JenkinsStack> {
        Api::namespaced(self.client.clone(), &stack.namespace().unwrap_or_default())
    }

    /// Whose the AWS resources of a stack are.
    pub(crate) fn owner(&self, stack: &JenkinsStack) -> Owner {
        let namespace = stack.namespace().unwrap_or_default();
        Owner { cluster: self.cluster.clone(), namespace, name: stack.name_any() }
    }

    /// How often in a row the stack's passes have failed before this one.
    pub(crate) fn failures(&self, owner: &Owner) -> u32 {
        self.progress().get(owner).map(|progress| progress.failed).unwrap_or_default()
    }

    /// Counts a failure, and gives back how many there were before it.
    pub(crate) fn fails(&self, owner: &Owner) -> u32 {
        let mut progress = self.progress();
        let failed = &mut progress.entry(owner.clone()).or_default().failed;
        *failed += 1;
        *failed - 1
    }

    /// Forgets the failures, and gives back that there are none.
    pub(crate) fn succeeds(&self, owner: &Owner) -> u32 {
        self.progress().entry(owner.clone()).or_default().failed = 0;
        0
    }

    /// Counts a look at Jenkins, and gives back how many in a row found it unwell.
    pub(crate) fn looked(&self, owner: &Owner, unwell: bool) -> u32 {
        let mut progress = self.progress();
        let count = &mut progress.entry(owner.clone()).or_default().unwell;
        *count = if unwell { *count + 1 } else { 0 };
        *count
    }

    /// The status of a stack as it stands: what was written last, until the watch shows it.
    pub(crate) fn status(&self, owner: &Owner, stack: &JenkinsStack) -> Option<JenkinsStackStatus> {
        let progress = self.progress();
        let written = progress.get(owner).and_then(|progress| progress.written.as_ref());
        latest(version(stack.resource_version().as_deref()), stack.status.as_ref(), written).cloned()
    }

    /// Remembers what was written.
    pub(crate) fn wrote(&self, owner: &Owner, version: Option<&str>, status: JenkinsStackStatus) {
        self.progress().entry(owner.clone()).or_default().written = self::version(version).map(|at| (at, status));
    }

    /// Forgets a stack that is gone, however it went.
    pub(crate) fn forget(&self, namespace: Option<&str>, name: &str) {
        let namespace = namespace.unwrap_or_default().to_owned();
        let owner = Owner { cluster: self.cluster.clone(), namespace, name: name.to_owned() };
        self.metrics.forget(&owner.namespace, &owner.name);
        self.progress().remove(&owner);
    }

    /// What is remembered of each stack.
    pub(crate) fn progress(&self) -> MutexGuard<'_, BTreeMap<Owner, Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A version of an object. They are numbers that grow ("Resource versions", Kubernetes API Concepts).
fn version(text: Option<&str>) -> Option<u64> {
    text?.parse().ok()
}

/// Of a status that the watch shows in an object of version `shown`, and one that was written, the later one.
fn latest<'a>(
    shown: Option<u64>,
    status: Option<&'a JenkinsStackStatus>,
    written: Option<&'a (u64, JenkinsStackStatus)>,
) -> Option<&'a JenkinsStackStatus> {
    match (shown, written) {
        (Some(shown), Some((version, written))) if shown < *version => Some(written),
        (_, _) => status,
    }
}

/// What is remembered of a stack from pass to pass.
#[derive(Debug, Default)]
pub struct Progress {
    /// How often in a row its passes failed.
    pub(crate) failed: u32,
    /// What it waits for.
    pub(crate) polls: Polls,
    /// Looks in a row at which Jenkins was not well.
    pub(crate) unwell: u32,
    /// The status that was written last, and the version of the object since.
    pub(crate) written: Option<(u64, JenkinsStackStatus)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::reconcile;
    use crate::script::{Answer, Script};
    use serde_json::json;
    use std::sync::Arc;

    fn operator(script: &Script) -> anyhow::Result<Operator> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let resync = Duration::from_secs(600);
        let (stacks, _) = kube::runtime::reflector::store();
        Ok(Operator {
            client: script.client(),
            cluster: "ci".to_owned(),
            installation: "4711".to_owned(),
            fingerprinter: Fingerprinter::new([0; 32]),
            discovery: Discovery::new(resync)?,
            probes: jenkinsstack_status::probe::client()?,
            events: Events::new(script.client(), "us"),
            metrics: Metrics::default(),
            resync,
            stacks,
            stopping: CancellationToken::new(),
            lost: CancellationToken::new(),
            accounts: Default::default(),
            progress: Default::default(),
        })
    }

    #[tokio::test]
    async fn who_lost_the_lease_tells_nothing_any_more() {
        let suspended = json!({"apiVersion": "jenkinsstack.io/v1alpha1", "kind": "JenkinsStack",
            "metadata": {"name": "jenkins", "namespace": "team", "generation": 1, "resourceVersion": "1",
                "finalizers": [crate::finalizer::FINALIZER]},
            "spec": {"aws": {"region": "eu-central-1"}, "suspend": true}});
        let stack: Arc<JenkinsStack> = Arc::new(serde_json::from_value(suspended.clone()).unwrap());
        let script = Script::new([Answer::ok(suspended)]);
        let operator = Arc::new(operator(&script).unwrap());
        reconcile(stack.clone(), operator.clone()).await.unwrap();
        let status = "PATCH /apis/jenkinsstack.io/v1alpha1/namespaces/team/jenkinsstacks/jenkins/status";
        let told = script.asked();
        assert!(told.iter().any(|line| line == status), "{told:?}");
        operator.lost.cancel();
        reconcile(stack, operator).await.unwrap();
        assert_eq!(script.asked(), told);
    }

    #[tokio::test]
    async fn a_stack_that_is_gone_is_forgotten() {
        let stack: JenkinsStack = serde_json::from_value(json!({"apiVersion": "jenkinsstack.io/v1alpha1",
            "kind": "JenkinsStack", "metadata": {"name": "jenkins", "namespace": "team"},
            "spec": {"aws": {"region": "eu-central-1"}}}))
        .unwrap();
        let operator = operator(&Script::default()).unwrap();
        let owner = operator.owner(&stack);
        operator.fails(&owner);
        operator.forget(Some("team"), "jenkins");
        assert!(operator.progress().is_empty());
    }

    #[test]
    fn what_was_written_counts_until_the_watch_shows_it() {
        let status = |generation| JenkinsStackStatus { observed_generation: Some(generation), ..Default::default() };
        let (old, written) = (status(1), (7, status(2)));
        for (shown, expected) in [(Some(6), 2), (Some(7), 1), (Some(8), 1), (None, 1)] {
            let found = latest(shown, Some(&old), Some(&written)).and_then(|status| status.observed_generation);
            assert_eq!(found, Some(expected), "{shown:?}");
        }
        assert_eq!(latest(Some(6), Some(&old), None), Some(&old), "nothing was written yet");
        assert_eq!(latest(Some(8), None, Some(&written)), None, "somebody has deleted it");
        assert_eq!((version(Some("41")), version(Some("x")), version(None)), (Some(41), None, None));
    }
}
