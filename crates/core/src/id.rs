//! Ids and names of AWS resources as types, each checked once, where it enters.

use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// A text that is not the id it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct IdError {
    text: String,
    expected: &'static str,
}

impl IdError {
    /// The error for `text` where `expected` (with its article, for example "an IAM role ARN") should stand.
    pub fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}

/// Makes one text type per line: documentation, name, what it is (for the error), and the test a text must pass.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as AWS writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) { Ok(Self(text.to_owned())) } else { Err(IdError::new(text, $expected)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

fn prefixed(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

ids! {
    /// AWS account id, 12 digits.
    AccountId, "an AWS account id of 12 digits", |t| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit());
    /// AWS region, for example `eu-central-1`.
    Region, "an AWS region", |t| t.len() >= 5 && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    /// Availability zone, for example `eu-central-1a`.
    Zone, "an availability zone", |t| t.len() >= 6 && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    /// VPC, `vpc-…`.
    VpcId, "a VPC id (vpc-…)", |t| prefixed(t, "vpc-");
    /// Subnet, `subnet-…`.
    SubnetId, "a subnet id (subnet-…)", |t| prefixed(t, "subnet-");
    /// Security group, `sg-…`.
    SecurityGroupId, "a security group id (sg-…)", |t| prefixed(t, "sg-");
    /// Security group rule, `sgr-…`.
    SecurityGroupRuleId, "a security group rule id (sgr-…)", |t| prefixed(t, "sgr-");
    /// EFS file system, `fs-…`.
    FileSystemId, "a file system id (fs-…)", |t| prefixed(t, "fs-");
    /// EFS mount target, `fsmt-…`.
    MountTargetId, "a mount target id (fsmt-…)", |t| prefixed(t, "fsmt-");
    /// EFS access point, `fsap-…`.
    AccessPointId, "an access point id (fsap-…)", |t| prefixed(t, "fsap-");
    /// A name that a service gives no stricter form: roles, log groups, clusters.
    Name, "a name", |t| !t.is_empty() && t.len() <= 512;
    /// Version of a secret, 32 to 64 characters.
    SecretVersion, "a version id of a secret", |t| (32..=64).contains(&t.len());
}
