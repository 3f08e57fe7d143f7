//! Secrets Manager secret that holds a value of a Kubernetes Secret for the task.

use super::{State, outputs};
use crate::arn::{KeyArn, SecretArn};
use crate::diff::{Change, Diff};
use crate::id::{Name, SecretVersion};
use crate::input::{AnyInput, HasInputs, Output, Outputs, Unresolved};
use crate::secret::{Fingerprint, SecretValue};
use serde::Serialize;

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// What it is for.
    pub description: String,
    /// Its value: written, never read back.
    pub value: SecretValue,
    /// What the value is compared by. It is the id of the value's version, so that whoever writes another value, here or
    /// in the console, changes what is compared.
    pub fingerprint: Fingerprint,
    /// Key that encrypts it; the account's `aws/secretsmanager` when absent.
    pub kms_key: Option<KeyArn>,
}

impl HasInputs for Desired {
    fn walk(&mut self, _walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { description: _, value: _, fingerprint: _, kms_key: _ } = self;
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its ARN.
    pub arn: SecretArn,
    /// Its name.
    pub name: Name,
    /// Description.
    pub description: String,
    /// Version that is current; absent before the first value. Ours are named by the fingerprint of their value.
    pub version: Option<SecretVersion>,
    /// Key that encrypts it.
    pub kms_key: Option<KeyArn>,
    /// Whether it is scheduled for deletion: its name is taken until it is restored or gone.
    pub deleted: bool,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([
            (Output::Arn, self.arn.to_string()),
            (Output::Name, self.name.to_string()),
            (Output::Id, self.name.to_string()),
            (Output::Version, self.version.as_ref().map(ToString::to_string).unwrap_or_default()),
        ])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        State::Ready
    }
}

/// Everything changes in place. A deleted secret is restored first (RestoreSecret, AWS Secrets Manager API Reference).
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { description, value: _, fingerprint, kms_key } = desired;
    Ok(Diff::default()
        .in_place("deleted", &false, &observed.deleted)
        .in_place("description", description, &observed.description)
        .in_place("fingerprint", &Some(fingerprint.as_str()), &observed.version.as_ref().map(SecretVersion::as_str))
        .in_place("kmsKeyId", kms_key, &observed.kms_key)
        .done())
}
