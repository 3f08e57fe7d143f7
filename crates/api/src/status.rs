//! What the operator reports about a stack.
//!
//! Status is a report and never a memory: deleting it changes nothing on AWS. Conditions follow kstatus: `Ready` is the
//! summary, `Reconciling` and `Stalled` exist only while they are true, and each area has a condition of its own.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Annotation that asks for a pass now; any new value does, by convention the time.
pub const RECONCILE_REQUESTED_AT: &str = "jenkinsstack.io/reconcile-requested-at";

/// What the operator reports about a stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct JenkinsStackStatus {
    /// Generation of the spec that the operator last acted on; -1 before it has seen the stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// State in the form of kstatus: `Ready`, while they are true `Reconciling` and `Stalled`, and one for each area:
    /// `Network`, `Identity`, `Storage`, `Compute`, `Endpoint`, `Backup`, `Jenkins`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// Where Jenkins is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,

    /// Health of the task, of its targets at the load balancer, and of Jenkins itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,

    /// The AWS resources of the stack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["node".into()]))]
    pub resources: Vec<ResourceStatus>,

    /// What is still to be done, and why it has not been done yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["node".into()]))]
    pub pending: Vec<Pending>,

    /// Value of the annotation `jenkinsstack.io/reconcile-requested-at` that the operator last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

impl JenkinsStackStatus {
    /// The condition of that type, if it is there.
    pub fn condition(&self, type_: ConditionType) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.type_ == type_.as_str())
    }
}

/// Where Jenkins is reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// URL of Jenkins. Example: `https://jenkins.example.com/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// DNS name of the load balancer; the DNS record of `endpoint.host` must lead to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<String>,
    /// The DNS record to make for `endpoint.host`; absent without a host. The operator does not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<DnsRecord>,
    /// URIs to register at the OIDC provider as redirect URIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
}

/// The DNS record that leads to Jenkins, for the user to make. The operator only reads hosted zones, and writes no record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DnsRecord {
    /// Name of the record. Example: `jenkins.example.com`.
    pub name: String,
    /// Type of the record: `A`, as an alias in Route 53. Outside of Route 53 make a CNAME to `target`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Where it leads: DNS name of the load balancer.
    pub target: String,
    /// Hosted zone of the load balancer's name, which an alias names beside `target`. Example: `Z215JYRZR1TBD5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_zone_id: Option<String>,
    /// Id of the hosted zone of this AWS account that the record belongs to: the one with the longest name that fits,
    /// public, or for an internal load balancer also a private one of the VPC. Absent when there is none, when several
    /// have that name, or when the operator may not list hosted zones. Example: `Z0123456789ABCDEFGHIJ`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_id: Option<String>,
    /// Name of that hosted zone. Example: `example.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_name: Option<String>,
}

/// Health of the task, of its targets at the load balancer, and of Jenkins itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// The task on ECS: `Running`, `Starting`, `Stopping`, `Stopped` or `Unknown`.
    #[serde(default)]
    pub task: TaskHealth,
    /// The task as target of the load balancer: `Healthy`, `Unhealthy`, `Initial`, `Draining`, `None` or `Unknown`.
    #[serde(default)]
    pub targets: TargetHealth,
    /// Jenkins itself, as it answers: `Up`, `Starting`, `Down` or `Unknown`.
    #[serde(default)]
    pub jenkins: JenkinsHealth,
}

/// The task on ECS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TaskHealth {
    /// It runs.
    Running,
    /// It is being started.
    Starting,
    /// It is being stopped.
    Stopping,
    /// There is none.
    Stopped,
    /// Not known.
    #[default]
    Unknown,
}

/// The task as target of the load balancer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TargetHealth {
    /// It passes its health checks.
    Healthy,
    /// It fails its health checks.
    Unhealthy,
    /// Its first health checks are under way.
    Initial,
    /// It is being taken out.
    Draining,
    /// There is no target.
    None,
    /// Not known.
    #[default]
    Unknown,
}

/// Jenkins itself, as it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum JenkinsHealth {
    /// It answers.
    Up,
    /// It says that it is getting ready.
    Starting,
    /// It does not answer.
    Down,
    /// Not known.
    #[default]
    Unknown,
}

