//! What a task definition says, in the normal form in which AWS gives it back: defaults are filled in on reading.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A task definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Definition {
    /// Family name.
    pub(in super::super) family: String,
    /// Number within the family.
    #[serde(default)]
    pub(in super::super) revision: u64,
    /// ARN with revision.
    #[serde(default, rename = "taskDefinitionArn")]
    pub(in super::super) arn: String,
    /// CPU units of the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) cpu: Option<String>,
    /// MiB of the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) memory: Option<String>,
    /// Role of the containers.
    #[serde(default, rename = "taskRoleArn", skip_serializing_if = "Option::is_none")]
    pub(in super::super) task_role: Option<String>,
    /// Role of the agent.
    #[serde(default, rename = "executionRoleArn", skip_serializing_if = "Option::is_none")]
    pub(in super::super) execution_role: Option<String>,
    /// Network mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) network_mode: Option<String>,
    /// Containers.
    #[serde(rename = "containerDefinitions")]
    pub(in super::super) containers: Vec<Container>,
    /// Volumes.
    #[serde(default)]
    pub(in super::super) volumes: Vec<Volume>,
    /// What the request asked to be compatible with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) requires_compatibilities: Vec<String>,
    /// What it is compatible with.
    #[serde(default)]
    pub(in super::super) compatibilities: Vec<String>,
    /// Size of the task's own disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) ephemeral_storage: Option<EphemeralStorage>,
    /// Placement constraints.
    #[serde(default)]
    placement_constraints: Vec<Value>,
    /// Capabilities that a container instance would need.
    #[serde(default)]
    pub(super) requires_attributes: Vec<Value>,
    /// All other members, as given.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// `EphemeralStorage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct EphemeralStorage {
    /// Size.
    #[serde(rename = "sizeInGiB")]
    pub(in super::super) size: i64,
}

/// A container definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Container {
    /// Name, unique in the task definition.
    #[serde(default)]
    pub(in super::super) name: String,
    /// Image.
    #[serde(default)]
    pub(in super::super) image: String,
    /// CPU units.
    #[serde(default)]
    pub(in super::super) cpu: i64,
    /// Hard limit in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) memory: Option<i64>,
    /// Soft limit in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) memory_reservation: Option<i64>,
    /// Whether its end ends the task.
    #[serde(default = "yes")]
    pub(in super::super) essential: bool,
    /// Ports.
    #[serde(default)]
    pub(in super::super) port_mappings: Vec<Port>,
    /// Environment variables.
    #[serde(default)]
    pub(in super::super) environment: Vec<Variable>,
    /// Environment variables out of secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) secrets: Vec<Secret>,
    /// Mounts of volumes.
    #[serde(default)]
    pub(in super::super) mount_points: Vec<MountPoint>,
    /// Mounts taken over from other containers.
    #[serde(default)]
    pub(super) volumes_from: Vec<Value>,
    /// Kernel parameters.
    #[serde(default)]
    system_controls: Vec<Value>,
    /// Containers that must have got somewhere before this one starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) depends_on: Vec<Dependency>,
    /// Seconds that others wait for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) start_timeout: Option<i64>,
    /// Seconds between SIGTERM and SIGKILL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) stop_timeout: Option<i64>,
    /// Where its output goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) log_configuration: Option<Log>,
    /// Its health check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) health_check: Option<HealthCheck>,
    /// Whether it has the host's rights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) privileged: Option<bool>,
    /// All other members, as given.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// A port mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Port {
    /// Port of the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) container_port: Option<i64>,
    /// The same, or nothing, in network mode awsvpc.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) host_port: Option<i64>,
    /// `tcp` or `udp`.
    #[serde(default = "tcp")]
    pub(super) protocol: String,
    /// All other members, as given.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// An environment variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in super::super) struct Variable {
    /// Name.
    pub(in super::super) name: String,
    /// Value.
    pub(in super::super) value: String,
}

/// An environment variable out of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Secret {
    /// Name of the variable.
    pub(in super::super) name: String,
    /// ARN of a secret, with optional key, stage and version, or name or ARN of a parameter.
    pub(in super::super) value_from: String,
}

/// A mount of a volume in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct MountPoint {
    /// Name of the volume.
    #[serde(default)]
    pub(in super::super) source_volume: String,
    /// Path in the container.
    #[serde(default)]
    pub(super) container_path: String,
    /// Whether the container can't write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) read_only: Option<bool>,
}

/// A dependency on another container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Dependency {
    /// The other container.
    pub(in super::super) container_name: String,
    /// How far it must have got.
    pub(in super::super) condition: Condition,
}

