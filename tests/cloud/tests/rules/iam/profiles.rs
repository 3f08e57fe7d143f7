//! Instance profiles and identity providers.

use super::{settled_role, tasks};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::iam::profile_known;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use serde_json::{Value, json};

fn named(name: &str) -> Value {
    json!({"InstanceProfileName": name})
}

fn with_role(name: &str, role: &str) -> Value {
    json!({"InstanceProfileName": name, "RoleName": role})
}

#[tokio::test(start_paused = true)]
async fn a_profile_has_its_own_name_and_arn() {
    rule!(
        "IAM",
        "An instance profile's name is unique in the account; its ARN has its path",
        "AWS IAM API Reference, CreateInstanceProfile"
    );
    let lab = Lab::new();
    let mut input = named("agents");
    input["Path"] = json!("/jenkins/");
    let made = lab.ok("iam", "CreateInstanceProfile", input)["InstanceProfile"].clone();
    assert_eq!(made["Arn"], format!("arn:aws:iam::{HOME_ACCOUNT}:instance-profile/jenkins/agents"));
    assert!(made["InstanceProfileId"].as_str().unwrap().starts_with("AIPA"));
    let refusal = lab.refused("iam", "CreateInstanceProfile", named("Agents"), "EntityAlreadyExists");
    assert_eq!((refusal.status, refusal.message.as_str()), (409, "Instance Profile Agents already exists."));
    lab.wait(2).await;
    let listed = lab.ok("iam", "ListInstanceProfiles", json!({"PathPrefix": "/jenkins/"}));
    assert_eq!(listed["InstanceProfiles"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_profile_holds_one_role() {
    rule!(
        "IAM",
        "An instance profile holds one role; a second, or the same again, is LimitExceeded",
        "AWS IAM API Reference, AddRoleToInstanceProfile"
    );
    let lab = Lab::new();
    settled_role(&lab, "a").await;
    settled_role(&lab, "b").await;
    lab.ok("iam", "CreateInstanceProfile", named("p"));
    lab.ok("iam", "AddRoleToInstanceProfile", with_role("p", "a"));
    for role in ["a", "b"] {
        let refusal = lab.refused("iam", "AddRoleToInstanceProfile", with_role("p", role), "LimitExceeded");
        assert_eq!(refusal.message, "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    }
    lab.wait(2).await;
    let profile = lab.ok("iam", "GetInstanceProfile", named("p"))["InstanceProfile"].clone();
    assert_eq!(profile["Roles"][0]["RoleName"], "a");
    let of_a = lab.ok("iam", "ListInstanceProfilesForRole", json!({"RoleName": "a"}));
    assert_eq!(of_a["InstanceProfiles"][0]["InstanceProfileName"], "p");
}

#[tokio::test(start_paused = true)]
async fn a_profile_with_a_role_can_not_be_deleted() {
    rule!(
        "IAM",
        "An instance profile that holds a role can't be deleted",
        "AWS IAM API Reference, DeleteInstanceProfile, DeleteConflict"
    );
    let lab = Lab::new();
    settled_role(&lab, "a").await;
    lab.ok("iam", "CreateInstanceProfile", named("p"));
    lab.ok("iam", "AddRoleToInstanceProfile", with_role("p", "a"));
    lab.refused("iam", "DeleteInstanceProfile", named("p"), "DeleteConflict");
    lab.refused("iam", "RemoveRoleFromInstanceProfile", with_role("p", "b"), "NoSuchEntity");
    lab.ok("iam", "RemoveRoleFromInstanceProfile", with_role("p", "a"));
    lab.ok("iam", "DeleteInstanceProfile", named("p"));
    let refusal = lab.refused("iam", "DeleteInstanceProfile", named("p"), "NoSuchEntity");
    assert_eq!(refusal.message, "Instance Profile p cannot be found.");
}

#[tokio::test(start_paused = true)]
async fn ec2_sees_a_new_profile_late() {
    rule!(
        "IAM",
        "A new instance profile can't be used by EC2 at once",
        "Amazon EC2 User Guide, IAM roles for Amazon EC2"
    );
    let lab = Lab::new();
    lab.ok("iam", "CreateRole", json!({"RoleName": "a", "AssumeRolePolicyDocument": tasks()}));
    lab.ok("iam", "CreateInstanceProfile", named("p"));
    lab.ok("iam", "AddRoleToInstanceProfile", with_role("p", "a"));
    let known = || {
        let now = lab.cloud.clock().now();
        lab.cloud.with(|world| profile_known(world, HOME_ACCOUNT, "p", now))
    };
    assert!(!known());
    lab.wait(10).await;
    assert!(known());
}

#[tokio::test(start_paused = true)]
async fn profiles_carry_tags() {
    rule!("IAM", "Instance profiles carry tags", "AWS IAM API Reference, TagInstanceProfile");
    let lab = Lab::new();
    lab.ok("iam", "CreateInstanceProfile", named("p"));
    let mut input = named("p");
    input["Tags"] = json!([{"Key": "a", "Value": "b"}]);
    lab.ok("iam", "TagInstanceProfile", input);
    lab.wait(2).await;
    let profile = lab.ok("iam", "GetInstanceProfile", named("p"))["InstanceProfile"].clone();
    assert_eq!(profile["Tags"], json!([{"Key": "a", "Value": "b"}]));
    lab.ok("iam", "UntagInstanceProfile", json!({"InstanceProfileName": "p", "TagKeys": ["A"]}));
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_named_by_its_url() {
    rule!(
        "IAM",
        "An OpenID Connect provider's ARN is its URL without scheme; a second of that URL is refused",
        "AWS IAM API Reference, CreateOpenIDConnectProvider"
    );
    let lab = Lab::new();
    let input = json!({"Url": "https://example.com/id/1", "ClientIDList": ["sts.amazonaws.com"]});
    let made = lab.ok("iam", "CreateOpenIDConnectProvider", input.clone());
    let arn = format!("arn:aws:iam::{HOME_ACCOUNT}:oidc-provider/example.com/id/1");
    assert_eq!(made["OpenIDConnectProviderArn"], arn);
    lab.refused("iam", "CreateOpenIDConnectProvider", input, "EntityAlreadyExists");
    lab.refused("iam", "CreateOpenIDConnectProvider", json!({"Url": "http://example.com"}), "ValidationError");
    let named = json!({"OpenIDConnectProviderArn": arn});
    assert_eq!(lab.ok("iam", "GetOpenIDConnectProvider", named.clone())["Url"], "example.com/id/1");
    let listed = lab.ok("iam", "ListOpenIDConnectProviders", json!({}));
    assert_eq!(listed["OpenIDConnectProviderList"], json!([{"Arn": arn}]));
    lab.ok("iam", "DeleteOpenIDConnectProvider", named.clone());
    lab.refused("iam", "GetOpenIDConnectProvider", named, "NoSuchEntity");
}
