//! Access points.

use super::common::{access_point, file_system, made, text, young};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn described(lab: &Lab, id: &str) -> Value {
    lab.ok("efs", "DescribeAccessPoints", json!({"AccessPointId": id}))["AccessPoints"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn an_access_point_is_available_after_seconds() {
    rule!("EFS", "A new access point is creating, then available", "Amazon EFS API Reference, CreateAccessPoint");
    let lab = Lab::new();
    let id = access_point(&lab, &file_system(&lab).await, "home", json!({"Path": "/home"}));
    assert_eq!(described(&lab, &id)["LifeCycleState"], "creating");
    lab.wait(10).await;
    assert_eq!(described(&lab, &id)["LifeCycleState"], "available");
}

#[tokio::test(start_paused = true)]
async fn an_access_point_keeps_its_user_and_root() {
    rule!(
        "EFS",
        "An access point shows user, root directory and creation info as given, and / as root where none is given",
        "Amazon EFS API Reference, AccessPointDescription"
    );
    let lab = Lab::new();
    let fs = file_system(&lab).await;
    let user = json!({"Uid": 1000, "Gid": 1000});
    let root = json!({"Path": "/home", "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"}});
    let input = json!({"ClientToken": "a", "FileSystemId": fs, "PosixUser": user, "RootDirectory": root});
    let found = described(&lab, &text(&lab.ok("efs", "CreateAccessPoint", input)["AccessPointId"]));
    assert_eq!(found["PosixUser"]["Uid"], 1000);
    assert_eq!(found["RootDirectory"], root);
    let plain = lab.ok("efs", "CreateAccessPoint", json!({"ClientToken": "b", "FileSystemId": fs}));
    assert_eq!(described(&lab, &text(&plain["AccessPointId"]))["RootDirectory"]["Path"], "/");
}

#[tokio::test(start_paused = true)]
async fn a_client_token_used_again_is_refused() {
    rule!(
        "EFS",
        "A client token used again is refused and names the first access point",
        "Amazon EFS API Reference, CreateAccessPoint, AccessPointAlreadyExists"
    );
    let lab = Lab::new();
    let fs = file_system(&lab).await;
    let id = access_point(&lab, &fs, "home", json!({"Path": "/home"}));
    let input = json!({"ClientToken": "home", "FileSystemId": fs, "RootDirectory": {"Path": "/home"}});
    let refusal = lab.refused("efs", "CreateAccessPoint", input.clone(), "AccessPointAlreadyExists");
    assert_eq!((refusal.status, &refusal.fields["AccessPointId"]), (409, &json!(id)));
    lab.ok("efs", "DeleteAccessPoint", json!({"AccessPointId": id}));
    lab.refused("efs", "CreateAccessPoint", input.clone(), "AccessPointAlreadyExists");
    lab.wait(30).await;
    lab.ok("efs", "CreateAccessPoint", input);
}

#[tokio::test(start_paused = true)]
async fn an_access_point_needs_an_available_file_system() {
    rule!(
        "EFS",
        "An access point of a file system that is still creating is refused",
        "Amazon EFS API Reference, CreateAccessPoint, IncorrectFileSystemLifeCycleState"
    );
    let lab = Lab::new();
    let input = json!({"ClientToken": "home", "FileSystemId": young(&lab, "home")});
    lab.refused("efs", "CreateAccessPoint", input, "IncorrectFileSystemLifeCycleState");
}

#[tokio::test(start_paused = true)]
async fn a_root_directory_has_four_levels() {
    rule!(
        "EFS",
        "A root directory has at most four levels and 100 characters, none of them one of the shell's",
        "Amazon EFS API Reference, RootDirectory, Path"
    );
    let lab = Lab::new();
    let fs = file_system(&lab).await;
    let long = format!("/{}", "x".repeat(100));
    for path in ["/a/b/c/d/e", "home", "/home/", "/a//b", "/.hidden", "/a$b", &long] {
        let input = json!({"ClientToken": "a", "FileSystemId": fs, "RootDirectory": {"Path": path}});
        lab.refused("efs", "CreateAccessPoint", input, "BadRequest");
    }
    access_point(&lab, &fs, "a", json!({"Path": "/a/b/c/d"}));
}

#[tokio::test(start_paused = true)]
async fn creation_info_is_complete() {
    rule!("EFS", "Creation info names owner, group and octal permissions", "Amazon EFS API Reference, CreationInfo");
    let lab = Lab::new();
    let fs = file_system(&lab).await;
    for info in [json!({"OwnerUid": 1, "OwnerGid": 1}), json!({"OwnerUid": 1, "OwnerGid": 1, "Permissions": "rwx"})] {
        let root = json!({"Path": "/home", "CreationInfo": info});
        let input = json!({"ClientToken": "a", "FileSystemId": fs, "RootDirectory": root});
        lab.refused("efs", "CreateAccessPoint", input, "BadRequest");
    }
}

#[tokio::test(start_paused = true)]
async fn access_points_are_listed_by_file_system() {
    rule!(
        "EFS",
        "Access points are listed by file system or by id, not by both, and in pages",
        "Amazon EFS API Reference, DescribeAccessPoints"
    );
    let lab = Lab::new();
    let (fs, other) = (file_system(&lab).await, made(&lab, json!({"CreationToken": "other"})).await);
    let id = access_point(&lab, &fs, "a", json!({"Path": "/a"}));
    access_point(&lab, &fs, "b", json!({"Path": "/b"}));
    access_point(&lab, &other, "c", json!({"Path": "/c"}));
    let first = lab.ok("efs", "DescribeAccessPoints", json!({"FileSystemId": fs, "MaxResults": 1}));
    let next = json!({"FileSystemId": fs, "NextToken": first["NextToken"]});
    let second = lab.ok("efs", "DescribeAccessPoints", next);
    assert_eq!(second["AccessPoints"].as_array().map(Vec::len), Some(1));
    assert!(second["NextToken"].is_null());
    let stolen = json!({"FileSystemId": other, "NextToken": first["NextToken"]});
    lab.refused("efs", "DescribeAccessPoints", stolen, "BadRequest");
    let both = json!({"FileSystemId": fs, "AccessPointId": id});
    lab.refused("efs", "DescribeAccessPoints", both, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_access_point_is_gone_after_seconds() {
    rule!(
        "EFS",
        "A deleted access point is deleting, then not found; so is an unknown one",
        "Amazon EFS API Reference, DeleteAccessPoint, AccessPointNotFound"
    );
    let lab = Lab::new();
    let id = access_point(&lab, &file_system(&lab).await, "home", json!({"Path": "/home"}));
    lab.ok("efs", "DeleteAccessPoint", json!({"AccessPointId": id}));
    assert_eq!(described(&lab, &id)["LifeCycleState"], "deleting");
    lab.wait(30).await;
    let refusal = lab.refused("efs", "DeleteAccessPoint", json!({"AccessPointId": id}), "AccessPointNotFound");
    assert_eq!(refusal.status, 404);
}
