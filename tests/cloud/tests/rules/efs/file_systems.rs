//! File systems.

use super::common::{Net, access_point, described, file_system, made, target, young};
use crate::lab::Lab;
use crate::rule;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_new_file_system_is_creating_for_seconds() {
    rule!("EFS", "A new file system is creating, then available", "Amazon EFS API Reference, CreateFileSystem");
    let lab = Lab::new();
    let id = young(&lab, "home");
    assert_eq!(described(&lab, &id)["LifeCycleState"], "creating");
    lab.wait(30).await;
    assert_eq!(described(&lab, &id)["LifeCycleState"], "available");
}

#[tokio::test(start_paused = true)]
async fn a_creation_token_used_again_is_refused() {
    rule!(
        "EFS",
        "A creation token used again is refused and names the first file system",
        "Amazon EFS API Reference, CreateFileSystem, FileSystemAlreadyExists"
    );
    let lab = Lab::new();
    let id = young(&lab, "home");
    let refusal = lab.refused("efs", "CreateFileSystem", json!({"CreationToken": "home"}), "FileSystemAlreadyExists");
    assert_eq!(refusal.status, 409);
    assert_eq!(refusal.fields["FileSystemId"], id);
    assert_eq!(refusal.message, format!("File system '{id}' already exists with creation token 'home'"));
}

