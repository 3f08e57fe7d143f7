//! KMS: symmetric keys and aliases, as far as other services refer to them.
//!
//! Strict in: how a key can be named (id, ARN, alias, alias ARN), key states, deletion windows, alias names. Keys that
//! AWS manages (`alias/aws/elasticfilesystem` and its like) are there without being made. Deliberately absent:
//! cryptography, key policies other than the default one (which leaves the decision to IAM), grants, asymmetric keys.

use super::{Item, Service};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::clock::Time;
use crate::page;
use crate::tags::{Spelling, TagFault, Tags};
use crate::world::Region;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "kms",
    signing: "kms",
    invalid: "ValidationException",
    missing: "ValidationException",
    denied: "AccessDeniedException",
    throttled: "ThrottlingException",
    operations: &[OPERATIONS],
};

const OPERATIONS: &[Operation] = &[
    Operation {
        name: "DescribeKey",
        access: Access::Read,
        asks: |call| on_key(call, "DescribeKey"),
        run: describe_key,
    },
    Operation { name: "ListAliases", access: Access::Read, asks: |_| ask_any("kms:ListAliases"), run: list_aliases },
    Operation { name: "CreateKey", access: Access::Write, asks: create_asks, run: create_key },
    Operation { name: "CreateAlias", access: Access::Write, asks: alias_asks, run: create_alias },
    Operation { name: "DisableKey", access: Access::Write, asks: |call| on_key(call, "DisableKey"), run: disable_key },
    Operation {
        name: "ScheduleKeyDeletion",
        access: Access::Write,
        asks: |call| on_key(call, "ScheduleKeyDeletion"),
        run: schedule_key_deletion,
    },
];

/// Aliases of keys that AWS manages, for the services here that encrypt by default.
const MANAGED: [&str; 2] = ["alias/aws/elasticfilesystem", "alias/aws/secretsmanager"];

/// Days until a key is deleted: shortest, longest, default (KMS API Reference, ScheduleKeyDeletion).
const WINDOW: (i64, i64, i64) = (7, 30, 30);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Customers' keys by id.
    pub keys: BTreeMap<String, Key>,
    /// Key ids by alias, `alias/…`.
    pub aliases: BTreeMap<String, Alias>,
}

/// A key.
#[derive(Clone, Debug)]
pub struct Key {
    /// UUID.
    pub id: String,
    /// Description.
    pub description: String,
    /// What it can do.
    pub state: KeyState,
    /// When it was made.
    pub created: Time,
    /// Whether AWS manages it.
    pub managed: bool,
    /// Its tags.
    pub tags: Tags,
}

/// States of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Usable.
    Enabled,
    /// Not usable until it is enabled.
    Disabled,
    /// Not usable, and gone at that time.
    PendingDeletion(Time),
}

/// An alias.
#[derive(Clone, Debug)]
pub struct Alias {
    /// Id of its key.
    pub key: String,
    /// When it was made.
    pub created: Time,
}

/// A key as another service sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyView {
    /// ARN of the key, whatever it was named by.
    pub arn: String,
    /// Whether it can be used.
    pub enabled: bool,
}

/// The key that an id, an ARN, an alias or an alias ARN names in this region.
pub fn resolve(region: &Region, named: &str) -> Option<KeyView> {
    let key = find(region, named)?;
    Some(KeyView { arn: key.arn(region), enabled: key.state == KeyState::Enabled })
}

/// What exists.
pub fn items(holder: &Region) -> Vec<Item> {
    let item = |key: &Key| Item {
        kind: "kms:key",
        id: key.id.clone(),
        arn: key.arn(holder),
        tags: key.tags.clone(),
        state: key.describe(holder),
    };
    holder.kms.keys.values().map(item).collect()
}

impl Key {
    fn arn(&self, region: &Region) -> String {
        region.arn("kms", &format!("key/{}", self.id))
    }

    fn managed(region: &Region, alias: &str) -> Self {
        let description = "Default key that protects my data when no other key is defined".to_owned();
        Self {
            id: managed_id(region, alias),
            description,
            state: KeyState::Enabled,
            created: crate::clock::SEEDED_EPOCH,
            managed: true,
            tags: Tags::new(),
        }
    }

    fn describe(&self, region: &Region) -> Value {
        let (name, deletion) = match self.state {
            KeyState::Enabled => ("Enabled", None),
            KeyState::Disabled => ("Disabled", None),
            KeyState::PendingDeletion(at) => ("PendingDeletion", Some(at.seconds())),
        };
        json!({
            "AWSAccountId": region.account, "KeyId": self.id, "Arn": self.arn(region), "KeyState": name,
            "CreationDate": self.created.seconds(), "Enabled": self.state == KeyState::Enabled,
            "Description": self.description, "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS",
            "KeyManager": if self.managed { "AWS" } else { "CUSTOMER" }, "DeletionDate": deletion,
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeySpec": "SYMMETRIC_DEFAULT",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "MultiRegion": false,
        })
    }
}

