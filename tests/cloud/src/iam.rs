//! IAM's decision on one question: identity policies, resource policy, permissions boundary.
//!
//! Follows the IAM User Guide, "Policy evaluation logic": a matching `Deny` anywhere wins; within one account an
//! identity policy or the resource policy allows, and the permissions boundary limits both unless the resource policy
//! names the session itself; across accounts both sides must allow. A KMS key's identity policies count only where its
//! key policy lets the account in. Session policies, service control policies and VPC endpoint policies are absent.
//!
//! Why an evaluator of our own: `winterbaume-iam-rule-eval` 0.2 takes every condition for fulfilled. `iam-rs` 0.8
//! refuses the resource `*` and ARN patterns with fewer than six parts, fills in variables only in `Resource` and lets
//! their values act as wildcards, compares `ArnEquals` without wildcards and `ArnLike` across the parts of an ARN,
//! reads only one kind of principal in a statement, does not know that a session belongs to its role, and copies and
//! compiles each document for each question: to wrap that is more than to write it.

mod condition;
mod denial;
pub mod grammar;
pub mod late;
mod pattern;
pub mod policy;
mod request;

use crate::call::{Ask, Principal, PrincipalKind, Refusal};
use crate::calls::Touched;
use crate::clock::Time;
use crate::service::Service;
use crate::service::iam::{Document, Role, RoleFacts, managed_policy};
use crate::world::{AccessKey, World};
use denial::{Denial, Layer};
use late::View;
use policy::{Policy, Reach, Says};
use request::{Caller, Request, account_of};
use serde_json::{Value, json};

/// Services whose calls count as made in us-east-1.
const GLOBAL: [&str; 2] = ["iam", "route53"];

/// Refuses with the service's code and AWS's text unless the caller may do what is asked.
pub fn authorize(
    world: &World,
    service: &Service,
    principal: &Principal,
    region: &str,
    ask: &Ask,
    now: Time,
) -> Result<(), Refusal> {
    let PrincipalKind::Role { role, session } = &principal.kind else { return Ok(()) };
    let region = if GLOBAL.contains(&service.model) { "us-east-1" } else { region };
    let decision = match role_named(world, &principal.account, role) {
        Some(role) => judge(world, Caller::Session(role, Some(session)), ask, region, now),
        None => Err(Denial { explicit: false, layer: Layer::Identity }),
    };
    decision.map_err(|denial| denial.refusal(service, principal, ask))
}

/// Whether a role's own policies (and boundary) and the ask's resource policy allow it; without a role (`""`), whether
/// the resource policy allows it to everyone.
pub fn allows(world: &World, role_arn: &str, ask: &Ask, now: Time) -> bool {
    let caller = match role_at(world, role_arn) {
        Some(role) if role.facts.at(View::Elsewhere, now).is_some() => Caller::Session(role, None),
        None if role_arn.is_empty() => Caller::Anonymous,
        Some(_) | None => return false,
    };
    let region = ask.resource.split(':').nth(3).unwrap_or_default();
    judge(world, caller, ask, region, now).is_ok()
}

/// Whether a policy document, attached to whoever asked, would have let a call touch what it touched.
pub fn grants(world: &World, document: &Policy, touched: &Touched, region: &str) -> bool {
    let ask = Ask { context: touched.context.clone(), ..Ask::new(&*touched.action, &*touched.resource) };
    let request = Request::new(world, Caller::Anonymous, &ask, region, world.now);
    matches!(document.says(&request), Says::Allow(_))
}

/// Whether `service` (for example `ecs-tasks.amazonaws.com`) can assume the role: it exists, is visible by now, and
/// its trust policy says so. `aws:SourceAccount` is the role's account, `aws:SourceArn` anything of the service there.
pub fn assumable(world: &World, role_arn: &str, service: &str, now: Time) -> bool {
    let Some(account) = account_of(role_arn).and_then(|account| world.accounts.get(account)) else { return false };
    let prefix = service.split(['.', '-']).next().unwrap_or_default();
    let sources = account.regions.keys().map(|region| format!("arn:aws:{prefix}:{region}:{}:*", account.id));
    std::iter::once(String::new()).chain(sources).any(|source| assumable_from(world, role_arn, service, &source, now))
}

/// The same for one caller inside the service: `source` is the ARN of the resource on whose behalf it acts.
pub fn assumable_from(world: &World, role_arn: &str, service: &str, source: &str, now: Time) -> bool {
    let Some(role) = role_at(world, role_arn) else { return false };
    let mut ask = Ask::new("sts:AssumeRole", role_arn);
    if let Some(account) = account_of(role_arn) {
        ask = ask.when("aws:SourceAccount", account);
    }
    if !source.is_empty() {
        ask = ask.when("aws:SourceArn", source);
    }
    let request = Request::new(world, Caller::Service(service), &ask, "", now);
    let facts = role.facts.at(View::Elsewhere, now);
    facts.is_some_and(|facts| matches!(facts.trust.policy.says(&request), Says::Allow(_)))
}

