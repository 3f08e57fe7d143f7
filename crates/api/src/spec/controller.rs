//! `spec.controller`: the Jenkins controller, one task on AWS Fargate.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::{KubeSchema, core::Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SecretSource, Switch};
use crate::{
    fargate::{self, Size, SizeError},
    schema,
};

/// Environment variables that the operator, the image or Amazon ECS sets.
pub const RESERVED_ENV: [&str; 8] = [
    "DEBUG",
    "JAVA_OPTS",
    "JENKINS_HOME",
    "JENKINS_JAVA_OPTS",
    "JENKINS_OPTS",
    "JENKINS_SLAVE_AGENT_PORT",
    "JENKINS_WAR",
    "REF",
];
/// Prefixes of environment variables that the operator or Amazon ECS sets.
pub const RESERVED_ENV_PREFIXES: [&str; 3] = ["CASC_", "ECS_", "AWS_CONTAINER_"];

/// The Jenkins controller: one task on AWS Fargate, never two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", default = "ControllerSpec::default")]
#[x_kube(validation = fargate::size_rule())]
#[x_kube(validation = Rule::new("!has(self.env) || !has(self.secrets) || self.env.all(e, !self.secrets.exists(s, s.name == e.name))")
    .message("a name stands in both controller.env and controller.secrets: keep one of them"))]
pub struct ControllerSpec {
    /// Container image of Jenkins; it must behave like the official one (user 1000, home in /var/jenkins_home).
    /// Default: `jenkins/jenkins:lts`. Example: `123456789012.dkr.ecr.eu-central-1.amazonaws.com/jenkins:2.541.1`.
    #[schemars(regex(pattern = r"^[a-z0-9][A-Za-z0-9._:/-]*(@sha256:[0-9a-f]{64})?$"), length(max = 255))]
    pub image: String,

    /// CPU of the task, in cores, as a quantity: `250m`, `500m`, `1`, `2`, `4`, `8` or `16`. `memory` must fit to it.
    /// Default: `2`. Example: `500m`.
    #[schemars(schema_with = "fargate::cpu_schema")]
    pub cpu: Quantity,

    /// Memory of the task as a quantity in `Mi` or `Gi`, fitting to `cpu`. 250m: 512Mi, 1Gi, 2Gi; 500m: 1Gi to 4Gi;
    /// 1: 2Gi to 8Gi; 2: 4Gi to 16Gi; 4: 8Gi to 30Gi, each in steps of 1Gi; 8: 16Gi to 60Gi in steps of 4Gi;
    /// 16: 32Gi to 120Gi in steps of 8Gi. Default: `4Gi`. Example: `8Gi`.
    #[schemars(schema_with = "fargate::memory_schema")]
    pub memory: Quantity,

    /// Processor architecture of the task, `amd64` or `arm64`; the image must exist for it. Default: `amd64`.
    /// Example: `arm64`.
    pub architecture: Architecture,

    /// Options of the Java virtual machine that runs Jenkins, one item for each; up to 50, each beginning with `-`.
    /// Default: `["-XX:MaxRAMPercentage=50.0"]`. Example: `["-Xmx3g", "-Dhudson.model.UpdateCenter.never=true"]`.
    #[schemars(length(max = 50), inner(regex(pattern = r"^-[^\s]+$"), length(max = 512)))]
    pub java_options: Vec<String>,

    /// Environment variables of Jenkins that are not secret; up to 100, each name once. Default: none.
    /// Example: `[{name: TZ, value: Europe/Vienna}]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub env: Vec<EnvVar>,

    /// Environment variables of Jenkins that are secret; up to 50, each name once. A new value reaches Jenkins when the
    /// task starts anew. Default: none.
    /// Example: `[{name: GITHUB_TOKEN, valueFrom: {secretKeyRef: {name: github, key: token}}}]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub secrets: Vec<SecretEnvVar>,

    /// Local disk of the task as a quantity in `Gi`, from `20Gi` to `200Gi`; it is lost when the task stops.
    /// Default: `20Gi`. Example: `50Gi`.
    #[schemars(schema_with = "fargate::disk_schema")]
    #[x_kube(validation = fargate::disk_rule())]
    pub ephemeral_storage: Quantity,