/// A UUID that is the same in every life of this account.
fn managed_id(region: &Region, alias: &str) -> String {
    let d = hex::encode(Sha256::digest(format!("{} {} {alias}", region.account, region.name)));
    format!("{}-{}-4{}-a{}-{}", &d[..8], &d[8..12], &d[13..16], &d[17..20], &d[20..32])
}

/// The part of an ARN of this region behind `key/` or with `alias/`; other names as they are.
fn local<'n>(region: &Region, named: &'n str) -> Option<&'n str> {
    if !named.starts_with("arn:") {
        return Some(named);
    }
    let rest = named.strip_prefix(region.arn("kms", "").as_str())?;
    Some(rest.strip_prefix("key/").unwrap_or(rest))
}

fn find(region: &Region, named: &str) -> Option<Key> {
    let name = local(region, named)?;
    let own = region.kms.aliases.get(name).map_or(name, |alias| &alias.key);
    if let Some(key) = region.kms.keys.get(own) {
        return Some(key.clone());
    }
    let managed = MANAGED.into_iter().find(|alias| *alias == name || managed_id(region, alias) == name)?;
    Some(Key::managed(region, managed))
}

/// The key that the call names in `member`; gone after its deletion window.
fn named(call: &Call<'_>, member: &str) -> Result<Key, Refusal> {
    let (region, name) = (call.peek(), call.text(member));
    let gone = |key: &Key| matches!(key.state, KeyState::PendingDeletion(at) if at <= call.now);
    find(region, name).filter(|key| !gone(key)).ok_or_else(|| not_found(call, name))
}

/// The same, for operations that take no alias.
fn named_by_id(call: &Call<'_>, member: &str) -> Result<Key, Refusal> {
    let name = call.text(member);
    if name.starts_with("alias/") || name.contains(":alias/") {
        return Err(Refusal::new("NotFoundException", format!("Invalid keyId {name}")));
    }
    let key = named(call, member)?;
    if key.managed {
        let text = format!("User: {} is not authorized to change a key that AWS manages", call.principal.arn());
        return Err(Refusal::new("AccessDeniedException", text));
    }
    Ok(key)
}

fn not_found(call: &Call<'_>, name: &str) -> Refusal {
    let text = if name.contains("alias/") {
        let arn = if name.starts_with("arn:") { name.to_owned() } else { call.arn("kms", name) };
        format!("Alias {arn} is not found.")
    } else if name.starts_with("arn:") {
        format!("Key '{name}' does not exist")
    } else {
        format!("Key '{}' does not exist", call.arn("kms", &format!("key/{name}")))
    };
    Refusal::new("NotFoundException", text)
}

fn key_arn(call: &Call<'_>, member: &str) -> String {
    let name = call.text(member);
    resolve_in(call, name).unwrap_or_else(|| call.arn("kms", &format!("key/{name}")))
}

fn resolve_in(call: &Call<'_>, name: &str) -> Option<String> {
    resolve(call.peek(), name).map(|key| key.arn)
}

fn on_key(call: &Call<'_>, action: &str) -> Vec<Ask> {
    let tags = find(call.peek(), call.text("KeyId")).map(|key| key.tags).unwrap_or_default();
    vec![Ask::new(format!("kms:{action}"), key_arn(call, "KeyId")).resource_tags(&tags)]
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Kms.read(&call.input["Tags"]).unwrap_or_default();
    let mut asks = vec![Ask::new("kms:CreateKey", "*").request_tags(&tags)];
    if !tags.is_empty() {
        asks.push(Ask::new("kms:TagResource", call.arn("kms", "key/*")).request_tags(&tags));
    }
    asks
}

fn alias_asks(call: &Call<'_>) -> Vec<Ask> {
    let alias = call.arn("kms", call.text("AliasName"));
    vec![Ask::new("kms:CreateAlias", alias), Ask::new("kms:CreateAlias", key_arn(call, "TargetKeyId"))]
}

fn describe_key(call: &mut Call<'_>) -> Answer {
    let key = named(call, "KeyId")?;
    Ok(json!({"KeyMetadata": key.describe(call.peek())}))
}

