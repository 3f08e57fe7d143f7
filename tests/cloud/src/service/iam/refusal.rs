//! IAM's refusals. Codes and statuses are the model's; texts without source are observed behaviour (not documented).

use crate::call::Refusal;
use crate::tags::TagFault;

pub(super) fn no_role(name: &str) -> Refusal {
    missing(format!("The role with name {name} cannot be found."))
}

pub(super) fn missing(message: String) -> Refusal {
    Refusal::new("NoSuchEntity", message).status(404)
}

pub(super) fn no_policy(arn: &str) -> Refusal {
    missing(format!("Policy {arn} was not found."))
}

pub(super) fn not_attachable(arn: &str) -> Refusal {
    missing(format!("Policy {arn} does not exist or is not attachable."))
}

pub(super) fn no_boundary_policy(arn: &str) -> Refusal {
    missing(format!("Scope ARN: {arn} does not exist or is not attachable."))
}

pub(super) fn no_inline(name: &str) -> Refusal {
    missing(format!("The role policy with name {name} cannot be found."))
}

pub(super) fn no_profile(name: &str) -> Refusal {
    missing(format!("Instance Profile {name} cannot be found."))
}

pub(super) fn exists(message: String) -> Refusal {
    Refusal::new("EntityAlreadyExists", message).status(409)
}

pub(super) fn conflict(message: &str) -> Refusal {
    Refusal::new("DeleteConflict", message).status(409)
}

pub(super) fn limit(message: String) -> Refusal {
    Refusal::new("LimitExceeded", message).status(409)
}

pub(super) fn quota(name: &str, value: usize) -> Refusal {
    limit(format!("Cannot exceed quota for {name}: {value}"))
}

pub(super) fn malformed(message: String) -> Refusal {
    Refusal::new("MalformedPolicyDocument", message)
}

pub(super) fn invalid(message: String) -> Refusal {
    Refusal::new("InvalidInput", message)
}

pub(super) fn bad_arn(arn: &str) -> Refusal {
    invalid(format!("ARN {arn} is not valid."))
}

pub(super) fn marker() -> Refusal {
    Refusal::new("ValidationError", "Invalid Marker.")
}

pub(super) fn protected(role: &str) -> Refusal {
    let message =
        format!("Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS");
    Refusal::new("UnmodifiableEntity", message)
}

pub(super) fn tags(fault: TagFault) -> Refusal {
    match fault {
        TagFault::TooMany => limit("The number of tags has reached the maximum limit.".to_owned()),
        TagFault::Duplicate(_) => {
            invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.".to_owned())
        }
        TagFault::Reserved(key) => invalid(format!("Tag keys starting with 'aws:' are reserved: {key}")),
        TagFault::Invalid(key) => Refusal::new(
            "ValidationError",
            format!(
                "Value '{key}' failed to satisfy constraint: Member must satisfy the pattern of tag keys and values."
            ),
        ),
    }
}
