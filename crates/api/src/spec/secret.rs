//! Where secret values come from. No value is ever part of the object, only the place where it lies.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// Where the value of a secret environment variable comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretSource {
    /// A key of a Kubernetes Secret; the operator copies its value to AWS Secrets Manager, from where the task reads it.
    /// Required unless an alternative is set. Example: `{name: github, key: token}`.
    SecretKeyRef(SecretKeyRef),
    /// A secret in AWS Secrets Manager, read by the task when it starts. Required unless an alternative is set.
    /// Example: `{arn: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:github-AbCdEf", key: token}`.
    SecretsManager(SecretsManagerRef),
    /// A parameter of AWS Systems Manager (SSM), read by the task when it starts. Required unless an alternative is set.
    /// Example: `{name: /jenkins/github-token}`.
    Parameter(ParameterRef),
}

/// Where the OIDC client secret comes from. The load balancer must be given its value, so the operator reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClientSecretSource {
    /// A key of a Kubernetes Secret. Required unless `secretsManager` is set.
    /// Example: `{name: jenkins-oidc, key: clientSecret}`.
    SecretKeyRef(SecretKeyRef),
    /// A secret in AWS Secrets Manager. Required unless `secretKeyRef` is set.
    /// Example: `{arn: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jenkins/oidc-AbCdEf", key: clientSecret}`.
    SecretsManager(ClientSecretRef),
}

/// A key of a Kubernetes Secret in the namespace of the stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the Secret, in the namespace of the stack. Required. Example: `jenkins-oidc`.
    #[schemars(regex(pattern = schema::SECRET_NAME), length(max = 253))]
    pub name: String,
    /// Key in the Secret's data. Required. Example: `clientSecret`.
    #[schemars(regex(pattern = schema::SECRET_KEY), length(max = 253))]
    pub key: String,
}

/// A secret in AWS Secrets Manager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretsManagerRef {
    /// ARN of the secret. Required.
    /// Example: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:jenkins/oidc-AbCdEf`.
    #[schemars(regex(pattern = schema::SECRET_ARN), length(max = schema::SECRET_ARN_LENGTH))]
    pub arn: String,
    /// Key in the secret's JSON text. Default: the whole text of the secret. Example: `clientSecret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[^:]+$"), length(min = 1, max = 128))]
    pub key: Option<String>,
    /// ARN of the KMS key that the secret is encrypted with, so that its reader may decrypt it.
    /// Default: AWS's own key, which needs no permission.
    /// Example: `arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = schema::KMS_KEY_ARN), length(max = schema::ARN_LENGTH))]
    pub kms_key_arn: Option<String>,
}

/// A secret in AWS Secrets Manager that the operator reads: it must be tagged `jenkinsstack.io/shared-with` with the name of
/// the cluster. Whatever key encrypts it, the operator's policy lets it decrypt what Secrets Manager shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecretRef {
    /// ARN of the secret. Required.
    /// Example: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:jenkins/oidc-AbCdEf`.
    #[schemars(regex(pattern = schema::SECRET_ARN), length(max = schema::SECRET_ARN_LENGTH))]
    pub arn: String,
    /// Key in the secret's JSON text. Default: the whole text of the secret. Example: `clientSecret`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[^:]+$"), length(min = 1, max = 128))]
    pub key: Option<String>,
}

/// A parameter of AWS Systems Manager in the account and region of the stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParameterRef {
    /// Name of the parameter, in the account and region of the stack. Required. Example: `/jenkins/github-token`.
    #[schemars(regex(pattern = schema::PARAMETER_NAME), length(max = 1011))]
    pub name: String,
    /// ARN of the KMS key that the parameter is encrypted with, so that its reader may decrypt it.
    /// Default: AWS's own key, which needs no permission.
    /// Example: `arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = schema::KMS_KEY_ARN), length(max = schema::ARN_LENGTH))]
    pub kms_key_arn: Option<String>,
}
