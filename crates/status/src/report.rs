//! Writes a status: one server-side apply, and only when it says something new.

use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use kube::api::{Api, Patch, PatchParams};

/// Field manager of everything that the operator writes.
pub const FIELD_MANAGER: &str = "jenkinsstack-operator";

/// Writes `status` unless `previous` says the same. Gives back whether it wrote.
///
/// # Errors
/// When the API server refuses or can't be reached. An object that is gone is no error.
pub async fn write(
    stacks: &Api<JenkinsStack>,
    name: &str,
    previous: Option<&JenkinsStackStatus>,
    status: &JenkinsStackStatus,
) -> Result<bool, kube::Error> {
    if previous == Some(status) {
        return Ok(false);
    }
    let body = serde_json::json!({
        "apiVersion": "jenkinsstack.io/v1alpha1",
        "kind": "JenkinsStack",
        "metadata": {"name": name},
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    match stacks.patch_status(name, &params, &Patch::Apply(&body)).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(answer)) if answer.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}
