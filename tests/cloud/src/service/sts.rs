//! STS: who calls, and sessions of roles.
//!
//! Strict: the trust policy with its conditions, both sides across accounts, how long a session may last and one hour
//! for a role that assumes a role, session tags (`sts:TagSession`), and tokens of identity providers (issuer, audience,
//! expiry; the signature is not checked). Regional and global endpoints answer alike. Keys of a session are known to
//! the cloud until they expire in cloud time.
//! Deliberately absent: session policies, MFA, SAML, federation tokens, source identity.

mod web_identity;

use super::{Item, Service};
use crate::call::{Access, Answer, Ask, Call, Operation, Principal, PrincipalKind, Refusal};
use crate::iam::{key_id, may_assume, role_at, role_named};
use crate::service::iam::Role;
use crate::tags::{Spelling, Tags};
use crate::world::{AccessKey, Region};
use serde_json::{Value, json};
use std::time::Duration;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "sts",
    signing: "sts",
    invalid: "ValidationError",
    missing: "ValidationError",
    denied: "AccessDenied",
    throttled: "Throttling",
    operations: &[OPERATIONS],
};

const OPERATIONS: &[Operation] = &[
    Operation { name: "GetCallerIdentity", access: Access::Read, asks: |_| Vec::new(), run: identity },
    Operation { name: "AssumeRole", access: Access::Write, asks: |_| Vec::new(), run: assume },
    Operation {
        name: "AssumeRoleWithWebIdentity",
        access: Access::Write,
        asks: |_| Vec::new(),
        run: web_identity::assume,
    },
];

/// Seconds of a session unless asked otherwise, and at most for a role assumed by a role (AssumeRole, DurationSeconds).
const HOUR: u64 = 3_600;
/// Session tags at most ("IAM and AWS STS quotas").
const SESSION_TAGS: usize = 50;

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {}

/// What exists.
pub fn items(_holder: &Region) -> Vec<Item> {
    Vec::new()
}

fn identity(call: &mut Call<'_>) -> Answer {
    let account = &call.principal.account;
    let (user, arn) = match &call.principal.kind {
        PrincipalKind::Root | PrincipalKind::Service(_) | PrincipalKind::Anonymous => {
            (account.clone(), call.principal.arn())
        }
        PrincipalKind::Role { role, session } => {
            let id = role_named(call.world, account, role).map(|role| role.id.as_str()).unwrap_or_default();
            (format!("{id}:{session}"), call.principal.arn())
        }
    };
    Ok(json!({"UserId": user, "Account": account, "Arn": arn}))
}

fn assume(call: &mut Call<'_>) -> Answer {
    refuse_session_policy(call)?;
    let tags = Spelling::Upper.read(&call.input["Tags"]).map_err(|_| bad_tags())?;
    if tags.len() > SESSION_TAGS {
        return Err(bad_tags());
    }
    let role = trusted(call, &tags)?;
    let chained = matches!(call.principal.kind, PrincipalKind::Role { .. });
    let seconds = duration(call, &role, chained)?;
    let session = call.text("RoleSessionName").to_owned();
    Ok(open(call, &role, &session, tags, seconds))
}

/// The role, if it lets the caller in. AWS tells a role that does not exist from one that does not trust by nothing.
fn trusted(call: &Call<'_>, tags: &Tags) -> Result<Role, Refusal> {
    let arn = call.text("RoleArn");
    let mut actions = vec!["sts:AssumeRole"];
    if !tags.is_empty() {
        actions.push("sts:TagSession");
    }
    for action in actions {
        let mut ask =
            Ask::new(action, arn).request_tags(tags).when("sts:RoleSessionName", call.text("RoleSessionName"));
        if let Some(id) = call.input["ExternalId"].as_str() {
            ask = ask.when("sts:ExternalId", id);
        }
        let role = role_at(call.world, arn);
        if !role.is_some_and(|role| may_assume(call.world, &call.principal, &call.region, role, &ask, call.now)) {
            return Err(denied(call, action));
        }
    }
    role_at(call.world, arn).cloned().ok_or_else(|| denied(call, "sts:AssumeRole"))
}

fn denied(call: &Call<'_>, action: &str) -> Refusal {
    let (who, role) = (call.principal.arn(), call.text("RoleArn"));
    let message = format!("User: {who} is not authorized to perform: {action} on resource: {role}");
    Refusal::new("AccessDenied", message).status(403)
}

fn bad_tags() -> Refusal {
    Refusal::new(
        "ValidationError",
        "Session tags are not valid: each key once, at most 50, none that begins with aws:.",
    )
}

fn refuse_session_policy(call: &Call<'_>) -> Result<(), Refusal> {
    let given = call.input["Policy"].is_string() || call.input["PolicyArns"].as_array().is_some_and(|a| !a.is_empty());
    let message = "Session policies are not part of this cloud.";
    if given { Err(Refusal::new("ValidationError", message)) } else { Ok(()) }
}

/// How many seconds the session lasts: not longer than the role allows, nor an hour for a role assumed by a role.
fn duration(call: &Call<'_>, role: &Role, chained: bool) -> Result<u64, Refusal> {
    let seconds = call.input["DurationSeconds"].as_u64().unwrap_or(HOUR);
    if chained && seconds > HOUR {
        let message =
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(Refusal::new("ValidationError", message));
    }
    if seconds > role.facts.latest().max_session {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(Refusal::new("ValidationError", message));
    }
    Ok(seconds)
}

/// Opens a session of the role: its key is known from now on until it expires.
fn open(call: &mut Call<'_>, role: &Role, session: &str, tags: Tags, seconds: u64) -> Value {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let account = role.arn.split(':').nth(4).unwrap_or_default().to_owned();
    let id = key_id(call.world, "ASIA");
    let random = &mut call.world.random;
    let secret = random.text(LETTERS, 40);
    let token = format!("IQoJb3JpZ2luX2Vj{}", random.text(LETTERS, 300));
    let expires = call.now + Duration::from_secs(seconds);
    let kind = PrincipalKind::Role { role: role.name.clone(), session: session.to_owned() };
    let principal = Principal { account: account.clone(), kind };
    let key = AccessKey { principal, expires: Some(expires), session_token: Some(token.clone()) };
    call.world.keys.insert(id.clone(), key);
    call.world.account(&account).iam.sessions.insert((role.id.clone(), session.to_owned()), tags);
    json!({
        "Credentials": {
            "AccessKeyId": id,
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": (expires.0 / 1000) as f64,
        },
        "AssumedRoleUser": {
            "AssumedRoleId": format!("{}:{session}", role.id),
            "Arn": role.session_arn(session),
        },
    })
}
