//! `spec.storage`.

use crate::row::{Effect, Row, field, in_place, revised};
use jenkinsstack_sim::Stage;
use serde_json::{Value, json};

pub(crate) fn rows(stage: &Stage) -> Vec<Row> {
    [home(stage), existing(stage), access_point()].concat()
}

fn of_home(member: &str, before: impl Into<Value>, after: impl Into<Value>) -> Effect {
    in_place("file-system", member, before, after)
}

fn home(stage: &Stage) -> Vec<Row> {
    let [one, other] = stage.user.keys.each_ref().map(String::as_str);
    let lifecycle = json!({"storage": {"lifecycle": {"infrequentAccessAfterDays": 30, "archiveAfterDays": 90}}});
    vec![
        field("storage.throughputMode", "Elastic", "Bursting").changes([of_home(
            "ThroughputMode",
            "elastic",
            "bursting",
        )]),
        field("storage.provisionedThroughputMibps", 64, 128)
            .given(json!({"storage": {"throughputMode": "Provisioned"}}))
            .changes([of_home("ProvisionedThroughputInMibps", 64.0, 128.0)]),
        field("storage.encryption", "Enabled", "Disabled")
            .fixed("encryption.yaml", [of_home("Encrypted", true, false)]),
        field("storage.kmsKeyArn", one, other).fixed("kms-key-changed.yaml", [of_home("KmsKeyId", one, other)]),
        field("storage.lifecycle.infrequentAccessAfterDays", 30, 60).given(lifecycle.clone()).changes([of_home(
            "LifecyclePolicies/*/TransitionToIA",
            json!(["AFTER_30_DAYS"]),
            json!(["AFTER_60_DAYS"]),
        )]),
        field("storage.lifecycle.archiveAfterDays", 90, 180).given(lifecycle).changes([of_home(
            "LifecyclePolicies/*/TransitionToArchive",
            json!(["AFTER_90_DAYS"]),
            json!(["AFTER_180_DAYS"]),
        )]),
        field("storage.backups", "Enabled", "Disabled").changes([of_home("BackupPolicy", "ENABLED", "DISABLED")]),
        field("storage.onDelete", "Retain", "Destroy")
            .told("tests/e2e/tests/stories/leave.rs", "fn destroy_leaves_nothing("),
    ]
}

/// On a file system of the user's, the task mounts that one.
fn existing(stage: &Stage) -> Vec<Row> {
    let [one, other] = &stage.user.homes;
    let volume = |member: &str, before: &str, after: &str| {
        revised(format!("volumes/name=home/efsVolumeConfiguration/{member}"), before, after)
    };
    vec![
        field("storage.existing.fileSystemId", one.id.as_str(), other.id.as_str())
            .fixed("file-system-other.yaml", [volume("fileSystemId", &one.id, &other.id)]),
        field("storage.existing.accessPointId", one.access_points[0].as_str(), one.access_points[1].as_str())
            .given(json!({"storage": {"existing": {"fileSystemId": one.id}}}))
            .fixed(
                "access-point-id-added.yaml",
                [volume("authorizationConfig/accessPointId", &one.access_points[0], &one.access_points[1])],
            ),
    ]
}

fn access_point() -> Vec<Row> {
    let point = |member: &str, before: Value, after: Value| [in_place("access-point", member, before, after)];
    vec![
        field("storage.accessPoint.path", "/jenkins", "/teams/build")
            .fixed("access-point-path.yaml", point("RootDirectory/Path", json!("/jenkins"), json!("/teams/build"))),
        field("storage.accessPoint.uid", 1000, 2000)
            .fixed("access-point-uid.yaml", point("PosixUser/Uid", json!(1000), json!(2000))),
        field("storage.accessPoint.gid", 1000, 2000)
            .fixed("access-point-gid.yaml", point("PosixUser/Gid", json!(1000), json!(2000))),
        field("storage.accessPoint.permissions", "0750", "0755").fixed(
            "access-point-permissions.yaml",
            point("RootDirectory/CreationInfo/Permissions", json!("0750"), json!("0755")),
        ),
    ]
}
