//! Managed policies, and policies of a role.

use super::{allow, decide, granted, settled_role};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::Ask;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use serde_json::{Value, json};

fn document() -> String {
    allow("ecs:*", "*").to_string()
}

fn policy(lab: &Lab, name: &str) -> String {
    let made = lab.ok("iam", "CreatePolicy", json!({"PolicyName": name, "PolicyDocument": document()}));
    made["Policy"]["Arn"].as_str().unwrap().to_owned()
}

fn of(arn: &str) -> Value {
    json!({"PolicyArn": arn})
}

fn version(arn: &str, id: &str) -> Value {
    json!({"PolicyArn": arn, "VersionId": id})
}

#[tokio::test(start_paused = true)]
async fn names_of_policies_are_unique() {
    rule!(
        "IAM",
        "A managed policy's name is unique in the account whatever its case",
        "AWS IAM API Reference, CreatePolicy, PolicyName"
    );
    let lab = Lab::new();
    let arn = policy(&lab, "limit");
    assert_eq!(arn, format!("arn:aws:iam::{HOME_ACCOUNT}:policy/limit"));
    let input = json!({"PolicyName": "Limit", "PolicyDocument": document()});
    let refusal = lab.refused("iam", "CreatePolicy", input, "EntityAlreadyExists");
    assert_eq!(refusal.message, "A policy called Limit already exists. Duplicate names are not allowed.");
}

