//! How Secrets Manager words its refusals; none of them ever holds a value.

use crate::call::Refusal;
use crate::tags::TagFault;

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

fn refused(message: &'static str) -> Refusal {
    Refusal::new("InvalidRequestException", message)
}

pub(super) fn no_secret() -> Refusal {
    Refusal::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

pub(super) fn no_value(what: &str) -> Refusal {
    let message = format!("Secrets Manager can't find the specified secret value for {what}");
    Refusal::new("ResourceNotFoundException", message)
}

pub(super) fn bad_name() -> Refusal {
    let message =
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
    Refusal::new("ValidationException", message)
}

pub(super) fn exists(name: &str) -> Refusal {
    Refusal::new("ResourceExistsException", format!("The operation failed because the secret {name} already exists."))
}

pub(super) fn token_used(token: &str, arn: &str) -> Refusal {
    let message = format!(
        "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
    );
    Refusal::new("ResourceExistsException", message)
}

pub(super) fn reserved() -> Refusal {
    refused("You can't create this secret because a secret with this name is already scheduled for deletion.")
}

pub(super) fn marked() -> Refusal {
    refused("You can't perform this operation on the secret because it was marked for deletion.")
}

pub(super) fn too_many_versions() -> Refusal {
    Refusal::new(
        "LimitExceededException",
        "The request failed because it would exceed the quota of versions of a secret.",
    )
}

pub(super) fn bad_token() -> Refusal {
    Refusal::new("InvalidNextTokenException", "The NextToken value is invalid.")
}

pub(super) fn no_key() -> Refusal {
    Refusal::new("ResourceNotFoundException", "Secrets Manager can't find the specified KMS key.")
}

pub(super) fn key_disabled() -> Refusal {
    let message = "Secrets Manager can't encrypt the protected secret text using the provided KMS key.";
    Refusal::new("EncryptionFailure", message)
}

pub(super) fn tags(fault: TagFault) -> Refusal {
    invalid(match fault {
        TagFault::TooMany => "A secret can have no more than 50 tags.".to_owned(),
        TagFault::Duplicate(key) => format!("The tag key {key} is used more than once."),
        TagFault::Invalid(key) => format!("The tag with key {key} is invalid."),
        TagFault::Reserved(key) => format!("The tag key {key} is invalid: tag keys can't start with aws:."),
    })
}
