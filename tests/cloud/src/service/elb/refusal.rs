//! How Elastic Load Balancing refuses: every code and text stands here once.

use crate::call::Refusal;
use crate::tags::TagFault;

/// Settings that no request may have.
pub(super) fn validation(message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationError", message)
}

/// Settings that do not fit together or do not fit what exists.
pub(super) fn configuration(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidConfigurationRequest", message)
}

/// Actions that no rule may have.
pub(super) fn action(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidLoadBalancerAction", message)
}

/// A change that the resource does not allow.
pub(super) fn not_permitted(message: impl Into<String>) -> Refusal {
    Refusal::new("OperationNotPermitted", message)
}

/// Something that AWS has and this cloud deliberately has not.
pub(super) fn not_here(what: &str) -> Refusal {
    Refusal::new("UnsupportedOperation", format!("{what} is not part of this cloud."))
}

/// No load balancer of that ARN or name.
pub(super) fn no_balancer(which: &str) -> Refusal {
    Refusal::new("LoadBalancerNotFound", format!("Load balancers '[{which}]' not found"))
}

/// No target group of that ARN or name.
pub(super) fn no_group(which: &str) -> Refusal {
    Refusal::new("TargetGroupNotFound", format!("Target groups '{which}' not found"))
}

/// No listener of that ARN.
pub(super) fn no_listener(arn: &str) -> Refusal {
    Refusal::new("ListenerNotFound", format!("One or more listeners not found: '{arn}'"))
}

/// No rule of that ARN.
pub(super) fn no_rule(arn: &str) -> Refusal {
    Refusal::new("RuleNotFound", format!("One or more rules not found: '{arn}'"))
}

/// No certificate of that ARN.
pub(super) fn no_certificate(arn: &str) -> Refusal {
    Refusal::new("CertificateNotFound", format!("Certificate '{arn}' not found"))
}

/// A certificate that is there, but not issued.
pub(super) fn unsupported_certificate(arn: &str) -> Refusal {
    let needs = "must have a fully-qualified domain name, a supported signature, and a supported key size.";
    Refusal::new("UnsupportedCertificate", format!("The certificate '{arn}' {needs}"))
}

/// No SSL policy of that name.
pub(super) fn no_policy(name: &str) -> Refusal {
    Refusal::new("SSLPolicyNotFound", format!("SSL policy '{name}' not found"))
}

/// A name that is taken by a resource with other settings.
pub(super) fn duplicate(code: &'static str, kind: &str, name: &str) -> Refusal {
    Refusal::new(code, format!("A {kind} with the same name '{name}' exists, but with different settings"))
}

/// A port that has a listener with other settings.
pub(super) fn duplicate_listener(balancer: &str) -> Refusal {
    let message = format!("A listener already exists on this port for this load balancer '{balancer}'");
    Refusal::new("DuplicateListener", message)
}

/// A priority that another rule of the listener has.
pub(super) fn priority_in_use(priority: u32) -> Refusal {
    Refusal::new("PriorityInUse", format!("Priority '{priority}' is currently in use"))
}

/// A quota that is reached.
pub(super) fn too_many(code: &'static str, what: &str) -> Refusal {
    Refusal::new(code, format!("The maximum number of {what} has been reached"))
}

/// A subnet that does not exist.
pub(super) fn no_subnet(id: &str) -> Refusal {
    Refusal::new("SubnetNotFound", format!("The subnet ID '{id}' is not valid"))
}

/// A subnet that can't hold a load balancer node.
pub(super) fn bad_subnet(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidSubnet", message)
}

/// A security group that does not exist or belongs to another VPC.
pub(super) fn bad_security_group(id: &str) -> Refusal {
    Refusal::new("InvalidSecurityGroup", format!("Security group '{id}' is not valid"))
}

/// Tags that break the rules for tags.
pub(super) fn tags(fault: TagFault) -> Refusal {
    match fault {
        TagFault::TooMany => Refusal::new("TooManyTags", "The number of tags exceeds the limit of '50'"),
        TagFault::Duplicate(key) => {
            Refusal::new("DuplicateTagKeys", format!("A tag key '{key}' was specified more than once"))
        }
        TagFault::Invalid(key) => validation(format!("The tag key or value of '{key}' is not valid")),
        TagFault::Reserved(key) => {
            validation(format!("The tag key '{key}' cannot begin with 'aws:', a prefix that is reserved"))
        }
    }
}
