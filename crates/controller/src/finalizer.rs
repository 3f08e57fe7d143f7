//! The finalizer: keeps a deleted stack until its AWS resources are gone.
//!
//! Not kube's own helper: a deletion here takes many passes, and each of them must be free to come back.

use jenkinsstack_api::spec::OnDelete;
use jenkinsstack_api::{DeletionPolicy, JenkinsStack, JenkinsStackSpec};
use jenkinsstack_core::plan::Goal;
use jenkinsstack_status::report::FIELD_MANAGER;
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

/// Name of the finalizer.
pub const FINALIZER: &str = "jenkinsstack.io/aws-cleanup";

/// Whether the stack has the finalizer.
pub fn is_set(stack: &JenkinsStack) -> bool {
    stack.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// What is to become of a deleted stack; nothing of one that is left as it is.
pub fn parting(spec: &JenkinsStackSpec) -> Option<Goal> {
    match (spec.deletion_policy, spec.storage.on_delete) {
        (DeletionPolicy::Orphan, _) => None,
        (DeletionPolicy::Delete, OnDelete::Retain) => Some(Goal::LeaveKeepHome),
        (DeletionPolicy::Delete, OnDelete::Destroy) => Some(Goal::LeaveNothing),
    }
}

/// Sets the finalizer, before anything is made on AWS.
///
/// # Errors
/// When the object has changed meanwhile, or the API server can't be reached: the next pass tries again.
pub async fn set(stacks: &Api<JenkinsStack>, stack: &JenkinsStack) -> Result<(), kube::Error> {
    let finalizers: Vec<&str> = stack.finalizers().iter().map(String::as_str).chain([FINALIZER]).collect();
    write(stacks, stack, &finalizers).await
}

/// Takes the finalizer away; the object is then gone.
///
/// # Errors
/// As [`set`].
pub async fn remove(stacks: &Api<JenkinsStack>, stack: &JenkinsStack) -> Result<(), kube::Error> {
    let others: Vec<&str> = stack.finalizers().iter().map(String::as_str).filter(|name| *name != FINALIZER).collect();
    write(stacks, stack, &others).await
}

/// The resource version makes the write fail when somebody else changed the list.
async fn write(stacks: &Api<JenkinsStack>, stack: &JenkinsStack, finalizers: &[&str]) -> Result<(), kube::Error> {
    let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": stack.resource_version()}});
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    match stacks.patch(&stack.name_any(), &params, &Patch::Merge(&patch)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(answer)) if answer.is_not_found() => Ok(()),
        Err(error) => Err(error),
    }
}