/// One AWS resource of the stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceStatus {
    /// Its place in the stack; also its tag `jenkinsstack.io/resource`. Example: `file-system`.
    pub node: String,
    /// Its kind. Example: `EfsFileSystem`.
    pub kind: String,
    /// Its id or ARN on AWS; absent before it exists. Example: `fs-0123456789abcdef0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its state: `Ready`, `Creating`, `Updating`, `Deleting`, `Failed`, `Retained` or `Missing`.
    pub state: ResourceState,
}

/// State of one AWS resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResourceState {
    /// As it should be.
    Ready,
    /// Being made.
    Creating,
    /// Being changed, or to be changed.
    Updating,
    /// Being deleted.
    Deleting,
    /// AWS reports that it failed.
    Failed,
    /// Left behind on purpose.
    Retained,
    /// Not there yet.
    Missing,
}

/// Something that is still to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// The resource it is about. Example: `service`.
    pub node: String,
    /// What is to be done: `Create`, `Update`, `Replace`, `Delete` or `Wait`.
    pub action: PendingAction,
    /// Why it is to be done, and what it waits for. Example: `waits for load-balancer to become active`.
    pub why: String,
}

/// What is to be done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PendingAction {
    /// Make it.
    Create,
    /// Change it in place.
    Update,
    /// Make another one and delete it.
    Replace,
    /// Delete it.
    Delete,
    /// Wait for AWS.
    Wait,
}

/// Types of the conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionType {
    /// Everything is as the spec says, and Jenkins answers.
    Ready,
    /// Work is under way; absent otherwise.
    Reconciling,
    /// Nothing will happen until the user does something; absent otherwise.
    Stalled,
    /// VPC, subnets, security groups.
    Network,
    /// IAM roles, secrets.
    Identity,
    /// File system, mount targets, access point.
    Storage,
    /// Cluster, task definition, service, log.
    Compute,
    /// Load balancer, listeners, rules, login.
    Endpoint,
    /// Backups of the home.
    Backup,
    /// Jenkins itself.
    Jenkins,
}

impl ConditionType {
    /// All types, in the order in which they stand in the status.
    pub const ALL: [Self; 10] = [
        Self::Ready,
        Self::Reconciling,
        Self::Stalled,
        Self::Network,
        Self::Identity,
        Self::Storage,
        Self::Compute,
        Self::Endpoint,
        Self::Backup,
        Self::Jenkins,
    ];

    /// The type as it stands in the condition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::Network => "Network",
            Self::Identity => "Identity",
            Self::Storage => "Storage",
            Self::Compute => "Compute",
            Self::Endpoint => "Endpoint",
            Self::Backup => "Backup",
            Self::Jenkins => "Jenkins",
        }
    }
}

impl fmt::Display for ConditionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reasons of the conditions, the same words as in events and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// All is as the spec says.
    Succeeded,
    /// Work is under way.
    Progressing,
    /// Work is under way after an error that may pass.
    ProgressingWithRetry,
    /// AWS is not done yet.
    Waiting,
    /// `spec.suspend` is set.
    Suspended,
    /// The stack is being deleted.
    Deleting,
    /// The spec has switched this off.
    Disabled,
    /// Not known yet.
    Unknown,
    /// The spec breaks a rule; the message names the field.
    InvalidSpec,
    /// The VPC or its subnets were not found, or more than one VPC was.
    NetworkNotFound,
    /// A Secret, or its key, is missing.
    SecretNotFound,
    /// The metadata document of the OIDC issuer could not be read.
    IssuerUnreachable,
    /// AWS refused a call; the message names the missing IAM action.
    AccessDenied,
    /// A quota of the AWS account is used up.
    QuotaExceeded,
    /// AWS asks to slow down.
    Throttled,
    /// AWS failed or could not be reached.
    AwsUnavailable,
    /// Somebody else changes the same resource.
    Conflict,
    /// A resource of that name exists but is not the operator's.
    ForeignResource,
    /// The resources belong to the same stack of another installation of the operator.
    OwnedByAnotherInstallation,
    /// The plan was refused because it would break a safety rule.
    UnsafePlan,
    /// The task does not start or does not stay up.
    TaskFailed,
    /// The task runs but is not healthy.
    Unhealthy,
    /// A mistake in the operator itself.
    InternalError,
}

impl fmt::Display for Reason {
    /// Writes the reason as it stands in the condition, which is its name here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
