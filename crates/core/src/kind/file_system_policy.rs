//! Resource policy of a file system: who may mount it, and how.

use super::{State, outputs};
use crate::diff::{Change, Diff};
use crate::id::FileSystemId;
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Unresolved};
use crate::policy::Document;
use serde::Serialize;
use serde_json::Value;

/// Name of its node: a file system has one policy.
pub const NODE: &str = "file-system-policy";

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// File system it is attached to.
    pub file_system: Input<FileSystemId>,
    /// The policy.
    pub document: Document,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { file_system, document } = self;
        walk(file_system);
        document.walk(walk);
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// File system.
    pub file_system: FileSystemId,
    /// The policy in normal form.
    pub document: Value,
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

/// The policy is replaced as a whole, in place (PutFileSystemPolicy, Amazon EFS API Reference).
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired { file_system, document } = desired;
    Ok(Diff::default()
        .fixed("fileSystemId", file_system.known()?, &observed.file_system)
        .in_place("policy", &document.normal()?, &observed.document)
        .done())
}