/// How far a container must have got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in super::super) enum Condition {
    /// Started.
    Start,
    /// Ended, whatever its exit code.
    Complete,
    /// Ended with exit code 0.
    Success,
    /// Its health check has passed.
    Healthy,
}

/// A log configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Log {
    /// Log driver.
    pub(in super::super) log_driver: String,
    /// Its options.
    #[serde(default)]
    pub(in super::super) options: Map<String, Value>,
    /// Options out of secrets.
    #[serde(default)]
    pub(in super::super) secret_options: Vec<Secret>,
}

/// A health check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct HealthCheck {
    /// `CMD` or `CMD-SHELL`, and what to run.
    #[serde(default)]
    pub(super) command: Vec<String>,
    /// Seconds between two checks.
    #[serde(default = "thirty")]
    pub(in super::super) interval: i64,
    /// Seconds that one check may take.
    #[serde(default = "five")]
    pub(super) timeout: i64,
    /// How many failures in a row make a container unhealthy.
    #[serde(default = "three")]
    pub(in super::super) retries: i64,
    /// Seconds from the start in which failures don't count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) start_period: Option<i64>,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Volume {
    /// Name, unique in the task definition.
    #[serde(default)]
    pub(in super::super) name: String,
    /// An EFS file system.
    #[serde(default, rename = "efsVolumeConfiguration", skip_serializing_if = "Option::is_none")]
    pub(in super::super) efs: Option<EfsVolume>,
    /// Bind mount on the host.
    #[serde(default)]
    pub(super) host: Map<String, Value>,
    /// All other members, as given.
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// An EFS file system as a volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct EfsVolume {
    /// File system id.
    pub(in super::super) file_system_id: String,
    /// Directory that is mounted.
    #[serde(default = "root")]
    pub(in super::super) root_directory: String,
    /// `ENABLED`: with TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) transit_encryption: Option<String>,
    /// Local port of the TLS tunnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transit_encryption_port: Option<i64>,
    /// Access point and role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorization_config: Option<Authorization>,
}

/// How an EFS file system is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Authorization {
    /// Access point id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_point_id: Option<String>,
    /// `ENABLED`: with the task role's credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iam: Option<String>,
}

impl EfsVolume {
    /// Whether it is mounted with TLS.
    pub(in super::super) fn tls(&self) -> bool {
        self.transit_encryption.as_deref() == Some("ENABLED")
    }

    /// Whether the task role's credentials are presented.
    pub(in super::super) fn iam(&self) -> bool {
        self.authorization_config.as_ref().is_some_and(|config| config.iam.as_deref() == Some("ENABLED"))
    }

    /// Access point id.
    pub(in super::super) fn access_point(&self) -> Option<&str> {
        self.authorization_config.as_ref()?.access_point_id.as_deref().filter(|id| !id.is_empty())
    }
}

impl Log {
    /// An option of the driver.
    pub(in super::super) fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name)?.as_str().filter(|text| !text.is_empty())
    }
}

impl Definition {
    /// As Describe shows it.
    pub(super) fn show(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Whether it asks for Fargate.
    pub(in super::super) fn fargate(&self) -> bool {
        self.requires_compatibilities.iter().any(|name| name == "FARGATE")
    }

    /// Task role and execution role.
    pub(in super::super) fn roles(&self) -> impl Iterator<Item = &str> {
        self.task_role.iter().chain(&self.execution_role).map(String::as_str)
    }

    /// The volume of that name, if it is an EFS file system.
    pub(in super::super) fn efs(&self, volume: &str) -> Option<&EfsVolume> {
        self.volumes.iter().find(|v| v.name == volume)?.efs.as_ref()
    }

    /// Puts it into AWS's normal form; the order of environment and secrets is not kept.
    pub(super) fn normalise(&mut self) {
        for container in &mut self.containers {
            container.environment.sort_by_cached_key(|variable| shuffled(&variable.name));
            container.secrets.sort_by_cached_key(|secret| shuffled(&secret.name));
            for port in &mut container.port_mappings {
                port.host_port = port.host_port.filter(|&host| host != 0).or(port.container_port);
            }
        }
        if self.network_mode.as_deref() == Some("awsvpc") {
            self.compatibilities = vec!["EC2".to_owned(), "FARGATE".to_owned()];
        } else {
            self.compatibilities = vec!["EXTERNAL".to_owned(), "EC2".to_owned()];
        }
    }
}

fn shuffled(name: &str) -> Vec<u8> {
    Sha256::digest(name.as_bytes()).to_vec()
}

fn yes() -> bool {
    true
}

fn tcp() -> String {
    "tcp".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

fn thirty() -> i64 {
    30
}

fn five() -> i64 {
    5
}

fn three() -> i64 {
    3
}
