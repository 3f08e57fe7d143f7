//! What is accepted as a policy document, and how it is given back.

use super::{OTHER, allow, granted, settled_role, tasks, trust};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use serde_json::{Value, json};

fn malformed_trust(lab: &Lab, document: &str) -> String {
    let input = json!({"RoleName": "x", "AssumeRolePolicyDocument": document});
    lab.refused("iam", "CreateRole", input, "MalformedPolicyDocument").message
}

fn malformed(lab: &Lab, document: &str) -> String {
    let input = json!({"PolicyName": "x", "PolicyDocument": document});
    lab.refused("iam", "CreatePolicy", input, "MalformedPolicyDocument").message
}

fn with(statement: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn trust_of(lab: &Lab, name: &str) -> Value {
    let role = lab.ok("iam", "GetRole", json!({"RoleName": name}));
    let text = role["Role"]["AssumeRolePolicyDocument"].as_str().unwrap().to_owned();
    let text = percent_decode(&text);
    serde_json::from_str(&text).unwrap()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex: Vec<u8> = if byte == b'%' { rest.by_ref().take(2).collect() } else { Vec::new() };
        match std::str::from_utf8(&hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => bytes.push(decoded),
            None => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_trust_policy_says_who_and_not_what() {
    rule!(
        "IAM",
        "A trust policy needs Principal, Effect and Action, and must not have Resource",
        "AWS IAM User Guide, Grammar of the IAM JSON policy language"
    );
    let lab = Lab::new();
    let service = json!({"Service": "ecs-tasks.amazonaws.com"});
    let base = json!({"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"});
    let changed = |key: &str, value: Value| {
        let mut statement = base.clone();
        statement[key] = value;
        statement.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        malformed_trust(&lab, &with(statement))
    };
    assert_eq!(changed("Resource", json!("*")), "Has prohibited field Resource");
    assert_eq!(changed("Principal", Value::Null), "Missing required field Principal");
    assert_eq!(changed("Action", Value::Null), "Missing required field Action");
    assert_eq!(changed("Effect", Value::Null), "Missing required field Effect");
    assert_eq!(changed("Effect", json!("allow")), "Invalid effect: allow");
    assert_eq!(changed("Action", json!("ecs:*")), "AssumeRole policy may only specify STS AssumeRole actions.");
    assert_eq!(changed("Principals", json!("*")), "Unknown field Principals");
    assert_eq!(changed("Condition", json!({"StringIs": {"a:b": "c"}})), "Invalid Condition type : StringIs.");
    assert_eq!(malformed_trust(&lab, "{"), "This policy contains invalid Json");
    assert_eq!(malformed_trust(&lab, "{}"), "Could not parse the policy: Statement is empty!");
    assert_eq!(malformed_trust(&lab, "{\"Statement\":[]}"), "Could not parse the policy: Statement is empty!");
}

#[tokio::test(start_paused = true)]
async fn a_trust_policy_names_only_who_exists() {
    rule!(
        "IAM",
        "A principal that does not exist, or is not seen yet, makes a trust policy malformed",
        "AWS IAM User Guide, Troubleshoot IAM roles: Invalid principal in policy"
    );
    let lab = Lab::new();
    let naming = |principal: Value| trust(&principal, &json!("sts:AssumeRole"), &json!({}));
    for (kind, name) in [
        ("AWS", format!("arn:aws:iam::{HOME_ACCOUNT}:role/nobody")),
        ("AWS", format!("arn:aws:iam::{OTHER}:root")),
        ("AWS", "arn:aws:iam::*:root".to_owned()),
        ("SERVICE", "ecs-tasks".to_owned()),
    ] {
        let member = if kind == "SERVICE" { "Service" } else { kind };
        let message = malformed_trust(&lab, &naming(json!({member: name})));
        assert_eq!(message, format!("Invalid principal in policy: \"{kind}\":\"{name}\""));
    }
    let made = lab.ok("iam", "CreateRole", json!({"RoleName": "first", "AssumeRolePolicyDocument": tasks()}));
    let first = naming(json!({"AWS": made["Role"]["Arn"]}));
    malformed_trust(&lab, &first);
    lab.wait(10).await;
    lab.ok("iam", "CreateRole", json!({"RoleName": "x", "AssumeRolePolicyDocument": first}));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_role_stays_in_trust_policies_as_its_id() {
    rule!(
        "IAM",
        "A trust policy keeps a role by its unique id: shown when the role is deleted, and not the new role of that name",
        "AWS IAM User Guide, AWS JSON policy elements: Principal, IAM role principals"
    );
    let lab = Lab::new();
    let key = granted(&lab, HOME_ACCOUNT, "worker", &allow("ecs:*", "*"));
    let worker = format!("arn:aws:iam::{HOME_ACCOUNT}:role/worker");
    let document = trust(&json!({"AWS": worker}), &json!("sts:AssumeRole"), &json!({}));
    lab.ok("iam", "CreateRole", json!({"RoleName": "x", "AssumeRolePolicyDocument": document}));
    lab.wait(10).await;
    assert_eq!(trust_of(&lab, "x")["Statement"][0]["Principal"]["AWS"], worker);
    let id = lab.ok("iam", "GetRole", json!({"RoleName": "worker"}))["Role"]["RoleId"].clone();
    let input = json!({"RoleArn": format!("arn:aws:iam::{HOME_ACCOUNT}:role/x"), "RoleSessionName": "s"});
    super::call_as(&lab, &key, "sts", "AssumeRole", input.clone()).unwrap();
    lab.ok("iam", "DeleteRolePolicy", json!({"RoleName": "worker", "PolicyName": "granted"}));
    lab.ok("iam", "DeleteRole", json!({"RoleName": "worker"}));
    assert_eq!(trust_of(&lab, "x")["Statement"][0]["Principal"]["AWS"], id);
    let again = granted(&lab, HOME_ACCOUNT, "worker", &allow("ecs:*", "*"));
    assert_eq!(trust_of(&lab, "x")["Statement"][0]["Principal"]["AWS"], id);
    assert!(super::call_as(&lab, &again, "sts", "AssumeRole", input).is_err());
}

#[tokio::test(start_paused = true)]
async fn an_account_number_becomes_its_root() {
    rule!(
        "IAM",
        "An account number as principal of a trust policy is given back as the ARN of the account's root",
        "AWS IAM User Guide, AWS JSON policy elements: Principal, AWS account principals"
    );
    let lab = Lab::new();
    let document = trust(&json!({"AWS": [HOME_ACCOUNT]}), &json!("sts:AssumeRole"), &json!({}));
    lab.ok("iam", "CreateRole", json!({"RoleName": "x", "AssumeRolePolicyDocument": document}));
    lab.wait(2).await;
    let root = format!("arn:aws:iam::{HOME_ACCOUNT}:root");
    assert_eq!(trust_of(&lab, "x")["Statement"][0]["Principal"]["AWS"], json!([root]));
}

#[tokio::test(start_paused = true)]
async fn an_identity_policy_says_what_and_not_who() {
    rule!(
        "IAM",
        "An identity policy needs Version 2012-10-17, Effect, Action and Resource, and must not have Principal",
        "AWS IAM User Guide, Grammar of the IAM JSON policy language"
    );
    let lab = Lab::new();
    let base = json!({"Effect": "Allow", "Action": "ecs:*", "Resource": "*"});
    let changed = |changes: Value| {
        let mut statement = base.clone();
        statement.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        statement.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        malformed(&lab, &with(statement))
    };
    let syntax = "Syntax errors in policy.";
    assert_eq!(changed(json!({"Principal": "*"})), "Policy document should not specify a principal.");
    assert_eq!(changed(json!({"Action": null})), "Policy statement must contain actions.");
    assert_eq!(changed(json!({"Resource": []})), "Policy statement must contain resources.");
    assert_eq!(changed(json!({"NotAction": "iam:*"})), syntax);
    assert_eq!(changed(json!({"NotResource": "*"})), syntax);
    assert_eq!(changed(json!({"Resources": "*"})), syntax);
    assert_eq!(changed(json!({"Effect": "Permit"})), syntax);
    assert_eq!(changed(json!({"Condition": {"StringIs": {"a:b": "c"}}})), syntax);
    assert_eq!(malformed(&lab, "no json"), syntax);
    assert_eq!(malformed(&lab, "{}"), syntax);
    let old = json!({"Version": "2008-10-17", "Statement": [base]}).to_string();
    assert_eq!(malformed(&lab, &old), "Policy document must be version 2012-10-17 or greater.");
}

#[tokio::test(start_paused = true)]
async fn actions_and_resources_have_their_form() {
    rule!(
        "IAM",
        "An action is vendor:name, a resource is * or an ARN whose service has no wildcard",
        "AWS IAM User Guide, IAM JSON policy elements: Action; Resource"
    );
    let lab = Lab::new();
    let action = |action: &str| malformed(&lab, &allow(action, "*").to_string());
    let resource = |resource: &str| malformed(&lab, &allow("ecs:*", resource).to_string());
    assert_eq!(action("CreateCluster"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    assert_eq!(action("ecs:Create:Cluster"), "Actions/Condition can contain only one colon.");
    assert_eq!(action("e*s:CreateCluster"), "Vendor e*s is not valid");
    assert_eq!(resource("cluster"), "Resource cluster must be in ARN format or \"*\".");
    assert_eq!(
        resource("arn:aws:e*:*:*:cluster/ci"),
        "Resource vendor must be fully qualified and cannot contain regexes."
    );
    assert_eq!(resource("arn:iam:ecs"), "Partition \"iam\" is not valid for resource \"arn:iam:ecs:*:*:*\".");
    let regional = "arn:aws:iam:eu-central-1:111122223333:role/x";
    assert_eq!(resource(regional), format!("IAM resource {regional} cannot contain region information."));
}

#[tokio::test(start_paused = true)]
async fn statement_ids_are_alphanumeric_and_unique() {
    rule!(
        "IAM",
        "Sid has only letters and digits and is unique in its policy",
        "AWS IAM User Guide, IAM JSON policy elements: Sid"
    );
    let lab = Lab::new();
    let sids = |first: &str, second: &str| {
        let statement = |sid: &str| json!({"Sid": sid, "Effect": "Allow", "Action": "ecs:*", "Resource": "*"});
        json!({"Version": "2012-10-17", "Statement": [statement(first), statement(second)]}).to_string()
    };
    assert!(malformed(&lab, &sids("a-b", "c")).starts_with("Statement IDs (SID) must be alpha-numeric."));
    assert_eq!(malformed(&lab, &sids("a", "a")), "Statement IDs (SID) in a single policy must be unique.");
    lab.ok("iam", "CreatePolicy", json!({"PolicyName": "x", "PolicyDocument": sids("", "")}));
}

fn padded(characters: usize) -> String {
    let empty = allow("ecs:*", "arn:aws:ecs:*:*:cluster/").to_string();
    let filling = "x".repeat(characters - empty.len());
    format!("  \n{}\t", allow("ecs:*", &format!("arn:aws:ecs:*:*:cluster/{filling}")))
}

#[tokio::test(start_paused = true)]
async fn inline_policies_share_their_limit() {
    rule!(
        "IAM",
        "The inline policies of a role have 10,240 characters together, white space not counted",
        "AWS IAM User Guide, IAM and AWS STS quotas"
    );
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    let put = |name: &str, size: usize| json!({"RoleName": "r", "PolicyName": name, "PolicyDocument": padded(size)});
    lab.ok("iam", "PutRolePolicy", put("a", 10_000));
    lab.ok("iam", "PutRolePolicy", put("b", 240));
    let refusal = lab.refused("iam", "PutRolePolicy", put("b", 241), "LimitExceeded");
    assert_eq!(
        (refusal.status, refusal.message.as_str()),
        (409, "Maximum policy size of 10240 bytes exceeded for role r")
    );
    lab.ok("iam", "PutRolePolicy", put("a", 9_999));
}

#[tokio::test(start_paused = true)]
async fn trust_and_managed_policies_have_their_limits() {
    rule!(
        "IAM",
        "A trust policy has 2,048 characters, a managed policy 6,144, white space not counted",
        "AWS IAM User Guide, IAM and AWS STS quotas"
    );
    let lab = Lab::new();
    lab.ok("iam", "CreatePolicy", json!({"PolicyName": "fits", "PolicyDocument": padded(6_144)}));
    let input = json!({"PolicyName": "x", "PolicyDocument": padded(6_145)});
    let refusal = lab.refused("iam", "CreatePolicy", input, "LimitExceeded");
    assert_eq!(refusal.message, "Cannot exceed quota for PolicySize: 6144");
    let wordy = |characters: usize| {
        let of = |id: &str| {
            let condition = json!({"StringEquals": {"sts:ExternalId": id}});
            trust(&json!({"Service": "ecs-tasks.amazonaws.com"}), &json!("sts:AssumeRole"), &condition)
        };
        of(&"x".repeat(characters - of("").len()))
    };
    lab.ok("iam", "CreateRole", json!({"RoleName": "fits", "AssumeRolePolicyDocument": wordy(2_048)}));
    let input = json!({"RoleName": "x", "AssumeRolePolicyDocument": wordy(2_049)});
    let refusal = lab.refused("iam", "CreateRole", input, "LimitExceeded");
    assert_eq!(refusal.message, "Cannot exceed quota for ACLSizePerRole: 2048");
}

#[tokio::test(start_paused = true)]
async fn documents_are_given_back_percent_encoded_as_stored() {
    rule!(
        "IAM",
        "Policy documents are given back as they were sent, percent-encoded by RFC 3986",
        "AWS IAM API Reference, GetRolePolicy, PolicyDocument"
    );
    let lab = Lab::new();
    settled_role(&lab, "r").await;
    let text = format!("{} \n", allow("ecs:*", "*"));
    lab.ok("iam", "PutRolePolicy", json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": text}));
    lab.wait(2).await;
    let answer = lab.ok("iam", "GetRolePolicy", json!({"RoleName": "r", "PolicyName": "p"}));
    let encoded = answer["PolicyDocument"].as_str().unwrap();
    assert!(encoded.starts_with("%7B%22") && encoded.ends_with("%7D%20%0A"), "{encoded}");
    assert_eq!(percent_decode(encoded), text);
}
