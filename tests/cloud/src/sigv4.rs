//! Signature Version 4: whose key, which scope, how old. The signature's bytes are not checked.
//!
//! Sources: "Signing AWS API requests" (IAM User Guide) and "Troubleshoot Signature Version 4 signing" for the texts;
//! "Common Errors" of each API reference for the codes of its family.

use crate::call::{Principal, PrincipalKind, Refusal};
use crate::clock::Time;
use crate::models::api::Api;
use crate::models::shape::Protocol;
use crate::world::World;
use http::HeaderMap;
use std::time::Duration;

/// How far a signature's date may be from the service's clock.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// What a signature says of a request.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Access key id.
    pub access_key: String,
    /// Session token that came with it.
    pub session_token: Option<String>,
    /// Region in the credential scope.
    pub region: String,
}

/// Why a signature is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is none.
    Missing,
    /// A part of it is missing.
    Incomplete(String),
    /// It does not fit the request.
    Mismatch(String),
    /// Nobody has that access key, or another session token belongs to it.
    Unknown,
    /// The temporary key's time is over.
    Expired,
}

/// A signature as the headers have it.
#[derive(Clone, Debug)]
pub struct Signature {
    credential: Credential,
    /// Service in the credential scope.
    pub service: String,
    date: String,
    terminator: String,
    moment: String,
}

impl Credential {
    /// What a call has that needs no signature.
    pub fn none() -> Self {
        Self { access_key: String::new(), session_token: None, region: "us-east-1".to_owned() }
    }

    /// Whose key it is, if it is known and still good.
    pub fn principal(&self, world: &World, now: Time) -> Result<Principal, Fault> {
        if self.access_key.is_empty() {
            return Ok(Principal { account: String::new(), kind: PrincipalKind::Anonymous });
        }
        let key = world.keys.get(&self.access_key).ok_or(Fault::Unknown)?;
        if key.session_token != self.session_token {
            return Err(Fault::Unknown);
        }
        if key.expires.is_some_and(|end| end <= now) {
            return Err(Fault::Expired);
        }
        Ok(key.principal.clone())
    }
}

impl Fault {
    /// The refusal in the words of the service's family.
    pub fn refusal(&self, protocol: Protocol) -> Refusal {
        let json = matches!(protocol, Protocol::Json | Protocol::RestJson | Protocol::SmithyRpcV2Cbor);
        let ec2 = protocol == Protocol::Ec2;
        let (code, text, status) = match self {
            Self::Missing if json => ("MissingAuthenticationTokenException", "Missing Authentication Token", 400),
            Self::Missing => ("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
            Self::Incomplete(text) if json => ("IncompleteSignatureException", text.as_str(), 400),
            Self::Incomplete(text) => ("IncompleteSignature", text.as_str(), 400),
            Self::Unknown | Self::Mismatch(_) if ec2 => {
                ("AuthFailure", "AWS was not able to validate the provided access credentials", 401)
            }
            Self::Mismatch(text) if json => ("InvalidSignatureException", text.as_str(), 400),
            Self::Mismatch(text) => ("SignatureDoesNotMatch", text.as_str(), 403),
            Self::Unknown if json => {
                ("UnrecognizedClientException", "The security token included in the request is invalid.", 400)
            }
            Self::Unknown => ("InvalidClientTokenId", "The security token included in the request is invalid.", 403),
            Self::Expired if ec2 => ("RequestExpired", "Request has expired.", 400),
            Self::Expired if json => {
                ("ExpiredTokenException", "The security token included in the request is expired", 400)
            }
            Self::Expired => ("ExpiredToken", "The security token included in the request is expired", 403),
        };
        Refusal::new(code, text).status(if protocol == Protocol::RestJson { 403 } else { status })
    }
}

impl Signature {
    /// Reads the headers of a request.
    pub fn read(headers: &HeaderMap) -> Result<Self, Fault> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let authorization = header("authorization").ok_or(Fault::Missing)?;
        let Some(parts) = authorization.strip_prefix("AWS4-HMAC-SHA256") else {
            let text = format!("Unsupported AWS 'algorithm': '{}'.", word(authorization));
            return Err(Fault::Incomplete(text));
        };
        let moment = header("x-amz-date").map(str::to_owned);
        let part = |name: &str| {
            let found = parts.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            found.filter(|value| !value.is_empty())
        };
        let absent: Vec<String> = ["Credential", "Signature", "SignedHeaders"]
            .into_iter()
            .filter(|name| part(name).is_none())
            .map(|name| format!("Authorization header requires '{name}' parameter."))
            .chain(moment.is_none().then(no_date))
            .collect();
        if !absent.is_empty() {
            return Err(Fault::Incomplete(format!("{} Authorization=AWS4-HMAC-SHA256", absent.join(" "))));
        }
        let signed = part("SignedHeaders").unwrap_or_default();
        if !signed.split(';').any(|name| name == "host") {
            let text = "'Host' must be a 'SignedHeader' in the AWS Authorization.";
            return Err(Fault::Mismatch(text.to_owned()));
        }
        let token = header("x-amz-security-token").map(str::to_owned);
        Self::scoped(part("Credential").unwrap_or_default(), moment.unwrap_or_default(), token)
    }

