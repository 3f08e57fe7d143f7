//! Listings of secrets and of their versions.

use super::secret::{Secret, describe};
use super::{State, named, on_secret, refusals};
use crate::call::{Access, Answer, Call, Operation, Refusal, ask_any};
use crate::clock::Time;
use crate::page;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "ListSecrets", access: Access::Read, asks: |_| ask_any("secretsmanager:ListSecrets"), run: list },
    Operation {
        name: "ListSecretVersionIds",
        access: Access::Read,
        asks: |call| on_secret(call, "ListSecretVersionIds"),
        run: list_versions,
    },
];

/// `MaxResultsType` in the API model.
const PAGE: usize = 100;

/// How late a listing may be: "ListSecrets might not reflect changes from the last five minutes" (ListSecrets, AWS Secrets
/// Manager API Reference).
pub(super) const LATEST: Duration = Duration::from_secs(5 * 60);

/// Secrets as a listing shows them: each as it was some time ago, which is always the same for one ARN.
fn shown(state: &State, now: Time) -> Vec<&Secret> {
    let present = state.secrets.values().map(|secret| (None, secret));
    let past = state.before.iter().map(|(until, secret)| (Some(*until), secret));
    let mut shown: BTreeMap<&str, &Secret> = BTreeMap::new();
    for (until, secret) in past.chain(present) {
        let then = Time(now.0.saturating_sub(lateness(&secret.arn)));
        let is_then = secret.created <= then && until.is_none_or(|until| then < until);
        if is_then {
            shown.entry(&secret.arn).or_insert(secret);
        }
    }
    let mut shown: Vec<&Secret> = shown.into_values().collect();
    shown.sort_by(|one, other| one.name.cmp(&other.name));
    shown
}

/// By how many milliseconds changes of a secret are listed late.
fn lateness(arn: &str) -> u64 {
    let digest = Sha256::digest(arn);
    let number = digest.iter().take(4).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    number % (LATEST.as_millis() as u64 + 1)
}

fn list(call: &mut Call<'_>) -> Answer {
    let deleted_too = call.input["IncludePlannedDeletion"].as_bool().unwrap_or_default();
    let filters = call.input["Filters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_wanted = |secret: &&Secret| {
        !secret.is_forced()
            && (deleted_too || secret.deletion.is_none())
            && filters.iter().all(|filter| matches(secret, filter))
    };
    let mut secrets: Vec<&Secret> = shown(&call.peek().secrets, call.now).into_iter().filter(is_wanted).collect();
    match call.text("SortBy") {
        "name" => {}
        "last-changed-date" => secrets.sort_by_key(|secret| secret.changed),
        "last-accessed-date" => secrets.sort_by_key(|secret| secret.accessed),
        _ => secrets.sort_by_key(|secret| secret.created),
    }
    if call.text("SortOrder") == "desc" {
        secrets.reverse();
    }
    let all = secrets.into_iter().map(|secret| describe(secret, "SecretVersionsToStages")).collect();
    let (page, next) = page_of(call, all, &format!("secrets {}", call.input["Filters"]))?;
    Ok(json!({"SecretList": page, "NextToken": next}))
}

fn page_of(call: &Call<'_>, all: Vec<Value>, listing: &str) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let limit = call.input["MaxResults"].as_u64().map_or(PAGE, |asked| (asked as usize).clamp(1, PAGE));
    let numbered = all.into_iter().enumerate().collect();
    let (page, next) =
        page::cut(numbered, |(i, _)| format!("{i:09}"), limit, call.input["NextToken"].as_str(), listing, call.now)
            .map_err(|_| refusals::bad_token())?;
    Ok((page.into_iter().map(|(_, value)| value).collect(), next))
}

/// Whether one of the filter's values matches; a value that begins with `!` matches what the rest of it does not.
fn matches(secret: &Secret, filter: &Value) -> bool {
    let key = filter["Key"].as_str().unwrap_or_default();
    let values = filter["Values"].as_array().into_iter().flatten().filter_map(Value::as_str);
    values.into_iter().any(|value| match value.strip_prefix('!') {
        Some(value) => !has(secret, key, value),
        None => has(secret, key, value),
    })
}

fn has(secret: &Secret, key: &str, value: &str) -> bool {
    let description = secret.description.as_deref().unwrap_or_default();
    match key {
        "name" => secret.name.starts_with(value),
        "description" => description.to_lowercase().starts_with(&value.to_lowercase()),
        "tag-key" => secret.tags.keys().any(|tag| tag.starts_with(value)),
        "tag-value" => secret.tags.values().any(|tag| tag.starts_with(value)),
        "all" => value.split_whitespace().all(|word| has_word(secret, &word.to_lowercase())),
        _ => false,
    }
}

/// Whether a word in some attribute begins so.
fn has_word(secret: &Secret, wanted: &str) -> bool {
    let attributes = [Some(&secret.name), secret.description.as_ref()].into_iter().flatten();
    let attributes = attributes.chain(secret.tags.iter().flat_map(|(key, value)| [key, value]));
    let lowered: Vec<String> = attributes.map(|text| text.to_lowercase()).collect();
    lowered.iter().any(|text| {
        text.starts_with(wanted) || text.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(wanted))
    })
}

fn list_versions(call: &mut Call<'_>) -> Answer {
    let all_too = call.input["IncludeDeprecated"].as_bool().unwrap_or_default();
    let secret = named(call)?;
    let versions = secret.versions.values().filter(|version| all_too || !version.stages.is_empty());
    let all = versions
        .map(|version| {
            json!({
                "VersionId": version.id,
                "VersionStages": version.stages,
                "CreatedDate": version.created.seconds(),
            })
        })
        .collect();
    let (page, next) = page_of(call, all, &format!("versions {}", secret.arn))?;
    Ok(json!({"Versions": page, "NextToken": next, "ARN": secret.arn, "Name": secret.name}))
}
