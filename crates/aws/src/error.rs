//! AWS's error codes, sorted into classes by what has to happen next.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::fmt;

/// What has to happen after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Too many calls: wait, and call less often.
    Throttled,
    /// The service or the way to it failed: try again.
    Transient,
    /// Something it depends on is still settling: try again soon.
    NotYet,
    /// Something else stands where ours should, or holds on to it.
    Conflict,
    /// A permission is missing: the user has to give it.
    Denied,
    /// AWS refuses a setting: the user has to change the spec.
    Invalid,
    /// A limit of the account is reached: the user has to raise it.
    Quota,
    /// The resource is not ours.
    Foreign,
    /// A mistake of the operator.
    Bug,
    /// The resource does not exist.
    Missing,
}

/// A call that failed, or an answer that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {resource}: {message}")]
pub struct Error {
    /// What has to happen next.
    pub class: Class,
    /// Operation in AWS's words, for example `CreateFileSystem`.
    pub operation: &'static str,
    /// The resource by name or id.
    pub resource: String,
    /// Code on the wire, where AWS answered.
    pub code: Option<String>,
    /// What AWS said, or what is wrong.
    pub message: String,
    /// What failed below, where something did.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of our own.
    pub fn new(class: Class, operation: &'static str, resource: impl fmt::Display, message: impl Into<String>) -> Self {
        Self { class, operation, resource: resource.to_string(), code: None, message: message.into(), source: None }
    }

    /// An answer that lacks something AWS always gives.
    pub fn incomplete(operation: &'static str, resource: impl fmt::Display, member: &str) -> Self {
        Self::new(Class::Bug, operation, resource, format!("bug: the answer has no {member}"))
    }

    /// A resource of our name that carries other tags than ours.
    pub fn foreign(operation: &'static str, resource: impl fmt::Display) -> Self {
        let message = "it exists and does not carry this stack's tags: remove or rename it, it will not be touched";
        Self::new(Class::Foreign, operation, resource, message)
    }

    /// Turns an SDK error into ours; for `map_err(Error::of("CreateFileSystem", name))`.
    pub fn of<E, R>(operation: &'static str, resource: impl fmt::Display) -> impl FnOnce(SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        R: fmt::Debug + Send + Sync + 'static,
    {
        let resource = resource.to_string();
        move |error| {
            let code = error.code().map(str::to_owned);
            let text = error.message().map(str::to_owned);
            let class = code.as_deref().map_or(Class::Transient, |code| classify(code, text.as_deref().unwrap_or("")));
            let message = match (&code, text) {
                (Some(code), Some(text)) => format!("{code}: {text}"),
                (Some(code), None) => code.clone(),
                (None, _) => format!("AWS could not be reached or gave no answer: {}", innermost(&error)),
            };
            Self { class, operation, resource, code, message, source: Some(Box::new(error)) }
        }
    }

    /// Turns what only a mistake of ours can bring about into an error; for `map_err(Error::bug("CreateRole", name))`.
    pub(crate) fn bug<E: fmt::Display>(operation: &'static str, resource: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self::new(Class::Bug, operation, resource, error.to_string())
    }

    /// Something that is there, since its name is taken, and that no read shows yet.
    pub(crate) fn unseen(operation: &'static str, resource: impl fmt::Display) -> Self {
        Self::new(Class::NotYet, operation, resource, "its name is taken, and AWS does not show it yet")
    }

    /// Something that we made ourselves, and that no read shows yet.
    pub(crate) fn not_shown(operation: &'static str, resource: impl fmt::Display) -> Self {
        Self::new(Class::NotYet, operation, resource, "it was made a moment ago, and AWS does not show it yet")
    }

    /// The same error about what was made a moment ago: that it is missing only means that the news has not spread.
    pub(crate) fn just_made(mut self) -> Self {
        if self.class == Class::Missing {
            self.class = Class::NotYet;
        }
        self
    }

    /// Whether AWS answered with this code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// The text of the cause at the bottom: those above it only say that something failed.
pub fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// What does not exist is an answer, not an error.
pub(crate) fn present<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Err(error) if error.class == Class::Missing => Ok(None),
        outcome => outcome.map(Some),
    }
}

/// Texts of errors that pass by themselves once IAM or a service-linked role has spread, or a target group has its rule.
const NOT_YET: [&str; 9] = [
    "unable to assume",
    "cannot be assumed",
    "proper permissions",
    "does not have an associated load balancer",
    "still draining",
    "invalid principal",
    "invalid iam instance profile",
    "was not idempotent",
    "role is not valid",
];

