//! EFS access point: the directory of a home and the user as whom it is used.

use super::{State, outputs};
use crate::arn::AccessPointArn;
use crate::diff::{Change, Diff};
use crate::id::{AccessPointId, FileSystemId};
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Unresolved};
use serde::Serialize;

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// File system.
    pub file_system: Input<FileSystemId>,
    /// The directory and its user.
    pub root: Root,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { file_system, root: _ } = self;
        walk(file_system);
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its id.
    pub id: AccessPointId,
    /// Its ARN.
    pub arn: AccessPointArn,
    /// File system.
    pub file_system: FileSystemId,
    /// The directory and its user.
    pub root: Root,
    /// `LifeCycleState` in AWS's words.
    pub life_cycle_state: String,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([(Output::Id, self.id.to_string()), (Output::Arn, self.arn.to_string())])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        match self.life_cycle_state.as_str() {
            "available" => State::Ready,
            "deleting" | "deleted" => State::Leaving,
            "error" => State::Failed("the access point is in state error: see the EFS console".into()),
            _ => State::Pending(self.life_cycle_state.clone()),
        }
    }
}

const REMEDY: &str = "Jenkins would start on another, empty home: create a new stack with spec.storage.existing, and move \
     the files";

/// Everything is fixed at creation (CreateAccessPoint, Amazon EFS API Reference). Another file system has another home;
/// on the same one, a home stays where it is.
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { file_system, root } = desired;
    let elsewhere = Diff::default().fixed("fileSystemId", file_system.known()?, &observed.file_system).done();
    if elsewhere != Change::Same {
        return Ok(elsewhere);
    }
    Ok(Diff::default().refused("root", root, &observed.root, REMEDY).done())
}

/// A directory and the POSIX user as whom everything in it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Root {
    /// Directory, made on the first mount.
    pub path: String,
    /// POSIX user id.
    pub uid: i64,
    /// POSIX group id.
    pub gid: i64,
    /// Permissions of the directory when it is made, octal, for example `0750`.
    pub permissions: String,
}
