//! The decision on a call, and its words.

use super::{OTHER, allow, call_as, decide, granted, may, tasks};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_cloud::{Ask, iam};
use serde_json::{Value, json};

const CLUSTER: &str = "arn:aws:ecs:eu-central-1:111122223333:cluster/ci";
const SECRET: &str = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:s-AbCdEf";

fn create() -> Ask {
    Ask::new("ecs:CreateCluster", CLUSTER)
}

fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn on(element: &str, value: Value) -> Value {
    policy(json!([{"Effect": "Allow", "Action": "ecs:*", element: value}]))
}

#[tokio::test(start_paused = true)]
async fn what_no_policy_allows_is_denied_and_named() {
    rule!(
        "IAM",
        "A call that no identity policy allows is denied with caller, action and resource",
        "AWS IAM User Guide, Troubleshoot access denied error messages"
    );
    let lab = Lab::new();
    granted(&lab, HOME_ACCOUNT, "r", &allow("ec2:*", "*"));
    let refusal = decide(&lab, "r", "ecs", &create()).unwrap_err();
    assert_eq!((refusal.code.as_ref(), refusal.status), ("AccessDeniedException", 400));
    assert_eq!(
        refusal.message,
        "User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: ecs:CreateCluster on resource: \
         arn:aws:ecs:eu-central-1:111122223333:cluster/ci because no identity-based policy allows the \
         ecs:CreateCluster action"
    );
    let refusal = decide(&lab, "r", "iam", &Ask::new("iam:GetRole", "*")).unwrap_err();
    assert_eq!((refusal.code.as_ref(), refusal.status), ("AccessDenied", 403));
    let refusal = decide(&lab, "r", "efs", &Ask::new("elasticfilesystem:CreateFileSystem", "*")).unwrap_err();
    assert_eq!((refusal.code.as_ref(), refusal.status), ("AccessDeniedException", 403));
}

#[tokio::test(start_paused = true)]
async fn ec2_seals_the_reason() {
    rule!(
        "EC2",
        "A denied call is UnauthorizedOperation with an encoded authorization failure message",
        "Amazon EC2 API Reference, Error codes, UnauthorizedOperation"
    );
    let lab = Lab::new();
    granted(&lab, HOME_ACCOUNT, "r", &allow("ecs:*", "*"));
    let refusal = decide(&lab, "r", "ec2", &Ask::new("ec2:CreateSecurityGroup", "*")).unwrap_err();
    assert_eq!((refusal.code.as_ref(), refusal.status), ("UnauthorizedOperation", 403));
    assert!(refusal.message.starts_with("You are not authorized to perform this operation. User: arn:aws:sts::"));
    assert!(refusal.message.contains(". Encoded authorization failure message: "), "{}", refusal.message);
}

#[tokio::test(start_paused = true)]
async fn a_deny_wins_over_every_allow() {
    rule!("IAM", "An explicit deny wins over any allow", "AWS IAM User Guide, Policy evaluation logic");
    let lab = Lab::new();
    let deny = json!({"Effect": "Deny", "Action": "ecs:Create*", "Resource": CLUSTER});
    granted(&lab, HOME_ACCOUNT, "r", &policy(json!([deny, {"Effect": "Allow", "Action": "*", "Resource": "*"}])));
    let refusal = decide(&lab, "r", "ecs", &create()).unwrap_err();
    assert!(refusal.message.ends_with("with an explicit deny in an identity-based policy"), "{}", refusal.message);
    decide(&lab, "r", "ecs", &Ask::new("ecs:DeleteCluster", CLUSTER)).unwrap();
}

