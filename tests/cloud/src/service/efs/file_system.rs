//! File systems: creation by token, throughput, protection, deletion.

use super::data::Data;
use super::settings::{Backup, Transition};
use super::{LifeCycle, State, available, id_in, limit, named, on_file_system, page_of, refusals, tags_in};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::clock::Time;
use crate::service::{Item, ec2, kms};
use crate::tags::{Spelling, Tags};
use crate::world::{Event, Region};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateFileSystem", access: Access::Write, asks: create_asks, run: create },
    Operation { name: "DescribeFileSystems", access: Access::Read, asks: describe_asks, run: describe_all },
    Operation {
        name: "UpdateFileSystem",
        access: Access::Write,
        asks: |call| on_file_system(call, "UpdateFileSystem"),
        run: update,
    },
    Operation {
        name: "UpdateFileSystemProtection",
        access: Access::Write,
        asks: |call| on_file_system(call, "UpdateFileSystemProtection"),
        run: protect,
    },
    Operation {
        name: "DeleteFileSystem",
        access: Access::Write,
        asks: |call| on_file_system(call, "DeleteFileSystem"),
        run: delete,
    },
];

/// "Resource quotas", Amazon EFS User Guide.
const MAX_FILE_SYSTEMS: usize = 1000;
/// `ThroughputLimitExceeded` in the API model.
const MAX_MIBPS: f64 = 1024.0;
/// "Managing file system throughput", Amazon EFS User Guide.
const CHANGE_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);
/// "Encrypting data at rest", Amazon EFS User Guide.
const DEFAULT_KEY: &str = "alias/aws/elasticfilesystem";
/// Metered size of a file system without files (observed).
const EMPTY_SIZE: u64 = 6144;
/// Seconds from created, updated or deleted to settled (observed order of magnitude).
const CREATING: (f64, f64) = (2.0, 8.0);
const UPDATING: (f64, f64) = (3.0, 15.0);
const DELETING: (f64, f64) = (2.0, 10.0);

/// A file system.
#[derive(Clone, Debug)]
pub(super) struct FileSystem {
    pub(super) id: String,
    token: String,
    created: Time,
    pub(super) state: LifeCycle,
    max_io: bool,
    throughput: Throughput,
    changed: Option<Time>,
    key: Option<String>,
    pub(super) zone: Option<Zone>,
    pub(super) tags: Tags,
    protected: bool,
    pub(super) policy: Option<Policy>,
    pub(super) backup: Option<Backup>,
    pub(super) transitions: Vec<Transition>,
    pub(super) data: Data,
}

/// A file system policy.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// As it was put, in normal form.
    pub(super) put: Value,
    /// With roles by their unique ids: what decides.
    pub(super) kept: Value,
}

/// The one zone of a One Zone file system.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    id: String,
}

/// Throughput mode with its amount.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Throughput {
    Bursting,
    Elastic,
    Provisioned(f64),
}

impl Throughput {
    fn of(mode: &str, amount: Option<f64>) -> Result<Self, Refusal> {
        match (mode, amount) {
            ("provisioned", Some(amount)) if amount > MAX_MIBPS => Err(refusals::throughput_limit(MAX_MIBPS)),
            ("provisioned", Some(amount)) => Ok(Self::Provisioned(amount)),
            ("provisioned", None) => Err(refusals::bad_request(
                "ProvisionedThroughputInMibps is required when ThroughputMode is set to provisioned.",
            )),
            (_, Some(_)) => Err(refusals::bad_request(
                "ProvisionedThroughputInMibps is only valid when ThroughputMode is set to provisioned.",
            )),
            ("elastic", None) => Ok(Self::Elastic),
            (_, None) => Ok(Self::Bursting),
        }
    }

    fn mode(self) -> &'static str {
        match self {
            Self::Bursting => "bursting",
            Self::Elastic => "elastic",
            Self::Provisioned(_) => "provisioned",
        }
    }

    fn amount(self) -> Option<f64> {
        match self {
            Self::Provisioned(amount) => Some(amount),
            Self::Bursting | Self::Elastic => None,
        }
    }

    /// Whether the change is one that must wait a day after the last change.
    fn is_rationed(self, next: Self) -> bool {
        self.mode() != next.mode() || next.amount() < self.amount()
    }
}

impl FileSystem {
    /// Whether its key, if it has one, can be used.
    pub(super) fn is_readable(&self, region: &Region) -> bool {
        let key = self.key.as_ref().map(|key| kms::resolve(region, key));
        key.is_none_or(|key| key.is_some_and(|key| key.enabled))
    }

    /// Whether it can have files in the Archive storage class.
    pub(super) fn can_archive(&self) -> bool {
        self.throughput == Throughput::Elastic && !self.max_io && self.zone.is_none()
    }
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    let encrypted = call.input["Encrypted"].as_bool().unwrap_or_default();
    let create = Ask::new("elasticfilesystem:CreateFileSystem", "*")
        .request_tags(&tags)
        .when("elasticfilesystem:Encrypted", encrypted.to_string());
    let key = call.input["KmsKeyId"].as_str().and_then(|named| kms::resolve(call.peek(), named));
    let via = format!("elasticfilesystem.{}.amazonaws.com", call.region);
    let key = key.map(|key| {
        ["kms:DescribeKey", "kms:CreateGrant"].map(|action| Ask::new(action, &key.arn).when("kms:ViaService", &via))
    });
    [create].into_iter().chain(super::ask_to_tag(call, "file-system/*")).chain(key.into_iter().flatten()).collect()
}