#[tokio::test(start_paused = true)]
async fn a_policy_has_five_versions() {
    rule!(
        "IAM",
        "A managed policy has five versions; numbers are not used again; the default version can't be deleted",
        "AWS IAM User Guide, Versioning IAM policies"
    );
    let lab = Lab::new();
    let arn = policy(&lab, "p");
    let new = |default: bool| json!({"PolicyArn": arn, "PolicyDocument": document(), "SetAsDefault": default});
    for _ in 2..=5 {
        lab.ok("iam", "CreatePolicyVersion", new(false));
    }
    let refusal = lab.refused("iam", "CreatePolicyVersion", new(false), "LimitExceeded");
    assert!(refusal.message.starts_with("A managed policy can have up to 5 versions."), "{}", refusal.message);
    let refusal = lab.refused("iam", "DeletePolicyVersion", version(&arn, "v1"), "DeleteConflict");
    assert_eq!(refusal.message, "Cannot delete the default version of a policy.");
    lab.ok("iam", "DeletePolicyVersion", version(&arn, "v5"));
    let made = lab.ok("iam", "CreatePolicyVersion", new(true))["PolicyVersion"].clone();
    assert_eq!((&made["VersionId"], &made["IsDefaultVersion"]), (&json!("v6"), &json!(true)));
    lab.wait(2).await;
    let versions = lab.ok("iam", "ListPolicyVersions", of(&arn))["Versions"].clone();
    let ids: Vec<&Value> = versions.as_array().unwrap().iter().map(|version| &version["VersionId"]).collect();
    assert_eq!(ids, ["v6", "v4", "v3", "v2", "v1"]);
    assert_eq!(lab.ok("iam", "GetPolicy", of(&arn))["Policy"]["DefaultVersionId"], "v6");
    lab.refused("iam", "GetPolicyVersion", version(&arn, "v5"), "NoSuchEntity");
    lab.ok("iam", "SetDefaultPolicyVersion", version(&arn, "v1"));
    lab.ok("iam", "DeletePolicyVersion", version(&arn, "v6"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_in_use_or_with_versions_can_not_be_deleted() {
    rule!(
        "IAM",
        "A managed policy is deleted only when attached to nothing, boundary of nothing, and with one version",
        "AWS IAM API Reference, DeletePolicy, DeleteConflict"
    );
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    let arn = policy(&lab, "p");
    let attached = json!({"RoleName": "r", "PolicyArn": arn});
    lab.ok("iam", "AttachRolePolicy", attached.clone());
    let refused = || lab.refused("iam", "DeletePolicy", of(&arn), "DeleteConflict").message;
    assert_eq!(refused(), "Cannot delete a policy attached to entities.");
    lab.ok("iam", "DetachRolePolicy", attached);
    lab.ok("iam", "PutRolePermissionsBoundary", json!({"RoleName": "r", "PermissionsBoundary": arn}));
    assert_eq!(refused(), "Cannot delete a policy attached to entities.");
    lab.ok("iam", "DeleteRolePermissionsBoundary", json!({"RoleName": "r"}));
    lab.ok("iam", "CreatePolicyVersion", json!({"PolicyArn": arn, "PolicyDocument": document()}));
    assert!(refused().starts_with("This policy has more than one version."));
    lab.ok("iam", "DeletePolicyVersion", version(&arn, "v2"));
    lab.ok("iam", "DeletePolicy", of(&arn));
    let refusal = lab.refused("iam", "GetPolicy", of(&arn), "NoSuchEntity");
    assert_eq!(refusal.message, format!("Policy {arn} was not found."));
}

#[tokio::test(start_paused = true)]
async fn only_policies_that_exist_can_be_attached() {
    rule!(
        "IAM",
        "Attaching a policy that does not exist is refused; an ARN that is none is InvalidInput",
        "AWS IAM API Reference, AttachRolePolicy, Errors"
    );
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    for arn in ["arn:aws:iam::aws:policy/NoSuchPolicy".to_owned(), format!("arn:aws:iam::{HOME_ACCOUNT}:policy/none")] {
        let refusal =
            lab.refused("iam", "AttachRolePolicy", json!({"RoleName": "r", "PolicyArn": arn}), "NoSuchEntity");
        assert_eq!(refusal.message, format!("Policy {arn} does not exist or is not attachable."));
    }
    let bad = json!({"RoleName": "r", "PolicyArn": "arn:aws:iam::policy-without-form"});
    lab.refused("iam", "AttachRolePolicy", bad, "InvalidInput");
    let boundary = json!({"RoleName": "r", "PermissionsBoundary": format!("arn:aws:iam::{HOME_ACCOUNT}:policy/none")});
    lab.refused("iam", "PutRolePermissionsBoundary", boundary, "NoSuchEntity");
}

#[tokio::test(start_paused = true)]
async fn attaching_again_changes_nothing_and_detaching_again_is_refused() {
    rule!(
        "IAM",
        "AttachRolePolicy may be repeated, DetachRolePolicy may not",
        "AWS IAM API Reference, DetachRolePolicy, NoSuchEntity"
    );
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    let arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let input = json!({"RoleName": "r", "PolicyArn": arn});
    lab.ok("iam", "AttachRolePolicy", input.clone());
    lab.ok("iam", "AttachRolePolicy", input.clone());
    lab.wait(2).await;
    let attached = lab.ok("iam", "ListAttachedRolePolicies", json!({"RoleName": "r"}))["AttachedPolicies"].clone();
    assert_eq!(attached, json!([{"PolicyName": "AmazonECSTaskExecutionRolePolicy", "PolicyArn": arn}]));
    let under =
        |prefix: &str| lab.ok("iam", "ListAttachedRolePolicies", json!({"RoleName": "r", "PathPrefix": prefix}));
    assert_eq!(under("/other/")["AttachedPolicies"], json!([]));
    lab.ok("iam", "DetachRolePolicy", input.clone());
    lab.refused("iam", "DetachRolePolicy", input, "NoSuchEntity");
}

#[tokio::test(start_paused = true)]
async fn a_role_has_ten_attached_policies() {
    rule!("IAM", "A role has ten attached managed policies", "AWS IAM User Guide, IAM and AWS STS quotas");
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    let attach = |i: usize| json!({"RoleName": "r", "PolicyArn": policy(&lab, &format!("p{i}"))});
    (0..10).for_each(|i| drop(lab.ok("iam", "AttachRolePolicy", attach(i))));
    let refusal = lab.refused("iam", "AttachRolePolicy", attach(10), "LimitExceeded");
    assert_eq!((refusal.status, refusal.message.as_str()), (409, "Cannot exceed quota for PoliciesPerRole: 10"));
}

#[tokio::test(start_paused = true)]
async fn inline_policies_are_put_again_and_deleted_once() {
    rule!(
        "IAM",
        "PutRolePolicy replaces a policy of the same name; a policy that is not there is NoSuchEntity",
        "AWS IAM API Reference, PutRolePolicy; GetRolePolicy"
    );
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    let put = |text: String| {
        lab.ok("iam", "PutRolePolicy", json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": text}))
    };
    put(document());
    put(allow("ec2:*", "*").to_string());
    lab.wait(2).await;
    assert_eq!(lab.ok("iam", "ListRolePolicies", json!({"RoleName": "r"}))["PolicyNames"], json!(["p"]));
    let named = json!({"RoleName": "r", "PolicyName": "p"});
    assert!(lab.ok("iam", "GetRolePolicy", named.clone())["PolicyDocument"].as_str().unwrap().contains("ec2%3A%2A"));
    lab.ok("iam", "DeleteRolePolicy", named.clone());
    let refusal = lab.refused("iam", "DeleteRolePolicy", named.clone(), "NoSuchEntity");
    assert_eq!(refusal.message, "The role policy with name p cannot be found.");
    lab.wait(2).await;
    lab.refused("iam", "GetRolePolicy", named, "NoSuchEntity");
}

#[tokio::test(start_paused = true)]
async fn attached_policies_count_with_their_default_version() {
    rule!(
        "IAM",
        "A managed policy counts with its default version",
        "AWS IAM User Guide, Versioning IAM policies, Setting the default version"
    );
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    let arn = policy(&lab, "p");
    lab.ok("iam", "AttachRolePolicy", json!({"RoleName": "r", "PolicyArn": arn}));
    lab.wait(10).await;
    let may = |action: &str| decide(&lab, "r", "ecs", &Ask::new(action, "*")).is_ok();
    assert!(may("ecs:ListClusters") && !may("ec2:DescribeVpcs"));
    let text = allow("ec2:*", "*").to_string();
    lab.ok("iam", "CreatePolicyVersion", json!({"PolicyArn": arn, "PolicyDocument": text}));
    lab.wait(10).await;
    assert!(may("ecs:ListClusters"));
    lab.ok("iam", "SetDefaultPolicyVersion", version(&arn, "v2"));
    lab.wait(10).await;
    assert!(!may("ecs:ListClusters") && may("ec2:DescribeVpcs"));
}

#[tokio::test(start_paused = true)]
async fn policies_of_aws_are_there_and_not_to_be_changed() {
    rule!(
        "IAM",
        "AWS managed policies can be read and attached, but changed by no account",
        "AWS IAM User Guide, Managed policies and inline policies, AWS managed policies"
    );
    let lab = Lab::new();
    let arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    let policy = lab.ok("iam", "GetPolicy", of(arn))["Policy"].clone();
    let id = policy["DefaultVersionId"].as_str().unwrap();
    let text = lab.ok("iam", "GetPolicyVersion", version(arn, id))["PolicyVersion"]["Document"].clone();
    assert!(text.as_str().unwrap().contains("ecr%3AGetAuthorizationToken"));
    lab.refused("iam", "DeletePolicy", of(arn), "AccessDenied");
    lab.refused("iam", "CreatePolicyVersion", json!({"PolicyArn": arn, "PolicyDocument": document()}), "AccessDenied");
}

#[tokio::test(start_paused = true)]
async fn lists_of_policies_tell_scope_and_use() {
    rule!("IAM", "ListPolicies filters by scope and use and counts attachments", "AWS IAM API Reference, ListPolicies");
    let lab = Lab::new();
    granted(&lab, HOME_ACCOUNT, "r", &allow("ecs:*", "*"));
    let (used, _) = (policy(&lab, "used"), policy(&lab, "unused"));
    lab.ok("iam", "AttachRolePolicy", json!({"RoleName": "r", "PolicyArn": used}));
    lab.wait(2).await;
    let list = |input: Value| lab.ok("iam", "ListPolicies", input)["Policies"].as_array().unwrap().clone();
    assert_eq!(list(json!({"Scope": "Local"})).len(), 2);
    let attached = list(json!({"Scope": "Local", "OnlyAttached": true}));
    assert_eq!((attached.len(), &attached[0]["AttachmentCount"]), (1, &json!(1)));
    assert!(list(json!({"Scope": "AWS"})).iter().all(|policy| policy["Arn"].as_str().unwrap().contains("::aws:")));
    lab.ok("iam", "TagPolicy", json!({"PolicyArn": used, "Tags": [{"Key": "a", "Value": "b"}]}));
    lab.wait(2).await;
    assert_eq!(lab.ok("iam", "GetPolicy", of(&used))["Policy"]["Tags"], json!([{"Key": "a", "Value": "b"}]));
    lab.ok("iam", "UntagPolicy", json!({"PolicyArn": used, "TagKeys": ["a"]}));
}