/// Whether a principal named in a resource policy exists and is visible by now: everyone, an account, its root, a role
/// or its unique id, or a session of a role.
pub fn principal_known(world: &World, arn: &str, now: Time) -> bool {
    let visible = |role: &Role| role.facts.at(View::Elsewhere, now).is_some();
    if arn == "*" {
        return true;
    }
    if arn.starts_with("AROA") {
        return roles(world).any(|role| role.id == arn && visible(role));
    }
    let Some(account) = account_of(arn) else { return world.accounts.contains_key(arn) };
    let rest = arn.splitn(6, ':').nth(5).unwrap_or_default();
    match rest.split_once('/') {
        None => rest == "root" && world.accounts.contains_key(account),
        Some(("role", _)) => role_at(world, arn).is_some_and(visible),
        Some(("assumed-role", session)) => {
            let name = session.split('/').next().unwrap_or_default();
            role_named(world, account, name).is_some_and(visible)
        }
        Some(_) => false,
    }
}

/// The policy as AWS keeps it: roles by their unique id, so that a role made again under the same name is another one.
pub fn pinned(world: &World, policy: &Value) -> Value {
    map_principals(policy, &|name| match role_at(world, name) {
        Some(role) => role.id.clone(),
        None if name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit()) => format!("arn:aws:iam::{name}:root"),
        None => name.to_owned(),
    })
}

/// The policy as AWS gives it back: unique ids of roles that exist as their ARNs; the id of a deleted role stays.
pub fn shown(world: &World, policy: &Value) -> Value {
    map_principals(policy, &|name| match roles(world).find(|role| role.id == name) {
        Some(role) if name.starts_with("AROA") => role.arn.clone(),
        Some(_) | None => name.to_owned(),
    })
}

/// Makes a role with that one inline policy (checked as IAM checks it) and a key for it that never expires, all visible
/// at once; gives the id of the key. A role of that name gets the policy anew.
pub fn grant(world: &mut World, account: &str, role_name: &str, policy: &str) -> Result<String, Refusal> {
    crate::service::iam::put_granted(world, account, role_name, policy)?;
    let kind = PrincipalKind::Role { role: role_name.to_owned(), session: "granted".to_owned() };
    let principal = Principal { account: account.to_owned(), kind };
    let id = key_id(world, "AKIA");
    world.keys.insert(id.clone(), AccessKey { principal, expires: None, session_token: None });
    Ok(id)
}

/// A new access key id: 20 characters.
pub(crate) fn key_id(world: &mut World, prefix: &str) -> String {
    format!("{prefix}{}", world.random.text(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16))
}

/// Whether both sides let `caller` assume `role`: its trust policy, and the caller's own policies unless the trust
/// policy names the caller itself within one account.
pub(crate) fn may_assume(
    world: &World,
    principal: &Principal,
    region: &str,
    role: &Role,
    ask: &Ask,
    now: Time,
) -> bool {
    let caller = match &principal.kind {
        PrincipalKind::Root => Caller::Root(&principal.account),
        PrincipalKind::Anonymous => Caller::Anonymous,
        PrincipalKind::Service(name) => Caller::Service(name),
        PrincipalKind::Role { role, session } => match role_named(world, &principal.account, role) {
            Some(role) => Caller::Session(role, Some(session)),
            None => return false,
        },
    };
    let Some(facts) = role.facts.at(View::Elsewhere, now) else { return false };
    let request = Request::new(world, caller, ask, region, now);
    let trust = facts.trust.policy.says(&request);
    let trusted = matches!(trust, Says::Allow(_));
    let signed_by_role = matches!(request.caller, Caller::Session(..));
    trusted && (!signed_by_role || decide(world, &request, Some(trust), now).is_ok())
}

/// Whether a role's trust policy lets in someone with a token of `provider`.
pub(crate) fn may_federate(world: &World, role: &Role, provider: &str, ask: &Ask, now: Time) -> bool {
    let request = Request::new(world, Caller::Federated(provider), ask, "", now);
    let facts = role.facts.at(View::Elsewhere, now);
    facts.is_some_and(|facts| matches!(facts.trust.policy.says(&request), Says::Allow(_)))
}

/// How a question about a role comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It may.
    Allowed,
    /// A statement denies it.
    DeniedByStatement,
    /// No statement allows it.
    NotAllowed,
}

/// The decision about a role, as the policy simulator tells it.
pub(crate) fn outcome(world: &World, role: &Role, ask: &Ask, region: &str, now: Time) -> Outcome {
    match judge(world, Caller::Session(role, None), ask, region, now) {
        Ok(()) => Outcome::Allowed,
        Err(denial) if denial.explicit => Outcome::DeniedByStatement,
        Err(_) => Outcome::NotAllowed,
    }
}

