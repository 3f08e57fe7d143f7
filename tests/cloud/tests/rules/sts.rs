//! Rules of `sts`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use crate::iam::{OTHER, allow, call_as, granted, trust};
use crate::lab::Lab;
use crate::rule;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jenkinsstack_cloud::Answer;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use serde_json::{Value, json};

fn root(account: &str) -> Value {
    json!({"AWS": format!("arn:aws:iam::{account}:root")})
}

async fn role(lab: &Lab, name: &str, trust: String) -> String {
    let input = json!({"RoleName": name, "AssumeRolePolicyDocument": trust, "MaxSessionDuration": 7200});
    let arn = lab.ok("iam", "CreateRole", input)["Role"]["Arn"].as_str().unwrap().to_owned();
    lab.wait(10).await;
    arn
}

fn assume(arn: &str) -> Value {
    json!({"RoleArn": arn, "RoleSessionName": "ci"})
}

fn code(answer: Answer) -> String {
    answer.err().map(|refusal| refusal.code.into_owned()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_session_is_named_by_its_role_and_its_session_name() {
    rule!(
        "STS",
        "A session's ARN is assumed-role, role and session name; its user id begins with the role's id",
        "AWS STS API Reference, GetCallerIdentity"
    );
    let lab = Lab::new();
    let root_says = lab.ok("sts", "GetCallerIdentity", json!({}));
    assert_eq!(root_says["Arn"], format!("arn:aws:iam::{HOME_ACCOUNT}:root"));
    let arn = role(&lab, "build", trust(&root(HOME_ACCOUNT), &json!("sts:AssumeRole"), &json!({}))).await;
    let session = lab.ok("sts", "AssumeRole", assume(&arn));
    let key = session["Credentials"]["AccessKeyId"].as_str().unwrap();
    assert!(key.starts_with("ASIA") && key.len() == 20, "{key}");
    let who = call_as(&lab, key, "sts", "GetCallerIdentity", json!({})).unwrap();
    assert_eq!(who["Arn"], format!("arn:aws:sts::{HOME_ACCOUNT}:assumed-role/build/ci"));
    assert_eq!(who["UserId"], session["AssumedRoleUser"]["AssumedRoleId"]);
    assert!(who["UserId"].as_str().unwrap().starts_with("AROA"));
}

#[tokio::test(start_paused = true)]
async fn the_key_of_a_session_expires() {
    rule!(
        "STS",
        "Temporary credentials are known until their expiration, an hour unless asked otherwise",
        "AWS STS API Reference, AssumeRole, DurationSeconds"
    );
    let lab = Lab::new();
    let arn = role(&lab, "build", trust(&root(HOME_ACCOUNT), &json!("sts:AssumeRole"), &json!({}))).await;
    let before = lab.cloud.clock().now().seconds();
    let session = lab.ok("sts", "AssumeRole", assume(&arn));
    let end = session["Credentials"]["Expiration"].as_f64().unwrap();
    assert!((end - before - 3600.0).abs() <= 1.0);
    let key = session["Credentials"]["AccessKeyId"].as_str().unwrap().to_owned();
    let known = lab.cloud.with(|world| world.keys[&key].clone());
    assert_eq!(known.session_token.as_deref(), session["Credentials"]["SessionToken"].as_str());
    assert_eq!(known.expires.map(|end| end.0 / 1000), Some(end as u64));
}

#[tokio::test(start_paused = true)]
async fn a_session_lasts_no_longer_than_its_role_allows() {
    rule!(
        "STS",
        "DurationSeconds beyond the role's MaxSessionDuration is refused",
        "AWS STS API Reference, AssumeRole, DurationSeconds"
    );
    let lab = Lab::new();
    let arn = role(&lab, "build", trust(&root(HOME_ACCOUNT), &json!("sts:AssumeRole"), &json!({}))).await;
    let mut input = assume(&arn);
    input["DurationSeconds"] = json!(7200);
    lab.ok("sts", "AssumeRole", input.clone());
    input["DurationSeconds"] = json!(7201);
    lab.refused("sts", "AssumeRole", input, "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_assumes_a_role_gets_an_hour_at_most() {
    rule!(
        "STS",
        "A session of a role assumed by a role lasts an hour at most",
        "AWS IAM User Guide, Roles terms and concepts, Role chaining"
    );
    let lab = Lab::new();
    let arn = role(&lab, "build", trust(&root(HOME_ACCOUNT), &json!("sts:AssumeRole"), &json!({}))).await;
    let key = granted(&lab, HOME_ACCOUNT, "first", &allow("sts:AssumeRole", &arn));
    let mut input = assume(&arn);
    call_as(&lab, &key, "sts", "AssumeRole", input.clone()).unwrap();
    input["DurationSeconds"] = json!(3601);
    assert_eq!(code(call_as(&lab, &key, "sts", "AssumeRole", input)), "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn who_is_not_trusted_is_denied() {
    rule!(
        "STS",
        "A role that does not exist and one that does not trust the caller are denied in the same words",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let arn = role(
        &lab,
        "build",
        trust(&json!({"Service": "ecs-tasks.amazonaws.com"}), &json!("sts:AssumeRole"), &json!({})),
    )
    .await;
    let refusal = lab.refused("sts", "AssumeRole", assume(&arn), "AccessDenied");
    assert_eq!(refusal.status, 403);
    assert_eq!(
        refusal.message,
        format!(
            "User: arn:aws:iam::{HOME_ACCOUNT}:root is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )
    );
    let nowhere = format!("arn:aws:iam::{HOME_ACCOUNT}:role/nowhere");
    let other = lab.refused("sts", "AssumeRole", assume(&nowhere), "AccessDenied");
    assert_eq!(other.message, refusal.message.replace(&arn, &nowhere));
}

#[tokio::test(start_paused = true)]
async fn trust_in_the_account_leaves_the_choice_to_identity_policies() {
    rule!(
        "STS",
        "A trust policy that names the account lets in only roles whose own policies allow sts:AssumeRole",
        "AWS IAM User Guide, AWS JSON policy elements: Principal, AWS account principals"
    );
    let lab = Lab::new();
    let arn = role(&lab, "build", trust(&json!({"AWS": HOME_ACCOUNT}), &json!("sts:AssumeRole"), &json!({}))).await;
    let may = granted(&lab, HOME_ACCOUNT, "may", &allow("sts:AssumeRole", "*"));
    let may_not = granted(&lab, HOME_ACCOUNT, "maynot", &allow("ecs:*", "*"));
    call_as(&lab, &may, "sts", "AssumeRole", assume(&arn)).unwrap();
    assert_eq!(code(call_as(&lab, &may_not, "sts", "AssumeRole", assume(&arn))), "AccessDenied");
}

#[tokio::test(start_paused = true)]
async fn trust_in_a_role_of_the_account_is_enough() {
    rule!(
        "STS",
        "Within one account a trust policy that names the role itself is enough",
        "AWS IAM User Guide, Policy evaluation for requests within a single account"
    );
    let lab = Lab::new();
    let key = granted(&lab, HOME_ACCOUNT, "worker", &allow("ecs:*", "*"));
    let worker = json!({"AWS": format!("arn:aws:iam::{HOME_ACCOUNT}:role/worker")});
    let arn = role(&lab, "build", trust(&worker, &json!("sts:AssumeRole"), &json!({}))).await;
    call_as(&lab, &key, "sts", "AssumeRole", assume(&arn)).unwrap();
}

#[tokio::test(start_paused = true)]
async fn across_accounts_both_sides_must_allow() {
    rule!(
        "STS",
        "Across accounts the trust policy and the caller's own policies must both allow",
        "AWS IAM User Guide, Cross-account policy evaluation logic"
    );
    let lab = Lab::new();
    let with_policy = granted(&lab, OTHER, "worker", &allow("sts:AssumeRole", "*"));
    let without = granted(&lab, OTHER, "idle", &allow("ecs:*", "*"));
    let roles = |name: &str| format!("arn:aws:iam::{OTHER}:role/{name}");
    let both = json!({"AWS": [roles("worker"), roles("idle")]});
    let arn = role(&lab, "build", trust(&both, &json!("sts:AssumeRole"), &json!({}))).await;
    let closed = role(&lab, "closed", trust(&root(HOME_ACCOUNT), &json!("sts:AssumeRole"), &json!({}))).await;
    let session = call_as(&lab, &with_policy, "sts", "AssumeRole", assume(&arn)).unwrap();
    assert_eq!(code(call_as(&lab, &without, "sts", "AssumeRole", assume(&arn))), "AccessDenied");
    assert_eq!(code(call_as(&lab, &with_policy, "sts", "AssumeRole", assume(&closed))), "AccessDenied");
    let key = session["Credentials"]["AccessKeyId"].as_str().unwrap();
    let who = call_as(&lab, key, "sts", "GetCallerIdentity", json!({})).unwrap();
    assert_eq!(who["Account"], HOME_ACCOUNT);
}

#[tokio::test(start_paused = true)]
async fn the_external_id_must_fit() {
    rule!(
        "STS",
        "A trust policy can demand the external id",
        "AWS IAM User Guide, Access to AWS accounts owned by third parties"
    );
    let lab = Lab::new();
    let wanted = json!({"StringEquals": {"sts:ExternalId": "stack-7"}});
    let arn = role(&lab, "build", trust(&root(HOME_ACCOUNT), &json!("sts:AssumeRole"), &wanted)).await;
    lab.refused("sts", "AssumeRole", assume(&arn), "AccessDenied");
    let mut input = assume(&arn);
    input["ExternalId"] = json!("stack-8");
    lab.refused("sts", "AssumeRole", input.clone(), "AccessDenied");
    input["ExternalId"] = json!("stack-7");
    lab.ok("sts", "AssumeRole", input);
}

#[tokio::test(start_paused = true)]
async fn session_tags_need_their_own_permission_and_count_as_principal_tags() {
    rule!(
        "STS",
        "Session tags need sts:TagSession in the trust policy and become aws:PrincipalTag",
        "AWS IAM User Guide, Pass session tags in AWS STS"
    );
    let lab = Lab::new();
    let plain = role(&lab, "plain", trust(&root(HOME_ACCOUNT), &json!("sts:AssumeRole"), &json!({}))).await;
    let both = json!(["sts:AssumeRole", "sts:TagSession"]);
    let tagged = role(&lab, "tagged", trust(&root(HOME_ACCOUNT), &both, &json!({}))).await;
    let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:ListRoles",
        "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "ci"}}}});
    lab.ok(
        "iam",
        "PutRolePolicy",
        json!({"RoleName": "tagged", "PolicyName": "p", "PolicyDocument": policy.to_string()}),
    );
    lab.wait(10).await;
    let with_tags = |arn: &str| {
        let mut input = assume(arn);
        input["Tags"] = json!([{"Key": "team", "Value": "ci"}]);
        input
    };
    let refusal = lab.refused("sts", "AssumeRole", with_tags(&plain), "AccessDenied");
    assert!(refusal.message.contains("sts:TagSession"), "{}", refusal.message);
    let session = lab.ok("sts", "AssumeRole", with_tags(&tagged));
    let key = session["Credentials"]["AccessKeyId"].as_str().unwrap();
    call_as(&lab, key, "iam", "ListRoles", json!({})).unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_sessions_of_a_deleted_role_end() {
    rule!("STS", "Temporary credentials of a deleted role are no longer valid", "observed behaviour (not documented)");
    let lab = Lab::new();
    let arn = role(&lab, "build", trust(&root(HOME_ACCOUNT), &json!("sts:AssumeRole"), &json!({}))).await;
    let session = lab.ok("sts", "AssumeRole", assume(&arn));
    let key = session["Credentials"]["AccessKeyId"].as_str().unwrap();
    lab.ok("iam", "DeleteRole", json!({"RoleName": "build"}));
    assert!(lab.cloud.with(|world| !world.keys.contains_key(key)));
}

#[tokio::test(start_paused = true)]
async fn a_new_role_can_not_be_assumed_at_once() {
    rule!(
        "STS",
        "A new role and a changed trust policy take effect late",
        "AWS IAM User Guide, Troubleshoot IAM: Changes that I make are not always immediately visible"
    );
    let lab = Lab::new();
    let mut denied = 0;
    for i in 0..20 {
        let document = trust(&root(HOME_ACCOUNT), &json!("sts:AssumeRole"), &json!({}));
        let input = json!({"RoleName": format!("r{i}"), "AssumeRolePolicyDocument": document});
        let made = lab.ok("iam", "CreateRole", input);
        denied += u32::from(lab.call("sts", "AssumeRole", assume(made["Role"]["Arn"].as_str().unwrap())).is_err());
    }
    assert!(denied > 10, "{denied} of 20");
    lab.wait(10).await;
    for i in 0..20 {
        lab.ok("sts", "AssumeRole", assume(&format!("arn:aws:iam::{HOME_ACCOUNT}:role/r{i}")));
    }
}

const ISSUER: &str = "oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF0123456789";

fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&json!({"alg": "RS256"})), part(claims), "c2lnbmF0dXJl")
}

fn claims(lab: &Lab) -> Value {
    let end = lab.cloud.clock().now().seconds() + 600.0;
    json!({"iss": format!("https://{ISSUER}"), "aud": "sts.amazonaws.com", "exp": end as u64,
        "sub": "system:serviceaccount:jenkins:operator"})
}

async fn federated(lab: &Lab) -> Value {
    let made = lab.ok(
        "iam",
        "CreateOpenIDConnectProvider",
        json!({"Url": format!("https://{ISSUER}"), "ClientIDList": ["sts.amazonaws.com"]}),
    );
    let condition = json!({"StringEquals": {
        format!("{ISSUER}:sub"): "system:serviceaccount:jenkins:operator", format!("{ISSUER}:aud"): "sts.amazonaws.com"}});
    let provider = json!({"Federated": made["OpenIDConnectProviderArn"]});
    let arn = role(lab, "irsa", trust(&provider, &json!("sts:AssumeRoleWithWebIdentity"), &condition)).await;
    json!({"RoleArn": arn, "RoleSessionName": "pod", "WebIdentityToken": token(&claims(lab))})
}

#[tokio::test(start_paused = true)]
async fn a_token_of_a_known_provider_opens_a_session() {
    rule!(
        "STS",
        "A web identity token whose issuer, audience and subject the trust policy accepts opens a session",
        "AWS STS API Reference, AssumeRoleWithWebIdentity"
    );
    let lab = Lab::new();
    let input = federated(&lab).await;
    let answer = lab.ok("sts", "AssumeRoleWithWebIdentity", input);
    assert_eq!(answer["SubjectFromWebIdentityToken"], "system:serviceaccount:jenkins:operator");
    assert_eq!(answer["Audience"], "sts.amazonaws.com");
    assert_eq!(answer["AssumedRoleUser"]["Arn"], format!("arn:aws:sts::{HOME_ACCOUNT}:assumed-role/irsa/pod"));
}

#[tokio::test(start_paused = true)]
async fn another_subject_is_denied() {
    rule!(
        "STS",
        "A token whose subject the trust policy does not name is denied",
        "AWS IAM User Guide, Create a role for OpenID Connect federation"
    );
    let lab = Lab::new();
    let mut input = federated(&lab).await;
    let mut other = claims(&lab);
    other["sub"] = json!("system:serviceaccount:default:default");
    input["WebIdentityToken"] = json!(token(&other));
    let refusal = lab.refused("sts", "AssumeRoleWithWebIdentity", input, "AccessDenied");
    assert_eq!(refusal.message, "Not authorized to perform sts:AssumeRoleWithWebIdentity");
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_unknown_foreign_or_old_are_refused() {
    rule!(
        "STS",
        "A token is refused that is no JWT, of an unknown issuer, for another audience, or expired",
        "AWS STS API Reference, AssumeRoleWithWebIdentity, Errors"
    );
    let lab = Lab::new();
    let input = federated(&lab).await;
    let refused = |change: &dyn Fn(&mut Value), code: &str| {
        let (mut claims, mut input) = (claims(&lab), input.clone());
        change(&mut claims);
        input["WebIdentityToken"] = json!(token(&claims));
        lab.refused("sts", "AssumeRoleWithWebIdentity", input, code);
    };
    refused(&|claims| claims["iss"] = json!("https://example.com"), "InvalidIdentityToken");
    refused(&|claims| claims["aud"] = json!("someone"), "InvalidIdentityToken");
    refused(&|claims| claims["exp"] = json!(1_000_000_000), "ExpiredTokenException");
    let mut garbage = input.clone();
    garbage["WebIdentityToken"] = json!("not-a-token");
    lab.refused("sts", "AssumeRoleWithWebIdentity", garbage, "InvalidIdentityToken");
}

#[tokio::test(start_paused = true)]
async fn the_root_like_key_is_no_role() {
    rule!(
        "STS",
        "A trust policy that names only a role does not let the account's root in",
        "AWS IAM User Guide, AWS JSON policy elements: Principal, IAM role principals"
    );
    let lab = Lab::new();
    granted(&lab, HOME_ACCOUNT, "worker", &allow("sts:AssumeRole", "*"));
    let worker = json!({"AWS": format!("arn:aws:iam::{HOME_ACCOUNT}:role/worker")});
    let arn = role(&lab, "build", trust(&worker, &json!("sts:AssumeRole"), &json!({}))).await;
    lab.refused("sts", "AssumeRole", assume(&arn), "AccessDenied");
}
