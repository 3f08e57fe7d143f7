//! Automatic daily backups of a file system by EFS's own policy.

use super::{State, outputs};
use crate::diff::{Change, Diff};
use crate::id::FileSystemId;
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Unresolved};
use serde::Serialize;

/// Name of its node: a file system has one setting of backups.
pub const NODE: &str = "backup-policy";

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// File system that is backed up.
    pub file_system: Input<FileSystemId>,
    /// Whether it is.
    pub backups: Backups,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { file_system, backups: _ } = self;
        walk(file_system);
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// File system.
    pub file_system: FileSystemId,
    /// Whether it is backed up, or will be in a moment.
    pub backups: Backups,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([(Output::Id, self.file_system.to_string())])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        State::Ready
    }
}

/// Switched in place (PutBackupPolicy, Amazon EFS API Reference).
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { file_system, backups } = desired;
    Ok(Diff::default()
        .fixed("fileSystemId", file_system.known()?, &observed.file_system)
        .in_place("status", backups, &observed.backups)
        .done())
}

/// Whether automatic backups are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Backups {
    /// Daily, kept 35 days.
    Enabled,
    /// None.
    Disabled,
}
