//! Roles, secrets and the log group.

use super::{Desk, Hand, hand};
use crate::spec::OTHER_SECRET;
use serde_json::{Value, json};

const ROLE: &str = "task-role";
const SECRET: &str = "secret/TOKEN";
const LOGS: &str = "log-group";

pub(super) fn hands() -> Vec<Hand> {
    [role(), secret(), log_group()].concat()
}

fn role() -> Vec<Hand> {
    vec![
        hand("role", "trustPolicy", |at| {
            let document = document(json!({"Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}));
            on_role(at, "UpdateAssumeRolePolicy", json!({"PolicyDocument": document}))
        }),
        hand("role", "inlinePolicies", |at| {
            let document = document(json!({"Action": "s3:*", "Resource": "*"}));
            on_role(at, "PutRolePolicy", json!({"PolicyName": ROLE, "PolicyDocument": document}))?;
            on_role(at, "PutRolePolicy", json!({"PolicyName": "theirs", "PolicyDocument": document}))
        }),
        hand("role", "managedPolicies", |at| {
            on_role(at, "AttachRolePolicy", json!({"PolicyArn": at.stage.user.policies[0]}))
        }),
        hand("role", "tags", |at| on_role(at, "UntagRole", json!({"TagKeys": ["team"]}))),
    ]
}

fn on_role(at: &Desk<'_>, operation: &str, mut input: Value) -> anyhow::Result<Value> {
    input["RoleName"] = json!(at.id(ROLE)?);
    at.call("iam", operation, input)
}

fn document(mut statement: Value) -> String {
    statement["Effect"] = json!("Allow");
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn secret() -> Vec<Hand> {
    vec![
        hand("secret", "deleted", |at| on_secret(at, "DeleteSecret", json!({"RecoveryWindowInDays": 7}))),
        hand("secret", "description", |at| on_secret(at, "UpdateSecret", json!({"Description": "theirs"}))),
        hand("secret", "fingerprint", |at| {
            let input = json!({"SecretString": OTHER_SECRET, "ClientRequestToken": "theirs-theirs-theirs-theirs-0001"});
            on_secret(at, "PutSecretValue", input)
        }),
        hand("secret", "kmsKeyId", |at| on_secret(at, "UpdateSecret", json!({"KmsKeyId": at.stage.user.keys[0]}))),
        hand("secret", "tags", |at| on_secret(at, "UntagResource", json!({"TagKeys": ["team"]}))),
    ]
}

fn on_secret(at: &Desk<'_>, operation: &str, mut input: Value) -> anyhow::Result<Value> {
    input["SecretId"] = json!(at.arn(SECRET)?);
    at.call("secretsmanager", operation, input)
}

fn log_group() -> Vec<Hand> {
    vec![
        hand("log_group", "retentionInDays", |at| {
            at.call("logs", "DeleteRetentionPolicy", json!({"logGroupName": at.id(LOGS)?}))
        }),
        hand("log_group", "kmsKeyId", |at| {
            let input = json!({"logGroupName": at.id(LOGS)?, "kmsKeyId": at.stage.user.keys[1]});
            at.call("logs", "AssociateKmsKey", input)
        }),
        hand("log_group", "tags", |at| {
            let arn = at.arn(LOGS)?.trim_end_matches(":*");
            at.call("logs", "TagResource", json!({"resourceArn": arn, "tags": {"team": "theirs"}}))
        }),
        hand("log_group", "gone", |at| at.call("logs", "DeleteLogGroup", json!({"logGroupName": at.id(LOGS)?}))),
    ]
}
