//! EFS file system that holds a home: never replaced, never deleted by an update.

use super::{State, outputs};
use crate::arn::{FileSystemArn, KeyArn};
use crate::diff::{Change, Diff};
use crate::id::FileSystemId;
use crate::input::{AnyInput, HasInputs, Output, Outputs, Unresolved};
use serde::Serialize;

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// Whether it is encrypted at rest.
    pub encrypted: bool,
    /// Key that encrypts it; the account's `aws/elasticfilesystem` when absent.
    pub kms_key: Option<KeyArn>,
    /// Throughput mode.
    pub throughput: Throughput,
    /// When files move between storage classes.
    pub lifecycle: Lifecycle,
}

impl HasInputs for Desired {
    fn walk(&mut self, _walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { encrypted: _, kms_key: _, throughput: _, lifecycle: _ } = self;
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its id.
    pub id: FileSystemId,
    /// Its ARN.
    pub arn: FileSystemArn,
    /// Whether it is encrypted at rest.
    pub encrypted: bool,
    /// Key that encrypts it.
    pub kms_key: Option<KeyArn>,
    /// Throughput mode.
    pub throughput: Throughput,
    /// When files move between storage classes.
    pub lifecycle: Lifecycle,
    /// `LifeCycleState` in AWS's words.
    pub life_cycle_state: String,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([(Output::Id, self.id.to_string()), (Output::Arn, self.arn.to_string())])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        match self.life_cycle_state.as_str() {
            "available" => State::Ready,
            "updating" => State::Settling(self.life_cycle_state.clone()),
            "deleting" | "deleted" => State::Leaving,
            "error" => State::Failed("the file system is in state error: see the EFS console".into()),
            _ => State::Pending(self.life_cycle_state.clone()),
        }
    }
}

const REMEDY: &str = "encryption is fixed when a file system is created: back the home up, restore it into a new, encrypted \
     file system, and name that one in spec.storage.existing";

/// Encryption is fixed at creation, and a home is never replaced. An absent key means AWS's own, whichever that is.
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { encrypted, kms_key, throughput, lifecycle } = desired;
    let key = if kms_key.is_some() { kms_key } else { &observed.kms_key };
    Ok(Diff::default()
        .refused("encrypted", encrypted, &observed.encrypted, REMEDY)
        .refused("kmsKeyId", key, &observed.kms_key, REMEDY)
        .in_place("throughputMode", throughput, &observed.throughput)
        .in_place("lifecyclePolicies", lifecycle, &observed.lifecycle)
        .done())
}

/// How much a file system can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Throughput {
    /// Grows with what is stored.
    Bursting,
    /// As needed, paid by use.
    Elastic,
    /// A fixed rate in MiB/s.
    Provisioned(u32),
}

/// When files move between storage classes, in the API's words, for example `AFTER_30_DAYS`; absent means never.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifecycle {
    /// To Infrequent Access.
    pub to_ia: Option<String>,
    /// To Archive.
    pub to_archive: Option<String>,
    /// Back to Standard.
    pub to_primary: Option<String>,
}
