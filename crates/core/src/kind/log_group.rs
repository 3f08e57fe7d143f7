//! CloudWatch log group.

use super::{State, outputs};
use crate::arn::{KeyArn, LogGroupArn};
use crate::diff::{Change, Diff};
use crate::id::Name;
use crate::input::{AnyInput, HasInputs, Output, Outputs, Unresolved};
use serde::Serialize;

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// Days that log events are kept.
    pub retention_days: i32,
    /// Key that encrypts it; CloudWatch's own when absent.
    pub kms_key: Option<KeyArn>,
}

impl HasInputs for Desired {
    fn walk(&mut self, _walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { retention_days: _, kms_key: _ } = self;
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its ARN, without the trailing `:*`.
    pub arn: LogGroupArn,
    /// Its name.
    pub name: Name,
    /// Days that log events are kept; for ever when absent.
    pub retention_days: Option<i32>,
    /// Key that encrypts it.
    pub kms_key: Option<KeyArn>,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([
            (Output::Arn, self.arn.to_string()),
            (Output::Name, self.name.to_string()),
            (Output::Id, self.name.to_string()),
        ])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        State::Ready
    }
}

/// Everything changes in place (PutRetentionPolicy, AssociateKmsKey, Amazon CloudWatch Logs API Reference).
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { retention_days, kms_key } = desired;
    Ok(Diff::default()
        .in_place("retentionInDays", &Some(*retention_days), &observed.retention_days)
        .in_place("kmsKeyId", kms_key, &observed.kms_key)
        .done())
}