#[tokio::test(start_paused = true)]
async fn actions_are_compared_without_case() {
    rule!(
        "IAM",
        "Actions are compared without case, with * and ?",
        "AWS IAM User Guide, IAM JSON policy elements: Action"
    );
    for action in ["ECS:createcluster", "ecs:Create*", "ecs:?reateCluster", "*", "ecs:*Cluster"] {
        assert!(may(&allow(action, "*"), &create()), "{action}");
    }
    for action in ["ecs:Create", "ec2:CreateCluster", "ecs:CreateCluster?"] {
        assert!(!may(&allow(action, "*"), &create()), "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn resources_are_compared_with_case_and_by_segment() {
    rule!(
        "IAM",
        "Resources are compared with case; a * goes beyond a colon only as the last character of a segment; missing segments are filled with *",
        "AWS IAM User Guide, IAM JSON policy elements: Resource"
    );
    for resource in ["*", "arn:aws:ecs:*:*:cluster/*", "arn:aws:ecs:*", "arn:aws:ecs:eu-*:111122223333:cluster/c?"] {
        assert!(may(&on("Resource", json!(resource)), &create()), "{resource}");
    }
    for resource in ["arn:aws:ecs:*:*:cluster/CI", "arn:aws:ecs:eu*3:cluster/ci", "arn:aws:ecs:*:*:service/*"] {
        assert!(!may(&on("Resource", json!(resource)), &create()), "{resource}");
    }
    let list = Ask::new("ecs:ListClusters", "*");
    assert!(may(&on("Resource", json!("*")), &list));
    assert!(!may(&on("Resource", json!("arn:aws:ecs:*:*:*")), &list));
}

#[tokio::test(start_paused = true)]
async fn not_action_and_not_resource_mean_all_others() {
    rule!(
        "IAM",
        "NotAction and NotResource fit all but what they list",
        "AWS IAM User Guide, IAM JSON policy elements: NotAction; NotResource"
    );
    let all_but = |action: &str| policy(json!({"Effect": "Allow", "NotAction": [action, "s3:*"], "Resource": "*"}));
    assert!(may(&all_but("iam:*"), &create()));
    assert!(!may(&all_but("ecs:*"), &create()));
    assert!(may(&on("NotResource", json!("arn:aws:ecs:*:*:service/*")), &create()));
    assert!(!may(&on("NotResource", json!([CLUSTER, "arn:aws:s3:::x"])), &create()));
}

#[tokio::test(start_paused = true)]
async fn tags_in_the_request_and_on_the_resource_decide() {
    rule!(
        "IAM",
        "aws:RequestTag and aws:ResourceTag with aws:TagKeys limit who may make and change what",
        "AWS IAM User Guide, Controlling access to AWS resources using tags"
    );
    let own =
        json!({"StringEquals": {"aws:RequestTag/stack": "a"}, "ForAllValues:StringLike": {"aws:TagKeys": "stack*"}});
    let create_own = policy(json!({"Effect": "Allow", "Action": "ecs:*", "Resource": "*", "Condition": own}));
    let tagged = |tags: &[(&str, &str)]| {
        create().request_tags(&tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    };
    assert!(may(&create_own, &tagged(&[("stack", "a"), ("stack-node", "b")])));
    assert!(!may(&create_own, &tagged(&[("stack", "b")])));
    assert!(!may(&create_own, &tagged(&[("stack", "a"), ("other", "b")])));
    assert!(!may(&create_own, &tagged(&[])));
}

#[tokio::test(start_paused = true)]
async fn a_boundary_limits_what_policies_allow() {
    rule!(
        "IAM",
        "A permissions boundary limits identity policies and allows nothing by itself",
        "AWS IAM User Guide, Permissions boundaries for IAM entities"
    );
    let lab = Lab::new();
    granted(&lab, HOME_ACCOUNT, "r", &allow("*", "*"));
    let made = lab.ok(
        "iam",
        "CreatePolicy",
        json!({"PolicyName": "limit",
        "PolicyDocument": allow("ecs:Create*", "*").to_string()}),
    );
    let arn = &made["Policy"]["Arn"];
    lab.ok("iam", "PutRolePermissionsBoundary", json!({"RoleName": "r", "PermissionsBoundary": arn}));
    lab.wait(10).await;
    decide(&lab, "r", "ecs", &create()).unwrap();
    let refusal = decide(&lab, "r", "ecs", &Ask::new("ecs:DeleteCluster", CLUSTER)).unwrap_err();
    assert!(
        refusal.message.ends_with("because no permissions boundary allows the ecs:DeleteCluster action"),
        "{}",
        refusal.message
    );
    lab.ok("iam", "DeleteRolePolicy", json!({"RoleName": "r", "PolicyName": "granted"}));
    lab.wait(10).await;
    assert!(decide(&lab, "r", "ecs", &create()).unwrap_err().message.contains("no identity-based policy"));
}

fn read_secret(principal: Value, effect: &str) -> Ask {
    let mut ask = Ask::new("secretsmanager:GetSecretValue", SECRET);
    ask.resource_policy = Some(policy(json!([{"Effect": effect, "Principal": principal,
        "Action": "secretsmanager:*", "Resource": "*"}])));
    ask
}

fn arn(account: &str, name: &str) -> Value {
    json!({"AWS": format!("arn:aws:iam::{account}:{name}")})
}

#[tokio::test(start_paused = true)]
async fn within_an_account_one_side_is_enough() {
    rule!(
        "IAM",
        "Within one account the resource policy alone allows a role that it names; naming the account leaves it to identity policies",
        "AWS IAM User Guide, Policy evaluation for requests within a single account"
    );
    let lab = Lab::new();
    granted(&lab, HOME_ACCOUNT, "r", &allow("ecs:*", "*"));
    let read = |principal: Value, effect: &str| decide(&lab, "r", "secretsmanager", &read_secret(principal, effect));
    read(arn(HOME_ACCOUNT, "role/r"), "Allow").unwrap();
    read(json!("*"), "Allow").unwrap();
    assert!(read(arn(HOME_ACCOUNT, "root"), "Allow").unwrap_err().message.contains("no identity-based policy"));
    assert!(read(arn(HOME_ACCOUNT, "role/other"), "Allow").is_err());
    let denied = read(arn(HOME_ACCOUNT, "root"), "Deny").unwrap_err();
    assert!(denied.message.ends_with("with an explicit deny in a resource-based policy"), "{}", denied.message);
}

#[tokio::test(start_paused = true)]
async fn across_accounts_both_sides_are_needed() {
    rule!(
        "IAM",
        "A resource of another account needs the identity policy and the resource policy",
        "AWS IAM User Guide, Cross-account policy evaluation logic"
    );
    let lab = Lab::new();
    granted(&lab, HOME_ACCOUNT, "r", &allow("secretsmanager:*", "*"));
    granted(&lab, HOME_ACCOUNT, "idle", &allow("ecs:*", "*"));
    let foreign = |principal: Option<Value>| {
        let mut ask = read_secret(principal.clone().unwrap_or_default(), "Allow");
        ask.resource = SECRET.replace(HOME_ACCOUNT, OTHER);
        ask.resource_policy = ask.resource_policy.filter(|_| principal.is_some());
        ask
    };
    decide(&lab, "r", "secretsmanager", &foreign(Some(arn(HOME_ACCOUNT, "root")))).unwrap();
    assert!(decide(&lab, "idle", "secretsmanager", &foreign(Some(arn(HOME_ACCOUNT, "role/idle")))).is_err());
    let refusal = decide(&lab, "r", "secretsmanager", &foreign(None)).unwrap_err();
    assert!(refusal.message.contains("because no resource-based policy allows"), "{}", refusal.message);
}

#[tokio::test(start_paused = true)]
async fn a_key_policy_must_let_the_account_in() {
    rule!(
        "KMS",
        "Identity policies count for a key only where its key policy allows the account or the role",
        "AWS KMS Developer Guide, Key policies in AWS KMS"
    );
    let lab = Lab::new();
    granted(&lab, HOME_ACCOUNT, "r", &allow("kms:*", "*"));
    let decrypt = |principal: Value| {
        let mut ask = Ask::new("kms:Decrypt", "arn:aws:kms:eu-central-1:111122223333:key/k");
        ask.resource_policy = Some(policy(json!([{"Effect": "Allow", "Principal": principal, "Action": "kms:*",
            "Resource": "*"}])));
        decide(&lab, "r", "kms", &ask)
    };
    decrypt(arn(HOME_ACCOUNT, "root")).unwrap();
    assert!(decrypt(arn(HOME_ACCOUNT, "role/other")).unwrap_err().message.contains("no resource-based policy"));
}

#[tokio::test(start_paused = true)]
async fn passing_a_role_is_asked_for_the_service() {
    rule!(
        "IAM",
        "iam:PassedToService limits to which service a role may be passed",
        "AWS IAM User Guide, Grant a user permissions to pass a role to an AWS service"
    );
    let lab = Lab::new();
    lab.ok("iam", "CreateInstanceProfile", json!({"InstanceProfileName": "p"}));
    lab.ok("iam", "CreateRole", json!({"RoleName": "agent", "AssumeRolePolicyDocument": tasks()}));
    let pass = |service: &str| {
        policy(json!([
            {"Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*"},
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/agent",
                "Condition": {"StringEquals": {"iam:PassedToService": service}}}]))
    };
    let input = json!({"InstanceProfileName": "p", "RoleName": "agent"});
    let tasks = granted(&lab, HOME_ACCOUNT, "a", &pass("ecs-tasks.amazonaws.com"));
    let refusal = call_as(&lab, &tasks, "iam", "AddRoleToInstanceProfile", input.clone()).unwrap_err();
    assert!(refusal.message.contains("iam:PassRole on resource: arn:aws:iam::111122223333:role/agent"));
    let ec2 = granted(&lab, HOME_ACCOUNT, "b", &pass("ec2.amazonaws.com"));
    call_as(&lab, &ec2, "iam", "AddRoleToInstanceProfile", input).unwrap();
}

#[tokio::test(start_paused = true)]
async fn tags_in_a_create_call_need_their_own_permission() {
    rule!("IAM", "CreateRole with tags needs iam:TagRole too", "AWS IAM User Guide, Tagging IAM roles");
    let lab = Lab::new();
    let key = granted(&lab, HOME_ACCOUNT, "r", &allow("iam:CreateRole", "*"));
    let mut input = json!({"RoleName": "x", "AssumeRolePolicyDocument": tasks(), "Tags": [{"Key": "a", "Value": "b"}]});
    let refusal = call_as(&lab, &key, "iam", "CreateRole", input.clone()).unwrap_err();
    assert!(refusal.message.contains("iam:TagRole"), "{}", refusal.message);
    input["Tags"] = json!([]);
    call_as(&lab, &key, "iam", "CreateRole", input).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_boundary_can_be_demanded_of_new_roles() {
    rule!(
        "IAM",
        "iam:PermissionsBoundary limits CreateRole and PutRolePolicy to roles with that boundary",
        "AWS IAM User Guide, Delegating responsibility to others using permissions boundaries"
    );
    let lab = Lab::new();
    let document = allow("ecs:*", "*").to_string();
    let boundary = lab.ok("iam", "CreatePolicy", json!({"PolicyName": "limit", "PolicyDocument": document}))["Policy"]
        ["Arn"]
        .clone();
    let key = granted(
        &lab,
        HOME_ACCOUNT,
        "r",
        &policy(json!({"Effect": "Allow", "Resource": "*",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}}})),
    );
    let mut role = json!({"RoleName": "x", "AssumeRolePolicyDocument": tasks()});
    let put = json!({"RoleName": "x", "PolicyName": "p", "PolicyDocument": document});
    assert!(call_as(&lab, &key, "iam", "CreateRole", role.clone()).is_err());
    role["PermissionsBoundary"] = boundary;
    call_as(&lab, &key, "iam", "CreateRole", role).unwrap();
    call_as(&lab, &key, "iam", "PutRolePolicy", put.clone()).unwrap();
    lab.ok("iam", "DeleteRolePermissionsBoundary", json!({"RoleName": "x"}));
    assert!(call_as(&lab, &key, "iam", "PutRolePolicy", put).is_err());
}

#[tokio::test(start_paused = true)]
async fn who_does_not_sign_is_only_let_in_by_a_policy_for_everyone() {
    rule!(
        "IAM",
        "A caller without credentials is allowed only by a resource policy for everyone",
        "AWS IAM User Guide, AWS JSON policy elements: Principal, All principals"
    );
    let lab = Lab::new();
    let now = lab.cloud.clock().now();
    let allows = |ask: &Ask| lab.cloud.with(|world| iam::allows(world, "", ask, now));
    assert!(allows(&read_secret(json!({"AWS": "*"}), "Allow")));
    assert!(!allows(&read_secret(arn(HOME_ACCOUNT, "root"), "Allow")));
    assert!(!allows(&Ask::new("secretsmanager:GetSecretValue", SECRET)));
}

#[tokio::test(start_paused = true)]
async fn the_simulator_decides_as_calls_are_decided() {
    rule!(
        "IAM",
        "SimulatePrincipalPolicy answers allowed, explicitDeny or implicitDeny for each action and resource",
        "AWS IAM API Reference, SimulatePrincipalPolicy"
    );
    let lab = Lab::new();
    granted(
        &lab,
        HOME_ACCOUNT,
        "r",
        &policy(json!([{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ecs:Delete*", "Resource": CLUSTER}])),
    );
    let answer = lab.ok(
        "iam",
        "SimulatePrincipalPolicy",
        json!({"PolicySourceArn": "arn:aws:iam::111122223333:role/r",
        "ActionNames": ["ecs:CreateCluster", "ecs:DeleteCluster", "iam:GetRole"], "ResourceArns": [CLUSTER]}),
    );
    let decisions: Vec<&Value> =
        answer["EvaluationResults"].as_array().unwrap().iter().map(|r| &r["EvalDecision"]).collect();
    assert_eq!(decisions, ["allowed", "explicitDeny", "implicitDeny"]);
}