fn create(call: &mut Call<'_>) -> Answer {
    let tags = tags_in(call)?;
    let token = call.text("CreationToken").to_owned();
    let state = &call.peek().efs;
    if let Some(known) = state.file_systems.values().find(|known| known.token == token) {
        return Err(refusals::token_used(&known.id, &token));
    }
    if state.file_systems.len() >= MAX_FILE_SYSTEMS {
        return Err(refusals::too_many_file_systems(MAX_FILE_SYSTEMS));
    }
    let file_system = plan(call, token, tags)?;
    let id = file_system.id.clone();
    let backs_up = call.input["Backup"].as_bool().unwrap_or(file_system.zone.is_some());
    let place = call.regional().place();
    call.regional().efs.file_systems.insert(id.clone(), file_system);
    let delay = call.world.random.seconds(CREATING.0, CREATING.1);
    call.world.after(delay, &place, Event::Efs(super::Event::Settle(id.clone())));
    if backs_up {
        super::settings::switch_backup(call, &id, true);
    }
    Ok(describe(call.peek(), named(call.peek(), &id)?))
}

/// The file system that a create request asks for, if its settings fit together.
fn plan(call: &mut Call<'_>, token: String, tags: Tags) -> Result<FileSystem, Refusal> {
    let max_io = call.text("PerformanceMode") == "maxIO";
    let throughput = Throughput::of(call.text("ThroughputMode"), call.input["ProvisionedThroughputInMibps"].as_f64())?;
    let zone = zone(call)?;
    if max_io && (zone.is_some() || throughput == Throughput::Elastic) {
        return Err(refusals::bad_request(
            "The maxIO performance mode is not supported with One Zone file systems or the elastic throughput mode.",
        ));
    }
    let key = key(call)?;
    Ok(FileSystem {
        id: call.world.random.id("fs"),
        token,
        created: call.now,
        state: LifeCycle::Creating,
        max_io,
        throughput,
        changed: None,
        key,
        zone,
        tags,
        protected: true,
        policy: None,
        backup: None,
        transitions: Vec::new(),
        data: Data::default(),
    })
}

fn zone(call: &Call<'_>) -> Result<Option<Zone>, Refusal> {
    let Some(asked) = call.input["AvailabilityZoneName"].as_str() else { return Ok(None) };
    let zone = ec2::zones(&call.region).into_iter().find(|(name, _)| name == asked);
    zone.map(|(name, id)| Some(Zone { name, id })).ok_or_else(|| refusals::no_zone(asked))
}

fn key(call: &mut Call<'_>) -> Result<Option<String>, Refusal> {
    let named = call.input["KmsKeyId"].as_str().map(str::to_owned);
    if !call.input["Encrypted"].as_bool().unwrap_or_default() {
        return match named {
            None => Ok(None),
            Some(_) => Err(refusals::bad_request("You must set Encrypted to true in order to specify a KmsKeyId.")),
        };
    }
    let key = kms::resolve(call.regional(), named.as_deref().unwrap_or(DEFAULT_KEY)).ok_or_else(refusals::no_key)?;
    if key.enabled { Ok(Some(key.arn)) } else { Err(refusals::key_disabled()) }
}

fn describe_asks(call: &Call<'_>) -> Vec<Ask> {
    on_file_system(call, "DescribeFileSystems")
}

fn describe_all(call: &mut Call<'_>) -> Answer {
    let (id, token) = (call.input["FileSystemId"].as_str(), call.input["CreationToken"].as_str());
    let region = call.peek();
    if id.is_some() && token.is_some() {
        return Err(refusals::bad_request("Specify either a FileSystemId or a CreationToken, not both."));
    }
    if let Some(id) = id {
        return Ok(json!({"FileSystems": [describe(region, named(region, id)?)]}));
    }
    let all = region.efs.file_systems.values().filter(|known| token.is_none_or(|token| known.token == token));
    let all = all.map(|known| (known.id.clone(), describe(region, known))).collect();
    let (page, next) = page_of(call, all, limit(call, "MaxItems"), "Marker", "fs")?;
    Ok(json!({"FileSystems": page, "Marker": call.input["Marker"], "NextMarker": next}))
}

fn update(call: &mut Call<'_>) -> Answer {
    let now = call.now;
    let (mode, amount) = (call.text("ThroughputMode").to_owned(), call.input["ProvisionedThroughputInMibps"].as_f64());
    let file_system = available(call)?;
    if mode.is_empty() && amount.is_none() {
        return Err(refusals::bad_request("Specify ThroughputMode or ProvisionedThroughputInMibps."));
    }
    let old = file_system.throughput;
    let next = Throughput::of(if mode.is_empty() { old.mode() } else { &mode }, amount.or(kept(old, &mode)))?;
    check_change(file_system, next, now)?;
    let id = file_system.id.clone();
    if next != old {
        file_system.throughput = next;
        file_system.changed = Some(now);
        file_system.state = LifeCycle::Updating;
        let delay = call.world.random.seconds(UPDATING.0, UPDATING.1);
        let place = call.regional().place();
        call.world.after(delay, &place, Event::Efs(super::Event::Settle(id.clone())));
    }
    Ok(describe(call.peek(), named(call.peek(), &id)?))
}

