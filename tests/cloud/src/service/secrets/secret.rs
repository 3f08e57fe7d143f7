//! Secrets: creation, description, update, deletion and restoration.

use super::version::{CURRENT, SecretValue, Version};
use super::{ask_about, living, named, on_secret, refusals};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal};
use crate::clock::Time;
use crate::service::{Item, kms};
use crate::tags::{Spelling, Tags};
use crate::world::Event;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateSecret", access: Access::Write, asks: create_asks, run: create },
    Operation {
        name: "DescribeSecret",
        access: Access::Read,
        asks: |call| on_secret(call, "DescribeSecret"),
        run: |call| Ok(describe(named(call)?, "VersionIdsToStages")),
    },
    Operation { name: "UpdateSecret", access: Access::Write, asks: update_asks, run: update },
    Operation { name: "DeleteSecret", access: Access::Write, asks: delete_asks, run: delete },
    Operation {
        name: "RestoreSecret",
        access: Access::Write,
        asks: |call| on_secret(call, "RestoreSecret"),
        run: restore,
    },
    Operation {
        name: "GetResourcePolicy",
        access: Access::Read,
        asks: |call| on_secret(call, "GetResourcePolicy"),
        run: |call| Ok(named(call)?.named()),
    },
];

/// Days of the recovery window: `DeleteSecretRequest$RecoveryWindowInDays` in the API model.
const WINDOW: std::ops::RangeInclusive<u64> = 7..=30;
const DEFAULT_WINDOW: u64 = 30;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Seconds until a forced deletion frees the name ("a short delay": `DeleteSecret` in the API model).
const FORCED: (f64, f64) = (1.0, 15.0);
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A secret.
#[derive(Clone, Debug)]
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) description: Option<String>,
    pub(super) key: Option<String>,
    pub(super) tags: Tags,
    pub(super) created: Time,
    pub(super) changed: Time,
    pub(super) accessed: Option<Time>,
    pub(super) versions: BTreeMap<String, Version>,
    pub(super) deletion: Option<Deletion>,
}

/// A deletion under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deletion {
    asked: Time,
    due: Time,
    forced: bool,
}

impl Secret {
    /// Whether its time is over.
    pub(super) fn is_over(&self, now: Time) -> bool {
        self.deletion.is_some_and(|deletion| deletion.due <= now)
    }

    /// Whether it is as good as gone.
    pub(super) fn is_forced(&self) -> bool {
        self.deletion.is_some_and(|deletion| deletion.forced)
    }

    /// Its ARN and name, as most answers begin.
    pub(super) fn named(&self) -> Value {
        json!({"ARN": self.arn, "Name": self.name})
    }

    /// The same with the version that a request made.
    pub(super) fn with_version(&self, id: Option<&str>) -> Value {
        json!({"ARN": self.arn, "Name": self.name, "VersionId": id})
    }
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let name = call.text("Name");
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    let arn = call.arn("secretsmanager", &format!("secret:{name}"));
    let create = Ask::new("secretsmanager:CreateSecret", &arn).request_tags(&tags).when("secretsmanager:Name", name);
    let mut asks = vec![create];
    if !tags.is_empty() {
        asks.push(Ask::new("secretsmanager:TagResource", &arn).request_tags(&tags));
    }
    asks.extend(ask_key(call, call.input["KmsKeyId"].as_str(), ENCRYPTING));
    asks
}

fn create(call: &mut Call<'_>) -> Answer {
    let tags = Spelling::Upper.read(&call.input["Tags"]).map_err(refusals::tags)?;
    let value = SecretValue::read(&call.input)?;
    let name = call.text("Name").to_owned();
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c)) {
        return Err(refusals::bad_name());
    }
    if let Some(known) = call.peek().secrets.secrets.get(&name) {
        return repeated(known, call.text("ClientRequestToken"), value.as_ref());
    }
    let key = key(call)?.flatten();
    let (suffix, now) = (call.world.random.text(LETTERS, 6), call.now);
    let mut secret = Secret {
        arn: call.arn("secretsmanager", &format!("secret:{name}-{suffix}")),
        name: name.clone(),
        description: call.input["Description"].as_str().filter(|text| !text.is_empty()).map(str::to_owned),
        key,
        tags,
        created: now,
        changed: now,
        accessed: None,
        versions: BTreeMap::new(),
        deletion: None,
    };
    let version = add_version(call, &mut secret, value, &[CURRENT.to_owned()])?;
    let answer = secret.with_version(version.as_deref());
    call.regional().secrets.secrets.insert(name, secret);
    Ok(answer)
}

