//! Automatic backups, lifecycle management, replication.

use super::common::{described, file_system, made, young};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn put(lab: &Lab, id: &str, policies: Value) -> jenkinsstack_cloud::Answer {
    lab.call("efs", "PutLifecycleConfiguration", json!({"FileSystemId": id, "LifecyclePolicies": policies}))
}

fn backup(lab: &Lab, id: &str) -> Value {
    lab.ok("efs", "DescribeBackupPolicy", json!({"FileSystemId": id}))["BackupPolicy"]["Status"].clone()
}

#[tokio::test(start_paused = true)]
async fn backups_are_switched_on_and_off_in_steps() {
    rule!(
        "EFS",
        "Automatic backups are ENABLING, then ENABLED, and DISABLING, then DISABLED",
        "Amazon EFS API Reference, BackupPolicy"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    for (status, doing) in [("ENABLED", "ENABLING"), ("DISABLED", "DISABLING")] {
        let input = json!({"FileSystemId": id, "BackupPolicy": {"Status": status}});
        assert_eq!(lab.ok("efs", "PutBackupPolicy", input)["BackupPolicy"]["Status"], doing);
        lab.wait(30).await;
        assert_eq!(backup(&lab, &id), status);
    }
    let input = json!({"FileSystemId": id, "BackupPolicy": {"Status": "ENABLING"}});
    lab.refused("efs", "PutBackupPolicy", input, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn backups_show_in_a_system_tag() {
    rule!(
        "EFS",
        "A file system with automatic backups has the tag aws:elasticfilesystem:default-backup, which nobody can remove",
        "Amazon EFS User Guide, Automatic backups"
    );
    let lab = Lab::new();
    let id = made(&lab, json!({"Backup": true})).await;
    let tag = json!({"Key": "aws:elasticfilesystem:default-backup", "Value": "enabled"});
    assert_eq!(described(&lab, &id)["Tags"], json!([tag]));
    let input = json!({"ResourceId": id, "TagKeys": [tag["Key"]]});
    lab.refused("efs", "UntagResource", input, "BadRequest");
    lab.ok("efs", "PutBackupPolicy", json!({"FileSystemId": id, "BackupPolicy": {"Status": "DISABLED"}}));
    assert_eq!(described(&lab, &id)["Tags"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_backup_policy_that_was_never_set_is_not_found() {
    rule!(
        "EFS",
        "A backup policy that was never set is not found",
        "Amazon EFS API Reference, DescribeBackupPolicy, PolicyNotFound"
    );
    let lab = Lab::new();
    let input = json!({"FileSystemId": file_system(&lab).await});
    assert_eq!(lab.refused("efs", "DescribeBackupPolicy", input, "PolicyNotFound").status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_lifecycle_configuration_is_replaced() {
    rule!(
        "EFS",
        "A lifecycle configuration is replaced as a whole, and deleted by an empty one",
        "Amazon EFS API Reference, PutLifecycleConfiguration"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let describe =
        || lab.ok("efs", "DescribeLifecycleConfiguration", json!({"FileSystemId": id}))["LifecyclePolicies"].clone();
    assert_eq!(describe(), json!([]));
    let both = json!([{"TransitionToIA": "AFTER_30_DAYS"}, {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"}]);
    for policies in [both, json!([{"TransitionToIA": "AFTER_7_DAYS"}]), json!([])] {
        put(&lab, &id, policies.clone()).expect("a good configuration");
        assert_eq!(describe(), policies);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lifecycle_policy_has_one_transition() {
    rule!(
        "EFS",
        "Each lifecycle policy has exactly one transition, and each transition is there once",
        "Amazon EFS API Reference, LifecyclePolicy"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let two = json!([{"TransitionToIA": "AFTER_30_DAYS", "TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"}]);
    let twice = json!([{"TransitionToIA": "AFTER_30_DAYS"}, {"TransitionToIA": "AFTER_7_DAYS"}]);
    for policies in [two, twice, json!([{}])] {
        let refusal = put(&lab, &id, policies).expect_err("a malformed policy");
        assert_eq!(refusal.code, "BadRequest");
        assert_eq!(refusal.message, "One or more LifecyclePolicy objects specified are malformed.");
    }
}

#[tokio::test(start_paused = true)]
async fn archive_needs_elastic_throughput() {
    rule!(
        "EFS",
        "Files go to Archive in file systems with elastic throughput only, and later than to Infrequent Access",
        "Amazon EFS API Reference, PutLifecycleConfiguration"
    );
    let lab = Lab::new();
    let (plain, elastic) =
        (file_system(&lab).await, made(&lab, json!({"CreationToken": "e", "ThroughputMode": "elastic"})).await);
    let days = |rare: u32, archive: u32| json!([{"TransitionToIA": format!("AFTER_{rare}_DAYS")}, {"TransitionToArchive": format!("AFTER_{archive}_DAYS")}]);
    assert_eq!(put(&lab, &plain, days(30, 90)).expect_err("no Archive").code, "BadRequest");
    assert_eq!(put(&lab, &elastic, days(30, 30)).expect_err("too early").code, "BadRequest");
    put(&lab, &elastic, days(30, 90)).expect("a good configuration");
    let update = json!({"FileSystemId": elastic, "ThroughputMode": "bursting"});
    lab.refused("efs", "UpdateFileSystem", update, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn settings_wait_for_the_file_system() {
    rule!(
        "EFS",
        "Policies and lifecycle of a file system that is still creating can't be set",
        "Amazon EFS API Reference, IncorrectFileSystemLifeCycleState"
    );
    let lab = Lab::new();
    let id = young(&lab, "home");
    let code = "IncorrectFileSystemLifeCycleState";
    lab.refused("efs", "PutLifecycleConfiguration", json!({"FileSystemId": id, "LifecyclePolicies": []}), code);
    lab.refused("efs", "PutBackupPolicy", json!({"FileSystemId": id, "BackupPolicy": {"Status": "ENABLED"}}), code);
    lab.refused("efs", "PutFileSystemPolicy", json!({"FileSystemId": id, "Policy": "{}"}), code);
    lab.refused("efs", "DeleteFileSystemPolicy", json!({"FileSystemId": id}), code);
}

#[tokio::test(start_paused = true)]
async fn a_file_system_without_replication_says_so() {
    rule!(
        "EFS",
        "The replication of a file system that has none is not found",
        "Amazon EFS API Reference, DescribeReplicationConfigurations, ReplicationNotFound"
    );
    let lab = Lab::new();
    let input = json!({"FileSystemId": file_system(&lab).await});
    lab.refused("efs", "DescribeReplicationConfigurations", input, "ReplicationNotFound");
}
