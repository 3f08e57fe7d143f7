//! Policies of a role: inline, attached, and the permissions boundary.

use super::roles::{change, find, role_ask, role_asks};
use super::{Document, RoleFacts, managed_policy, refusal, state};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal};
use crate::iam::grammar;
use serde_json::json;
use std::sync::Arc;

/// Characters of all inline policies of a role together ("IAM and AWS STS quotas").
const INLINE_SIZE: usize = 10_240;
/// Managed policies attached to a role ("IAM and AWS STS quotas").
const ATTACHED: usize = 10;

/// Operations on a role's policies.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "PutRolePolicy",
        access: Access::Write,
        asks: |call| role_asks(call, "iam:PutRolePolicy"),
        run: put,
    },
    Operation {
        name: "GetRolePolicy",
        access: Access::Read,
        asks: |call| role_asks(call, "iam:GetRolePolicy"),
        run: get,
    },
    Operation {
        name: "DeleteRolePolicy",
        access: Access::Write,
        asks: |call| role_asks(call, "iam:DeleteRolePolicy"),
        run: delete,
    },
    Operation {
        name: "ListRolePolicies",
        access: Access::Read,
        asks: |call| role_asks(call, "iam:ListRolePolicies"),
        run: list,
    },
    Operation {
        name: "AttachRolePolicy",
        access: Access::Write,
        asks: |call| attach_asks(call, "iam:AttachRolePolicy"),
        run: attach,
    },
    Operation {
        name: "DetachRolePolicy",
        access: Access::Write,
        asks: |call| attach_asks(call, "iam:DetachRolePolicy"),
        run: detach,
    },
    Operation {
        name: "ListAttachedRolePolicies",
        access: Access::Read,
        asks: |call| role_asks(call, "iam:ListAttachedRolePolicies"),
        run: list_attached,
    },
    Operation { name: "PutRolePermissionsBoundary", access: Access::Write, asks: boundary_asks, run: put_boundary },
    Operation {
        name: "DeleteRolePermissionsBoundary",
        access: Access::Write,
        asks: |call| role_asks(call, "iam:DeleteRolePermissionsBoundary"),
        run: delete_boundary,
    },
];

fn attach_asks(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![role_ask(call, action).when("iam:PolicyARN", call.text("PolicyArn"))]
}

fn boundary_asks(call: &Call<'_>) -> Vec<Ask> {
    let boundary = call.text("PermissionsBoundary");
    vec![role_ask(call, "iam:PutRolePermissionsBoundary").when("iam:PermissionsBoundary", boundary)]
}

fn put(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        let text = call.text("PolicyDocument");
        let value = grammar::check_identity(text).map_err(refusal::malformed)?;
        facts.inline.insert(call.text("PolicyName").to_owned(), Document::new(text, &value));
        check_inline_size(call.text("RoleName"), facts.inline.values())
    })
}

/// Refuses inline policies that are too long together.
pub(super) fn check_inline_size<'a>(
    role: &str,
    documents: impl Iterator<Item = &'a Arc<Document>>,
) -> Result<(), Refusal> {
    let size: usize = documents.map(|document| grammar::size(&document.text)).sum();
    if size > INLINE_SIZE {
        return Err(refusal::limit(format!("Maximum policy size of {INLINE_SIZE} bytes exceeded for role {role}")));
    }
    Ok(())
}

fn get(call: &mut Call<'_>) -> Answer {
    let (role, facts) = find(call)?;
    let name = call.text("PolicyName");
    let document = facts.inline.get(name).ok_or_else(|| refusal::no_inline(name))?;
    Ok(json!({"RoleName": role.name, "PolicyName": name, "PolicyDocument": document.encoded()}))
}

fn delete(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        let name = call.text("PolicyName");
        facts.inline.remove(name).map(|_| ()).ok_or_else(|| refusal::no_inline(name))
    })
}

fn list(call: &mut Call<'_>) -> Answer {
    let (role, facts) = find(call)?;
    let names = facts.inline.keys().map(|name| (name.clone(), json!(name))).collect();
    super::paged(call, &format!("ListRolePolicies {}", role.id), "PolicyNames", names)
}

/// Refuses what is not the ARN of a policy.
pub(super) fn check_policy_arn(arn: &str) -> Result<(), Refusal> {
    let rest = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":policy/"));
    if rest.is_some() { Ok(()) } else { Err(refusal::bad_arn(arn)) }
}

/// Refuses a boundary that is not a managed policy of this account or of AWS.
pub(super) fn check_boundary(call: &Call<'_>, arn: &str) -> Result<(), Refusal> {
    check_policy_arn(arn)?;
    let policy = managed_policy(call.world, &call.principal.account, arn);
    policy.map(|_| ()).ok_or_else(|| refusal::no_boundary_policy(arn))
}

fn attach(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        let arn = call.text("PolicyArn");
        check_policy_arn(arn)?;
        if managed_policy(call.world, &call.principal.account, arn).is_none() {
            return Err(refusal::not_attachable(arn));
        }
        facts.attached.insert(arn.to_owned());
        if facts.attached.len() > ATTACHED { Err(refusal::quota("PoliciesPerRole", ATTACHED)) } else { Ok(()) }
    })
}

fn detach(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        let arn = call.text("PolicyArn");
        check_policy_arn(arn)?;
        if facts.attached.remove(arn) { Ok(()) } else { Err(refusal::no_policy(arn)) }
    })
}

fn list_attached(call: &mut Call<'_>) -> Answer {
    let (role, facts) = find(call)?;
    let prefix = call.input["PathPrefix"].as_str().unwrap_or("/");
    let policies = attached(call, facts, prefix);
    super::paged(call, &format!("ListAttachedRolePolicies {} {prefix}", role.id), "AttachedPolicies", policies)
}

/// The attached policies whose path begins with `prefix`.
pub(super) fn attached(call: &Call<'_>, facts: &RoleFacts, prefix: &str) -> Vec<(String, serde_json::Value)> {
    let find = |arn: &String| managed_policy(call.world, &call.principal.account, arn);
    let policies = facts.attached.iter().filter_map(find).filter(|policy| policy.path.starts_with(prefix));
    policies.map(|p| (p.arn.clone(), json!({"PolicyName": p.name, "PolicyArn": p.arn}))).collect()
}

fn put_boundary(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        let arn = call.text("PermissionsBoundary");
        check_boundary(call, arn)?;
        facts.boundary = Some(arn.to_owned());
        Ok(())
    })
}

/// A role without boundary is left as it is.
fn delete_boundary(call: &mut Call<'_>) -> Answer {
    change(call, |_, facts| {
        facts.boundary = None;
        Ok(())
    })
}

/// How many roles have the policy attached, and how many as their boundary.
pub(super) fn uses(call: &Call<'_>, arn: &str) -> (usize, usize) {
    let facts = || state(call).roles.values().map(|role| role.facts.latest());
    let attached = facts().filter(|facts| facts.attached.contains(arn)).count();
    (attached, facts().filter(|facts| facts.boundary.as_deref() == Some(arn)).count())
}