#[tokio::test(start_paused = true)]
async fn a_creation_token_is_taken_until_the_file_system_is_gone() {
    rule!(
        "EFS",
        "A creation token is taken while its file system is being deleted, and free once it is gone",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    lab.ok("efs", "DeleteFileSystem", json!({"FileSystemId": id}));
    lab.refused("efs", "CreateFileSystem", json!({"CreationToken": "home"}), "FileSystemAlreadyExists");
    lab.wait(30).await;
    assert_ne!(young(&lab, "home"), id);
}

#[tokio::test(start_paused = true)]
async fn settings_that_are_not_given_are_filled_in() {
    rule!(
        "EFS",
        "A file system without settings is generalPurpose, bursting, not encrypted, protected against overwriting by replication",
        "Amazon EFS API Reference, CreateFileSystem"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let found = described(&lab, &id);
    assert_eq!(found["PerformanceMode"], "generalPurpose");
    assert_eq!(found["ThroughputMode"], "bursting");
    assert_eq!(found["Encrypted"], false);
    assert!(found["KmsKeyId"].is_null());
    assert_eq!(found["NumberOfMountTargets"], 0);
    assert!(found["SizeInBytes"]["Value"].as_u64().is_some_and(|size| size > 0));
    assert_eq!(found["FileSystemProtection"]["ReplicationOverwriteProtection"], "ENABLED");
    assert_eq!(found["FileSystemArn"], format!("arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/{id}"));
}

#[tokio::test(start_paused = true)]
async fn an_encrypted_file_system_names_the_default_key() {
    rule!(
        "EFS",
        "An encrypted file system without a key has the ARN of the key aws/elasticfilesystem",
        "Amazon EFS API Reference, CreateFileSystem, KmsKeyId"
    );
    let lab = Lab::new();
    let id = made(&lab, json!({"Encrypted": true})).await;
    let key = described(&lab, &id)["KmsKeyId"].clone();
    assert!(key.as_str().is_some_and(|key| key.starts_with("arn:aws:kms:eu-central-1:111122223333:key/")), "{key}");
}

#[tokio::test(start_paused = true)]
async fn a_key_named_by_alias_is_shown_by_arn() {
    rule!("EFS", "A KMS key named by its alias is shown by its ARN", "observed behaviour (not documented)");
    let lab = Lab::new();
    let key = lab.ok("kms", "CreateKey", json!({}))["KeyMetadata"].clone();
    lab.ok("kms", "CreateAlias", json!({"AliasName": "alias/home", "TargetKeyId": key["KeyId"]}));
    let id = made(&lab, json!({"Encrypted": true, "KmsKeyId": "alias/home"})).await;
    assert_eq!(described(&lab, &id)["KmsKeyId"], key["Arn"]);
    lab.ok("kms", "DisableKey", json!({"KeyId": key["KeyId"]}));
    let input = json!({"CreationToken": "other", "Encrypted": true, "KmsKeyId": "alias/home"});
    lab.refused("efs", "CreateFileSystem", input, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn a_key_needs_encryption() {
    rule!(
        "EFS",
        "A KMS key without Encrypted set to true is refused",
        "Amazon EFS API Reference, CreateFileSystem, KmsKeyId"
    );
    let lab = Lab::new();
    let input = json!({"CreationToken": "home", "KmsKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"});
    lab.refused("efs", "CreateFileSystem", input, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn a_key_must_exist() {
    rule!("EFS", "A KMS key that does not exist is refused", "observed behaviour (not documented)");
    let lab = Lab::new();
    let input = json!({"CreationToken": "home", "Encrypted": true, "KmsKeyId": "alias/nobody"});
    lab.refused("efs", "CreateFileSystem", input, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn provisioned_throughput_needs_an_amount() {
    rule!(
        "EFS",
        "The throughput mode provisioned needs an amount, and no other mode takes one",
        "Amazon EFS API Reference, CreateFileSystem, ProvisionedThroughputInMibps"
    );
    let lab = Lab::new();
    let without = json!({"CreationToken": "a", "ThroughputMode": "provisioned"});
    lab.refused("efs", "CreateFileSystem", without, "BadRequest");
    let stray = json!({"CreationToken": "a", "ThroughputMode": "elastic", "ProvisionedThroughputInMibps": 10.0});
    lab.refused("efs", "CreateFileSystem", stray, "BadRequest");
    let good = json!({"CreationToken": "a", "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 10.0});
    assert_eq!(lab.ok("efs", "CreateFileSystem", good)["ProvisionedThroughputInMibps"], 10.0);
}

#[tokio::test(start_paused = true)]
async fn provisioned_throughput_has_a_limit() {
    rule!(
        "EFS",
        "More than 1,024 MiB/s of provisioned throughput are refused",
        "Amazon EFS API Reference, ThroughputLimitExceeded"
    );
    let lab = Lab::new();
    let input = json!({"CreationToken": "a", "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 1025.0});
    lab.refused("efs", "CreateFileSystem", input, "ThroughputLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn max_io_is_not_elastic() {
    rule!(
        "EFS",
        "The performance mode maxIO does not go with the throughput mode elastic",
        "Amazon EFS User Guide, Performance modes"
    );
    let lab = Lab::new();
    let input = json!({"CreationToken": "a", "PerformanceMode": "maxIO", "ThroughputMode": "elastic"});
    lab.refused("efs", "CreateFileSystem", input, "BadRequest");
    let id = made(&lab, json!({"PerformanceMode": "maxIO"})).await;
    let update = json!({"FileSystemId": id, "ThroughputMode": "elastic"});
    lab.refused("efs", "UpdateFileSystem", update, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn a_one_zone_file_system_names_its_zone_and_is_backed_up() {
    rule!(
        "EFS",
        "A One Zone file system shows its zone, and automatic backups are on unless switched off",
        "Amazon EFS API Reference, CreateFileSystem, Backup"
    );
    let lab = Lab::new();
    let id = made(&lab, json!({"AvailabilityZoneName": "eu-central-1a"})).await;
    let found = described(&lab, &id);
    assert_eq!(found["AvailabilityZoneName"], "eu-central-1a");
    assert!(found["AvailabilityZoneId"].is_string());
    let backup = lab.ok("efs", "DescribeBackupPolicy", json!({"FileSystemId": id}));
    assert_eq!(backup["BackupPolicy"]["Status"], "ENABLED");
    let nowhere = json!({"CreationToken": "b", "AvailabilityZoneName": "eu-central-1z"});
    lab.refused("efs", "CreateFileSystem", nowhere, "UnsupportedAvailabilityZone");
}

#[tokio::test(start_paused = true)]
async fn a_throughput_change_takes_a_while() {
    rule!(
        "EFS",
        "A file system whose throughput mode changes is updating, and can't be changed meanwhile",
        "Amazon EFS API Reference, UpdateFileSystem, IncorrectFileSystemLifeCycleState"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let update = json!({"FileSystemId": id, "ThroughputMode": "elastic"});
    assert_eq!(lab.ok("efs", "UpdateFileSystem", update.clone())["LifeCycleState"], "updating");
    let refusal = lab.refused("efs", "UpdateFileSystem", update, "IncorrectFileSystemLifeCycleState");
    assert_eq!(refusal.status, 409);
    lab.wait(60).await;
    assert_eq!(described(&lab, &id)["LifeCycleState"], "available");
    assert_eq!(described(&lab, &id)["ThroughputMode"], "elastic");
}

#[tokio::test(start_paused = true)]
async fn the_throughput_mode_changes_once_a_day() {
    rule!(
        "EFS",
        "After a change of the throughput mode the next one must wait 24 hours, and the refusal says until when",
        "Amazon EFS User Guide, Managing file system throughput; API Reference, TooManyRequests"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    lab.ok("efs", "UpdateFileSystem", json!({"FileSystemId": id, "ThroughputMode": "elastic"}));
    lab.wait(3600).await;
    let back = json!({"FileSystemId": id, "ThroughputMode": "bursting"});
    let refusal = lab.refused("efs", "UpdateFileSystem", back.clone(), "TooManyRequests");
    assert_eq!(refusal.status, 429);
    assert!(refusal.message.contains("Wait until 2026-01-02T00:00:30Z UTC"), "{}", refusal.message);
    lab.wait(23 * 3600).await;
    assert_eq!(lab.ok("efs", "UpdateFileSystem", back)["ThroughputMode"], "bursting");
}

#[tokio::test(start_paused = true)]
async fn provisioned_throughput_grows_any_time_and_shrinks_once_a_day() {
    rule!(
        "EFS",
        "Provisioned throughput can be increased any time, and decreased only 24 hours after the last change",
        "Amazon EFS User Guide, Managing file system throughput"
    );
    let lab = Lab::new();
    let id = made(&lab, json!({"ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 10.0})).await;
    let to = |amount: f64| json!({"FileSystemId": id, "ProvisionedThroughputInMibps": amount});
    for amount in [20.0, 30.0] {
        lab.ok("efs", "UpdateFileSystem", to(amount));
        lab.wait(60).await;
    }
    lab.refused("efs", "UpdateFileSystem", to(20.0), "TooManyRequests");
    lab.wait(24 * 3600).await;
    assert_eq!(lab.ok("efs", "UpdateFileSystem", to(20.0))["ProvisionedThroughputInMibps"], 20.0);
}

#[tokio::test(start_paused = true)]
async fn an_update_needs_something_to_update() {
    rule!("EFS", "An update that names no setting is refused", "observed behaviour (not documented)");
    let lab = Lab::new();
    let id = file_system(&lab).await;
    lab.refused("efs", "UpdateFileSystem", json!({"FileSystemId": id}), "BadRequest");
    let amount = json!({"FileSystemId": id, "ProvisionedThroughputInMibps": 10.0});
    lab.refused("efs", "UpdateFileSystem", amount, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn protection_is_switched_by_its_own_operation() {
    rule!(
        "EFS",
        "Replication overwrite protection can be switched off and on, and not to REPLICATING",
        "Amazon EFS API Reference, UpdateFileSystemProtection"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let to = |status: &str| json!({"FileSystemId": id, "ReplicationOverwriteProtection": status});
    let answer = lab.ok("efs", "UpdateFileSystemProtection", to("DISABLED"));
    assert_eq!(answer["ReplicationOverwriteProtection"], "DISABLED");
    assert_eq!(described(&lab, &id)["FileSystemProtection"]["ReplicationOverwriteProtection"], "DISABLED");
    lab.refused("efs", "UpdateFileSystemProtection", to("REPLICATING"), "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn a_file_system_is_found_by_its_token() {
    rule!(
        "EFS",
        "A file system is found by id, by ARN or by creation token, and not by two of them at once",
        "Amazon EFS API Reference, DescribeFileSystems"
    );
    let lab = Lab::new();
    let id = young(&lab, "home");
    young(&lab, "other");
    let by_token = lab.ok("efs", "DescribeFileSystems", json!({"CreationToken": "home"}));
    assert_eq!(by_token["FileSystems"].as_array().map(Vec::len), Some(1));
    assert_eq!(by_token["FileSystems"][0]["FileSystemId"], id);
    let arn = by_token["FileSystems"][0]["FileSystemArn"].clone();
    let by_arn = lab.ok("efs", "DescribeFileSystems", json!({"FileSystemId": arn}));
    assert_eq!(by_arn["FileSystems"][0]["FileSystemId"], id);
    let both = json!({"FileSystemId": id, "CreationToken": "home"});
    lab.refused("efs", "DescribeFileSystems", both, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_nobody_used_finds_nothing() {
    rule!("EFS", "A creation token that nobody used gives an empty list", "observed behaviour (not documented)");
    let lab = Lab::new();
    let answer = lab.ok("efs", "DescribeFileSystems", json!({"CreationToken": "home"}));
    assert_eq!(answer["FileSystems"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_file_system_is_not_found() {
    rule!(
        "EFS",
        "An unknown file system is not found, by whatever operation",
        "Amazon EFS API Reference, FileSystemNotFound"
    );
    let lab = Lab::new();
    let id = "fs-0123456789abcdef0";
    for operation in
        ["DescribeFileSystems", "DeleteFileSystem", "DescribeMountTargets", "DescribeLifecycleConfiguration"]
    {
        let refusal = lab.refused("efs", operation, json!({"FileSystemId": id}), "FileSystemNotFound");
        assert_eq!(refusal.status, 404);
        assert_eq!(refusal.fields["ErrorCode"], "FileSystemNotFound");
    }
}

#[tokio::test(start_paused = true)]
async fn file_systems_come_in_pages() {
    rule!(
        "EFS",
        "File systems come in pages of MaxItems, at most 100, and a page's marker opens the next",
        "Amazon EFS API Reference, DescribeFileSystems, MaxItems"
    );
    let lab = Lab::new();
    (0..101).for_each(|number| drop(young(&lab, &format!("home-{number}"))));
    let first = lab.ok("efs", "DescribeFileSystems", json!({"MaxItems": 1000}));
    assert_eq!(first["FileSystems"].as_array().map(Vec::len), Some(100));
    let rest = lab.ok("efs", "DescribeFileSystems", json!({"Marker": first["NextMarker"]}));
    assert_eq!(rest["FileSystems"].as_array().map(Vec::len), Some(1));
    assert!(rest["NextMarker"].is_null());
    let two = lab.ok("efs", "DescribeFileSystems", json!({"MaxItems": 2}));
    assert_eq!(two["FileSystems"].as_array().map(Vec::len), Some(2));
    lab.refused("efs", "DescribeFileSystems", json!({"Marker": "nonsense"}), "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_file_system_is_deleting_then_gone() {
    rule!(
        "EFS",
        "A deleted file system is deleting for a while, then not found",
        "Amazon EFS API Reference, DeleteFileSystem"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    lab.ok("efs", "DeleteFileSystem", json!({"FileSystemId": id}));
    assert_eq!(described(&lab, &id)["LifeCycleState"], "deleting");
    lab.refused(
        "efs",
        "CreateAccessPoint",
        json!({"FileSystemId": id, "ClientToken": "a"}),
        "IncorrectFileSystemLifeCycleState",
    );
    lab.wait(30).await;
    lab.refused("efs", "DescribeFileSystems", json!({"FileSystemId": id}), "FileSystemNotFound");
}

#[tokio::test(start_paused = true)]
async fn mount_targets_hold_their_file_system() {
    rule!(
        "EFS",
        "A file system with mount targets is in use until the last one is gone",
        "Amazon EFS API Reference, DeleteFileSystem, FileSystemInUse"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let id = file_system(&lab).await;
    let target = target(&lab, &id, &net.a, &net.store);
    lab.wait(130).await;
    assert_eq!(described(&lab, &id)["NumberOfMountTargets"], 1);
    lab.refused("efs", "DeleteFileSystem", json!({"FileSystemId": id}), "FileSystemInUse");
    lab.ok("efs", "DeleteMountTarget", json!({"MountTargetId": target}));
    lab.refused("efs", "DeleteFileSystem", json!({"FileSystemId": id}), "FileSystemInUse");
    lab.wait(120).await;
    lab.ok("efs", "DeleteFileSystem", json!({"FileSystemId": id}));
}

#[tokio::test(start_paused = true)]
async fn access_points_go_with_their_file_system() {
    rule!("EFS", "A deleted file system takes its access points along", "observed behaviour (not documented)");
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let point = access_point(&lab, &id, "home", json!({"Path": "/home"}));
    lab.ok("efs", "DeleteFileSystem", json!({"FileSystemId": id}));
    lab.wait(30).await;
    lab.refused("efs", "DescribeAccessPoints", json!({"AccessPointId": point}), "AccessPointNotFound");
}

#[tokio::test(start_paused = true)]
async fn an_account_has_a_thousand_file_systems() {
    rule!(
        "EFS",
        "More than 1,000 file systems in a region are refused",
        "Amazon EFS User Guide, Amazon EFS quotas; API Reference, FileSystemLimitExceeded"
    );
    let lab = Lab::new();
    (0..1000).for_each(|number| drop(young(&lab, &format!("home-{number}"))));
    let refusal = lab.refused("efs", "CreateFileSystem", json!({"CreationToken": "more"}), "FileSystemLimitExceeded");
    assert_eq!(refusal.status, 403);
}