/// The class of an error code; `message` tells apart what has one code for several things.
pub fn classify(code: &str, message: &str) -> Class {
    let message = message.to_ascii_lowercase();
    if NOT_YET.iter().any(|text| message.contains(text)) {
        return Class::NotYet;
    }
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException" => Class::Throttled,
        // EFS: the throughput mode may change once in 24 hours ("UpdateFileSystem", Amazon EFS API Reference).
        "TooManyRequests"
        | "UpdateInProgressException"
        | "OperationAbortedException"
        | "ConcurrentModification"
        | "ConcurrentModificationException"
        | "EntityTemporarilyUnmodifiable"
        | "IncorrectFileSystemLifeCycleState"
        | "IncorrectMountTargetState"
        | "ServiceNotActiveException"
        | "PriorRequestNotComplete" => Class::NotYet,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthFailure"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken" => Class::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "ServerException"
        | "ServiceFailure"
        | "DependencyTimeout"
        | "RequestTimeout"
        | "Unavailable" => Class::Transient,
        "DependencyViolation"
        | "DeleteConflict"
        | "ResourceInUse"
        | "ResourceInUseException"
        | "FileSystemInUse"
        | "InvalidGroup.InUse"
        | "ClusterContainsServicesException"
        | "ClusterContainsTasksException"
        | "ClusterContainsContainerInstancesException" => Class::Conflict,
        "OperationNotPermitted" => Class::Invalid,
        _ if missing(code) => Class::Missing,
        _ if exists(code) => Class::Conflict,
        _ if quota(code) => Class::Quota,
        _ => Class::Invalid,
    }
}

/// Whether the code says that what was asked for does not exist.
fn missing(code: &str) -> bool {
    matches!(
        code,
        "NoSuchEntity"
            | "ResourceNotFoundException"
            | "FileSystemNotFound"
            | "MountTargetNotFound"
            | "AccessPointNotFound"
            | "PolicyNotFound"
            | "LoadBalancerNotFound"
            | "TargetGroupNotFound"
            | "ListenerNotFound"
            | "RuleNotFound"
            | "ClusterNotFoundException"
            | "ServiceNotFoundException"
            | "SecurityGroupNotFound"
            | "SubnetNotFound"
            | "CertificateNotFound"
    ) || code.ends_with(".NotFound")
}

fn exists(code: &str) -> bool {
    code.starts_with("Duplicate")
        || code.ends_with(".Duplicate")
        || code.contains("AlreadyExists")
        || matches!(code, "ResourceExistsException" | "PriorityInUse" | "MountTargetConflict" | "IpAddressInUse")
}

fn quota(code: &str) -> bool {
    code.starts_with("TooMany")
        || code.contains("LimitExceeded")
        || matches!(
            code,
            "NoFreeAddressesInSubnet" | "InsufficientFreeAddressesInSubnet" | "TargetGroupAssociationLimit"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_answer_the_innermost_cause_is_told() {
        #[derive(Debug, thiserror::Error)]
        #[error("the provider failed")]
        struct Outer(#[source] std::io::Error);
        let cause = Outer(std::io::Error::other("no role in the environment"));
        let sdk =
            SdkError::<aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError, ()>::construction_failure(
                cause,
            );
        let error = Error::of("GetCallerIdentity", "eu-central-1")(sdk);
        let text =
            "GetCallerIdentity eu-central-1: AWS could not be reached or gave no answer: no role in the environment";
        assert_eq!((error.to_string().as_str(), error.class), (text, Class::Transient));
    }

    #[test]
    fn every_class_has_its_codes() {
        for (code, message, class) in [
            ("ThrottlingException", "Rate exceeded", Class::Throttled),
            ("InternalServerError", "", Class::Transient),
            ("InvalidParameterException", "Unable to assume the service linked role.", Class::NotYet),
            ("MalformedPolicyDocument", "Invalid principal in policy", Class::NotYet),
            ("TooManyRequests", "Wait until 2026-01-02", Class::NotYet),
            ("DependencyViolation", "resource sg-1 has a dependent object", Class::Conflict),
            ("FileSystemAlreadyExists", "", Class::Conflict),
            ("InvalidGroup.Duplicate", "", Class::Conflict),
            ("UnauthorizedOperation", "", Class::Denied),
            ("ValidationError", "", Class::Invalid),
            ("SecurityGroupLimitExceeded", "", Class::Quota),
            ("TooManyRules", "", Class::Quota),
            ("NoSuchEntity", "", Class::Missing),
            ("InvalidGroup.NotFound", "", Class::Missing),
        ] {
            assert_eq!(classify(code, message), class, "{code} {message}");
        }
    }
}
