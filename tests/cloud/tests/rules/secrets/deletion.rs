//! Deletion and restoration.

use super::{described, secret, token, value};
use crate::lab::Lab;
use crate::rule;
use serde_json::json;

const DAY: u64 = 24 * 3600;

#[tokio::test(start_paused = true)]
async fn a_deleted_secret_keeps_its_name_for_the_recovery_window() {
    rule!(
        "Secrets Manager",
        "The name of a deleted secret is reserved until the recovery window, 30 days unless told otherwise, is over",
        "AWS Secrets Manager API Reference, DeleteSecret, RecoveryWindowInDays"
    );
    let lab = Lab::new();
    secret(&lab);
    let answer = lab.ok("secretsmanager", "DeleteSecret", json!({"SecretId": "jenkins/admin"}));
    assert_eq!(answer["DeletionDate"], 1_767_225_600.0 + (30 * DAY) as f64);
    lab.wait(30 * DAY - 60).await;
    let input = json!({"Name": "jenkins/admin", "SecretString": "hunter2", "ClientRequestToken": token(1)});
    let refusal = lab.refused("secretsmanager", "CreateSecret", input.clone(), "InvalidRequestException");
    let text = "You can't create this secret because a secret with this name is already scheduled for deletion.";
    assert_eq!(refusal.message, text);
    lab.wait(120).await;
    lab.refused("secretsmanager", "DescribeSecret", json!({"SecretId": "jenkins/admin"}), "ResourceNotFoundException");
    lab.ok("secretsmanager", "CreateSecret", input);
}

#[tokio::test(start_paused = true)]
async fn a_recovery_window_is_7_to_30_days() {
    rule!(
        "Secrets Manager",
        "A recovery window under 7 or over 30 days is refused, and one together with a forced deletion",
        "AWS Secrets Manager API Reference, DeleteSecret"
    );
    let lab = Lab::new();
    secret(&lab);
    for days in [6, 31] {
        let input = json!({"SecretId": "jenkins/admin", "RecoveryWindowInDays": days});
        lab.refused("secretsmanager", "DeleteSecret", input, "InvalidParameterException");
    }
    let both = json!({"SecretId": "jenkins/admin", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true});
    lab.refused("secretsmanager", "DeleteSecret", both, "InvalidParameterException");
    lab.ok("secretsmanager", "DeleteSecret", json!({"SecretId": "jenkins/admin", "RecoveryWindowInDays": 7}));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_secret_is_described_but_not_used() {
    rule!(
        "Secrets Manager",
        "A secret marked for deletion is described with its DeletedDate, and refuses everything else but its restoration",
        "AWS Secrets Manager API Reference, GetSecretValue, InvalidRequestException"
    );
    let lab = Lab::new();
    secret(&lab);
    lab.ok("secretsmanager", "DeleteSecret", json!({"SecretId": "jenkins/admin"}));
    assert!(described(&lab)["DeletedDate"].is_number());
    for (operation, more) in [
        ("GetSecretValue", json!({})),
        ("PutSecretValue", json!({"SecretString": "x"})),
        ("UpdateSecret", json!({"Description": "x"})),
        ("TagResource", json!({"Tags": [{"Key": "a", "Value": "b"}]})),
        ("DeleteSecret", json!({})),
    ] {
        let mut input = json!({"SecretId": "jenkins/admin"});
        input.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        lab.refused("secretsmanager", operation, input, "InvalidRequestException");
    }
}

#[tokio::test(start_paused = true)]
async fn a_restored_secret_is_as_before() {
    rule!(
        "Secrets Manager",
        "A restored secret has its value again and outlives the recovery window",
        "AWS Secrets Manager API Reference, RestoreSecret"
    );
    let lab = Lab::new();
    secret(&lab);
    lab.ok("secretsmanager", "DeleteSecret", json!({"SecretId": "jenkins/admin", "RecoveryWindowInDays": 7}));
    lab.ok("secretsmanager", "RestoreSecret", json!({"SecretId": "jenkins/admin"}));
    assert!(described(&lab)["DeletedDate"].is_null());
    lab.wait(8 * DAY).await;
    assert_eq!(value(&lab), "hunter2");
}

#[tokio::test(start_paused = true)]
async fn a_forced_deletion_frees_the_name_after_a_moment() {
    rule!(
        "Secrets Manager",
        "After a forced deletion the name is reserved for a short delay, also where the secret was marked for deletion before",
        "AWS Secrets Manager API Reference, DeleteSecret, ForceDeleteWithoutRecovery"
    );
    let lab = Lab::new();
    let first = secret(&lab);
    lab.ok("secretsmanager", "DeleteSecret", json!({"SecretId": "jenkins/admin"}));
    let force = json!({"SecretId": "jenkins/admin", "ForceDeleteWithoutRecovery": true});
    lab.ok("secretsmanager", "DeleteSecret", force);
    lab.refused("secretsmanager", "CreateSecret", json!({"Name": "jenkins/admin"}), "InvalidRequestException");
    lab.wait(20).await;
    assert_ne!(secret(&lab)["ARN"], first["ARN"]);
    lab.wait(31 * DAY).await;
    assert_eq!(value(&lab), "hunter2");
}

#[tokio::test(start_paused = true)]
async fn a_forced_deletion_of_nothing_succeeds() {
    rule!(
        "Secrets Manager",
        "A forced deletion of a secret that does not exist succeeds",
        "AWS Secrets Manager API Reference, DeleteSecret, ForceDeleteWithoutRecovery"
    );
    let lab = Lab::new();
    let force = json!({"SecretId": "jenkins/admin", "ForceDeleteWithoutRecovery": true});
    assert_eq!(lab.ok("secretsmanager", "DeleteSecret", force)["Name"], "jenkins/admin");
}
