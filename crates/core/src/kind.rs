//! The kinds of AWS resources, one file each, and the dispatch between them.
//!
//! Every file has the same items in the same order: `Desired` (what the operator means to control, and nothing that AWS
//! fills in), its inputs, `Observed` (what was seen), what that yields to others, its state, and `diff`.

use crate::diff::Change;
use crate::input::{AnyInput, HasInputs, Outputs, Unresolved};
use serde::Serialize;
use std::fmt;

/// Whether a resource that exists can be used by others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "state", content = "detail")]
pub enum State {
    /// It can.
    Ready,
    /// It can be used by others already, but has not settled: a load balancer that is provisioning, a service that starts.
    Settling(String),
    /// It can't be used yet: AWS is still making or changing it.
    Pending(String),
    /// AWS gave up on it; the text says why.
    Failed(String),
    /// It is being deleted.
    Leaving,
}

impl State {
    /// Whether others may be created that need it.
    pub fn usable(&self) -> bool {
        match self {
            Self::Ready | Self::Settling(_) => true,
            Self::Pending(_) | Self::Failed(_) | Self::Leaving => false,
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident, $module:ident, $label:literal;)*) => {
        $(pub mod $module;)*

        /// A kind of AWS resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &[Kind] = &[$(Kind::$variant,)*];
        }

        /// How a person calls it, for example `target group`.
        impl fmt::Display for Kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $label,)* })
            }
        }

        /// A resource as it is wanted.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(rename_all = "camelCase", tag = "kind")]
        pub enum Desired {
            $($(#[$doc])* $variant($module::Desired),)*
        }

        /// A resource as it was seen.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(rename_all = "camelCase", tag = "kind")]
        pub enum Observed {
            $($(#[$doc])* $variant($module::Observed),)*
        }

        impl Desired {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)* }
            }

            /// What has to happen to `observed`; `None` when that is of another kind.
            pub fn diff(&self, observed: &Observed) -> Result<Option<Change>, Unresolved> {
                match (self, observed) {
                    $((Self::$variant(desired), Observed::$variant(observed)) => $module::diff(desired, observed).map(Some),)*
                    _ => Ok(None),
                }
            }
        }

        impl HasInputs for Desired {
            fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
                match self { $(Self::$variant(desired) => desired.walk(walk),)* }
            }
        }

        impl Observed {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)* }
            }

            /// What it yields to others.
            pub fn outputs(&self) -> Outputs {
                match self { $(Self::$variant(observed) => observed.outputs(),)* }
            }

            /// Whether others can use it.
            pub fn state(&self) -> State {
                match self { $(Self::$variant(observed) => observed.state(),)* }
            }
        }
    };
}

kinds! {
    /// EC2 security group.
    SecurityGroup, security_group, "security group";
    /// One rule of a security group.
    SecurityGroupRule, security_group_rule, "security group rule";
    /// IAM role with its policies.
    Role, role, "role";
    /// CloudWatch log group.
    LogGroup, log_group, "log group";
    /// Secrets Manager secret.
    Secret, secret, "secret";
    /// EFS file system: a home.
    FileSystem, file_system, "file system";
    /// Policy of a file system.
    FileSystemPolicy, file_system_policy, "file system policy";
    /// Automatic backups of a file system.
    BackupPolicy, backup_policy, "backup policy";
    /// EFS mount target.
    MountTarget, mount_target, "mount target";
    /// EFS access point.
    AccessPoint, access_point, "access point";
    /// Application Load Balancer.
    LoadBalancer, load_balancer, "load balancer";
    /// Target group.
    TargetGroup, target_group, "target group";
    /// Listener of a load balancer.
    Listener, listener, "listener";
    /// Rule of a listener.
    ListenerRule, listener_rule, "listener rule";
    /// ECS cluster.
    Cluster, cluster, "cluster";
    /// ECS task definition.
    TaskDefinition, task_definition, "task definition";
    /// ECS service.
    Service, service, "service";
}

/// Outputs out of pairs.
fn outputs<const N: usize>(pairs: [(crate::input::Output, String); N]) -> Outputs {
    pairs.into()
}

/// The set of inputs that are all known.
fn known_set<T: Clone + Ord>(inputs: &[crate::input::Input<T>]) -> Result<std::collections::BTreeSet<T>, Unresolved> {
    inputs.iter().map(|input| input.known().cloned()).collect()
}

/// Those of AWS's attributes that we set: new ones that AWS invents are not drift.
fn only(
    seen: &std::collections::BTreeMap<String, String>,
    ours: &std::collections::BTreeMap<String, String>,
) -> std::collections::BTreeMap<String, String> {
    seen.iter().filter(|(key, _)| ours.contains_key(*key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}
