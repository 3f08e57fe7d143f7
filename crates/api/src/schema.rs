//! Pieces of schema that several fields share: patterns, tag maps and the rules on them.
//!
//! Patterns are written for Go's RE2, which the API server uses; each one names the AWS document it follows.

use kube::core::Rule;
use schemars::{Schema, SchemaGenerator, json_schema};

/// Region code, for example `eu-central-1` or `us-gov-west-1`.
pub(crate) const REGION: &str = "^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$";
/// Amazon EC2: VPC id.
pub(crate) const VPC_ID: &str = "^vpc-[0-9a-f]{8,17}$";
/// Amazon EC2: subnet id.
pub(crate) const SUBNET_ID: &str = "^subnet-[0-9a-f]{8,17}$";
/// Amazon EC2: security group id.
pub(crate) const SECURITY_GROUP_ID: &str = "^sg-[0-9a-f]{8,17}$";
/// Amazon EFS: file system id.
pub(crate) const FILE_SYSTEM_ID: &str = "^fs-[0-9a-f]{8,40}$";
/// Amazon EFS: access point id.
pub(crate) const ACCESS_POINT_ID: &str = "^fsap-[0-9a-f]{8,40}$";
/// AWS KMS: ARN of a key. An alias is not enough, CloudWatch Logs refuses it.
pub(crate) const KMS_KEY_ARN: &str = "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$";
/// AWS Certificate Manager: ARN of a certificate.
pub(crate) const CERTIFICATE_ARN: &str = "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$";
/// Elastic Load Balancing: ARN of a listener of an Application Load Balancer.
pub(crate) const LISTENER_ARN: &str =
    "^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/app/[A-Za-z0-9-]+/[0-9a-f]+/[0-9a-f]+$";
/// AWS Secrets Manager: ARN of a secret.
pub(crate) const SECRET_ARN: &str = "^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@!-]+$";
/// AWS Systems Manager: name of a parameter.
pub(crate) const PARAMETER_NAME: &str = "^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$";
/// AWS IAM: ARN of a managed policy, of the account or of AWS.
pub(crate) const POLICY_ARN: &str = "^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$";
/// AWS KMS, ACM and the like: no ARN of those above is longer.
pub(crate) const ARN_LENGTH: u32 = 256;
/// AWS Secrets Manager: a name of 512 characters and the ARN around it.
pub(crate) const SECRET_ARN_LENGTH: u32 = 600;
/// POSIX: name of an environment variable.
pub(crate) const ENV_NAME: &str = "^[A-Za-z_][A-Za-z0-9_]*$";
/// Kubernetes: name of a Secret.
pub(crate) const SECRET_NAME: &str = "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$";
/// Kubernetes: key in a Secret.
pub(crate) const SECRET_KEY: &str = "^[A-Za-z0-9._-]+$";
/// An IPv4 network; octets and prefix are checked by [`cidrs_rule`].
pub(crate) const CIDR: &str = "^[0-9.]{7,15}/[0-9]{1,2}$";
/// `255.255.255.255/32`.
pub(crate) const CIDR_LENGTH: u32 = 18;

/// Characters that IAM allows in tags; the other services allow no fewer.
const TAG_VALUE: &str = r"^[\p{L}\p{Z}\p{N}_.:/=+@-]*$";

/// Tags that the operator puts on resources: 50 are allowed by AWS, 10 are kept for the operator's own.
pub(crate) fn tags(_: &mut SchemaGenerator) -> Schema {
    tag_map(0, 40)
}

/// Tags to look for: at least one, so that nothing is found by accident.
pub(crate) fn selector_tags(_: &mut SchemaGenerator) -> Schema {
    tag_map(1, 10)
}

fn tag_map(at_least: u32, at_most: u32) -> Schema {
    json_schema!({
        "type": "object",
        "minProperties": at_least,
        "maxProperties": at_most,
        "additionalProperties": { "type": "string", "maxLength": 256, "pattern": TAG_VALUE },
    })
}

/// Extra parameters of the authentication request; Elastic Load Balancing allows 10.
pub(crate) fn request_parameters(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 10,
        "additionalProperties": { "type": "string", "minLength": 1, "maxLength": 256 },
    })
}

/// A list of IPv4 networks, each written with its first address, since EC2 rewrites any other form.
pub(crate) fn cidrs_rule() -> Rule {
    Rule::new("self.all(c, isCIDR(c) && cidr(c) == cidr(c).masked() && cidr(c).ip().family() == 4)").message(
        "write IPv4 networks with their first address and prefix length, for example 10.0.0.0/8 or 203.0.113.7/32",
    )
}
