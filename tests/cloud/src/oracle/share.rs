//! Homes that two tasks of one owner had at the same time, or that went from under a task: seen at every moment, whatever
//! they came to later.

use super::{Homes, Oracle, Owner, Placed, SeveredHome, SharedHome};
use crate::Cloud;
use crate::calls::Record;
use crate::service::ecs::{self, Severed, Sharing};

/// Those of all accounts and regions.
pub(super) fn shared(oracle: &Oracle, cloud: &Cloud, all: &[Placed]) -> Vec<SharedHome> {
    match oracle.homes {
        Homes::Shared => return Vec::new(),
        Homes::Exclusive => (),
    }
    let found: Vec<Sharing> = cloud.with(|world| {
        let regions = world.accounts.values().flat_map(|account| account.regions.values());
        regions.flat_map(ecs::sharing).cloned().collect()
    });
    found.into_iter().filter_map(|sharing| Some(told(owner(oracle, &sharing, all)?, sharing))).collect()
}

/// Those that a program cut off, in all accounts and regions. What the test does by hand is none of its doing.
pub(super) fn severed(oracle: &Oracle, cloud: &Cloud, all: &[Placed]) -> Vec<SeveredHome> {
    let found: Vec<Severed> = cloud.with(|world| {
        let regions = world.accounts.values().flat_map(|account| account.regions.values());
        regions.flat_map(ecs::severed).cloned().collect()
    });
    let by_door = |lost: &Severed| {
        let cut = |record: &Record| {
            record.by_door
                && record.operation == "DeleteMountTarget"
                && record.input["MountTargetId"].as_str().is_some_and(|named| named.ends_with(&lost.mount_target))
        };
        cloud.log(|log| log.records().any(cut))
    };
    let told = |Severed { file_system, mount_target, since, task: (task, tags) }| {
        let owner = of_home(oracle, &file_system, all).or_else(|| oracle.scheme.owner(&tags))?;
        Some(SeveredHome { owner, file_system, mount_target, task, since: since.iso() })
    };
    found.into_iter().filter(by_door).filter_map(told).collect()
}

/// Whose home it is: the file system says so, or both tasks do.
fn owner(oracle: &Oracle, sharing: &Sharing, all: &[Placed]) -> Option<Owner> {
    let [first, second] = sharing.tasks.each_ref().map(|(_, tags)| oracle.scheme.owner(tags));
    of_home(oracle, &sharing.file_system, all).or(if first == second { first } else { None })
}

fn of_home(oracle: &Oracle, file_system: &str, all: &[Placed]) -> Option<Owner> {
    let home = all.iter().find(|placed| placed.item.id == file_system)?;
    oracle.scheme.owner(&home.item.tags)
}

fn told(owner: Owner, sharing: Sharing) -> SharedHome {
    let Sharing { file_system, directory, since, tasks } = sharing;
    SharedHome { owner, file_system, directory, tasks: tasks.map(|(id, _)| id), since: since.iso() }
}
