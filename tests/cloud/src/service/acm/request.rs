//! Requesting, deleting and tagging certificates.

use super::certificate::{Certificate, Status};
use super::{Event, ISSUING, TIME_OUT, later};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::tags::{self, Spelling, TagFault, Tags};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "RequestCertificate", access: Access::Write, asks: request_asks, run: request_certificate },
    Operation {
        name: "DeleteCertificate",
        access: Access::Write,
        asks: |call| on(call, "DeleteCertificate"),
        run: delete_certificate,
    },
    Operation { name: "AddTagsToCertificate", access: Access::Write, asks: tag_asks, run: add_tags_to_certificate },
];

/// Names of one certificate and certificates of a region ("Quotas", AWS Certificate Manager User Guide).
const MAX_NAMES: usize = 10;
const MAX_CERTIFICATES: usize = 2500;

/// A common name has at most 64 octets (ACM API Reference, RequestCertificate).
const MAX_COMMON_NAME: usize = 64;

/// How long a token is remembered (ACM API Reference, RequestCertificate, IdempotencyToken).
const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);

/// How long a new certificate and then its records are unknown to reads, in seconds ("a delay of several seconds", ACM
/// API Reference, RequestCertificate).
const SEEN_LATE: (f64, f64) = (1.0, 5.0);

/// The question about the certificate that the call names.
pub(super) fn on(call: &Call<'_>, action: &str) -> Vec<Ask> {
    let arn = call.text("CertificateArn");
    let tags = call.peek().acm.certificates.get(arn).map(|certificate| certificate.tags.clone()).unwrap_or_default();
    vec![Ask::new(format!("acm:{action}"), arn).resource_tags(&tags)]
}

fn tag_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    on(call, "AddTagsToCertificate").into_iter().map(|ask| ask.request_tags(&tags)).collect()
}

fn request_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    let mut ask = Ask::new("acm:RequestCertificate", "*").request_tags(&tags);
    for name in names(call) {
        ask = ask.when("acm:DomainNames", name);
    }
    for (key, member) in [("acm:ValidationMethod", "ValidationMethod"), ("acm:KeyAlgorithm", "KeyAlgorithm")] {
        if !call.text(member).is_empty() {
            ask = ask.when(key, call.text(member));
        }
    }
    let mut asks = vec![ask];
    if !tags.is_empty() {
        asks.push(Ask::new("acm:AddTagsToCertificate", call.arn("acm", "certificate/*")).request_tags(&tags));
    }
    asks
}

fn names(call: &Call<'_>) -> Vec<String> {
    let mut names = vec![call.text("DomainName").to_owned()];
    for name in call.input["SubjectAlternativeNames"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default().to_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The certificate that the call names, once reads see it.
pub(super) fn named<'c>(call: &'c Call<'_>) -> Result<&'c Certificate, Refusal> {
    let arn = call.text("CertificateArn");
    if !arn.contains(":certificate/") {
        return Err(Refusal::new("InvalidArnException", format!("Invalid ARN: {arn}")));
    }
    let found = call.peek().acm.certificates.get(arn).filter(|certificate| certificate.visible_at <= call.now);
    let account = &call.principal.account;
    let text = format!("Could not find certificate {arn} in account {account}.");
    found.ok_or_else(|| Refusal::new("ResourceNotFoundException", text))
}

fn request_certificate(call: &mut Call<'_>) -> Answer {
    let names = names(call);
    let tags = Spelling::Upper.read(&call.input["Tags"]).map_err(bad_tags)?;
    let token = call.input["IdempotencyToken"].as_str().map(str::to_owned);
    if let Some(known) = repeated(call, &names, token.as_ref()) {
        return Ok(json!({"CertificateArn": known}));
    }
    limits(call, &names)?;
    let id = call.world.random.uuid();
    let visible_at = call.now + call.world.random.seconds(SEEN_LATE.0, SEEN_LATE.1);
    let records_at = visible_at + call.world.random.seconds(SEEN_LATE.0, SEEN_LATE.1);
    let certificate = Certificate {
        arn: call.arn("acm", &format!("certificate/{id}")),
        names,
        status: Status::PendingValidation,
        algorithm: call.input["KeyAlgorithm"].as_str().unwrap_or("RSA_2048").to_owned(),
        dns: call.text("ValidationMethod") == "DNS",
        created: call.now,
        issued: None,
        visible_at,
        records_at,
        users: BTreeSet::new(),
        tags,
        token,
    };
    let arn = certificate.arn.clone();
    call.regional().acm.certificates.insert(arn.clone(), certificate);
    validate(call, &arn);
    Ok(json!({"CertificateArn": arn}))
}

/// Records from an earlier request prove the names at once.
fn validate(call: &mut Call<'_>, arn: &str) {
    let place = call.regional().place();
    let delay = call.world.random.seconds(ISSUING.0, ISSUING.1);
    later(call.world, delay, &place, Event::Validate(arn.to_owned()));
    later(call.world, TIME_OUT, &place, Event::TimeOut(arn.to_owned()));
}

fn repeated(call: &Call<'_>, names: &[String], token: Option<&String>) -> Option<String> {
    let same = |certificate: &&Certificate| {
        certificate.token.as_ref() == token && certificate.names == names && call.now - certificate.created < TOKEN_LIFE
    };
    token.and_then(|_| call.peek().acm.certificates.values().find(same)).map(|certificate| certificate.arn.clone())
}

fn limits(call: &Call<'_>, names: &[String]) -> Result<(), Refusal> {
    if names.len() > MAX_NAMES {
        let text = format!("Error: you have reached your limit of {MAX_NAMES} domain names per certificate.");
        return Err(Refusal::new("LimitExceededException", text));
    }
    if call.text("DomainName").len() > MAX_COMMON_NAME {
        let text = format!("The first domain name can have at most {MAX_COMMON_NAME} characters");
        return Err(Refusal::new("InvalidParameterException", text));
    }
    if call.peek().acm.certificates.len() >= MAX_CERTIFICATES {
        let text = format!("Error: you have reached your limit of {MAX_CERTIFICATES} certificates in the last year.");
        return Err(Refusal::new("LimitExceededException", text));
    }
    Ok(())
}

fn bad_tags(fault: TagFault) -> Refusal {
    match fault {
        TagFault::TooMany => Refusal::new("TooManyTagsException", "The request contains too many tags."),
        other => Refusal::new("InvalidTagException", format!("One or more tags are not valid: {other:?}")),
    }
}

fn delete_certificate(call: &mut Call<'_>) -> Answer {
    let certificate = named(call)?;
    if !certificate.users.is_empty() {
        let text = format!("Certificate {} in account {} is in use.", certificate.arn, call.principal.account);
        return Err(Refusal::new("ResourceInUseException", text));
    }
    let arn = certificate.arn.clone();
    call.regional().acm.certificates.remove(&arn);
    nothing()
}

fn add_tags_to_certificate(call: &mut Call<'_>) -> Answer {
    let arn = named(call)?.arn.clone();
    let more: Tags = Spelling::Upper.read(&call.input["Tags"]).map_err(bad_tags)?;
    if let Some(certificate) = call.regional().acm.certificates.get_mut(&arn) {
        tags::merge(&mut certificate.tags, more).map_err(bad_tags)?;
    }
    nothing()
}
