//! Roles, their tags, and what stands in the way of deleting them.

use super::{allow, settled_role, tasks};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::iam;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use serde_json::{Value, json};

fn create(name: &str) -> Value {
    json!({"RoleName": name, "AssumeRolePolicyDocument": tasks()})
}

fn named(name: &str) -> Value {
    json!({"RoleName": name})
}

#[tokio::test(start_paused = true)]
async fn a_role_has_an_arn_with_its_path_and_a_unique_id() {
    rule!("IAM", "A role's ARN has its path, its id begins with AROA", "AWS IAM User Guide, IAM identifiers");
    let lab = Lab::new();
    let mut input = create("build");
    input["Path"] = json!("/jenkins/");
    input["Description"] = json!("for builds");
    let role = lab.ok("iam", "CreateRole", input)["Role"].clone();
    assert_eq!(role["Arn"], format!("arn:aws:iam::{HOME_ACCOUNT}:role/jenkins/build"));
    let id = role["RoleId"].as_str().unwrap();
    assert!(id.starts_with("AROA") && id.len() == 21, "{id}");
    assert_eq!(role["MaxSessionDuration"], 3600);
    lab.wait(2).await;
    let got = lab.ok("iam", "GetRole", named("build"))["Role"].clone();
    assert_eq!(
        (&got["RoleId"], &got["Description"], &got["Path"]),
        (&role["RoleId"], &json!("for builds"), &json!("/jenkins/"))
    );
}

