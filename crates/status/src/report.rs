//! Writes a status by one server-side apply.

use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use kube::api::{Api, Patch, PatchParams};

/// Field manager of everything that the operator writes.
pub const FIELD_MANAGER: &str = "jenkinsstack-operator";

/// Writes `status`. Gives back the object's version since; none of an object that is gone.
///
/// # Errors
/// When the API server refuses or can't be reached. An object that is gone is no error.
pub async fn write(
    stacks: &Api<JenkinsStack>,
    name: &str,
    status: &JenkinsStackStatus,
) -> Result<Option<String>, kube::Error> {
    let body = serde_json::json!({
        "apiVersion": "jenkinsstack.io/v1alpha1",
        "kind": "JenkinsStack",
        "metadata": {"name": name},
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    match stacks.patch_status(name, &params, &Patch::Apply(&body)).await {
        Ok(written) => Ok(written.metadata.resource_version),
        Err(kube::Error::Api(answer)) if answer.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
