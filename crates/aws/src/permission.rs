//! The IAM permissions that drivers declare, and the operator's policy that is made of them.

use crate::{kind, lookup, tagged};
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::owner::TAG_CLUSTER;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One IAM action, on what, under which condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// Action, for example `elasticfilesystem:CreateFileSystem`.
    pub action: &'static str,
    /// Resources it is allowed on.
    pub on: On,
    /// Condition it is allowed under.
    pub when: When,
}

/// Resources of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// Every resource: the action knows no resource-level permissions, or ids that can't be known before.
    Any,
    /// ARNs by a pattern, in which `{partition}`, `{region}`, `{account}` and `{cluster}` are filled in.
    Arn(&'static str),
}

/// Condition of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// None: reads, and actions that IAM can't bound.
    Always,
    /// The resource carries our cluster's tag.
    Owned,
    /// The request sets our cluster's tag.
    Tagging,
    /// The request sets our cluster's tag as part of one of these create operations.
    Creating(&'static [&'static str]),
    /// The user shares the resource by the tag [`TAG_SHARED`] with our cluster's name.
    Shared,
    /// The role is passed to this service.
    PassedTo(&'static str),
    /// The service of this prefix, for example `elasticfilesystem`, uses the user's key on our behalf.
    Via(&'static str),
}

/// Tag by which a user shares a resource of his own with the operator of a cluster: a secret that it may read.
pub const TAG_SHARED: &str = "jenkinsstack.io/shared-with";

/// Shorthand for the tables of the drivers.
pub(crate) const fn permit(action: &'static str, on: On, when: When) -> Permission {
    Permission { action, on, when }
}

/// Every permission that the operator needs.
pub fn all() -> BTreeSet<Permission> {
    let drivers = Kind::ALL.iter().flat_map(|kind| kind::permissions(*kind));
    drivers.chain(lookup::PERMISSIONS).chain(tagged::PERMISSIONS).copied().collect()
}

/// What is filled into ARN patterns and conditions.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Partition, for example `aws`.
    pub partition: &'a str,
    /// Region, or `*`.
    pub region: &'a str,
    /// Account id, or `*`.
    pub account: &'a str,
    /// Name of the Kubernetes cluster.
    pub cluster: &'a str,
}

/// The operator's IAM policy, in a fixed order: one statement for each condition.
///
/// Actions and resources of one condition share a statement, which IAM's limit on the size of a policy asks for. It allows
/// no more than apart: an action and the ARN of another service's resource never meet.
pub fn policy(names: &Names<'_>) -> Value {
    policy_of(&all(), names)
}

/// A policy of some permissions, for asking what each is needed for.
pub fn policy_of(permissions: &BTreeSet<Permission>, names: &Names<'_>) -> Value {
    let mut grants: BTreeMap<(Bound, Reach), Grant> = BTreeMap::new();
    for &Permission { action, on, when } in permissions {
        let (bound, operations) = Bound::of(action, when);
        let grant = grants.entry((bound, Reach::of(on))).or_default();
        grant.actions.insert(action);
        grant.resources.insert(names.fill(on));
        grant.operations.extend(operations);
    }
    let statements: Vec<Value> =
        grants.iter().map(|((bound, reach), grant)| statement(*bound, *reach, grant, names.cluster)).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What one statement allows.
#[derive(Debug, Default)]
struct Grant {
    actions: BTreeSet<&'static str>,
    resources: BTreeSet<String>,
    operations: BTreeSet<&'static str>,
}

/// Whether a statement names its resources: one that does not must not widen one that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Any,
    Named,
}

impl Reach {
    fn of(on: On) -> Self {
        match on {
            On::Any => Self::Any,
            On::Arn(_) => Self::Named,
        }
    }
}

impl Names<'_> {
    fn fill(&self, on: On) -> String {
        let Names { partition, region, account, cluster } = self;
        match on {
            On::Any => "*".to_owned(),
            On::Arn(pattern) => pattern
                .replace("{partition}", partition)
                .replace("{region}", region)
                .replace("{account}", account)
                .replace("{cluster}", cluster),
        }
    }
}

/// A condition with the keys that its actions' service has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bound {
    Always,
    Owned,
    Tagging,
    Creating(&'static str),
    Shared,
    PassedTo(&'static str),
    Via(&'static str),
}

impl Bound {
    /// The condition, and the create operations that it is about.
    fn of(action: &'static str, when: When) -> (Self, &'static [&'static str]) {
        match when {
            When::Always => (Self::Always, &[]),
            When::Owned => (Self::Owned, &[]),
            When::Tagging => (Self::Tagging, &[]),
            When::Creating(operations) => (Self::Creating(action.split(':').next().unwrap_or(action)), operations),
            When::Shared => (Self::Shared, &[]),
            When::PassedTo(service) => (Self::PassedTo(service), &[]),
            When::Via(service) => (Self::Via(service), &[]),
        }
    }

    fn conditions(self, operations: &BTreeSet<&str>, cluster: &str) -> Map<String, Value> {
        let tag = |scope: &str, key: &str| (format!("aws:{scope}Tag/{key}"), json!(cluster));
        match self {
            Self::Always => Map::new(),
            Self::Owned => Map::from_iter([tag("Resource", TAG_CLUSTER)]),
            Self::Tagging => Map::from_iter([tag("Request", TAG_CLUSTER)]),
            Self::Creating(service) => {
                Map::from_iter([tag("Request", TAG_CLUSTER), (format!("{service}:CreateAction"), json!(operations))])
            }
            Self::Shared => Map::from_iter([tag("Resource", TAG_SHARED)]),
            Self::PassedTo(service) => Map::from_iter([("iam:PassedToService".to_owned(), json!(service))]),
            Self::Via(service) => {
                Map::from_iter([("kms:ViaService".to_owned(), json!(format!("{service}.*.amazonaws.com*")))])
            }
        }
    }

    fn operator(self) -> &'static str {
        match self {
            Self::Via(_) => "StringLike",
            Self::Always | Self::Owned | Self::Tagging | Self::Creating(_) | Self::Shared | Self::PassedTo(_) => {
                "StringEquals"
            }
        }
    }

    /// Statement id: what the statement is about.
    fn sid(self, reach: Reach) -> String {
        let about = match self {
            Self::Always => "Look".to_owned(),
            Self::Owned => "Owned".to_owned(),
            Self::Tagging => "Make".to_owned(),
            Self::Creating(service) => format!("Tag{}", service.to_uppercase()),
            Self::Shared => "Shared".to_owned(),
            Self::PassedTo(_) => "Pass".to_owned(),
            Self::Via(service) => format!("Via{}", service.to_uppercase()),
        };
        format!("{about}{reach:?}")
    }
}

fn statement(bound: Bound, reach: Reach, grant: &Grant, cluster: &str) -> Value {
    let Grant { actions, resources, operations } = grant;
    let mut statement = json!({"Sid": bound.sid(reach), "Effect": "Allow", "Action": actions, "Resource": resources});
    let conditions = bound.conditions(operations, cluster);
    if let (Some(members), false) = (statement.as_object_mut(), conditions.is_empty()) {
        members.insert("Condition".into(), json!({bound.operator(): conditions}));
    }
    statement
}
