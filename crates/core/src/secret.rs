//! Secret values: never shown, compared only by a keyed fingerprint.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer};
use sha2::Sha256;
use std::fmt;

/// A secret's value. It has no `Display`, and `Debug` and `Serialize` give a placeholder.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(String);

const PLACEHOLDER: &str = "(secret)";

impl SecretValue {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one call that hands it to AWS.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PLACEHOLDER)
    }
}

impl Serialize for SecretValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(PLACEHOLDER)
    }
}

/// What a value is compared by: an HMAC-SHA256 with the installation's key, 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// A fingerprint that was read back from a tag.
    pub fn read(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text that stands in the tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes fingerprints. The key never leaves the cluster, so a tag tells nothing of the value, however short that is.
#[derive(Clone)]
pub struct Fingerprinter {
    key: Vec<u8>,
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PLACEHOLDER)
    }
}

impl Fingerprinter {
    /// With the installation's key, at least 32 random bytes.
    pub fn new(key: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into() }
    }

    /// The fingerprint of `value`; `purpose` keeps equal values in different places from looking equal.
    pub fn of(&self, purpose: &str, value: &SecretValue) -> Fingerprint {
        // HMAC takes a key of any length; the fallback is never reached and would only cost a needless update.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return Fingerprint(String::new()) };
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(value.expose().as_bytes());
        Fingerprint(hex::encode(mac.finalize().into_bytes()).chars().take(32).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let value = SecretValue::new("hunter2");
        let shown = format!("{value:?} {}", serde_json::to_string(&value).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_fingerprint_depends_on_key_purpose_and_value() {
        let print = |key: &str, purpose, value: &str| Fingerprinter::new(key).of(purpose, &SecretValue::new(value));
        let first = print("k", "oidc", "v");
        assert_eq!(first, print("k", "oidc", "v"));
        assert!(![print("l", "oidc", "v"), print("k", "env", "v"), print("k", "oidc", "w")].contains(&first));
    }
}