    /// How long Jenkins may take to stop before it is killed, in seconds, 2 to 120. Default: `120`. Example: `60`.
    #[schemars(range(min = 2, max = 120))]
    pub stop_timeout_seconds: i32,

    /// How long Jenkins may take to start before failed health checks count, in seconds, 0 to 7200.
    /// Default: `600`. Example: `900`.
    #[schemars(range(min = 0, max = 7200))]
    pub grace_period_seconds: i32,

    /// Name of an existing ECS cluster, in the account and region of the stack, to run the task in; the operator does
    /// not change it. Default: the operator makes a cluster for the stack. Example: `build`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]+$"), length(max = 255))]
    pub existing_cluster: Option<String>,

    /// ARNs of managed IAM policies for the task role, that is for Jenkins itself; up to 10, each once. The operator's
    /// own permissions must allow it to attach them. Default: none.
    /// Example: `[arn:aws:iam::123456789012:policy/jenkins-deploy]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(regex(pattern = schema::POLICY_ARN), length(max = schema::ARN_LENGTH)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub task_role_policy_arns: Vec<String>,

    /// Whether ECS Exec, a shell in the running task, is allowed. Works for tasks that start after the change.
    /// Default: `Disabled`. Example: `Enabled`.
    pub ecs_exec: Switch,
}

impl Default for ControllerSpec {
    fn default() -> Self {
        Self {
            image: "jenkins/jenkins:lts".to_owned(),
            cpu: Quantity("2".to_owned()),
            memory: Quantity("4Gi".to_owned()),
            architecture: Architecture::Amd64,
            java_options: vec!["-XX:MaxRAMPercentage=50.0".to_owned()],
            env: Vec::new(),
            secrets: Vec::new(),
            ephemeral_storage: Quantity("20Gi".to_owned()),
            stop_timeout_seconds: 120,
            grace_period_seconds: 600,
            existing_cluster: None,
            task_role_policy_arns: Vec::new(),
            ecs_exec: Switch::Disabled,
        }
    }
}

impl ControllerSpec {
    /// The size of the task.
    ///
    /// # Errors
    /// When `cpu` and `memory` are not a pair that Fargate has; admission refuses such a spec.
    pub fn size(&self) -> Result<Size, SizeError> {
        Size::parse(&self.cpu, &self.memory)
    }

    /// The local disk of the task, in GiB.
    ///
    /// # Errors
    /// When `ephemeralStorage` is not between 20Gi and 200Gi; admission refuses such a spec.
    pub fn disk_gib(&self) -> Result<i32, SizeError> {
        fargate::disk_gib(&self.ephemeral_storage)
    }
}

/// Processor architecture, by its Kubernetes name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Intel and AMD; `X86_64` in Amazon ECS.
    Amd64,
    /// AWS Graviton; `ARM64` in Amazon ECS.
    Arm64,
}

/// An environment variable with its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvVar {
    /// Name of the variable. Required; letters, digits and `_`, not one that the operator sets. Example: `TZ`.
    #[schemars(regex(pattern = schema::ENV_NAME), length(max = 128))]
    #[x_kube(validation = env_name_rule())]
    pub name: String,
    /// Value of the variable, up to 4096 characters. Required. Example: `Europe/Vienna`.
    #[schemars(length(max = 4096))]
    pub value: String,
}

/// An environment variable whose value lies elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretEnvVar {
    /// Name of the variable. Required; letters, digits and `_`, not one that the operator sets.
    /// Example: `GITHUB_TOKEN`.
    #[schemars(regex(pattern = schema::ENV_NAME), length(max = 128))]
    #[x_kube(validation = env_name_rule())]
    pub name: String,
    /// Where the value comes from: exactly one of `secretKeyRef`, `secretsManager` and `parameter`. Required.
    /// Example: `{secretKeyRef: {name: github, key: token}}`.
    pub value_from: SecretSource,
}

fn env_name_rule() -> Rule {
    let prefixes: String = RESERVED_ENV_PREFIXES.iter().map(|p| format!(" && !self.startsWith('{p}')")).collect();
    Rule::new(format!("!(self in {RESERVED_ENV:?}){prefixes}")).message(
        "this variable is set by the operator, the image or Amazon ECS: use controller.javaOptions for Java options and endpoint.pathPrefix for the prefix, or choose another name",
    )
}
