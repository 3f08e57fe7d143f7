//! The drivers, one file a kind, and the dispatch between them.

use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target};
use crate::error::{Class, Error};
use crate::permission::Permission;
use crate::tagged::Tagged;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::{Desired, Kind};
use jenkinsstack_core::observed::Seen;

mod ecs;

macro_rules! drivers {
    ($($variant:ident, $module:ident;)*) => {
        $(mod $module;)*

        /// What the driver of a kind needs to be allowed.
        pub fn permissions(kind: Kind) -> &'static [Permission] {
            match kind { $(Kind::$variant => $module::$variant::PERMISSIONS,)* }
        }

        /// Lists a kind.
        pub(crate) async fn list(
            account: &Account,
            kind: Kind,
            tagged: &Tagged,
            parents: &[Listed],
        ) -> Result<Vec<Listed>, Error> {
            match kind { $(Kind::$variant => $module::$variant::list(account, tagged, parents).await,)* }
        }

        /// Reads one resource.
        pub(crate) async fn read(account: &Account, target: Target<'_>, kind: Kind, id: &str) -> Result<Option<Seen>, Error> {
            match kind { $(Kind::$variant => $module::$variant::read(account, target, id).await,)* }
        }

        /// Reads how far a resource has got.
        pub(crate) async fn poll(account: &Account, target: Target<'_>, seen: &Seen) -> Result<Option<Seen>, Error> {
            match seen.observed.kind() { $(Kind::$variant => $module::$variant::poll(account, target, seen).await,)* }
        }

        /// Makes a resource.
        pub(crate) async fn create(account: &Account, target: Target<'_>, node: &Node) -> Result<Seen, Error> {
            match &node.desired { $(Desired::$variant(desired) => $module::$variant::create(account, target, node, desired).await,)* }
        }

        /// Changes a resource.
        pub(crate) async fn update(
            account: &Account,
            target: Target<'_>,
            seen: &Seen,
            node: &Node,
            fields: &[Field],
        ) -> Result<Seen, Error> {
            match &node.desired { $(Desired::$variant(desired) => {
                $module::$variant::update(account, target, seen, node, desired, fields).await
            })* }
        }

        /// Deletes a resource.
        pub(crate) async fn delete(account: &Account, target: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
            match seen.observed.kind() { $(Kind::$variant => $module::$variant::delete(account, target, seen).await,)* }
        }
    };
}

mod efs;
mod elb;

drivers! {
    SecurityGroup, security_group;
    SecurityGroupRule, security_group_rule;
    Role, role;
    LogGroup, log_group;
    Secret, secret;
    FileSystem, file_system;
    FileSystemPolicy, file_system_policy;
    BackupPolicy, backup_policy;
    MountTarget, mount_target;
    AccessPoint, access_point;
    LoadBalancer, load_balancer;
    TargetGroup, target_group;
    Listener, listener;
    ListenerRule, listener_rule;
    Cluster, cluster;
    TaskDefinition, task_definition;
    Service, service;
}

/// Kinds in rounds of listing: a kind that lives inside another is listed after it. Security groups come after their
/// rules: what is in a group and is not one of ours is a stray.
pub(crate) const LISTING: [&[Kind]; 2] = [
    &[
        Kind::SecurityGroupRule,
        Kind::Role,
        Kind::LogGroup,
        Kind::Secret,
        Kind::FileSystem,
        Kind::AccessPoint,
        Kind::LoadBalancer,
        Kind::TargetGroup,
        Kind::Cluster,
        Kind::TaskDefinition,
    ],
    &[
        Kind::SecurityGroup,
        Kind::FileSystemPolicy,
        Kind::BackupPolicy,
        Kind::MountTarget,
        Kind::Listener,
        Kind::ListenerRule,
        Kind::Service,
    ],
];

/// The error of a driver that was handed another kind's resource.
pub(crate) fn wrong_kind(operation: &'static str, seen: &Seen) -> Error {
    Error::new(Class::Bug, operation, seen.id(), format!("bug: it is a {}", seen.observed.kind()))
}
