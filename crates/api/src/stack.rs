//! The root object `JenkinsStack` and the rules across the areas of its spec.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    spec::{AuthSpec, AwsSpec, ControllerSpec, EndpointSpec, LogsSpec, NetworkSpec, StorageSpec},
    status::JenkinsStackStatus,
};

/// A whole Jenkins on AWS: the controller as one task on ECS Fargate, its home on EFS, and an Application Load Balancer
/// with single sign-on in front.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "jenkinsstack.io",
    version = "v1alpha1",
    kind = "JenkinsStack",
    namespaced,
    shortname = "jks",
    category = "aws",
    status = "JenkinsStackStatus",
    derive = "PartialEq",
    doc = "A whole Jenkins on AWS: the controller as one task on ECS Fargate, its home on EFS, and an Application Load Balancer with single sign-on in front.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.endpoints.url"),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Region", type_ = "string", json_path = ".spec.aws.region", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = Rule::new("size(self.metadata.name) <= 52 && !self.metadata.name.contains('.')").message(
        "the name goes into names on AWS: at most 52 lower-case letters, digits and dashes"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(
    "!has(self.auth.oidc) || has(self.endpoint.certificateArn) || (has(self.endpoint.existingListener) && self.endpoint.existingListener.protocol == 'HTTPS')"
).message(
    "auth.oidc needs an HTTPS listener: set endpoint.host and endpoint.certificateArn, or an endpoint.existingListener with protocol HTTPS"
))]
#[x_kube(validation = Rule::new("!has(self.auth.oidc) || has(self.endpoint.host)").message(
    "auth.oidc needs endpoint.host: the provider sends the browser back to that name"
))]
#[x_kube(validation = Rule::new(
    "!has(self.auth.oidc) || !has(self.auth.oidc.openPaths) || !has(self.endpoint.existingListener) || self.auth.oidc.openPaths.map(o, size(o.paths) * ((size(o.sourceCidrs) + 2) / 3)).sum() < self.endpoint.existingListener.priority"
).message(
    "auth.oidc.openPaths takes the priorities right below endpoint.existingListener.priority (one for each path and every three networks): choose a higher priority"
))]
#[x_kube(validation = Rule::new(
    "!has(self.auth.oidc) || !has(self.auth.oidc.openPaths) || !has(self.endpoint.pathPrefix) || self.auth.oidc.openPaths.all(o, o.paths.all(p, p.startsWith(self.endpoint.pathPrefix + '/')))"
).message("each path of auth.oidc.openPaths must begin with endpoint.pathPrefix, as the client sends it"))]
#[x_kube(validation = Rule::new(
    "!has(self.auth.oidc) || !has(self.auth.oidc.openPaths) || !has(self.endpoint.pathPrefix) || self.auth.oidc.openPaths.all(o, o.paths.all(p, !p.startsWith(self.endpoint.pathPrefix) || !p.substring(size(self.endpoint.pathPrefix)).matches('^[/*?]*$')))"
).message(
    "auth.oidc.openPaths must not open all of Jenkins behind endpoint.pathPrefix: name the paths of the webhooks"
))]
#[x_kube(validation = Rule::new(
    "!has(self.endpoint.certificateArn) || self.endpoint.certificateArn.contains(':' + self.aws.region + ':')"
).message("endpoint.certificateArn is of another region: use a certificate in aws.region"))]
#[x_kube(validation = Rule::new(
    "!has(self.endpoint.existingListener) || self.endpoint.existingListener.arn.contains(':' + self.aws.region + ':')"
).message("endpoint.existingListener.arn is of another region: use a listener in aws.region"))]
#[x_kube(validation = Rule::new(
    "!has(self.storage.kmsKeyArn) || self.storage.kmsKeyArn.contains(':' + self.aws.region + ':')"
).message("storage.kmsKeyArn is of another region: use a key in aws.region"))]
#[x_kube(validation = Rule::new(
    "!has(self.logs.kmsKeyArn) || self.logs.kmsKeyArn.contains(':' + self.aws.region + ':')"
).message("logs.kmsKeyArn is of another region: use a key in aws.region"))]
#[x_kube(validation = Rule::new("self.deletionPolicy != 'Orphan' || self.storage.onDelete != 'Destroy'").message(
    "deletionPolicy Orphan keeps everything, so storage.onDelete Destroy cannot act: change one of them"
))]
pub struct JenkinsStackSpec {
    /// Where on AWS the stack lives and how its resources are tagged. Required. Example: `{region: eu-central-1}`.
    pub aws: AwsSpec,

    /// The VPC, its subnets and the way out. Default: found by tags.
    /// Example: `{vpc: {id: vpc-0123456789abcdef0}, assignPublicIp: Disabled}`.
    #[serde(default)]
    pub network: NetworkSpec,

    /// The Jenkins controller: image, size, environment. Default: `jenkins/jenkins:lts` with 2 vCPU and 4 GiB.
    /// Example: `{image: "jenkins/jenkins:lts-jdk21", cpu: 4, memory: 8Gi}`.
    #[serde(default)]
    pub controller: ControllerSpec,

    /// The file system that holds the Jenkins home. Default: one of its own, encrypted, backed up each day and kept when
    /// the stack is deleted. Example: `{throughputMode: Elastic, onDelete: Retain}`.
    #[serde(default)]
    pub storage: StorageSpec,

    /// How browsers and webhooks reach Jenkins. Default: a load balancer of its own, with HTTP on port 80.
    /// Example: `{host: jenkins.example.com, allowedCidrs: [203.0.113.0/24]}`.
    #[serde(default)]
    pub endpoint: EndpointSpec,

    /// The login in front of Jenkins. Default: none, so that Jenkins' own login is the only one.
    /// Example: `{oidc: {issuer: "https://example.okta.com", clientId: jenkins, clientSecret: {…}}}`.
    #[serde(default)]
    pub auth: AuthSpec,

    /// The log of the Jenkins task. Default: kept for 30 days. Example: `{retentionDays: 365}`.
    #[serde(default)]
    pub logs: LogsSpec,

    /// Whether the operator pauses: `true` means that it changes nothing on AWS for this stack, except when the stack is
    /// deleted; Jenkins goes on as it is. Default: `false`. Example: `true`.
    #[serde(default)]
    pub suspend: bool,

    /// What happens on AWS when the stack is deleted: `Delete` deletes all resources, the file system as
    /// `storage.onDelete` says; `Orphan` leaves everything running. Default: `Delete`. Example: `Orphan`.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// What happens on AWS when the stack is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// All resources are deleted, the file system as `storage.onDelete` says.
    #[default]
    Delete,
    /// Everything is left running.
    Orphan,
}
