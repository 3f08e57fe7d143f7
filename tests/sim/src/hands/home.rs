//! The file system, its policy and backups, mount targets and the access point.

use super::{Desk, Hand, hand, tag};
use serde_json::{Value, json};

const HOME: &str = "file-system";
const POINT: &str = "access-point";
const TARGET: &str = "mount-target/eu-central-1b";

pub(super) fn hands() -> Vec<Hand> {
    vec![
        // UpdateFileSystem, Amazon EFS API Reference.
        hand("file_system", "throughputMode", |at| {
            on_home(at, "UpdateFileSystem", json!({"ThroughputMode": "bursting"}))
        })
        .once_a_day(),
        hand("file_system", "lifecyclePolicies", |at| {
            let policies = json!([{"TransitionToIA": "AFTER_7_DAYS"}]);
            on_home(at, "PutLifecycleConfiguration", json!({"LifecyclePolicies": policies}))
        }),
        hand("file_system", "tags", |at| {
            at.call("efs", "TagResource", json!({"ResourceId": at.id(HOME)?, "Tags": tag("team", "theirs")}))
        }),
        hand("file_system_policy", "policy", |at| {
            let statement = json!({
                "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount", "Resource": "*",
            });
            let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            on_home(at, "PutFileSystemPolicy", json!({"Policy": document, "BypassPolicyLockoutSafetyCheck": true}))
        }),
        hand("file_system_policy", "gone", |at| on_home(at, "DeleteFileSystemPolicy", json!({}))),
        hand("backup_policy", "status", |at| {
            on_home(at, "PutBackupPolicy", json!({"BackupPolicy": {"Status": "DISABLED"}}))
        }),
        hand("mount_target", "securityGroups", |at| {
            let (target, group) = (at.id(TARGET)?, &at.stage.user.groups[0]);
            let input = json!({"MountTargetId": target, "SecurityGroups": [group]});
            at.call("efs", "ModifyMountTargetSecurityGroups", input)
        }),
        hand("mount_target", "gone", |at| {
            at.call("efs", "DeleteMountTarget", json!({"MountTargetId": at.id(TARGET)?}))
        })
        .anew(&[TARGET]),
        hand("access_point", "tags", |at| {
            at.call("efs", "UntagResource", json!({"ResourceId": at.id(POINT)?, "TagKeys": ["team"]}))
        }),
        hand("access_point", "gone", |at| at.call("efs", "DeleteAccessPoint", json!({"AccessPointId": at.id(POINT)?})))
            .anew(&[POINT, "task-definition"]),
    ]
}

fn on_home(at: &Desk<'_>, operation: &str, mut input: Value) -> anyhow::Result<Value> {
    input["FileSystemId"] = json!(at.id(HOME)?);
    at.call("efs", operation, input)
}
