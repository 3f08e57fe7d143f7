//! What a status is made of: values only.

use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::{JenkinsHealth, Reason, TargetHealth};
use jenkinsstack_api::{JenkinsStackSpec, status};
use jenkinsstack_core::desired::HostedZone;
use jenkinsstack_core::graph::{Graph, NodeId};
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::observed::Snapshot;
use jenkinsstack_core::plan::Plan;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Everything that a status is made of.
pub struct Facts<'a> {
    /// Generation of the spec.
    pub generation: i64,
    /// The spec.
    pub spec: &'a JenkinsStackSpec,
    /// Now, for conditions that change.
    pub now: Time,
    /// Value of the annotation that asks for a pass, if it is set.
    pub requested_at: Option<&'a str>,
    /// The status as it stands.
    pub previous: Option<&'a JenkinsStackStatus>,
    /// How often in a row the stack's passes failed before this one.
    pub failed: u32,
    /// How far things are.
    pub phase: Phase<'a>,
}

/// How far things are.
pub enum Phase<'a> {
    /// A spec was seen for the first time, and work begins.
    Started,
    /// The spec says to pause.
    Suspended,
    /// There was no pass: something it needs is missing or wrong.
    Stopped(Trouble),
    /// A pass was made.
    Passed(Pass<'a>),
}

/// What a pass brought.
pub struct Pass<'a> {
    /// What was wanted.
    pub graph: &'a Graph,
    /// What is still to be done.
    pub plan: &'a Plan,
    /// What exists.
    pub snapshot: &'a Snapshot,
    /// What went wrong.
    pub troubles: &'a [Trouble],
    /// Whether the stack is being deleted.
    pub deleting: bool,
    /// An existing listener's load balancer.
    pub existing_load_balancer: Option<&'a Front>,
    /// Hosted zone that the DNS record of the host belongs to, where one is known.
    pub hosted_zone: Option<&'a HostedZone>,
    /// The targets, where they were looked at.
    pub targets: Option<TargetHealth>,
    /// Jenkins, where it could be asked.
    pub jenkins: JenkinsHealth,
    /// Looks in a row, with this one, at which Jenkins was not well.
    pub unwell: u32,
}

/// A load balancer as DNS leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Front {
    /// Its DNS name.
    pub dns_name: String,
    /// Hosted zone of that name.
    pub zone: Option<String>,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its reason, the same word in conditions, events and metrics.
    pub reason: Reason,
    /// What happened to which object, and what to do.
    pub message: String,
    /// The node and kind it is about; none when it is about the stack as a whole.
    pub about: Option<(NodeId, Kind)>,
    /// Whether it passes by itself.
    pub outlook: Outlook,
}

/// Whether a trouble passes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It is tried again and may pass.
    Retrying,
    /// It stays until somebody does something; it is still looked at now and then.
    NeedsUser,
}

/// The area, and so the condition, that a kind belongs to.
pub fn area(kind: Kind) -> status::ConditionType {
    match kind {
        Kind::SecurityGroup | Kind::SecurityGroupRule => status::ConditionType::Network,
        Kind::Role | Kind::Secret => status::ConditionType::Identity,
        Kind::FileSystem | Kind::FileSystemPolicy | Kind::MountTarget | Kind::AccessPoint => {
            status::ConditionType::Storage
        }
        Kind::BackupPolicy => status::ConditionType::Backup,
        Kind::LogGroup | Kind::Cluster | Kind::TaskDefinition | Kind::Service => status::ConditionType::Compute,
        Kind::LoadBalancer | Kind::TargetGroup | Kind::Listener | Kind::ListenerRule => status::ConditionType::Endpoint,
    }
}
