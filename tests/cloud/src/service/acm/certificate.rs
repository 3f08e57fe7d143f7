//! One certificate: its names, the records that prove them, how it is shown.

use crate::clock::Time;
use crate::service::route53;
use crate::tags::Tags;
use crate::world::{Account, Region};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::time::Duration;

/// Public certificates are good for this long (AWS Certificate Manager User Guide, certificate characteristics).
const VALIDITY: Duration = Duration::from_secs(395 * 24 * 60 * 60);

/// A certificate.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// ARN.
    pub arn: String,
    /// The domain name, then the other names.
    pub names: Vec<String>,
    /// How far it is.
    pub status: Status,
    /// Key algorithm, for example `RSA_2048`.
    pub algorithm: String,
    /// Whether it is validated by DNS; by e-mail otherwise, which nobody answers here.
    pub dns: bool,
    /// When it was requested.
    pub created: Time,
    /// When it was issued.
    pub issued: Option<Time>,
    /// When reads begin to see it.
    pub visible_at: Time,
    /// When reads begin to see the records that prove its names.
    pub records_at: Time,
    /// ARNs of load balancers that use it.
    pub users: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
    /// The token of its request.
    pub token: Option<String>,
}

/// How far a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits for its names to be proven.
    PendingValidation,
    /// Usable.
    Issued,
    /// Its names were not proven within 72 hours.
    ValidationTimedOut,
}

impl Status {
    /// As the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PendingValidation => "PENDING_VALIDATION",
            Self::Issued => "ISSUED",
            Self::ValidationTimedOut => "VALIDATION_TIMED_OUT",
        }
    }
}

/// The record that proves a name to ACM: it depends on account and name only, and a wildcard shares its parent's.
struct Proof {
    name: String,
    value: String,
}

impl Proof {
    fn of(account: &str, domain: &str) -> Self {
        let base = domain.strip_prefix("*.").unwrap_or(domain).to_ascii_lowercase();
        let digest = hex::encode(Sha256::digest(format!("{account} {base}")));
        let letters: String = digest.bytes().take(10).map(|b| char::from(b'a' + b % 26)).collect();
        Self {
            name: format!("_{}.{base}.", &digest[..32]),
            value: format!("_{}.{letters}.acm-validations.aws.", &digest[32..]),
        }
    }
}

/// A UUID that depends on the account and `salt` only.
pub(super) fn uuid_of(account: &str, salt: &str) -> String {
    let d = hex::encode(Sha256::digest(format!("{account} {salt}")));
    format!("{}-{}-4{}-a{}-{}", &d[..8], &d[8..12], &d[13..16], &d[17..20], &d[20..32])
}

impl Certificate {
    /// Its first name.
    pub fn domain(&self) -> &str {
        self.names.first().map(String::as_str).unwrap_or_default()
    }

    /// Whether the records that prove all its names are in the account's public zones.
    pub(super) fn proven(&self, account: &Account, id: &str) -> bool {
        let there = |name: &String| {
            let proof = Proof::of(id, name);
            let record = route53::public_record(account, &proof.name, "CNAME");
            let says = |value: &String| value.trim_end_matches('.') == proof.value.trim_end_matches('.');
            record.is_some_and(|record| match &record.data {
                route53::Data::Values { values, .. } => values.iter().any(says),
                route53::Data::Alias(_) => false,
            })
        };
        self.dns && self.names.iter().all(there)
    }

    /// As DescribeCertificate shows it at `now`.
    pub(super) fn describe(&self, region: &Region, now: Time) -> Value {
        let until = self.issued.map(|issued| (issued + VALIDITY).seconds());
        let issued = self.status == Status::Issued;
        let validations: Vec<Value> = self.names.iter().map(|name| self.validation(region, name, now)).collect();
        let (uses, extended) = if issued {
            let server = json!({"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"});
            (json!([{"Name": "DIGITAL_SIGNATURE"}, {"Name": "KEY_ENCIPHERMENT"}]), json!([server]))
        } else {
            (json!([]), json!([]))
        };
        json!({
            "CertificateArn": self.arn, "DomainName": self.domain(), "SubjectAlternativeNames": self.names,
            "DomainValidationOptions": validations,
            "Status": self.status.name(), "Type": "AMAZON_ISSUED", "CreatedAt": self.created.seconds(),
            "IssuedAt": self.issued.map(Time::seconds), "NotBefore": self.issued.map(Time::seconds), "NotAfter": until,
            "KeyAlgorithm": self.algorithm.replace("RSA_", "RSA-"), "SignatureAlgorithm": "SHA256WITHRSA",
            "Subject": format!("CN={}", self.domain()), "Issuer": issued.then_some("Amazon"), "InUseBy": self.users,
            "KeyUsages": uses, "ExtendedKeyUsages": extended,
            "RenewalEligibility": if issued && !self.users.is_empty() { "ELIGIBLE" } else { "INELIGIBLE" },
            "Options": {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"},
        })
    }

    fn validation(&self, region: &Region, name: &str, now: Time) -> Value {
        let status = match self.status {
            Status::Issued => "SUCCESS",
            Status::PendingValidation => "PENDING_VALIDATION",
            Status::ValidationTimedOut => "FAILED",
        };
        let proof = Proof::of(&region.account, name);
        let shown = self.dns && self.records_at <= now;
        let record = shown.then(|| json!({"Name": proof.name, "Type": "CNAME", "Value": proof.value}));
        json!({
            "DomainName": name, "ValidationDomain": name, "ValidationStatus": status, "ResourceRecord": record,
            "ValidationMethod": if self.dns { "DNS" } else { "EMAIL" },
        })
    }

    /// As ListCertificates shows it.
    pub(super) fn summary(&self) -> Value {
        json!({
            "CertificateArn": self.arn, "DomainName": self.domain(), "SubjectAlternativeNameSummaries": self.names,
            "HasAdditionalSubjectAlternativeNames": false, "Status": self.status.name(), "Type": "AMAZON_ISSUED",
            "KeyAlgorithm": self.algorithm, "InUse": !self.users.is_empty(),
            "RenewalEligibility": "INELIGIBLE", "CreatedAt": self.created.seconds(),
            "IssuedAt": self.issued.map(Time::seconds), "NotBefore": self.issued.map(Time::seconds),
            "NotAfter": self.issued.map(|issued| (issued + VALIDITY).seconds()),
        })
    }
}
