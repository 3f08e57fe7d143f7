//! EFS: file systems, mount targets, access points and their policies.
//!
//! Strict: creation tokens, life cycle states and what each allows, one mount target a zone and one VPC a file system,
//! holders (mount targets hold the file system, their interfaces hold subnets and security groups), throughput changes a
//! day, the form of lifecycle and file system policies, and everything that decides whether a task can mount.
//! Deliberately absent: replication (there is none), IPv6 and chosen addresses of mount targets, the tag operations of the API's
//! first version, and the data itself, of which only directories and one marker each are kept.

mod access_point;
mod data;
mod file_system;
mod mount;
mod mount_target;
mod policy;
mod refusals;
mod settings;
mod tagging;

use super::{Item, Service};
use crate::call::{Ask, Call, Refusal};
use crate::page;
use crate::tags::{Spelling, Tags};
use crate::world::{Place, Region, World};
use serde_json::Value;
use std::collections::BTreeMap;

pub use data::{marker, mounted, root_directory, write_marker};
pub use mount::{Mount, mount, writable};

/// The service's table.
pub static SERVICE: Service = Service {
    model: "efs",
    signing: "elasticfilesystem",
    invalid: "BadRequest",
    missing: "BadRequest",
    denied: "AccessDeniedException",
    throttled: "ThrottlingException",
    operations: &[
        file_system::OPERATIONS,
        mount_target::OPERATIONS,
        access_point::OPERATIONS,
        policy::OPERATIONS,
        settings::OPERATIONS,
        tagging::OPERATIONS,
    ],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    file_systems: BTreeMap<String, file_system::FileSystem>,
    mount_targets: BTreeMap<String, mount_target::MountTarget>,
    access_points: BTreeMap<String, access_point::AccessPoint>,
}

/// Life cycle of a file system, mount target or access point; what is deleted is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LifeCycle {
    Creating,
    Available,
    Updating,
    Deleting,
}

impl LifeCycle {
    fn text(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Updating => "updating",
            Self::Deleting => "deleting",
        }
    }

    /// The state once creation or update is over; a deletion goes on.
    fn settled(self) -> Self {
        match self {
            Self::Creating | Self::Updating | Self::Available => Self::Available,
            Self::Deleting => Self::Deleting,
        }
    }
}

/// What goes on by itself.
#[derive(Clone, Debug)]
pub enum Event {
    /// A file system, mount target or access point becomes available.
    Settle(String),
    /// A file system, mount target or access point is gone.
    Vanish(String),
    /// Automatic backups of a file system are on, or off.
    BackupSettles(String),
}

/// Lets an event happen.
pub fn happen(world: &mut World, place: &Place, event: Event) {
    let now = world.now;
    let state = &mut world.at(place).efs;
    match event {
        Event::Settle(id) => {
            if let Some(file_system) = state.file_systems.get_mut(&id) {
                file_system.state = file_system.state.settled();
            }
            if let Some(target) = state.mount_targets.get_mut(&id) {
                target.settle(now);
            }
            if let Some(point) = state.access_points.get_mut(&id) {
                point.state = point.state.settled();
            }
        }
        Event::Vanish(id) => {
            if state.file_systems.remove(&id).is_some() {
                state.access_points.retain(|_, point| point.file_system != id);
            }
            state.mount_targets.remove(&id);
            state.access_points.remove(&id);
        }
        Event::BackupSettles(id) => {
            if let Some(file_system) = state.file_systems.get_mut(&id) {
                file_system.backup = file_system.backup.map(settings::Backup::settled);
            }
        }
    }
}

/// What exists.
pub fn items(region: &Region) -> Vec<Item> {
    let state = &region.efs;
    let mut items: Vec<Item> = state.file_systems.values().map(|f| file_system::item(region, f)).collect();
    items.extend(state.mount_targets.values().map(|target| mount_target::item(region, target)));
    items.extend(state.access_points.values().map(|point| access_point::item(region, point)));
    items
}

/// The id in an id or ARN.
fn id_in(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// The tags of a create or tag request.
fn tags_in(call: &Call<'_>) -> Result<Tags, Refusal> {
    Spelling::Upper.read(&call.input["Tags"]).map_err(refusals::tags)
}

/// The file system that the request names, deleted ones not included.
fn named<'r>(region: &'r Region, named: &str) -> Result<&'r file_system::FileSystem, Refusal> {
    let id = id_in(named);
    region.efs.file_systems.get(id).ok_or_else(|| refusals::no_file_system(id))
}

/// The same to change, if its life cycle state allows changes.
fn available<'c>(call: &'c mut Call<'_>) -> Result<&'c mut file_system::FileSystem, Refusal> {
    let id = id_in(call.text("FileSystemId")).to_owned();
    let file_system = call.regional().efs.file_systems.get_mut(&id).ok_or_else(|| refusals::no_file_system(&id))?;
    if file_system.state == LifeCycle::Available { Ok(file_system) } else { Err(refusals::not_available(file_system)) }
}

/// The question about one file system, as far as it exists.
fn ask_about(call: &Call<'_>, action: &str, id: &str) -> Ask {
    let id = id_in(id);
    let ask = Ask::new(
        format!("elasticfilesystem:{action}"),
        call.arn("elasticfilesystem", &format!("file-system/{}", if id.is_empty() { "*" } else { id })),
    );
    match call.peek().efs.file_systems.get(id) {
        Some(file_system) => {
            let mut ask = ask.resource_tags(&file_system.tags);
            ask.resource_policy = file_system.policy.as_ref().map(|policy| policy.kept.clone());
            ask
        }
        None => ask,
    }
}

/// The question about the file system that the request names.
fn on_file_system(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![ask_about(call, action, call.text("FileSystemId"))]
}

/// The question whether the tags of a create request may be set.
fn ask_to_tag(call: &Call<'_>, resource: &str) -> Option<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    let action = if resource.starts_with("file-system") { "CreateFileSystem" } else { "CreateAccessPoint" };
    (!tags.is_empty()).then(|| {
        Ask::new("elasticfilesystem:TagResource", call.arn("elasticfilesystem", resource))
            .request_tags(&tags)
            .when("elasticfilesystem:CreateAction", action)
    })
}

/// One page of descriptions in the order of their ids; `size` and `token` name the members of the request.
fn page_of(
    call: &Call<'_>,
    all: Vec<(String, Value)>,
    limit: usize,
    token: &str,
    listing: &str,
) -> Result<(Vec<Value>, Option<String>), Refusal> {
    let (page, next) = page::cut(all, |(id, _)| id.clone(), limit, call.input[token].as_str(), listing, call.now)
        .map_err(|_| refusals::bad_token(token))?;
    Ok((page.into_iter().map(|(_, value)| value).collect(), next))
}

/// The page size that the request asks for, at most 100.
fn limit(call: &Call<'_>, member: &str) -> usize {
    call.input[member].as_u64().map_or(100, |asked| asked.clamp(1, 100) as usize)
}
