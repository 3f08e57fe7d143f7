//! Homes that two tasks of one owner had at the same time: seen at every moment, whatever they came to later.

use super::{Homes, Oracle, Owner, Placed, SharedHome};
use crate::Cloud;
use crate::service::ecs::{self, Sharing};

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

/// Whose home it is: the file system says so, or both tasks do.
fn owner(oracle: &Oracle, sharing: &Sharing, all: &[Placed]) -> Option<Owner> {
    let home = all.iter().find(|placed| placed.item.id == sharing.file_system);
    let [first, second] = sharing.tasks.each_ref().map(|(_, tags)| oracle.scheme.owner(tags));
    home.and_then(|home| oracle.scheme.owner(&home.item.tags)).or(if first == second { first } else { None })
}

fn told(owner: Owner, sharing: Sharing) -> SharedHome {
    let Sharing { file_system, directory, since, tasks } = sharing;
    SharedHome { owner, file_system, directory, tasks: tasks.map(|(id, _)| id), since: since.iso() }
}
