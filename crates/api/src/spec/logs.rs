//! `spec.logs`: the log of the Jenkins task in Amazon CloudWatch Logs.

use kube::{KubeSchema, core::Rule};
use serde::{Deserialize, Serialize};

use crate::schema;

/// Retention times that Amazon CloudWatch Logs knows, in days.
pub const RETENTION_DAYS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The log of the Jenkins task in Amazon CloudWatch Logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", default = "LogsSpec::default")]
pub struct LogsSpec {
    /// How long log events are kept, in days. One of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
    /// 1096, 1827, 2192, 2557, 2922, 3288, 3653. Default: `30`. Example: `365`.
    #[x_kube(validation = retention_rule())]
    pub retention_days: i32,

    /// ARN of the KMS key that encrypts the log; its key policy must let CloudWatch Logs use it.
    /// Default: AWS's own encryption.
    /// Example: `arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = schema::KMS_KEY_ARN), length(max = schema::ARN_LENGTH))]
    pub kms_key_arn: Option<String>,
}

impl Default for LogsSpec {
    fn default() -> Self {
        Self { retention_days: 30, kms_key_arn: None }
    }
}

fn retention_rule() -> Rule {
    Rule::new(format!("self in {RETENTION_DAYS:?}"))
        .message(format!("logs.retentionDays must be one of {RETENTION_DAYS:?}").as_str())
}
