//! Who owns a resource on AWS: the tags, names and tokens by which a stack finds its own again.

use crate::graph::NodeId;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// Tag with the name of the Kubernetes cluster, set once at install.
pub const TAG_CLUSTER: &str = "jenkinsstack.io/cluster";
/// Tag with `namespace/name` of the JenkinsStack.
pub const TAG_STACK: &str = "jenkinsstack.io/stack";
/// Tag with the node of the graph that the resource is.
pub const TAG_RESOURCE: &str = "jenkinsstack.io/resource";
/// Tag with the uid of the cluster's `kube-system` namespace.
pub const TAG_INSTALLATION: &str = "jenkinsstack.io/installation";
/// Tag with the fingerprint of what AWS never gives back: secret values, the content of a task definition.
pub const TAG_FINGERPRINT: &str = "jenkinsstack.io/fingerprint";

/// Whose a resource is. Not the object's uid: a cluster rebuilt from git under the same name finds its stacks again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Name of the Kubernetes cluster.
    pub cluster: String,
    /// Namespace of the JenkinsStack.
    pub namespace: String,
    /// Name of the JenkinsStack.
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.cluster, self.namespace, self.name)
    }
}

/// Hexadecimal digits of a hash in a name: 40 bits, so that a million names collide with a chance below one in two.
const HASH_DIGITS: usize = 10;

impl Owner {
    /// The tags that say whose a resource is, from its create call on.
    pub fn tags(&self, node: &NodeId, installation: &str) -> Tags {
        [
            (TAG_CLUSTER, self.cluster.clone()),
            (TAG_STACK, self.stack()),
            (TAG_RESOURCE, node.to_string()),
            (TAG_INSTALLATION, installation.to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }

    /// The value of [`TAG_STACK`].
    pub fn stack(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The owner and node that a resource's tags name, if they are those of an operator of `cluster`.
    pub fn of(tags: &Tags) -> Option<(Self, NodeId)> {
        let (namespace, name) = tags.get(TAG_STACK)?.split_once('/')?;
        let owner =
            Self { cluster: tags.get(TAG_CLUSTER)?.clone(), namespace: namespace.to_owned(), name: name.to_owned() };
        Some((owner, NodeId::new(tags.get(TAG_RESOURCE)?)))
    }

    /// A name of at most `limit` characters out of `[a-z0-9-]`: readable at the front, unique by a hash at the end.
    ///
    /// `fixed` are the settings that can't be changed later: a resource that must be replaced gets another name.
    pub fn name(&self, node: &NodeId, fixed: &[&str], limit: usize) -> String {
        let readable = format!("jks-{}-{}-{}", self.namespace, self.name, node);
        let clean: String =
            readable.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let front: String = clean.chars().take(limit.saturating_sub(HASH_DIGITS + 1)).collect();
        format!("{}-{}", front.trim_end_matches('-'), self.hash(node, fixed, HASH_DIGITS))
    }

    /// A creation token of 32 hexadecimal digits: the same node asks AWS for the same resource, however often.
    pub fn token(&self, node: &NodeId, fixed: &[&str]) -> String {
        self.hash(node, fixed, 32)
    }

    fn hash(&self, node: &NodeId, fixed: &[&str], digits: usize) -> String {
        let mut hash = Sha256::new();
        for part in [self.cluster.as_str(), &self.namespace, &self.name, node.as_str()].iter().chain(fixed) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex::encode(hash.finalize()).chars().take(digits).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { cluster: "prod".into(), namespace: "team-a".into(), name: "ci".into() }
    }

    #[test]
    fn a_name_fits_its_limit_and_ends_in_a_hash() {
        let node = NodeId::new("load-balancer");
        let name = owner().name(&node, &[], 32);
        assert!(name.len() <= 32 && name.starts_with("jks-team-a-ci-load"), "{name}");
        assert_ne!(name, owner().name(&node, &["internal"], 32), "another fixed setting gives another name");
    }

    #[test]
    fn parts_that_only_differ_in_their_borders_hash_differently() {
        let shifted = Owner { namespace: "team".into(), name: "a-ci".into(), ..owner() };
        let node = NodeId::new("x");
        assert_ne!(owner().token(&node, &[]), shifted.token(&node, &[]));
    }

    #[test]
    fn tags_lead_back_to_their_owner() {
        let node = NodeId::new("mount-target/eu-central-1a");
        assert_eq!(Owner::of(&owner().tags(&node, "uid")), Some((owner(), node)));
        assert_eq!(Owner::of(&Tags::new()), None);
    }
}