/// The role of that name, whatever its case.
pub(crate) fn role_named<'w>(world: &'w World, account: &str, name: &str) -> Option<&'w Role> {
    world.accounts.get(account)?.iam.roles.get(&name.to_ascii_lowercase())
}

/// The role with exactly that ARN.
pub(crate) fn role_at<'w>(world: &'w World, arn: &str) -> Option<&'w Role> {
    let name = arn.splitn(6, ':').nth(5)?.strip_prefix("role/")?.rsplit('/').next()?;
    role_named(world, account_of(arn)?, name).filter(|role| role.arn == arn)
}

fn roles(world: &World) -> impl Iterator<Item = &Role> {
    world.accounts.values().flat_map(|account| account.iam.roles.values())
}

fn judge(world: &World, caller: Caller<'_>, ask: &Ask, region: &str, now: Time) -> Result<(), Denial> {
    let request = Request::new(world, caller, ask, region, now);
    let resource = ask.resource_policy.as_ref().map(|policy| Policy::parse(policy).says(&request));
    decide(world, &request, resource, now)
}

fn decide(world: &World, request: &Request<'_>, resource: Option<Says>, now: Time) -> Result<(), Denial> {
    let identity = identity_says(world, request, now);
    let boundary = boundary_says(world, request, now);
    let by_key_policy = request.action.starts_with("kms:") && resource.is_some();
    let resource = resource.unwrap_or(Says::Nothing);
    for (says, layer) in [(identity, Layer::Identity), (boundary, Layer::Boundary), (resource, Layer::Resource)] {
        if says == Says::Deny {
            return Err(Denial { explicit: true, layer });
        }
    }
    let reach = if let Says::Allow(reach) = resource { reach } else { Reach::No };
    let at_home = request.owner().is_none_or(|owner| Some(owner) == request.caller.account());
    let foreign = !at_home && !matches!(request.caller, Caller::Anonymous | Caller::Service(_) | Caller::Federated(_));
    if (foreign || by_key_policy) && reach == Reach::No {
        return Err(Denial { explicit: false, layer: Layer::Resource });
    }
    let enough = !foreign && reach >= Reach::Role;
    if !enough && !matches!(identity, Says::Allow(_)) {
        return Err(Denial { explicit: false, layer: Layer::Identity });
    }
    if boundary == Says::Nothing && !(enough && reach == Reach::Session) {
        return Err(Denial { explicit: false, layer: Layer::Boundary });
    }
    Ok(())
}

fn identity_says(world: &World, request: &Request<'_>, now: Time) -> Says {
    let Caller::Session(role, _) = request.caller else { return Says::Nothing };
    let Some(facts) = role.facts.at(View::Elsewhere, now) else { return Says::Nothing };
    let mut answer = Says::Nothing;
    for document in documents(world, role, facts, now) {
        match document.policy.says(request) {
            Says::Deny => return Says::Deny,
            Says::Allow(reach) => answer = Says::Allow(reach),
            Says::Nothing => {}
        }
    }
    answer
}

fn documents<'w>(world: &'w World, role: &Role, facts: &'w RoleFacts, now: Time) -> impl Iterator<Item = &'w Document> {
    let account = account_of(&role.arn).unwrap_or_default().to_owned();
    let attached = facts.attached.iter().filter_map(move |arn| managed_document(world, &account, arn, now));
    facts.inline.values().map(AsRef::as_ref).chain(attached)
}

fn managed_document<'w>(world: &'w World, account: &str, arn: &str, now: Time) -> Option<&'w Document> {
    managed_policy(world, account, arn)?.facts.at(View::Elsewhere, now)?.document()
}

/// A caller without boundary is not limited; a boundary that can't be found allows nothing.
fn boundary_says(world: &World, request: &Request<'_>, now: Time) -> Says {
    let Caller::Session(role, _) = request.caller else { return Says::Allow(Reach::Session) };
    let boundary = role.facts.at(View::Elsewhere, now).and_then(|facts| facts.boundary.as_deref());
    let Some(arn) = boundary else { return Says::Allow(Reach::Session) };
    let account = account_of(&role.arn).unwrap_or_default();
    managed_document(world, account, arn, now).map_or(Says::Nothing, |document| document.policy.says(request))
}

/// Puts another name for each principal of kind `AWS`.
fn map_principals(policy: &Value, rename: &dyn Fn(&str) -> String) -> Value {
    let mut policy = policy.clone();
    let statements = match &mut policy["Statement"] {
        Value::Array(list) => list.iter_mut().collect(),
        Value::Null => Vec::new(),
        single => vec![single],
    };
    for statement in statements {
        for element in ["Principal", "NotPrincipal"] {
            let Some(names) = statement.get_mut(element).and_then(|principal| principal.get_mut("AWS")) else {
                continue;
            };
            match names {
                Value::String(name) => *names = json!(rename(name)),
                Value::Array(list) => {
                    list.iter_mut().for_each(|name| *name = json!(rename(name.as_str().unwrap_or_default())));
                }
                _ => {}
            }
        }
    }
    policy
}