/// What a create answers where the name is taken: the same request once more is no fault.
fn repeated(known: &Secret, token: &str, value: Option<&SecretValue>) -> Answer {
    if known.deletion.is_some() {
        return Err(refusals::reserved());
    }
    match known.versions.get(token) {
        Some(version) if Some(&version.value) == value => Ok(known.with_version(Some(token))),
        _ => Err(refusals::exists(&known.name)),
    }
}

/// Adds a version where there is a value; its id is the request's token, or a random one.
pub(super) fn add_version(
    call: &mut Call<'_>,
    secret: &mut Secret,
    value: Option<SecretValue>,
    stages: &[String],
) -> Result<Option<String>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    let id = match call.input["ClientRequestToken"].as_str() {
        Some(token) => token.to_owned(),
        None => call.world.random.uuid(),
    };
    secret.put(&id, value, stages, call.now)?;
    Ok(Some(id))
}

/// The key in the request: none named, the key that AWS manages, or one of the account's, which is shown as it was named
/// (`DescribeSecretResponse$KmsKeyId` in the API model: "the key ID or alias ARN").
fn key(call: &Call<'_>) -> Result<Option<Option<String>>, Refusal> {
    let Some(named) = call.input["KmsKeyId"].as_str() else { return Ok(None) };
    if named.is_empty() || named == "alias/aws/secretsmanager" {
        return Ok(Some(None));
    }
    let key = kms::resolve(call.peek(), named).ok_or_else(refusals::no_key)?;
    if !key.enabled {
        return Err(refusals::key_disabled());
    }
    let shown = if named.starts_with("alias/") { call.arn("kms", named) } else { named.to_owned() };
    Ok(Some(Some(shown)))
}

/// The questions about a customer's key, where one is used ("Permissions for the KMS key", Secrets Manager User Guide).
pub(super) fn ask_key(call: &Call<'_>, named: Option<&str>, actions: &[&'static str]) -> Vec<Ask> {
    let named = named.filter(|named| !named.is_empty() && *named != "alias/aws/secretsmanager");
    let Some(key) = named.and_then(|named| kms::resolve(call.peek(), named)) else { return Vec::new() };
    let via = format!("secretsmanager.{}.amazonaws.com", call.region);
    actions.iter().map(|action| Ask::new(*action, &key.arn).when("kms:ViaService", &via)).collect()
}

/// What writing a value takes of the key.
pub(super) const ENCRYPTING: &[&str] = &["kms:GenerateDataKey", "kms:Decrypt"];

fn update_asks(call: &Call<'_>) -> Vec<Ask> {
    let known = super::named(call).ok().and_then(|secret| secret.key.as_deref());
    let mut asks = vec![ask_about(call, "UpdateSecret")];
    asks.extend(ask_key(call, call.input["KmsKeyId"].as_str().or(known), ENCRYPTING));
    asks
}

fn update(call: &mut Call<'_>) -> Answer {
    let value = SecretValue::read(&call.input)?;
    let mut secret = living(call)?.clone();
    if let Some(key) = key(call)? {
        secret.key = key;
    }
    if let Some(description) = call.input["Description"].as_str() {
        secret.description = Some(description.to_owned()).filter(|text| !text.is_empty());
    }
    let version = add_version(call, &mut secret, value, &[CURRENT.to_owned()])?;
    secret.changed = call.now;
    let answer = secret.with_version(version.as_deref());
    *living(call)? = secret;
    Ok(answer)
}

fn delete_asks(call: &Call<'_>) -> Vec<Ask> {
    let (window, forced) = (call.input["RecoveryWindowInDays"].as_u64(), is_forced(call));
    let ask = ask_about(call, "DeleteSecret").when("secretsmanager:ForceDeleteWithoutRecovery", forced.to_string());
    vec![match window {
        Some(window) => ask.when("secretsmanager:RecoveryWindowInDays", window.to_string()),
        None => ask,
    }]
}