/// The amount that stays when a request names none: only with the mode that it belongs to, and not named anew.
fn kept(old: Throughput, mode: &str) -> Option<f64> {
    old.amount().filter(|_| mode.is_empty())
}

fn check_change(file_system: &FileSystem, next: Throughput, now: Time) -> Result<(), Refusal> {
    if file_system.max_io && next == Throughput::Elastic {
        return Err(refusals::bad_request(
            "The elastic throughput mode is not supported with the maxIO performance mode.",
        ));
    }
    if next != Throughput::Elastic && file_system.transitions.iter().any(Transition::is_to_archive) {
        return Err(refusals::bad_request("The Archive storage class is supported with elastic throughput only."));
    }
    let until = file_system.changed.map(|changed| changed + CHANGE_PAUSE).filter(|until| now < *until);
    match until.filter(|_| file_system.throughput.is_rationed(next)) {
        Some(until) => Err(refusals::wait_until(until)),
        None => Ok(()),
    }
}

fn protect(call: &mut Call<'_>) -> Answer {
    let asked = call.text("ReplicationOverwriteProtection").to_owned();
    let file_system = available(call)?;
    match asked.as_str() {
        "ENABLED" => file_system.protected = true,
        "DISABLED" => file_system.protected = false,
        _ => return Err(refusals::bad_request("ReplicationOverwriteProtection must be ENABLED or DISABLED.")),
    }
    Ok(protection(file_system))
}

fn protection(file_system: &FileSystem) -> Value {
    json!({"ReplicationOverwriteProtection": if file_system.protected { "ENABLED" } else { "DISABLED" }})
}

fn delete(call: &mut Call<'_>) -> Answer {
    let id = id_in(call.text("FileSystemId")).to_owned();
    let region = call.peek();
    let is_deleting = named(region, &id)?.state == LifeCycle::Deleting;
    if mount_targets(&region.efs, &id) > 0 {
        return Err(refusals::in_use(&id));
    }
    if is_deleting {
        return nothing();
    }
    let region = call.regional();
    let place = region.place();
    if let Some(file_system) = region.efs.file_systems.get_mut(&id) {
        file_system.state = LifeCycle::Deleting;
    }
    let delay = call.world.random.seconds(DELETING.0, DELETING.1);
    call.world.after(delay, &place, Event::Efs(super::Event::Vanish(id)));
    nothing()
}

fn mount_targets(state: &State, id: &str) -> usize {
    state.mount_targets.values().filter(|target| target.file_system == id).count()
}

/// A file system as `DescribeFileSystems` shows it.
pub(super) fn describe(region: &Region, file_system: &FileSystem) -> Value {
    let zone = file_system.zone.as_ref();
    json!({
        "OwnerId": region.account,
        "CreationToken": file_system.token,
        "FileSystemId": file_system.id,
        "FileSystemArn": arn(region, &file_system.id),
        "CreationTime": file_system.created.seconds(),
        "LifeCycleState": file_system.state.text(),
        "Name": file_system.tags.get("Name"),
        "NumberOfMountTargets": mount_targets(&region.efs, &file_system.id),
        "SizeInBytes": {"Value": EMPTY_SIZE, "ValueInIA": 0, "ValueInStandard": EMPTY_SIZE, "ValueInArchive": 0},
        "PerformanceMode": if file_system.max_io { "maxIO" } else { "generalPurpose" },
        "Encrypted": file_system.key.is_some(),
        "KmsKeyId": file_system.key,
        "ThroughputMode": file_system.throughput.mode(),
        "ProvisionedThroughputInMibps": file_system.throughput.amount(),
        "AvailabilityZoneName": zone.map(|zone| &zone.name),
        "AvailabilityZoneId": zone.map(|zone| &zone.id),
        "Tags": Spelling::Upper.write(&file_system.tags),
        "FileSystemProtection": protection(file_system),
    })
}

pub(super) fn arn(region: &Region, id: &str) -> String {
    region.arn("elasticfilesystem", &format!("file-system/{id}"))
}

pub(super) fn item(region: &Region, file_system: &FileSystem) -> Item {
    let mut state = describe(region, file_system);
    state["Policy"] = json!(file_system.policy.as_ref().map(|policy| &policy.put));
    state["BackupPolicy"] = json!(file_system.backup.map(Backup::text));
    state["LifecyclePolicies"] = file_system.transitions.iter().map(Transition::describe).collect();
    Item {
        kind: "elasticfilesystem:file-system",
        id: file_system.id.clone(),
        arn: arn(region, &file_system.id),
        tags: file_system.tags.clone(),
        state,
    }
}
