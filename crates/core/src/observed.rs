//! What was seen on AWS of one stack.

use crate::graph::NodeId;
use crate::kind::{Kind, Observed};
use crate::owner::{TAG_INSTALLATION, Tags};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One resource that was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// The node that it is.
    pub node: NodeId,
    /// Its tags; `None` for kinds that can't have any (mount targets, policies of a file system).
    pub tags: Option<Tags>,
    /// Its settings and state.
    pub observed: Observed,
}

impl Seen {
    /// The id that tells it from others of the same kind.
    pub fn id(&self) -> String {
        self.observed.outputs().remove(&crate::input::Output::Id).unwrap_or_default()
    }

    /// The installation that made it, where its tags say so.
    pub fn installation(&self) -> Option<&str> {
        self.tags.as_ref()?.get(TAG_INSTALLATION).map(String::as_str)
    }
}

/// All that was seen of one stack, and what could not be looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    nodes: BTreeMap<NodeId, Vec<Seen>>,
    /// Kinds that could not be listed: nothing may be concluded from their absence.
    pub unread: BTreeSet<Kind>,
}

impl Snapshot {
    /// What was seen of `node`, by id.
    pub fn of(&self, node: &NodeId) -> &[Seen] {
        self.nodes.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    /// Everything that was seen, by node and id.
    pub fn all(&self) -> impl Iterator<Item = &Seen> {
        self.nodes.values().flatten()
    }

    /// The installation that made `seen`. What has no tags of its own belongs to whoever made its file system.
    pub fn installation<'a>(&'a self, seen: &'a Seen) -> Option<&'a str> {
        let file_system = match &seen.observed {
            Observed::MountTarget(target) => Some(target.file_system.as_str()),
            Observed::FileSystemPolicy(policy) => Some(policy.file_system.as_str()),
            Observed::BackupPolicy(policy) => Some(policy.file_system.as_str()),
            _ => None,
        };
        let home = file_system
            .and_then(|id| self.all().find(|seen| seen.observed.kind() == Kind::FileSystem && seen.id() == id));
        seen.installation().or_else(|| home?.installation())
    }

    /// Takes in what was seen now; it takes the place of an earlier sight of the same resource.
    pub fn see(&mut self, seen: Seen) {
        self.forget(&seen.node, &seen.id());
        let list = self.nodes.entry(seen.node.clone()).or_default();
        list.push(seen);
        list.sort_by_key(Seen::id);
    }

    /// Takes out a resource that is gone.
    pub fn forget(&mut self, node: &NodeId, id: &str) {
        if let Some(list) = self.nodes.get_mut(node) {
            list.retain(|seen| seen.id() != id);
        }
        self.nodes.retain(|_, list| !list.is_empty());
    }
}

impl FromIterator<Seen> for Snapshot {
    fn from_iter<I: IntoIterator<Item = Seen>>(all: I) -> Self {
        let mut snapshot = Self::default();
        all.into_iter().for_each(|seen| snapshot.see(seen));
        snapshot
    }
}