fn list_aliases(call: &mut Call<'_>) -> Answer {
    let region = call.peek();
    let own = region.kms.aliases.iter().map(|(name, alias)| (name.clone(), alias.clone()));
    let managed = MANAGED
        .map(|name| (name.to_owned(), Alias { key: managed_id(region, name), created: crate::clock::SEEDED_EPOCH }));
    let mut aliases: Vec<(String, Alias)> = own.chain(managed).collect();
    if call.input["KeyId"].is_string() {
        let key = named(call, "KeyId")?;
        aliases.retain(|(_, alias)| alias.key == key.id);
    }
    let limit = call.input["Limit"].as_u64().unwrap_or(50) as usize;
    let listing = format!("ListAliases {}", call.input["KeyId"]);
    let marker = call.input["Marker"].as_str();
    let (page, next) = page::cut(aliases, |(name, _)| name.clone(), limit, marker, &listing, call.now)
        .map_err(|page::BadToken| Refusal::new("InvalidMarkerException", "Marker is invalid"))?;
    let show = |(name, alias): &(String, Alias)| {
        json!({
            "AliasName": name, "AliasArn": region.arn("kms", name), "TargetKeyId": alias.key,
            "CreationDate": alias.created.seconds(), "LastUpdatedDate": alias.created.seconds(),
        })
    };
    let shown: Vec<Value> = page.iter().map(show).collect();
    Ok(json!({"Aliases": shown, "Truncated": next.is_some(), "NextMarker": next}))
}

fn create_key(call: &mut Call<'_>) -> Answer {
    let tags = Spelling::Kms.read(&call.input["Tags"]).map_err(bad_tags)?;
    let symmetric =
        ["KeySpec", "CustomerMasterKeySpec"].iter().all(|m| matches!(call.text(m), "" | "SYMMETRIC_DEFAULT"));
    if !symmetric {
        return Err(Refusal::new("UnsupportedOperationException", "Only symmetric keys are part of this cloud."));
    }
    let key = Key {
        id: call.world.random.uuid(),
        description: call.text("Description").to_owned(),
        state: KeyState::Enabled,
        created: call.now,
        managed: false,
        tags,
    };
    let region = call.regional();
    let shown = key.describe(region);
    region.kms.keys.insert(key.id.clone(), key);
    Ok(json!({"KeyMetadata": shown}))
}

fn bad_tags(fault: TagFault) -> Refusal {
    Refusal::new("TagException", format!("Tags are invalid: {fault:?}"))
}

fn create_alias(call: &mut Call<'_>) -> Answer {
    let name = call.text("AliasName").to_owned();
    if !name.starts_with("alias/") || name == "alias/" {
        let text = "Alias must start with the prefix \"alias/\". Please see \
                    https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
        return Err(Refusal::new("ValidationException", text));
    }
    if name.starts_with("alias/aws/") {
        return Err(Refusal::new("InvalidAliasNameException", "Aliases that begin with alias/aws/ are reserved."));
    }
    let key = named_by_id(call, "TargetKeyId")?;
    pending(call, &key)?;
    if call.peek().kms.aliases.contains_key(&name) {
        let text = format!("An alias with the name {} already exists", call.arn("kms", &name));
        return Err(Refusal::new("AlreadyExistsException", text));
    }
    let alias = Alias { key: key.id, created: call.now };
    call.regional().kms.aliases.insert(name, alias);
    nothing()
}

/// Refuses a key that waits for its deletion.
fn pending(call: &Call<'_>, key: &Key) -> Result<(), Refusal> {
    match key.state {
        KeyState::Enabled | KeyState::Disabled => Ok(()),
        KeyState::PendingDeletion(_) => {
            let text = format!("{} is pending deletion.", key.arn(call.peek()));
            Err(Refusal::new("KMSInvalidStateException", text))
        }
    }
}

fn set_state(call: &mut Call<'_>, id: &str, state: KeyState) {
    if let Some(key) = call.regional().kms.keys.get_mut(id) {
        key.state = state;
    }
}

fn disable_key(call: &mut Call<'_>) -> Answer {
    let key = named_by_id(call, "KeyId")?;
    pending(call, &key)?;
    set_state(call, &key.id, KeyState::Disabled);
    nothing()
}

fn schedule_key_deletion(call: &mut Call<'_>) -> Answer {
    let key = named_by_id(call, "KeyId")?;
    pending(call, &key)?;
    let (shortest, longest, default) = WINDOW;
    let days = call.input["PendingWindowInDays"].as_i64().unwrap_or(default);
    if !(shortest..=longest).contains(&days) {
        let text = format!("PendingWindowInDays must be between {shortest} and {longest}");
        return Err(Refusal::new("ValidationException", text));
    }
    let at = call.now + DAY * u32::try_from(days).unwrap_or_default();
    set_state(call, &key.id, KeyState::PendingDeletion(at));
    let arn = key.arn(call.peek());
    Ok(json!({
        "KeyId": arn, "DeletionDate": at.seconds(), "KeyState": "PendingDeletion", "PendingWindowInDays": days,
    }))
}