fn is_forced(call: &Call<'_>) -> bool {
    call.input["ForceDeleteWithoutRecovery"].as_bool().unwrap_or_default()
}

fn delete(call: &mut Call<'_>) -> Answer {
    let (window, forced, now) = (call.input["RecoveryWindowInDays"].as_u64(), is_forced(call), call.now);
    if forced && window.is_some() {
        return Err(refusals::invalid(
            "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        ));
    }
    let days = window.unwrap_or(DEFAULT_WINDOW);
    if !WINDOW.contains(&days) {
        return Err(refusals::invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
    }
    let delay = if forced { call.world.random.seconds(FORCED.0, FORCED.1) } else { DAY * days as u32 };
    let name = match named(call) {
        Err(_) if forced => return Ok(absent(call)),
        Err(refusal) => return Err(refusal),
        Ok(secret) if secret.deletion.is_some() && !forced => return Err(refusals::marked()),
        Ok(secret) => secret.name.clone(),
    };
    mark(call, &name, Deletion { asked: now, due: now + delay, forced }, delay)
}

fn mark(call: &mut Call<'_>, name: &str, deletion: Deletion, delay: Duration) -> Answer {
    let region = call.regional();
    let place = region.place();
    region.secrets.remember(name, deletion.asked);
    let secret = region.secrets.secrets.get_mut(name).ok_or_else(refusals::no_secret)?;
    secret.deletion = Some(deletion);
    let mut answer = secret.named();
    let date = if deletion.forced { deletion.asked } else { deletion.due };
    answer["DeletionDate"] = json!(date.seconds());
    let event = super::Event::Gone { name: name.to_owned(), arn: secret.arn.clone() };
    call.world.after(delay, &place, Event::Secrets(event));
    Ok(answer)
}

/// What a forced deletion answers where there is nothing to delete.
fn absent(call: &mut Call<'_>) -> Value {
    let id = call.text("SecretId").to_owned();
    let name = id.split_once(":secret:").map_or(id.as_str(), |(_, name)| name).to_owned();
    let suffix = call.world.random.text(LETTERS, 6);
    let arn = if id.starts_with("arn:") { id } else { call.arn("secretsmanager", &format!("secret:{name}-{suffix}")) };
    json!({"ARN": arn, "Name": name, "DeletionDate": call.now.seconds()})
}

fn restore(call: &mut Call<'_>) -> Answer {
    let secret = named(call)?;
    if secret.is_forced() {
        return Err(refusals::no_secret());
    }
    let (name, answer, now) = (secret.name.clone(), secret.named(), call.now);
    call.regional().secrets.remember(&name, now);
    if let Some(secret) = call.regional().secrets.secrets.get_mut(&name) {
        secret.deletion = None;
    }
    Ok(answer)
}

/// A secret as `DescribeSecret` and, with another name for the labels, `ListSecrets` show it.
pub(super) fn describe(secret: &Secret, stages: &str) -> Value {
    let mut value = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "Description": secret.description,
        "KmsKeyId": secret.key,
        "LastChangedDate": secret.changed.seconds(),
        "LastAccessedDate": secret.accessed.map(day),
        "DeletedDate": secret.deletion.map(|deletion| deletion.asked.seconds()),
        "Tags": Spelling::Upper.write(&secret.tags),
        "CreatedDate": secret.created.seconds(),
    });
    if !secret.versions.is_empty() {
        value[stages] = json!(secret.stages_by_version());
    }
    value
}

/// Access is known to the day only.
fn day(time: Time) -> f64 {
    let day = DAY.as_millis() as u64;
    Time(time.0 / day * day).seconds()
}

pub(super) fn item(secret: &Secret) -> Item {
    let mut state = describe(secret, "VersionIdsToStages");
    state["ValueSha256"] = json!(secret.current().map(|version| version.value.digest()));
    Item {
        kind: "secretsmanager:secret",
        id: secret.name.clone(),
        arn: secret.arn.clone(),
        tags: secret.tags.clone(),
        state,
    }
}