    fn scoped(credential: &str, moment: String, session_token: Option<String>) -> Result<Self, Fault> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [key, date, region, service, terminator] = parts.as_slice() else {
            let text = "Credential must have exactly 5 slash-delimited elements, \
                        e.g. keyid/date/region/service/term,";
            return Err(Fault::Incomplete(format!("{text} got '{credential}'")));
        };
        Ok(Self {
            credential: Credential { access_key: (*key).to_owned(), session_token, region: (*region).to_owned() },
            service: (*service).to_owned(),
            date: (*date).to_owned(),
            terminator: (*terminator).to_owned(),
            moment,
        })
    }

    /// Checks date, region, service and terminator: `now` is the clock that clients sign by, `api` and `signing` the
    /// service that the request is for, `host` the name it was sent to.
    pub fn check(&self, now: Time, api: &Api, signing: &str, host: &str) -> Result<(), Fault> {
        if self.credential.access_key.is_empty() {
            return Err(Fault::Unknown);
        }
        let mut wrong = Vec::new();
        if !region_fits(&self.credential.region, api, host) {
            wrong.push("Credential should be scoped to a valid region.".to_owned());
        }
        if self.service != signing {
            wrong.push(format!("Credential should be scoped to correct service: '{signing}'."));
        }
        if self.terminator != "aws4_request" {
            let text = "Credential should be scoped with a valid terminator: 'aws4_request', not";
            wrong.push(format!("{text} '{}'.", self.terminator));
        }
        let day = self.moment.split('T').next().unwrap_or_default();
        if self.date != day {
            let text = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:";
            wrong.push(format!("{text} '{}' != '{day}', from '{}'.", self.date, self.moment));
        }
        if wrong.is_empty() { self.fresh(now) } else { Err(Fault::Mismatch(wrong.join(" "))) }
    }

    /// The credential, for the region in which the service takes the call.
    pub fn credential(self, api: &Api) -> Credential {
        let mut credential = self.credential;
        if is_global(api) {
            credential.region = "us-east-1".to_owned();
        }
        credential
    }

    fn fresh(&self, now: Time) -> Result<(), Fault> {
        let Some(signed) = moment(&self.moment) else {
            return Err(Fault::Incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{}'.", self.moment)));
        };
        let (earliest, latest) = (Time(now.0.saturating_sub(SKEW.as_millis() as u64)), now + SKEW);
        if signed < earliest {
            let (bound, now) = (basic(earliest), basic(now));
            let text = format!("Signature expired: {} is now earlier than {bound} ({now} - 5 min.)", self.moment);
            return Err(Fault::Mismatch(text));
        }
        if signed > latest {
            let (bound, now) = (basic(latest), basic(now));
            let text =
                format!("Signature not yet current: {} is still later than {bound} ({now} + 5 min.)", self.moment);
            return Err(Fault::Mismatch(text));
        }
        Ok(())
    }
}

fn no_date() -> String {
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned()
}

fn word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// A region is valid when it looks like one and is the one of the host name: `SERVICE.REGION.amazonaws.com`, or
/// `us-east-1` for the services whose host names have none ("AWS service endpoints", global endpoints). Of a host that
/// is not AWS's nothing can be said: clients with another endpoint sign for the region that they are set to.
fn region_fits(region: &str, api: &Api, host: &str) -> bool {
    let form = region.len() >= 9
        && region.ends_with(|last: char| last.is_ascii_digit())
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let Some(name) = host.strip_suffix(".amazonaws.com") else { return form };
    let wanted = match name.rsplit_once('.') {
        _ if is_global(api) => Some("us-east-1"),
        Some((_, named)) => Some(named),
        None => None,
    };
    form && wanted.is_none_or(|wanted| wanted == region)
}

/// Whether a service is one for all regions, and lives in `us-east-1`.
fn is_global(api: &Api) -> bool {
    matches!(api.meta.endpoint_prefix.as_str(), "iam" | "route53")
}

/// Reads `20260101T000000Z`.
fn moment(text: &str) -> Option<Time> {
    let form = text.len() == 16 && text.is_ascii() && text.ends_with('Z') && text.get(8..9) == Some("T");
    let part = |from: usize, to: usize| text.get(from..to);
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    let moment: jiff::Timestamp = iso.parse().ok()?;
    form.then(|| Time(moment.as_millisecond() as u64))
}

/// Writes `20260101T000000Z`.
fn basic(time: Time) -> String {
    let iso = time.iso();
    let seconds = iso.split('.').next().unwrap_or_default();
    format!("{}Z", seconds.replace(['-', ':'], ""))
}
