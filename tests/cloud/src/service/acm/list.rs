//! Reading certificates.

use super::certificate::Certificate;
use super::request::{named, on};
use crate::call::{Access, Answer, Call, Operation, Refusal, ask_any};
use crate::page;
use crate::tags::Spelling;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "DescribeCertificate",
        access: Access::Read,
        asks: |call| on(call, "DescribeCertificate"),
        run: |call| Ok(json!({"Certificate": named(call)?.describe(call.peek(), call.now)})),
    },
    Operation {
        name: "ListCertificates",
        access: Access::Read,
        asks: |_| ask_any("acm:ListCertificates"),
        run: list_certificates,
    },
    Operation {
        name: "ListTagsForCertificate",
        access: Access::Read,
        asks: |call| on(call, "ListTagsForCertificate"),
        run: |call| Ok(json!({"Tags": Spelling::Upper.write(&named(call)?.tags)})),
    },
];

/// Key types that are listed when none are asked for (ACM API Reference, Filters, keyTypes).
const DEFAULT_KEY_TYPES: [&str; 2] = ["RSA_1024", "RSA_2048"];

/// Most certificates of a page when no number is given.
const PAGE: u64 = 1000;

fn list_certificates(call: &mut Call<'_>) -> Answer {
    let input = &call.input;
    let among = |list: &Value, value: &str| list.as_array().map(|list| list.iter().any(|item| item == value));
    let listed = |certificate: &&Certificate| {
        let default = || DEFAULT_KEY_TYPES.contains(&certificate.algorithm.as_str());
        certificate.visible_at <= call.now
            && among(&input["CertificateStatuses"], certificate.status.name()).unwrap_or(true)
            && among(&input["Includes"]["keyTypes"], &certificate.algorithm).unwrap_or_else(default)
    };
    let certificates: Vec<&Certificate> = call.peek().acm.certificates.values().filter(listed).collect();
    let limit = input["MaxItems"].as_u64().unwrap_or(PAGE) as usize;
    let listing = format!("ListCertificates {} {}", input["CertificateStatuses"], input["Includes"]);
    let (page, next) =
        page::cut(certificates, |one| one.arn.clone(), limit, input["NextToken"].as_str(), &listing, call.now)
            .map_err(|page::BadToken| Refusal::new("ValidationException", "The NextToken is not valid."))?;
    let shown: Vec<Value> = page.iter().map(|certificate| certificate.summary()).collect();
    Ok(json!({"CertificateSummaryList": shown, "NextToken": next}))
}
