//! Versions of a secret: values under staging labels.

use super::refusals;
use super::secret::Secret;
use crate::call::Refusal;
use crate::clock::Time;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Labels that Secrets Manager moves by itself.
pub(super) const CURRENT: &str = "AWSCURRENT";
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";
/// How many versions are kept, and how long those above that number are: `PutSecretValue` in the API model.
const KEPT: usize = 100;
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// A value; it does not show in debug output.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum SecretValue {
    Text(String),
    /// Base64 text.
    Binary(String),
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

impl SecretValue {
    /// The value in a request, if it has one.
    pub(super) fn read(input: &Value) -> Result<Option<Self>, Refusal> {
        match (input["SecretString"].as_str(), input["SecretBinary"].as_str()) {
            (Some(_), Some(_)) => {
                Err(refusals::invalid("You can't specify both SecretString and SecretBinary in the same request."))
            }
            (Some(text), None) => Ok(Some(Self::Text(text.to_owned()))),
            (None, Some(binary)) => Ok(Some(Self::Binary(binary.to_owned()))),
            (None, None) => Ok(None),
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }

    pub(super) fn binary(&self) -> Option<&str> {
        match self {
            Self::Text(_) => None,
            Self::Binary(binary) => Some(binary),
        }
    }

    /// By which it can be compared without being seen.
    pub(super) fn digest(&self) -> String {
        let (Self::Text(bytes) | Self::Binary(bytes)) = self;
        hex::encode(Sha256::digest(bytes))
    }
}

/// A version.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) value: SecretValue,
    pub(super) stages: BTreeSet<String>,
    pub(super) created: Time,
}

impl Secret {
    /// The version that carries a staging label.
    pub(super) fn staged(&self, stage: &str) -> Option<&Version> {
        self.versions.values().find(|version| version.stages.contains(stage))
    }

    pub(super) fn current(&self) -> Option<&Version> {
        self.staged(CURRENT)
    }

    /// Adds a version unless the same one is there under this id; its labels move to it.
    pub(super) fn put(&mut self, id: &str, value: SecretValue, stages: &[String], now: Time) -> Result<(), Refusal> {
        match self.versions.get(id) {
            Some(version) if version.value == value => return Ok(()),
            Some(_) => return Err(refusals::token_used(id, &self.arn)),
            None => {}
        }
        self.make_room(now)?;
        if stages.iter().any(|stage| stage == CURRENT) {
            self.retire_current();
        }
        for version in self.versions.values_mut() {
            version.stages.retain(|stage| !stages.contains(stage));
        }
        let stages = stages.iter().cloned().collect();
        self.versions.insert(id.to_owned(), Version { id: id.to_owned(), value, stages, created: now });
        self.changed = now;
        Ok(())
    }

    /// The current version becomes the previous one.
    fn retire_current(&mut self) {
        if self.current().is_none() {
            return;
        }
        for version in self.versions.values_mut() {
            version.stages.remove(PREVIOUS);
            if version.stages.remove(CURRENT) {
                version.stages.insert(PREVIOUS.to_owned());
            }
        }
    }

    /// Lets old versions without a label go; those of the last day stay, and count.
    fn make_room(&mut self, now: Time) -> Result<(), Refusal> {
        if self.versions.len() < KEPT {
            return Ok(());
        }
        self.versions.retain(|_, version| !version.stages.is_empty() || now - version.created < KEPT_FOR);
        if self.versions.len() < KEPT { Ok(()) } else { Err(refusals::too_many_versions()) }
    }

    /// Labels by version id, versions without a label left out.
    pub(super) fn stages_by_version(&self) -> BTreeMap<&str, &BTreeSet<String>> {
        let staged = self.versions.values().filter(|version| !version.stages.is_empty());
        staged.map(|version| (version.id.as_str(), &version.stages)).collect()
    }
}
