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

/// The operator's IAM policy, in a fixed order.
///
/// IAM's limit on the size of a policy asks for few statements, so permits of one condition share one. It allows no more
/// than they do apart: of what an action can be about, its statement names what the action is permitted on, and no more.
/// Create operations of one service share a statement because the tags in a create call go to what it makes.
pub fn policy(names: &Names<'_>) -> Value {
    policy_of(&all(), names)
}

/// A policy of some permissions, for asking what each is needed for.
pub fn policy_of(permissions: &BTreeSet<Permission>, names: &Names<'_>) -> Value {
    let mut permitted: BTreeMap<(Bound, Reach), Permitted> = BTreeMap::new();
    for &Permission { action, on, when } in permissions {
        let (bound, operations) = Bound::of(action, when);
        let permitted = permitted.entry((bound, Reach::of(on))).or_default();
        permitted.actions.entry(action).or_default().insert(names.fill(on));
        permitted.operations.extend(operations);
    }
    let types = types(permissions);
    let mut statements = Vec::new();
    for ((bound, reach), Permitted { actions, operations }) in permitted {
        let conditions = bound.conditions(&operations, names.cluster);
        for (grant, which) in together(actions, &types).iter().zip(1..) {
            statements.push(statement(bound.sid(reach, which), grant, bound.operator(), &conditions));
        }
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What is allowed under one condition.
#[derive(Debug, Default)]
struct Permitted {
    actions: BTreeMap<&'static str, BTreeSet<String>>,
    operations: BTreeSet<&'static str>,
}

/// What one statement allows.
#[derive(Clone, Debug, Default)]
struct Grant {
    actions: BTreeMap<&'static str, BTreeSet<String>>,
    resources: BTreeSet<String>,
}

impl Grant {
    /// Whether every action has its own resources only, of all types that it can be about.
    fn is_exact(&self, types: &Types) -> bool {
        self.actions.iter().all(|(action, own)| {
            let about = types.get(action);
            let can_be = |arn: &&String| about.is_some_and(|about| about.contains(&type_of(arn)));
            self.resources.iter().filter(can_be).all(|arn| own.contains(arn))
        })
    }
}

/// Actions, each put to the first that it gets on with.
fn together(actions: BTreeMap<&'static str, BTreeSet<String>>, types: &Types) -> Vec<Grant> {
    let mut grants: Vec<Grant> = Vec::new();
    for (action, own) in actions {
        let joined = |grant: &Grant| {
            let mut grant = grant.clone();
            grant.resources.extend(own.clone());
            grant.actions.insert(action, own.clone());
            grant
        };
        let found = grants.iter_mut().find_map(|grant| {
            let joined = joined(grant);
            joined.is_exact(types).then_some((grant, joined))
        });
        match found {
            Some((grant, joined)) => *grant = joined,
            None => grants.push(joined(&Grant::default())),
        }
    }
    grants
}

/// Types of resources that actions can be about: those that the operator names, and what else the Service Authorization
/// Reference lists of those.
type Types = BTreeMap<&'static str, BTreeSet<String>>;

/// Actions that can be about a type of which the operator names resources, though not for this action.
const UNUSED: [(&str, &str); 2] = [
    ("ec2:RevokeSecurityGroupEgress", "ec2:security-group-rule"),
    ("ec2:RevokeSecurityGroupIngress", "ec2:security-group-rule"),
];

fn types(permissions: &BTreeSet<Permission>) -> Types {
    let mut types = Types::new();
    for &Permission { action, on, when: _ } in permissions {
        let about = match on {
            On::Any => "*".to_owned(),
            On::Arn(pattern) => type_of(pattern),
        };
        types.entry(action).or_default().insert(about);
    }
    for (action, about) in UNUSED {
        types.entry(action).or_default().insert(about.to_owned());
    }
    types
}

/// Service and type of an ARN, for example `ec2:security-group`.
fn type_of(arn: &str) -> String {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(2).unwrap_or(arn);
    let rest = parts.nth(2).unwrap_or_default();
    let kind = rest.split(['/', ':']).next().unwrap_or_default();
    if kind.is_empty() { service.to_owned() } else { format!("{service}:{kind}") }
}

fn service_of(action: &'static str) -> &'static str {
    action.split(':').next().unwrap_or(action)
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
            When::Creating(operations) => (Self::Creating(service_of(action)), operations),
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

    /// Statement id: what the statement is about, and which of several it is.
    fn sid(self, reach: Reach, which: usize) -> String {
        let about = match self {
            Self::Always => "Look".to_owned(),
            Self::Owned => "Owned".to_owned(),
            Self::Tagging => "Make".to_owned(),
            Self::Creating(service) => format!("Tag{}", service.to_uppercase()),
            Self::Shared => "Shared".to_owned(),
            Self::PassedTo(_) => "Pass".to_owned(),
            Self::Via(service) => format!("Via{}", service.to_uppercase()),
        };
        let which = if which == 1 { String::new() } else { which.to_string() };
        format!("{about}{reach:?}{which}")
    }
}

fn statement(sid: String, grant: &Grant, operator: &str, conditions: &Map<String, Value>) -> Value {
    let Grant { actions, resources } = grant;
    let actions: BTreeSet<&str> = actions.keys().copied().collect();
    let mut statement = json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources});
    if let (Some(members), false) = (statement.as_object_mut(), conditions.is_empty()) {
        members.insert("Condition".into(), json!({operator: conditions}));
    }
    statement
}
