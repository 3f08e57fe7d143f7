//! Rules of `kms`.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::kms;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use serde_json::{Value, json};

fn key(lab: &Lab) -> Value {
    lab.ok("kms", "CreateKey", json!({"Description": "jenkins"}))["KeyMetadata"].clone()
}

fn resolve(lab: &Lab, name: &str) -> Option<kms::KeyView> {
    lab.cloud.with(|world| kms::resolve(world.peek(HOME_ACCOUNT, "eu-central-1"), name))
}

#[tokio::test(start_paused = true)]
async fn a_key_has_four_names() {
    rule!("KMS", "A key is named by id, ARN, alias or alias ARN", "AWS KMS API Reference, DescribeKey, KeyId");
    let lab = Lab::new();
    let key = key(&lab);
    lab.ok("kms", "CreateAlias", json!({"AliasName": "alias/ci", "TargetKeyId": key["KeyId"]}));
    let alias_arn = json!("arn:aws:kms:eu-central-1:111122223333:alias/ci");
    for name in [&key["KeyId"], &key["Arn"], &json!("alias/ci"), &alias_arn] {
        let shown = lab.ok("kms", "DescribeKey", json!({"KeyId": name}));
        assert_eq!(shown["KeyMetadata"]["Arn"], key["Arn"]);
        assert_eq!(resolve(&lab, name.as_str().expect("a name")).map(|key| json!(key.arn)).as_ref(), Some(&key["Arn"]));
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_are_not_found() {
    rule!(
        "KMS",
        "An unknown key or alias, or one of another region, is not found",
        "AWS KMS API Reference, NotFoundException"
    );
    let lab = Lab::new();
    let elsewhere = "arn:aws:kms:us-east-1:111122223333:alias/aws/elasticfilesystem";
    for name in ["0123abcd-0123-4123-a123-0123456789ab", "alias/none", elsewhere] {
        lab.refused("kms", "DescribeKey", json!({"KeyId": name}), "NotFoundException");
        assert_eq!(resolve(&lab, name), None);
    }
}

#[tokio::test(start_paused = true)]
async fn managed_keys_are_there() {
    rule!(
        "KMS",
        "The keys that AWS manages for a service are there under alias/aws/, and stay the same",
        "AWS KMS Developer Guide, AWS managed keys"
    );
    let lab = Lab::new();
    let input = json!({"KeyId": "alias/aws/elasticfilesystem"});
    let shown = lab.ok("kms", "DescribeKey", input.clone())["KeyMetadata"].clone();
    assert_eq!((&shown["KeyManager"], &shown["Enabled"]), (&json!("AWS"), &json!(true)));
    assert_eq!(lab.ok("kms", "DescribeKey", input)["KeyMetadata"], shown);
    let aliases = lab.ok("kms", "ListAliases", json!({"KeyId": shown["KeyId"]}));
    assert_eq!(aliases["Aliases"][0]["AliasName"], "alias/aws/elasticfilesystem");
    lab.refused("kms", "DisableKey", json!({"KeyId": shown["KeyId"]}), "AccessDeniedException");
}

#[tokio::test(start_paused = true)]
async fn aliases_are_unique_and_well_named() {
    rule!(
        "KMS",
        "An alias is unique, begins with alias/ and not with alias/aws/",
        "AWS KMS API Reference, CreateAlias"
    );
    let lab = Lab::new();
    let id = key(&lab)["KeyId"].clone();
    let alias = |name: &str| json!({"AliasName": name, "TargetKeyId": id});
    lab.ok("kms", "CreateAlias", alias("alias/ci"));
    lab.refused("kms", "CreateAlias", alias("alias/ci"), "AlreadyExistsException");
    lab.refused("kms", "CreateAlias", alias("ci"), "ValidationException");
    lab.refused("kms", "CreateAlias", alias("alias/aws/ci"), "InvalidAliasNameException");
}

#[tokio::test(start_paused = true)]
async fn a_disabled_key_cannot_be_used() {
    rule!("KMS", "A disabled key is described, but not enabled", "AWS KMS Developer Guide, Key states of AWS KMS keys");
    let lab = Lab::new();
    let id = key(&lab)["KeyId"].clone();
    lab.ok("kms", "DisableKey", json!({"KeyId": id}));
    let shown = lab.ok("kms", "DescribeKey", json!({"KeyId": id}))["KeyMetadata"].clone();
    assert_eq!((&shown["KeyState"], &shown["Enabled"]), (&json!("Disabled"), &json!(false)));
    assert_eq!(resolve(&lab, id.as_str().expect("an id")).map(|key| key.enabled), Some(false));
}

#[tokio::test(start_paused = true)]
async fn keys_are_deleted_after_a_window() {
    rule!(
        "KMS",
        "A key is deleted after 7 to 30 days, 30 unless said; until then it can't be used or changed",
        "AWS KMS API Reference, ScheduleKeyDeletion, KMSInvalidStateException"
    );
    let lab = Lab::new();
    let id = key(&lab)["KeyId"].clone();
    let schedule = |days: u32| json!({"KeyId": id, "PendingWindowInDays": days});
    for days in [6, 31] {
        lab.refused("kms", "ScheduleKeyDeletion", schedule(days), "ValidationException");
    }
    assert_eq!(lab.ok("kms", "ScheduleKeyDeletion", schedule(7))["KeyState"], "PendingDeletion");
    lab.refused("kms", "DisableKey", json!({"KeyId": id}), "KMSInvalidStateException");
    lab.refused("kms", "ScheduleKeyDeletion", schedule(7), "KMSInvalidStateException");
    assert_eq!(resolve(&lab, id.as_str().expect("an id")).map(|key| key.enabled), Some(false));
    lab.wait(7 * 24 * 3600).await;
    lab.refused("kms", "DescribeKey", json!({"KeyId": id}), "NotFoundException");
}

#[tokio::test(start_paused = true)]
async fn aliases_come_in_pages() {
    rule!("KMS", "Aliases come in pages of at most 50, or as many as asked for", "AWS KMS API Reference, ListAliases");
    let lab = Lab::new();
    let page = lab.ok("kms", "ListAliases", json!({"Limit": 1}));
    assert_eq!((page["Aliases"].as_array().map(Vec::len), &page["Truncated"]), (Some(1), &json!(true)));
    let last = lab.ok("kms", "ListAliases", json!({"Limit": 1, "Marker": page["NextMarker"]}));
    assert_eq!(last["Truncated"], false);
    assert_ne!(last["Aliases"][0]["AliasName"], page["Aliases"][0]["AliasName"]);
    lab.refused("kms", "ListAliases", json!({"Marker": "junk"}), "InvalidMarkerException");
}
