//! Which tasks had a directory of a file system mounted at the same time, and which lost one while it was mounted.
//!
//! Two tasks of one deployment are left out: ECS replaces one that has died or is unhealthy while its containers may
//! still be on their way down, and nobody outside can help it.

use super::super::definition::Container as Spec;
use super::{ContainerStatus, Task};
use crate::clock::Time;
use crate::service::efs;
use crate::tags::Tags;
use crate::world::{Place, Region, World};
use std::collections::BTreeSet;

/// Two tasks of different deployments, or of none, that had one directory mounted at the same time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sharing {
    /// File system id.
    pub file_system: String,
    /// The directory.
    pub directory: String,
    /// When the second one's container came up.
    pub since: Time,
    /// Id and tags of the first and of the second task.
    pub tasks: [(String, Tags); 2],
}

/// A task that had a file system mounted when the mount target of its zone was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Severed {
    /// File system id.
    pub file_system: String,
    /// Mount target id.
    pub mount_target: String,
    /// When it was deleted.
    pub since: Time,
    /// Id and tags of the task.
    pub task: (String, Tags),
}

/// A mount target is deleted: notes the tasks whose mounts that breaks.
pub fn sever(region: &mut Region, since: Time, file_system: &str, zone: &str, mount_target: &str) {
    let near = |task: &&Task| task.interface.zone == zone;
    let mounted = |task: &&Task| held(region, task).iter().any(|(id, _)| id == file_system);
    let lost = region.ecs.tasks.values().filter(near).filter(mounted).map(|task| Severed {
        file_system: file_system.to_owned(),
        mount_target: mount_target.to_owned(),
        since,
        task: (task.id.clone(), task.tags.clone()),
    });
    let lost: Vec<Severed> = lost.collect();
    region.ecs.severed.extend(lost);
}

/// A container of a task has come up: notes the tasks that have what it mounts.
pub(super) fn note(world: &mut World, place: &Place, task: &Task, spec: &Spec) {
    let since = world.now;
    let region = world.at(place);
    let mounted = mounts(region, task, spec);
    let others = region.ecs.tasks.values().filter(|other| other.id != task.id && !replaces(task, other));
    let found: Vec<Sharing> = others
        .flat_map(|other| {
            let both: Vec<_> = held(region, other).intersection(&mounted).cloned().collect();
            both.into_iter().map(move |(file_system, directory)| Sharing {
                file_system,
                directory,
                since,
                tasks: [other, task].map(|task| (task.id.clone(), task.tags.clone())),
            })
        })
        .collect();
    region.ecs.sharing.extend(found);
}

/// Whether one deployment started both.
fn replaces(task: &Task, other: &Task) -> bool {
    task.owner.is_some() && task.owner == other.owner
}

/// What the running containers of a task have mounted.
fn held(region: &Region, task: &Task) -> BTreeSet<(String, String)> {
    let running = task.spec.containers.iter().zip(&task.containers);
    let running = running.filter(|(_, container)| container.status == ContainerStatus::Running);
    running.flat_map(|(spec, _)| mounts(region, task, spec)).collect()
}

/// File systems and directories that a container mounts.
fn mounts(region: &Region, task: &Task, spec: &Spec) -> BTreeSet<(String, String)> {
    let volumes = spec.mount_points.iter().filter_map(|mount| task.spec.efs(&mount.source_volume));
    let directory = |point: &str| efs::root_directory(region, point);
    volumes
        .map(|volume| {
            let directory = volume.access_point().and_then(directory).unwrap_or(&volume.root_directory);
            (volume.file_system_id.clone(), directory.to_owned())
        })
        .collect()
}
