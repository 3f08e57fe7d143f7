//! The resources a stack asks for and what each needs from others.

use crate::input::{HasInputs, Output, Source};
use crate::kind::{Desired, Kind};
use crate::owner::Tags;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Name of a resource within its stack, for example `load-balancer` or `mount-target/eu-central-1a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct NodeId(String);

impl NodeId {
    /// The node of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// One of several nodes of the same name, told apart by `which`.
    pub fn of(&self, which: impl fmt::Display) -> Self {
        Self(format!("{}/{which}", self.0))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One resource that a stack asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Name on AWS, or creation token where the kind has no name; settings that can't change are hashed into it.
    pub name: String,
    /// Tags it must have: the owner's and the user's. Kinds that can't have tags ignore them.
    pub tags: Tags,
    /// Its settings.
    pub desired: Desired,
}

/// All resources that a stack asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Graph {
    nodes: BTreeMap<NodeId, Node>,
}

/// An input that names a node which is not in the graph, or nodes that need each other: a bug of whoever built it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// An input without a node.
    #[error("bug: {node} needs {missing}, which is not part of the stack")]
    Missing {
        /// The node with the input.
        node: NodeId,
        /// The node that is not there.
        missing: NodeId,
    },
    /// A circle of inputs.
    #[error("bug: {0} needs itself")]
    Cycle(NodeId),
}

impl Graph {
    /// Adds a node.
    pub fn add(&mut self, id: NodeId, node: Node) {
        self.nodes.insert(id, node);
    }

    /// The node of that id.
    pub fn get(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// All nodes, by id.
    pub fn nodes(&self) -> impl Iterator<Item = (&NodeId, &Node)> {
        self.nodes.iter()
    }

    /// What the node's inputs are waiting for, all outputs of all other nodes being unknown.
    pub fn sources(&self, id: &NodeId) -> BTreeSet<Source> {
        let mut sources = BTreeSet::new();
        if let Some(node) = self.nodes.get(id) {
            node.desired.clone().walk(&mut |input| sources.extend(input.source().cloned()));
        }
        sources
    }

    /// The nodes that `id` needs.
    pub fn needs(&self, id: &NodeId) -> BTreeSet<NodeId> {
        self.sources(id).into_iter().map(|source| source.node).collect()
    }

    /// The nodes that need `id`.
    pub fn needed_by(&self, id: &NodeId) -> BTreeSet<NodeId> {
        self.nodes.keys().filter(|other| self.needs(other).contains(id)).cloned().collect()
    }

    /// Checks that every input has its node and that creation can start somewhere and end.
    pub fn check(&self) -> Result<(), GraphError> {
        for id in self.nodes.keys() {
            if let Some(missing) = self.needs(id).into_iter().find(|need| !self.nodes.contains_key(need)) {
                return Err(GraphError::Missing { node: id.clone(), missing });
            }
        }
        self.levels().map(|_| ())
    }

    /// The nodes in rounds: each round needs only nodes of earlier rounds. The number of rounds is the longest chain.
    pub fn levels(&self) -> Result<Vec<BTreeSet<NodeId>>, GraphError> {
        let mut rest: BTreeMap<&NodeId, BTreeSet<NodeId>> = self.nodes.keys().map(|id| (id, self.needs(id))).collect();
        let mut done = BTreeSet::new();
        let mut levels = Vec::new();
        while let Some(first) = rest.keys().next().copied() {
            let level: BTreeSet<NodeId> =
                rest.iter().filter(|(_, needs)| needs.is_subset(&done)).map(|(id, _)| (*id).clone()).collect();
            if level.is_empty() {
                return Err(GraphError::Cycle(first.clone()));
            }
            rest.retain(|id, _| !level.contains(*id));
            done.extend(level.iter().cloned());
            levels.push(level);
        }
        Ok(levels)
    }

    /// The kind of a node.
    pub fn kind(&self, id: &NodeId) -> Option<Kind> {
        self.nodes.get(id).map(|node| node.desired.kind())
    }
}

/// Whether a source is one that only orders, or yields a value.
impl Source {
    /// The output `output` of `node`.
    pub fn new(node: &NodeId, output: Output) -> Self {
        Self { node: node.clone(), output }
    }
}
