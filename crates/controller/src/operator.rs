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
    /// `true` once this replica must stop.
    pub stopping: tokio_util::sync::CancellationToken,
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