#[tokio::test(start_paused = true)]
async fn names_of_roles_are_unique_whatever_their_case() {
    rule!(
        "IAM",
        "A role's name is unique in the account whatever its case and path",
        "AWS IAM API Reference, CreateRole, RoleName"
    );
    let lab = Lab::new();
    lab.ok("iam", "CreateRole", create("Build"));
    let mut input = create("bUILD");
    input["Path"] = json!("/other/");
    let refusal = lab.refused("iam", "CreateRole", input, "EntityAlreadyExists");
    assert_eq!((refusal.status, refusal.message.as_str()), (409, "Role with name bUILD already exists."));
    lab.wait(2).await;
    assert_eq!(lab.ok("iam", "GetRole", named("BUILD"))["Role"]["RoleName"], "Build");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_not_there_is_not_found() {
    rule!(
        "IAM",
        "Operations on a role that does not exist answer NoSuchEntity with HTTP status 404",
        "AWS IAM API Reference, GetRole, Errors"
    );
    let lab = Lab::new();
    for (operation, more) in [
        ("GetRole", json!({})),
        ("DeleteRole", json!({})),
        ("UpdateRole", json!({})),
        ("ListRolePolicies", json!({})),
        ("ListAttachedRolePolicies", json!({})),
        ("ListRoleTags", json!({})),
        ("ListInstanceProfilesForRole", json!({})),
        ("DeleteRolePermissionsBoundary", json!({})),
        ("TagRole", json!({"Tags": [{"Key": "a", "Value": "b"}]})),
        ("UntagRole", json!({"TagKeys": ["a"]})),
        ("UpdateAssumeRolePolicy", json!({"PolicyDocument": tasks()})),
        ("PutRolePolicy", json!({"PolicyName": "p", "PolicyDocument": allow("ecs:*", "*").to_string()})),
    ] {
        let mut input = named("nobody");
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refusal = lab.refused("iam", operation, input, "NoSuchEntity");
        assert_eq!((refusal.status, refusal.message.as_str()), (404, "The role with name nobody cannot be found."));
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_may_miss_a_new_role() {
    rule!(
        "IAM",
        "A read just after CreateRole may not find the role, for 2 s at most, while its name is taken at once",
        "AWS IAM User Guide, Troubleshoot IAM: Changes that I make are not always immediately visible"
    );
    let lab = Lab::new();
    let names: Vec<String> = (0..40).map(|i| format!("r{i}")).collect();
    let mut missed = 0;
    for name in &names {
        lab.ok("iam", "CreateRole", create(name));
        if lab.call("iam", "GetRole", named(name)).is_err() {
            missed += 1;
            lab.refused("iam", "CreateRole", create(name), "EntityAlreadyExists");
        }
    }
    assert!((1..30).contains(&missed), "{missed} of 40");
    lab.wait(2).await;
    names.iter().for_each(|name| drop(lab.ok("iam", "GetRole", named(name))));
}

#[tokio::test(start_paused = true)]
async fn a_write_finds_what_was_written_before() {
    rule!("IAM", "A write to a role that was made just now finds it", "observed behaviour (not documented)");
    let lab = Lab::new();
    for i in 0..20 {
        let name = format!("r{i}");
        lab.ok("iam", "CreateRole", create(&name));
        let document = allow("ecs:*", "*").to_string();
        lab.ok("iam", "PutRolePolicy", json!({"RoleName": name, "PolicyName": "p", "PolicyDocument": document}));
        lab.ok("iam", "DeleteRolePolicy", json!({"RoleName": name, "PolicyName": "p"}));
        lab.ok("iam", "DeleteRole", named(&name));
    }
}

#[tokio::test(start_paused = true)]
async fn lists_of_roles_leave_out_tags_and_boundary() {
    rule!(
        "IAM",
        "ListRoles has neither tags nor permissions boundary; GetRole has both",
        "AWS IAM API Reference, ListRoles"
    );
    let lab = Lab::new();
    let policy =
        lab.ok("iam", "CreatePolicy", json!({"PolicyName": "b", "PolicyDocument": allow("ecs:*", "*").to_string()}));
    let mut input = create("build");
    input["Tags"] = json!([{"Key": "team", "Value": "ci"}]);
    input["PermissionsBoundary"] = policy["Policy"]["Arn"].clone();
    lab.ok("iam", "CreateRole", input);
    lab.wait(2).await;
    let listed = &lab.ok("iam", "ListRoles", json!({}))["Roles"][0];
    assert!(listed["Tags"].is_null() && listed["PermissionsBoundary"].is_null(), "{listed}");
    let got = lab.ok("iam", "GetRole", named("build"))["Role"].clone();
    assert_eq!(got["Tags"], json!([{"Key": "team", "Value": "ci"}]));
    assert_eq!(got["PermissionsBoundary"]["PermissionsBoundaryArn"], policy["Policy"]["Arn"]);
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages() {
    rule!(
        "IAM",
        "A listing is cut after MaxItems and goes on from its Marker; a foreign marker is refused",
        "AWS IAM API Reference, ListRoles, IsTruncated"
    );
    let lab = Lab::new();
    for name in ["a", "b", "c"] {
        let mut input = create(name);
        input["Path"] = json!("/jenkins/");
        lab.ok("iam", "CreateRole", input);
    }
    lab.ok("iam", "CreateRole", create("d"));
    lab.wait(2).await;
    let first = lab.ok("iam", "ListRoles", json!({"PathPrefix": "/jenkins/", "MaxItems": 2}));
    assert_eq!((first["Roles"].as_array().unwrap().len(), &first["IsTruncated"]), (2, &json!(true)));
    let mut next = json!({"PathPrefix": "/jenkins/", "MaxItems": 2, "Marker": first["Marker"]});
    let last = lab.ok("iam", "ListRoles", next.clone());
    assert_eq!((last["Roles"][0]["RoleName"].as_str(), &last["IsTruncated"]), (Some("c"), &json!(false)));
    assert!(last["Marker"].is_null());
    next["PathPrefix"] = json!("/");
    lab.refused("iam", "ListRoles", next, "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn what_still_belongs_to_a_role_keeps_it_from_deletion() {
    rule!(
        "IAM",
        "A role with inline policies, attached policies or an instance profile can't be deleted",
        "AWS IAM API Reference, DeleteRole, DeleteConflict"
    );
    let lab = Lab::new();
    lab.ok("iam", "CreateRole", create("r"));
    lab.ok(
        "iam",
        "PutRolePolicy",
        json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": allow("ecs:*", "*").to_string()}),
    );
    let attached = json!({"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"});
    lab.ok("iam", "AttachRolePolicy", attached.clone());
    lab.ok("iam", "CreateInstanceProfile", json!({"InstanceProfileName": "i"}));
    lab.ok("iam", "AddRoleToInstanceProfile", json!({"InstanceProfileName": "i", "RoleName": "r"}));
    let refused = |message: &str| {
        let refusal = lab.refused("iam", "DeleteRole", named("r"), "DeleteConflict");
        assert_eq!((refusal.status, refusal.message.as_str()), (409, message));
    };
    refused("Cannot delete entity, must remove roles from instance profile first.");
    lab.ok("iam", "RemoveRoleFromInstanceProfile", json!({"InstanceProfileName": "i", "RoleName": "r"}));
    refused("Cannot delete entity, must detach all policies first.");
    lab.ok("iam", "DetachRolePolicy", attached);
    refused("Cannot delete entity, must delete policies first.");
    lab.ok("iam", "DeleteRolePolicy", json!({"RoleName": "r", "PolicyName": "p"}));
    lab.ok("iam", "DeleteRole", named("r"));
    lab.refused("iam", "DeleteRole", named("r"), "NoSuchEntity");
}

#[tokio::test(start_paused = true)]
async fn a_role_made_again_has_another_id() {
    rule!(
        "IAM",
        "A role that was deleted and made again has another unique id",
        "AWS IAM User Guide, IAM identifiers, Unique identifiers"
    );
    let lab = Lab::new();
    let first = lab.ok("iam", "CreateRole", create("r"));
    lab.ok("iam", "DeleteRole", named("r"));
    let second = lab.ok("iam", "CreateRole", create("r"));
    assert_ne!(first["Role"]["RoleId"], second["Role"]["RoleId"]);
    assert_eq!(first["Role"]["Arn"], second["Role"]["Arn"]);
}

#[tokio::test(start_paused = true)]
async fn update_role_without_duration_puts_the_default_back() {
    rule!(
        "IAM",
        "UpdateRole without MaxSessionDuration sets it to one hour",
        "AWS IAM API Reference, UpdateRole, MaxSessionDuration"
    );
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    lab.ok("iam", "UpdateRole", json!({"RoleName": "r", "MaxSessionDuration": 7200, "Description": "a"}));
    lab.wait(2).await;
    assert_eq!(lab.ok("iam", "GetRole", named("r"))["Role"]["MaxSessionDuration"], 7200);
    lab.ok("iam", "UpdateRole", named("r"));
    lab.wait(2).await;
    let role = lab.ok("iam", "GetRole", named("r"))["Role"].clone();
    assert_eq!((&role["MaxSessionDuration"], &role["Description"]), (&json!(3600), &json!("a")));
    lab.ok("iam", "UpdateRoleDescription", json!({"RoleName": "r", "Description": "b"}));
    lab.wait(2).await;
    assert_eq!(lab.ok("iam", "GetRole", named("r"))["Role"]["Description"], "b");
}

#[tokio::test(start_paused = true)]
async fn tag_keys_of_iam_do_not_mind_case() {
    rule!(
        "IAM",
        "Tag keys that differ only in case are one key, which takes the new case and value",
        "AWS IAM User Guide, Tags for AWS IAM resources, Case sensitivity"
    );
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    let tag = |key: &str, value: &str| {
        lab.ok("iam", "TagRole", json!({"RoleName": "r", "Tags": [{"Key": key, "Value": value}]}))
    };
    tag("team", "a");
    tag("Team", "b");
    lab.wait(2).await;
    assert_eq!(lab.ok("iam", "ListRoleTags", named("r"))["Tags"], json!([{"Key": "Team", "Value": "b"}]));
    let twice = json!({"RoleName": "r", "Tags": [{"Key": "x", "Value": "1"}, {"Key": "X", "Value": "2"}]});
    let refusal = lab.refused("iam", "TagRole", twice, "InvalidInput");
    assert_eq!(refusal.message, "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    lab.ok("iam", "UntagRole", json!({"RoleName": "r", "TagKeys": ["TEAM"]}));
    lab.wait(2).await;
    assert_eq!(lab.ok("iam", "ListRoleTags", named("r"))["Tags"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_role_has_fifty_tags_at_most() {
    rule!("IAM", "A role has 50 tags at most, none beginning with aws:", "AWS IAM User Guide, IAM and AWS STS quotas");
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    let tags: Vec<Value> = (0..50).map(|i| json!({"Key": format!("k{i}"), "Value": ""})).collect();
    lab.ok("iam", "TagRole", json!({"RoleName": "r", "Tags": tags}));
    let one = |key: &str| json!({"RoleName": "r", "Tags": [{"Key": key, "Value": "v"}]});
    lab.refused("iam", "TagRole", one("k50"), "LimitExceeded");
    lab.ok("iam", "TagRole", one("k49"));
    lab.refused("iam", "TagRole", one("aws:x"), "InvalidInput");
}

#[tokio::test(start_paused = true)]
async fn an_account_has_a_thousand_roles() {
    rule!("IAM", "An account has 1,000 roles", "AWS IAM User Guide, IAM and AWS STS quotas");
    let lab = Lab::new();
    (0..1_000).for_each(|i| drop(lab.ok("iam", "CreateRole", create(&format!("r{i}")))));
    let refusal = lab.refused("iam", "CreateRole", create("more"), "LimitExceeded");
    assert_eq!(refusal.message, "Cannot exceed quota for RolesPerAccount: 1000");
}

#[tokio::test(start_paused = true)]
async fn a_service_linked_role_is_made_once_and_changed_by_no_one() {
    rule!(
        "IAM",
        "A service-linked role exists once an account and can't be changed or deleted like other roles",
        "AWS IAM User Guide, Create a service-linked role; AWS IAM API Reference, UnmodifiableEntity"
    );
    let lab = Lab::new();
    let input = json!({"AWSServiceName": "ecs.amazonaws.com"});
    let role = lab.ok("iam", "CreateServiceLinkedRole", input.clone())["Role"].clone();
    let path = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
    assert_eq!(role["Arn"], format!("arn:aws:iam::{HOME_ACCOUNT}:{path}"));
    let refusal = lab.refused("iam", "CreateServiceLinkedRole", input, "InvalidInput");
    assert!(refusal.message.contains("has been taken in this account"), "{}", refusal.message);
    lab.refused("iam", "DeleteRole", named("AWSServiceRoleForECS"), "UnmodifiableEntity");
    let document = allow("ecs:*", "*").to_string();
    let put = json!({"RoleName": "AWSServiceRoleForECS", "PolicyName": "p", "PolicyDocument": document});
    lab.refused("iam", "PutRolePolicy", put, "UnmodifiableEntity");
    let task = lab.ok("iam", "DeleteServiceLinkedRole", named("AWSServiceRoleForECS"));
    lab.ok("iam", "GetServiceLinkedRoleDeletionStatus", task);
    lab.refused("iam", "GetRole", named("AWSServiceRoleForECS"), "NoSuchEntity");
}

#[tokio::test(start_paused = true)]
async fn a_service_linked_role_in_use_stays() {
    rule!(
        "IAM",
        "The deletion of a service-linked role fails, and the role stays, while its service has resources",
        "AWS IAM User Guide, Delete a service-linked role"
    );
    let lab = Lab::new();
    lab.ok("ecs", "CreateCluster", json!({"clusterName": "ci"}));
    lab.wait(30).await;
    let task = lab.ok("iam", "DeleteServiceLinkedRole", named("AWSServiceRoleForECS"));
    assert_eq!(lab.ok("iam", "GetServiceLinkedRoleDeletionStatus", task)["Status"], "FAILED");
    lab.ok("iam", "GetRole", named("AWSServiceRoleForECS"));
    lab.ok("ecs", "DeleteCluster", json!({"cluster": "ci"}));
    let task = lab.ok("iam", "DeleteServiceLinkedRole", named("AWSServiceRoleForECS"));
    assert_eq!(lab.ok("iam", "GetServiceLinkedRoleDeletionStatus", task)["Status"], "SUCCEEDED");
}

#[tokio::test(start_paused = true)]
async fn the_report_has_all_of_a_role() {
    rule!(
        "IAM",
        "GetAccountAuthorizationDetails has roles with inline and attached policies, instance profiles and tags",
        "AWS IAM API Reference, GetAccountAuthorizationDetails"
    );
    let lab = Lab::new();
    let mut input = create("r");
    input["Tags"] = json!([{"Key": "a", "Value": "b"}]);
    lab.ok("iam", "CreateRole", input);
    let document = allow("ecs:*", "*").to_string();
    lab.ok("iam", "PutRolePolicy", json!({"RoleName": "r", "PolicyName": "inline", "PolicyDocument": document}));
    let made = lab.ok("iam", "CreatePolicy", json!({"PolicyName": "managed", "PolicyDocument": document}));
    lab.ok("iam", "AttachRolePolicy", json!({"RoleName": "r", "PolicyArn": made["Policy"]["Arn"]}));
    lab.wait(2).await;
    let report = lab.ok("iam", "GetAccountAuthorizationDetails", json!({}));
    let role = &report["RoleDetailList"][0];
    assert_eq!(role["RolePolicyList"][0]["PolicyName"], "inline");
    assert_eq!(role["AttachedManagedPolicies"][0]["PolicyName"], "managed");
    assert_eq!(role["Tags"], json!([{"Key": "a", "Value": "b"}]));
    assert_eq!(report["Policies"][0]["PolicyVersionList"][0]["VersionId"], "v1");
    let roles = lab.ok("iam", "GetAccountAuthorizationDetails", json!({"Filter": ["Role"]}));
    assert_eq!((roles["Policies"].clone(), roles["RoleDetailList"].as_array().unwrap().len()), (json!([]), 1));
}

#[tokio::test(start_paused = true)]
async fn the_oracle_sees_what_iam_holds() {
    rule!(
        "IAM",
        "Roles, policies, instance profiles and identity providers can carry tags",
        "AWS IAM User Guide, Tags for AWS IAM resources"
    );
    let lab = Lab::new();
    let tags = json!([{"Key": "stack", "Value": "a"}]);
    let mut role = create("r");
    role["Tags"] = tags.clone();
    lab.ok("iam", "CreateRole", role);
    let document = allow("ecs:*", "*").to_string();
    lab.ok("iam", "CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": document, "Tags": tags}));
    lab.ok("iam", "CreateInstanceProfile", json!({"InstanceProfileName": "i", "Tags": tags}));
    lab.ok("iam", "CreateOpenIDConnectProvider", json!({"Url": "https://example.com", "Tags": tags}));
    let items = lab.cloud.with(|world| iam::items(world.account(HOME_ACCOUNT)));
    let kinds: Vec<&str> = items.iter().map(|item| item.kind).collect();
    assert_eq!(kinds, ["iam:role", "iam:policy", "iam:instance-profile", "iam:oidc-provider"]);
    assert!(items.iter().all(|item| item.tags["stack"] == "a"));
}
