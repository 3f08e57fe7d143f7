//! What all passes share: the ways to the cluster and to AWS, and what they count together.

use crate::events::Events;
use crate::inputs::Discovery;
use crate::metrics::Metrics;
use crate::polls::Polls;
use jenkinsstack_api::JenkinsStack;
use jenkinsstack_aws::Account;
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
    pub accounts: tokio::sync::Mutex<BTreeMap<String, Account>>,
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

/// What is remembered of a stack from pass to pass.
#[derive(Debug, Default)]
pub struct Progress {
    /// How often in a row its passes failed.
    pub(crate) failed: u32,
    /// What it waits for.
    pub(crate) polls: Polls,
}
