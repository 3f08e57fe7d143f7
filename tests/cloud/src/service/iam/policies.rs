//! Managed policies of the account, and their versions.

use super::role_policies::{check_policy_arn, uses};
use super::roles::whole_seconds;
use super::{Document, Late, ManagedPolicy, PolicyFacts, managed_policy, refusal, seen, state};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::iam::grammar;
use crate::tags::Spelling;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Characters of a managed policy ("IAM and AWS STS quotas").
const POLICY_SIZE: usize = 6_144;
/// Versions of a managed policy ("IAM and AWS STS quotas").
const VERSIONS: usize = 5;

/// Operations on managed policies.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreatePolicy", access: Access::Write, asks: create_asks, run: create },
    Operation { name: "GetPolicy", access: Access::Read, asks: |call| asks(call, "iam:GetPolicy"), run: get },
    Operation { name: "ListPolicies", access: Access::Read, asks: list_asks, run: list },
    Operation { name: "DeletePolicy", access: Access::Write, asks: |call| asks(call, "iam:DeletePolicy"), run: delete },
    Operation {
        name: "CreatePolicyVersion",
        access: Access::Write,
        asks: |call| asks(call, "iam:CreatePolicyVersion"),
        run: create_version,
    },
    Operation {
        name: "GetPolicyVersion",
        access: Access::Read,
        asks: |call| asks(call, "iam:GetPolicyVersion"),
        run: get_version,
    },
    Operation {
        name: "ListPolicyVersions",
        access: Access::Read,
        asks: |call| asks(call, "iam:ListPolicyVersions"),
        run: list_versions,
    },
    Operation {
        name: "DeletePolicyVersion",
        access: Access::Write,
        asks: |call| asks(call, "iam:DeletePolicyVersion"),
        run: delete_version,
    },
    Operation {
        name: "SetDefaultPolicyVersion",
        access: Access::Write,
        asks: |call| asks(call, "iam:SetDefaultPolicyVersion"),
        run: set_default,
    },
    Operation { name: "TagPolicy", access: Access::Write, asks: tag_asks, run: tag },
    Operation { name: "UntagPolicy", access: Access::Write, asks: |call| asks(call, "iam:UntagPolicy"), run: untag },
];

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let arn = super::arn(call, "policy", &super::path(call), call.text("PolicyName"));
    let tagged = call.input["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
    let tag = tagged.then(|| super::tagged_ask(call, "iam:TagPolicy", arn.clone()));
    [Some(super::tagged_ask(call, "iam:CreatePolicy", arn)), tag].into_iter().flatten().collect()
}

fn list_asks(_: &Call<'_>) -> Vec<Ask> {
    crate::call::ask_any("iam:ListPolicies")
}

fn asks(call: &Call<'_>, action: &str) -> Vec<Ask> {
    let arn = call.text("PolicyArn");
    let tags = state(call).policies.get(arn).map(|policy| policy.facts.latest().tags.clone()).unwrap_or_default();
    vec![Ask::new(action, arn).resource_tags(&tags)]
}

fn tag_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    asks(call, "iam:TagPolicy").into_iter().map(|ask| ask.request_tags(&tags)).collect()
}

fn document(call: &Call<'_>) -> Result<Arc<Document>, Refusal> {
    let text = call.text("PolicyDocument");
    let value = grammar::check_identity(text).map_err(refusal::malformed)?;
    if grammar::size(text) > POLICY_SIZE {
        return Err(refusal::quota("PolicySize", POLICY_SIZE));
    }
    Ok(Document::new(text, &value))
}

fn create(call: &mut Call<'_>) -> Answer {
    let name = call.text("PolicyName").to_owned();
    let (document, tags, path) = (document(call)?, super::tags(call)?, super::path(call));
    let same = |policy: &ManagedPolicy| policy.name.eq_ignore_ascii_case(&name);
    if state(call).policies.values().any(same) {
        return Err(refusal::exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        )));
    }
    let now = call.now;
    let versions = BTreeMap::from([(1, (document, now))]);
    let facts = PolicyFacts { versions, default: 1, made: 1, updated: now, tags };
    let (id, lag) = (call.world.random.iam_id("ANPA"), super::lag(call));
    let arn = super::arn(call, "policy", &path, &name);
    let description = call.input["Description"].as_str().map(str::to_owned);
    let facts = Late::new(facts, now, lag);
    let policy = ManagedPolicy { name, path, id, arn, created: now, description, facts };
    let shown = describe(call, &policy, policy.facts.latest());
    call.account().iam.policies.insert(policy.arn.clone(), policy);
    Ok(json!({"Policy": shown}))
}

/// The policy named in the input as IAM's reads see it.
fn find<'c>(call: &'c Call<'_>) -> Result<(&'c ManagedPolicy, &'c PolicyFacts), Refusal> {
    let arn = call.text("PolicyArn");
    check_policy_arn(arn)?;
    let policy = managed_policy(call.world, &call.principal.account, arn);
    let policy = policy.and_then(|policy| seen(&policy.facts, call).map(|facts| (policy, facts)));
    policy.ok_or_else(|| refusal::no_policy(arn))
}

