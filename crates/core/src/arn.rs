//! Amazon Resource Names, checked for the service they belong to.

use crate::id::IdError;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Makes one ARN type per line: documentation, name, what it is, service, and how its resource part begins.
macro_rules! arns {
    ($($(#[$doc:meta])* $name:ident, $expected:literal, $service:literal, $resource:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The whole ARN.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if belongs(text, $service, $resource) { Ok(Self(text.to_owned())) } else { Err(IdError::new(text, $expected)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

arns! {
    /// IAM role, for example `arn:aws:iam::111122223333:role/jenkins`.
    RoleArn, "the ARN of an IAM role", "iam", "role/";
    /// IAM managed policy.
    PolicyArn, "the ARN of an IAM policy", "iam", "policy/";
    /// CloudWatch log group, without the trailing `:*`.
    LogGroupArn, "the ARN of a log group", "logs", "log-group:";
    /// Secrets Manager secret.
    SecretArn, "the ARN of a secret", "secretsmanager", "secret:";
    /// KMS key.
    KeyArn, "the ARN of a KMS key", "kms", "key/";
    /// EFS file system.
    FileSystemArn, "the ARN of a file system", "elasticfilesystem", "file-system/";
    /// EFS access point.
    AccessPointArn, "the ARN of an access point", "elasticfilesystem", "access-point/";
    /// Application Load Balancer.
    LoadBalancerArn, "the ARN of an Application Load Balancer", "elasticloadbalancing", "loadbalancer/app/";
    /// Target group.
    TargetGroupArn, "the ARN of a target group", "elasticloadbalancing", "targetgroup/";
    /// Listener of an Application Load Balancer.
    ListenerArn, "the ARN of a listener", "elasticloadbalancing", "listener/app/";
    /// Rule of a listener.
    ListenerRuleArn, "the ARN of a listener rule", "elasticloadbalancing", "listener-rule/app/";
    /// ACM certificate.
    CertificateArn, "the ARN of an ACM certificate", "acm", "certificate/";
    /// ECS cluster.
    ClusterArn, "the ARN of an ECS cluster", "ecs", "cluster/";
    /// ECS task definition with its revision.
    TaskDefinitionArn, "the ARN of a task definition", "ecs", "task-definition/";
    /// ECS service.
    ServiceArn, "the ARN of an ECS service", "ecs", "service/";
}

/// Whether `text` is an ARN of `service` (any partition, region and account) whose resource part begins with `resource`.
fn belongs(text: &str, service: &str, resource: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    let (Some("arn"), Some(partition), Some(of)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let rest = parts.nth(2).unwrap_or_default();
    partition.starts_with("aws") && of == service && rest.len() > resource.len() && rest.starts_with(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_checked_for_its_service_and_resource() {
        for (text, valid) in [
            ("arn:aws:iam::111122223333:role/jenkins", true),
            ("arn:aws-cn:iam::111122223333:role/a/b", true),
            ("arn:aws:iam::111122223333:user/jenkins", false),
            ("arn:aws:sts::111122223333:role/jenkins", false),
            ("arn:aws:iam::111122223333:role/", false),
            ("role/jenkins", false),
        ] {
            assert_eq!(text.parse::<RoleArn>().is_ok(), valid, "{text}");
        }
    }
}
