//! File system policies.

use super::common::{call_as, file_system, policy, role};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn put(lab: &Lab, id: &str, policy: &str) -> Value {
    lab.ok("efs", "PutFileSystemPolicy", json!({"FileSystemId": id, "Policy": policy}))
}

fn read(lab: &Lab, id: &str) -> Value {
    let answer = lab.ok("efs", "DescribeFileSystemPolicy", json!({"FileSystemId": id}));
    serde_json::from_str(answer["Policy"].as_str().expect("a policy")).expect("JSON")
}

fn mounts(principal: Value) -> Value {
    json!([{"Effect": "Allow", "Principal": principal, "Action": "elasticfilesystem:ClientMount"}])
}

#[tokio::test(start_paused = true)]
async fn a_file_system_begins_without_a_policy() {
    rule!(
        "EFS",
        "The policy of a file system that has only the default policy is not found, also after deletion",
        "Amazon EFS API Reference, DescribeFileSystemPolicy, PolicyNotFound"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let input = json!({"FileSystemId": id});
    lab.refused("efs", "DescribeFileSystemPolicy", input.clone(), "PolicyNotFound");
    put(&lab, &id, &policy(mounts(json!("*"))));
    lab.ok("efs", "DeleteFileSystemPolicy", input.clone());
    assert_eq!(lab.refused("efs", "DescribeFileSystemPolicy", input, "PolicyNotFound").status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_policy_comes_back_in_normal_form() {
    rule!(
        "EFS",
        "A policy comes back with principals as ARNs, everyone as AWS: *, single values without a list and the resource filled in",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let arn = format!("arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/{id}");
    put(&lab, &id, &policy(mounts(json!({"AWS": ["111122223333"]}))));
    let statement = &read(&lab, &id)["Statement"][0];
    assert_eq!(statement["Principal"], json!({"AWS": "arn:aws:iam::111122223333:root"}));
    assert_eq!(statement["Resource"], arn);
    let listed =
        json!([{"Effect": "Allow", "Principal": "*", "Action": ["elasticfilesystem:ClientMount"], "Resource": [arn]}]);
    put(&lab, &id, &policy(listed));
    let statement = &read(&lab, &id)["Statement"][0];
    assert_eq!(statement["Principal"], json!({"AWS": "*"}));
    assert_eq!(statement["Action"], "elasticfilesystem:ClientMount");
    assert_eq!(statement["Resource"], arn);
}

#[tokio::test(start_paused = true)]
async fn a_malformed_policy_is_refused() {
    rule!(
        "EFS",
        "A policy that is no JSON, lacks an element or speaks of another service or resource is refused",
        "Amazon EFS API Reference, InvalidPolicyException"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let statement = |change: fn(&mut Value)| {
        let mut statement = mounts(json!("*"));
        change(&mut statement[0]);
        policy(statement)
    };
    let bad = [
        "no policy".to_owned(),
        policy(json!([])),
        statement(|s| s["Effect"] = json!("Maybe")),
        statement(|s| s["Action"] = json!("s3:GetObject")),
        statement(|s| s["Resource"] = json!("arn:aws:s3:::bucket")),
        statement(|s| s["Principal"] = json!(null)),
        statement(|s| s["Colour"] = json!("red")),
    ];
    for policy in bad {
        let input = json!({"FileSystemId": id, "Policy": policy});
        lab.refused("efs", "PutFileSystemPolicy", input, "InvalidPolicyException");
    }
}

#[tokio::test(start_paused = true)]
async fn a_principal_must_exist() {
    rule!(
        "EFS",
        "A policy that names a role which does not exist is refused",
        "Amazon EFS API Reference, InvalidPolicyException"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let of = |arn: &str| json!({"FileSystemId": id, "Policy": policy(mounts(json!({"AWS": arn})))});
    let refusal = lab.refused(
        "efs",
        "PutFileSystemPolicy",
        of("arn:aws:iam::111122223333:role/jenkins"),
        "InvalidPolicyException",
    );
    assert_eq!(refusal.message, "Policy contains invalid Principal block.");
    let role = role(&lab, "jenkins").await;
    lab.ok("efs", "PutFileSystemPolicy", of(&role));
    assert_eq!(read(&lab, &id)["Statement"][0]["Principal"]["AWS"], role);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_role_stays_by_its_id() {
    rule!(
        "EFS",
        "A policy that names a role which was deleted shows its unique id, and can't be put again so",
        "IAM User Guide, AWS JSON policy elements: Principal"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let role = role(&lab, "jenkins").await;
    put(&lab, &id, &policy(mounts(json!({"AWS": role}))));
    lab.ok("iam", "DeleteRole", json!({"RoleName": "jenkins"}));
    lab.wait(30).await;
    let kept = read(&lab, &id);
    let principal = kept["Statement"][0]["Principal"]["AWS"].as_str().expect("a principal").to_owned();
    assert!(principal.starts_with("AROA"), "{principal}");
    let input = json!({"FileSystemId": id, "Policy": kept.to_string()});
    lab.refused("efs", "PutFileSystemPolicy", input, "InvalidPolicyException");
}

#[tokio::test(start_paused = true)]
async fn nobody_locks_himself_out() {
    rule!(
        "EFS",
        "A policy that forbids the caller to put another is refused, unless the check is bypassed",
        "Amazon EFS API Reference, PutFileSystemPolicy, BypassPolicyLockoutSafetyCheck"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let deny = json!([{"Effect": "Deny", "Principal": "*", "Action": "elasticfilesystem:*"}]);
    let input = json!({"FileSystemId": id, "Policy": policy(deny)});
    let refusal =
        call_as(&lab, "elasticfilesystem:*", "PutFileSystemPolicy", input.clone()).await.expect_err("locked out");
    assert_eq!(refusal.code, "InvalidPolicyException");
    let mut bypassed = input.clone();
    bypassed["BypassPolicyLockoutSafetyCheck"] = json!(true);
    call_as(&lab, "elasticfilesystem:*", "PutFileSystemPolicy", bypassed).await.expect("bypassed");
    let refusal = call_as(&lab, "elasticfilesystem:*", "PutFileSystemPolicy", input).await.expect_err("locked out");
    assert_eq!(refusal.code, "AccessDeniedException");
}

#[tokio::test(start_paused = true)]
async fn requiring_tls_locks_nobody_out() {
    rule!(
        "EFS",
        "A policy that denies everything without TLS passes the lockout check, for API calls come by TLS",
        "Amazon EFS User Guide, Resource-based policy examples, Enforce in-transit encryption for all clients"
    );
    let lab = Lab::new();
    let id = file_system(&lab).await;
    let deny = json!([{"Effect": "Deny", "Principal": "*", "Action": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]);
    let input = json!({"FileSystemId": id, "Policy": policy(deny)});
    call_as(&lab, "elasticfilesystem:*", "PutFileSystemPolicy", input).await.expect("nobody is locked out");
}

#[tokio::test(start_paused = true)]
async fn tagging_in_a_create_call_needs_its_own_permission() {
    rule!(
        "EFS",
        "A create call with tags also needs the permission to tag",
        "Amazon EFS User Guide, Granting permissions to tag resources during creation"
    );
    let lab = Lab::new();
    let input = json!({"CreationToken": "home", "Tags": [{"Key": "team", "Value": "ci"}]});
    let create = |actions| call_as(&lab, actions, "CreateFileSystem", input.clone());
    let refusal = create("elasticfilesystem:CreateFileSystem").await.expect_err("no permission to tag");
    assert_eq!(refusal.code, "AccessDeniedException");
    assert!(refusal.message.contains("elasticfilesystem:TagResource"), "{}", refusal.message);
    create("elasticfilesystem:*").await.expect("permission to tag");
}
