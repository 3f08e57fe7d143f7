//! How CloudWatch Logs words its refusals.

use crate::call::Refusal;
use crate::tags::TagFault;

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

pub(super) fn no_group() -> Refusal {
    Refusal::new("ResourceNotFoundException", "The specified log group does not exist.")
}

pub(super) fn no_stream() -> Refusal {
    Refusal::new("ResourceNotFoundException", "The specified log stream does not exist.")
}

pub(super) fn group_exists() -> Refusal {
    Refusal::new("ResourceAlreadyExistsException", "The specified log group already exists")
}

pub(super) fn stream_exists() -> Refusal {
    Refusal::new("ResourceAlreadyExistsException", "The specified log stream already exists")
}

pub(super) fn aborted() -> Refusal {
    let message = "A conflicting operation is currently in progress against this resource. Please try again.";
    Refusal::new("OperationAbortedException", message)
}

pub(super) fn no_key(group_arn: &str) -> Refusal {
    invalid(format!("The specified KMS key does not exist or is not allowed to be used with LogGroup '{group_arn}'"))
}

pub(super) fn protected() -> Refusal {
    Refusal::new("ValidationException", "The log group has deletion protection enabled.")
}

pub(super) fn tags(fault: TagFault) -> Refusal {
    match fault {
        TagFault::TooMany => Refusal::new("TooManyTagsException", "A resource can have no more than 50 tags."),
        TagFault::Duplicate(key) => invalid(format!("Duplicate tag key '{key}'.")),
        TagFault::Invalid(key) => invalid(format!("The tag with key '{key}' is invalid.")),
        TagFault::Reserved(key) => {
            invalid(format!("The tag key '{key}' is invalid: aws: prefixed tag keys are not allowed."))
        }
    }
}
