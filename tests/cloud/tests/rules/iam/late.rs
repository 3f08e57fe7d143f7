//! What other services see of IAM, and when.

use super::{OTHER, allow, settled_role, tasks, trust};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_cloud::{Ask, iam};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn other_services_see_a_new_role_late() {
    rule!(
        "IAM",
        "A new role can't be assumed by a service or named in a resource policy at once",
        "AWS IAM User Guide, Troubleshoot IAM: Changes that I make are not always immediately visible"
    );
    let lab = Lab::new();
    let made = lab.ok("iam", "CreateRole", json!({"RoleName": "task", "AssumeRolePolicyDocument": tasks()}));
    let arn = made["Role"]["Arn"].as_str().unwrap();
    let seen = |service: &str| {
        let now = lab.cloud.clock().now();
        lab.cloud.with(|world| (iam::assumable(world, arn, service, now), iam::principal_known(world, arn, now)))
    };
    assert_eq!(seen("ecs-tasks.amazonaws.com"), (false, false));
    lab.wait(10).await;
    assert_eq!(seen("ecs-tasks.amazonaws.com"), (true, true));
    assert_eq!(seen("ec2.amazonaws.com"), (false, true));
}

#[tokio::test(start_paused = true)]
async fn a_trust_policy_may_name_the_source_account_and_arn() {
    rule!(
        "IAM",
        "A service assumes a role only for the account and resource that the trust policy names",
        "AWS IAM User Guide, The confused deputy problem"
    );
    let lab = Lab::new();
    let guarded = |account: &str| {
        trust(
            &json!({"Service": "ecs-tasks.amazonaws.com"}),
            &json!("sts:AssumeRole"),
            &json!({
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": format!("arn:aws:ecs:eu-central-1:{account}:*")}}),
        )
    };
    for (name, account) in [("mine", HOME_ACCOUNT), ("theirs", OTHER)] {
        lab.ok("iam", "CreateRole", json!({"RoleName": name, "AssumeRolePolicyDocument": guarded(account)}));
    }
    lab.wait(10).await;
    let now = lab.cloud.clock().now();
    lab.cloud.with(|world| {
        world.account(HOME_ACCOUNT).region("eu-central-1");
        let role = |name: &str| format!("arn:aws:iam::{HOME_ACCOUNT}:role/{name}");
        assert!(iam::assumable(world, &role("mine"), "ecs-tasks.amazonaws.com", now));
        assert!(!iam::assumable(world, &role("theirs"), "ecs-tasks.amazonaws.com", now));
        let elsewhere = format!("arn:aws:ecs:us-east-1:{HOME_ACCOUNT}:*");
        assert!(!iam::assumable_from(world, &role("mine"), "ecs-tasks.amazonaws.com", &elsewhere, now));
    });
}

#[tokio::test(start_paused = true)]
async fn a_changed_policy_takes_effect_late_and_in_order() {
    rule!(
        "IAM",
        "Calls are decided by the old policy for a while after it was changed",
        "AWS IAM User Guide, Troubleshoot IAM: Changes that I make are not always immediately visible"
    );
    let lab = Lab::new();
    let arn = settled_role(&lab, "task").await;
    let ask = Ask::new(
        "elasticfilesystem:ClientMount",
        "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-1",
    );
    let allowed = || {
        let now = lab.cloud.clock().now();
        lab.cloud.with(|world| iam::allows(world, &arn, &ask, now))
    };
    let document = allow("elasticfilesystem:ClientMount", "*").to_string();
    lab.ok("iam", "PutRolePolicy", json!({"RoleName": "task", "PolicyName": "p", "PolicyDocument": document}));
    assert!(!allowed());
    lab.wait(10).await;
    assert!(allowed());
    lab.ok("iam", "DeleteRolePolicy", json!({"RoleName": "task", "PolicyName": "p"}));
    assert!(allowed());
    lab.wait(10).await;
    assert!(!allowed());
}