/// Changes a policy of the account; AWS's own can't be changed by anyone.
fn change<T>(
    call: &mut Call<'_>,
    alter: impl FnOnce(&Call<'_>, &mut PolicyFacts) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let arn = call.text("PolicyArn").to_owned();
    check_policy_arn(&arn)?;
    if arn.starts_with("arn:aws:iam::aws:") {
        return Err(aws_owns(call, &arn));
    }
    let policy = state(call).policies.get(&arn).ok_or_else(|| refusal::no_policy(&arn))?;
    let mut facts = policy.facts.latest().clone();
    let done = alter(call, &mut facts)?;
    let (now, lag) = (call.now, super::lag(call));
    facts.updated = now;
    if let Some(policy) = call.account().iam.policies.get_mut(&arn) {
        policy.facts.set(facts, now, lag);
    }
    Ok(done)
}

fn aws_owns(call: &Call<'_>, arn: &str) -> Refusal {
    let message = format!("User: {} is not authorized to change resource: policy {arn}", call.principal.arn());
    Refusal::new("AccessDenied", message).status(403)
}

fn get(call: &mut Call<'_>) -> Answer {
    let (policy, facts) = find(call)?;
    let mut shown = describe(call, policy, facts);
    shown["Tags"] = Spelling::Upper.write(&facts.tags);
    if let Some(description) = &policy.description {
        shown["Description"] = json!(description);
    }
    Ok(json!({"Policy": shown}))
}

/// Lists without tags and description (ListPolicies).
fn list(call: &mut Call<'_>) -> Answer {
    let prefix = call.input["PathPrefix"].as_str().unwrap_or("/");
    let scope = call.input["Scope"].as_str().unwrap_or("All");
    let only_attached = call.input["OnlyAttached"] == true;
    let mut policies: Vec<&ManagedPolicy> = Vec::new();
    if scope != "AWS" {
        policies.extend(state(call).policies.values());
    }
    if scope != "Local" {
        policies.extend(super::managed::aws_policies());
    }
    policies.retain(|p| p.path.starts_with(prefix) && (!only_attached || uses(call, &p.arn).0 > 0));
    let shown = |p: &ManagedPolicy| Some((p.arn.clone(), describe(call, p, seen(&p.facts, call)?)));
    let shown = policies.into_iter().filter_map(shown).collect();
    super::paged(call, &format!("ListPolicies {scope} {prefix} {only_attached}"), "Policies", shown)
}

fn delete(call: &mut Call<'_>) -> Answer {
    let arn = call.text("PolicyArn").to_owned();
    change(call, |call, facts| {
        if uses(call, &arn) != (0, 0) {
            return Err(refusal::conflict("Cannot delete a policy attached to entities."));
        }
        if facts.versions.len() > 1 {
            return Err(refusal::conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy.",
            ));
        }
        Ok(())
    })?;
    call.account().iam.policies.remove(&arn);
    nothing()
}

fn create_version(call: &mut Call<'_>) -> Answer {
    let document = document(call)?;
    let default = call.input["SetAsDefault"] == true;
    let number = change(call, |call, facts| {
        if facts.versions.len() >= VERSIONS {
            return Err(refusal::limit(format!(
                "A managed policy can have up to {VERSIONS} versions. Before you create a new version, you must delete \
                 an existing version."
            )));
        }
        facts.made += 1;
        facts.versions.insert(facts.made, (document, call.now));
        if default {
            facts.default = facts.made;
        }
        Ok(facts.made)
    })?;
    let date = whole_seconds(call.now);
    Ok(json!({"PolicyVersion": {"VersionId": format!("v{number}"), "IsDefaultVersion": default, "CreateDate": date}}))
}

/// The version named in the input, if the policy has it.
fn version(call: &Call<'_>, facts: &PolicyFacts) -> Result<u32, Refusal> {
    let id = call.text("VersionId");
    let number = id.trim_start_matches('v').parse().ok().filter(|number| facts.versions.contains_key(number));
    let message = || format!("Policy {} version {id} does not exist or is not attachable.", call.text("PolicyArn"));
    number.ok_or_else(|| refusal::missing(message()))
}

fn get_version(call: &mut Call<'_>) -> Answer {
    let (_, facts) = find(call)?;
    let number = version(call, facts)?;
    let mut shown = describe_version(facts, number);
    shown["Document"] = json!(facts.versions.get(&number).map(|(document, _)| document.encoded()));
    Ok(json!({"PolicyVersion": shown}))
}

fn list_versions(call: &mut Call<'_>) -> Answer {
    let (policy, facts) = find(call)?;
    // Newest first.
    let versions =
        facts.versions.keys().map(|number| (format!("{:05}", 99_999 - number), describe_version(facts, *number)));
    super::paged(call, &format!("ListPolicyVersions {}", policy.id), "Versions", versions.collect())
}

fn delete_version(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        let number = version(call, facts)?;
        if number == facts.default {
            return Err(refusal::conflict("Cannot delete the default version of a policy."));
        }
        facts.versions.remove(&number);
        Ok(())
    })?;
    nothing()
}

fn set_default(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        facts.default = version(call, facts)?;
        Ok(())
    })?;
    nothing()
}

fn tag(call: &mut Call<'_>) -> Answer {
    let tags = super::tags(call)?;
    change(call, |_, facts| super::add_tags(&mut facts.tags, tags))?;
    nothing()
}

fn untag(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        super::remove_tags(call, &mut facts.tags);
        Ok(())
    })?;
    nothing()
}

/// A policy as lists show it.
pub(super) fn describe(call: &Call<'_>, policy: &ManagedPolicy, facts: &PolicyFacts) -> Value {
    let (attached, boundaries) = uses(call, &policy.arn);
    json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": format!("v{}", facts.default),
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": boundaries,
        "IsAttachable": true,
        "CreateDate": whole_seconds(policy.created),
        "UpdateDate": whole_seconds(facts.updated),
    })
}

/// A version without its document (ListPolicyVersions).
pub(super) fn describe_version(facts: &PolicyFacts, number: u32) -> Value {
    let created = facts.versions.get(&number).map(|(_, created)| whole_seconds(*created));
    json!({
        "VersionId": format!("v{number}"),
        "IsDefaultVersion": number == facts.default,
        "CreateDate": created,
    })
}
