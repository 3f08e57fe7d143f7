//! How ECS words its refusals.

use crate::call::Refusal;
use crate::page::BadToken;
use crate::tags::TagFault;

/// `ClientException`.
pub(super) fn client(message: impl Into<String>) -> Refusal {
    Refusal::new("ClientException", message)
}

/// `InvalidParameterException`.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

/// The cluster is not there, is INACTIVE, or can't be seen yet.
pub(super) fn no_cluster() -> Refusal {
    Refusal::new("ClusterNotFoundException", "Cluster not found.")
}

/// The service is not there.
pub(super) fn no_service() -> Refusal {
    Refusal::new("ServiceNotFoundException", "Service not found.")
}

/// The service is DRAINING or INACTIVE.
pub(super) fn service_not_active() -> Refusal {
    Refusal::new("ServiceNotActiveException", "Service was not ACTIVE.")
}

/// A second creation under a name or token that is taken.
pub(super) fn not_idempotent() -> Refusal {
    invalid("Creation of service was not idempotent.")
}

/// The text for a role that `ecs-tasks.amazonaws.com` can't assume.
pub(super) fn unable_to_assume(role: &str) -> String {
    format!(
        "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being \
         passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this \
         role."
    )
}

/// The role linked to ECS is not there, or too new to be seen.
pub(super) fn no_linked_role() -> Refusal {
    invalid("Unable to assume the service linked role. Please verify that the ECS service linked role exists.")
}

/// A token that is not one of this listing.
pub(super) fn bad_token(_: BadToken) -> Refusal {
    invalid("Invalid token in request.")
}

/// Tags that no resource can have.
pub(super) fn bad_tags(fault: TagFault) -> Refusal {
    invalid(match fault {
        TagFault::TooMany => "Too many tags. A resource can have at most 50 tags.".to_owned(),
        TagFault::Duplicate(key) => format!("Duplicate tag key: {key}."),
        TagFault::Invalid(key) => format!("Invalid tag: {key}."),
        TagFault::Reserved(key) => format!("Tag keys can't start with 'aws:': {key}."),
    })
}
