//! Managed policies of AWS that a stack may meet. Any other ARN of AWS's is not known here.
//!
//! Source: AWS Managed Policy Reference. Of the two policies of AWS Backup only the statements that concern EFS, tags
//! and keys are kept: the rest speaks of services that are not part of this cloud.

use super::{Document, Late, ManagedPolicy, PolicyFacts};
use crate::clock::Time;
use crate::iam::late::Lag;
use crate::world::World;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The managed policy of that ARN: one of the account's, or one of AWS's.
pub fn managed_policy<'w>(world: &'w World, account: &str, arn: &str) -> Option<&'w ManagedPolicy> {
    let own = world.accounts.get(account).and_then(|account| account.iam.policies.get(arn));
    own.or_else(|| AWS.get(arn))
}

/// All policies of AWS that are known here.
pub(super) fn aws_policies<'a>() -> impl Iterator<Item = &'a ManagedPolicy> {
    AWS.values()
}

static AWS: LazyLock<BTreeMap<String, ManagedPolicy>> = LazyLock::new(|| {
    let policies = [
        policy("/service-role/", "AmazonECSTaskExecutionRolePolicy", "ANPAJG4T4G4PV56DE72PY", 1, task_execution()),
        policy("/", "AmazonSSMManagedInstanceCore", "ANPAIXSHM2BNB2D3AXXRU", 2, managed_instance()),
        policy("/service-role/", "AWSBackupServiceRolePolicyForBackup", "ANPAIOOYZSLZZXWFJJ5N2", 29, backup()),
        policy("/service-role/", "AWSBackupServiceRolePolicyForRestores", "ANPAJZCCL6F2WPVOUXZKI", 25, restores()),
    ];
    policies.into_iter().map(|policy| (policy.arn.clone(), policy)).collect()
});

fn policy(path: &str, name: &str, id: &str, version: u32, statements: Value) -> ManagedPolicy {
    let value = json!({"Version": "2012-10-17", "Statement": statements});
    let document = Document::new(&value.to_string(), &value);
    let versions = BTreeMap::from([(version, (document, Time::default()))]);
    let facts = PolicyFacts { versions, default: version, made: version, ..PolicyFacts::default() };
    ManagedPolicy {
        name: name.to_owned(),
        path: path.to_owned(),
        id: id.to_owned(),
        arn: format!("arn:aws:iam::aws:policy{path}{name}"),
        created: Time::default(),
        description: None,
        facts: Late::new(facts, Time::default(), Lag::NONE),
    }
}

fn allow(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

fn task_execution() -> Value {
    let actions = [
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ];
    json!([allow(&actions, "*")])
}

fn managed_instance() -> Value {
    let agent = [
        "ssm:DescribeAssociation",
        "ssm:GetDeployablePatchSnapshotForInstance",
        "ssm:GetDocument",
        "ssm:DescribeDocument",
        "ssm:GetManifest",
        "ssm:GetParameter",
        "ssm:GetParameters",
        "ssm:ListAssociations",
        "ssm:ListInstanceAssociations",
        "ssm:PutInventory",
        "ssm:PutComplianceItems",
        "ssm:PutConfigurePackageResult",
        "ssm:UpdateAssociationStatus",
        "ssm:UpdateInstanceAssociationStatus",
        "ssm:UpdateInstanceInformation",
    ];
    let channels = [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ];
    let messages = [
        "ec2messages:AcknowledgeMessage",
        "ec2messages:DeleteMessage",
        "ec2messages:FailMessage",
        "ec2messages:GetEndpoint",
        "ec2messages:GetMessages",
        "ec2messages:SendReply",
    ];
    json!([allow(&agent, "*"), allow(&channels, "*"), allow(&messages, "*")])
}

fn backup() -> Value {
    let files = ["elasticfilesystem:Backup", "elasticfilesystem:DescribeTags"];
    let vault = ["backup:DescribeBackupVault", "backup:CopyIntoBackupVault"];
    json!([
        allow(&files, "arn:aws:elasticfilesystem:*:*:file-system/*"),
        allow(&vault, "arn:aws:backup:*:*:backup-vault:*"),
        allow(&["backup:CopyFromBackupVault"], "*"),
        allow(&["tag:GetResources"], "*"),
        allow(&["kms:DescribeKey"], "*"),
        key_grant(),
    ])
}

fn restores() -> Value {
    let files = [
        "elasticfilesystem:Restore",
        "elasticfilesystem:CreateFilesystem",
        "elasticfilesystem:DescribeFilesystems",
        "elasticfilesystem:DeleteFilesystem",
        "elasticfilesystem:TagResource",
    ];
    let keys = [
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:ReEncryptTo",
        "kms:ReEncryptFrom",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:DescribeKey",
    ];
    json!([
        allow(&files, "arn:aws:elasticfilesystem:*:*:file-system/*"),
        allow(&["kms:DescribeKey"], "*"),
        {"Effect": "Allow", "Action": keys, "Resource": "*",
            "Condition": {"StringLike": {"kms:ViaService": ["elasticfilesystem.*.amazonaws.com"]}}},
        key_grant(),
    ])
}

fn key_grant() -> Value {
    json!({"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*",
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}})
}
