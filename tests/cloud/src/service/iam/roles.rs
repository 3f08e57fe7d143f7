//! Roles: making, reading, changing and deleting them, and their tags.

use super::{Document, Late, Role, RoleFacts, refusal, role_policies, seen, state};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::iam::grammar;
use crate::iam::{pinned, role_named, shown};
use crate::tags::Spelling;
use crate::world::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Characters of a trust policy ("IAM and AWS STS quotas", Role trust policy length).
const TRUST_SIZE: usize = 2_048;
/// Roles in an account ("IAM and AWS STS quotas").
const ROLES: usize = 1_000;
/// Seconds that a session may last unless set (CreateRole, MaxSessionDuration).
const MAX_SESSION: u64 = 3_600;

/// Operations on roles.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateRole", access: Access::Write, asks: create_asks, run: create },
    Operation { name: "GetRole", access: Access::Read, asks: |call| role_asks(call, "iam:GetRole"), run: get },
    Operation { name: "ListRoles", access: Access::Read, asks: list_asks, run: list },
    Operation {
        name: "UpdateRole",
        access: Access::Write,
        asks: |call| role_asks(call, "iam:UpdateRole"),
        run: update,
    },
    Operation {
        name: "UpdateRoleDescription",
        access: Access::Write,
        asks: |call| role_asks(call, "iam:UpdateRoleDescription"),
        run: update_description,
    },
    Operation {
        name: "UpdateAssumeRolePolicy",
        access: Access::Write,
        asks: |call| role_asks(call, "iam:UpdateAssumeRolePolicy"),
        run: update_trust,
    },
    Operation {
        name: "DeleteRole",
        access: Access::Write,
        asks: |call| role_asks(call, "iam:DeleteRole"),
        run: delete,
    },
    Operation { name: "TagRole", access: Access::Write, asks: tag_asks, run: tag },
    Operation { name: "UntagRole", access: Access::Write, asks: untag_asks, run: untag },
    Operation {
        name: "ListRoleTags",
        access: Access::Read,
        asks: |call| role_asks(call, "iam:ListRoleTags"),
        run: list_tags,
    },
];

/// One question about the role named in the input, with its tags and boundary.
pub(super) fn role_asks(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![role_ask(call, action)]
}

/// The same as a single question, to add to.
pub(super) fn role_ask(call: &Call<'_>, action: &str) -> Ask {
    let name = call.text("RoleName");
    let Some(role) = role_named(call.world, &call.principal.account, name) else {
        return Ask::new(action, super::arn(call, "role", "/", name));
    };
    let facts = role.facts.latest();
    let mut ask = Ask::new(action, &role.arn).resource_tags(&facts.tags);
    for (key, value) in &facts.tags {
        ask = ask.when(format!("iam:ResourceTag/{key}"), value);
    }
    match &facts.boundary {
        Some(boundary) if !call.input["PermissionsBoundary"].is_string() => {
            ask.when("iam:PermissionsBoundary", boundary)
        }
        Some(_) | None => ask,
    }
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let arn = super::arn(call, "role", &super::path(call), call.text("RoleName"));
    let mut create = super::tagged_ask(call, "iam:CreateRole", arn.clone());
    if let Some(boundary) = call.input["PermissionsBoundary"].as_str() {
        create = create.when("iam:PermissionsBoundary", boundary);
    }
    let tagged = call.input["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
    let tag = tagged.then(|| super::tagged_ask(call, "iam:TagRole", arn));
    [Some(create), tag].into_iter().flatten().collect()
}

fn list_asks(call: &Call<'_>) -> Vec<Ask> {
    let prefix = call.input["PathPrefix"].as_str().unwrap_or("/");
    vec![Ask::new("iam:ListRoles", super::arn(call, "role", prefix, ""))]
}

fn tag_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    vec![role_ask(call, "iam:TagRole").request_tags(&tags)]
}

fn untag_asks(call: &Call<'_>) -> Vec<Ask> {
    let keys = call.input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str);
    vec![keys.fold(role_ask(call, "iam:UntagRole"), |ask, key| ask.when("aws:TagKeys", key))]
}

/// Facts of a role with nothing but who may assume it.
pub(super) fn plain_facts(trust: Arc<Document>) -> RoleFacts {
    RoleFacts {
        trust,
        description: None,
        max_session: MAX_SESSION,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        boundary: None,
        tags: BTreeMap::new(),
    }
}

/// The role named in the input as IAM's reads see it.
pub(super) fn find<'c>(call: &'c Call<'_>) -> Result<(&'c Role, &'c RoleFacts), Refusal> {
    let name = call.text("RoleName");
    let role = state(call).roles.get(&name.to_ascii_lowercase());
    let role = role.and_then(|role| seen(&role.facts, call).map(|facts| (role, facts)));
    role.ok_or_else(|| refusal::no_role(name))
}

/// Changes the role named in the input; a service-linked one can't be changed.
pub(super) fn change(
    call: &mut Call<'_>,
    alter: impl FnOnce(&Call<'_>, &mut RoleFacts) -> Result<(), Refusal>,
) -> Answer {
    let name = call.text("RoleName").to_owned();
    let Some(role) = state(call).roles.get(&name.to_ascii_lowercase()) else { return Err(refusal::no_role(&name)) };
    if role.linked_to.is_some() {
        return Err(refusal::protected(&role.name));
    }
    write(call, &name, alter)
}

fn write(
    call: &mut Call<'_>,
    name: &str,
    alter: impl FnOnce(&Call<'_>, &mut RoleFacts) -> Result<(), Refusal>,
) -> Answer {
    let key = name.to_ascii_lowercase();
    let Some(role) = state(call).roles.get(&key) else { return Err(refusal::no_role(name)) };
    let mut facts = role.facts.latest().clone();
    alter(call, &mut facts)?;
    let (now, lag) = (call.now, super::lag(call));
    if let Some(role) = call.account().iam.roles.get_mut(&key) {
        role.facts.set(facts, now, lag);
    }
    nothing()
}

/// Checks a trust policy and stores it as AWS does: principals by unique id.
fn trust(call: &Call<'_>, text: &str) -> Result<Arc<Document>, Refusal> {
    let value = grammar::check_trust(call.world, text, call.now).map_err(refusal::malformed)?;
    if grammar::size(text) > TRUST_SIZE {
        return Err(refusal::quota("ACLSizePerRole", TRUST_SIZE));
    }
    let kept = pinned(call.world, &value);
    let text = if kept == value { text.to_owned() } else { kept.to_string() };
    Ok(Document::new(&text, &kept))
}

fn create(call: &mut Call<'_>) -> Answer {
    let name = call.text("RoleName").to_owned();
    let key = name.to_ascii_lowercase();
    let trust = trust(call, call.text("AssumeRolePolicyDocument"))?;
    let tags = super::tags(call)?;
    let boundary = call.input["PermissionsBoundary"].as_str().map(str::to_owned);
    if let Some(boundary) = &boundary {
        role_policies::check_boundary(call, boundary)?;
    }
    let most = call.quota("L-FE177D64", ROLES);
    let roles = &state(call).roles;
    if roles.contains_key(&key) {
        return Err(refusal::exists(format!("Role with name {name} already exists.")));
    }
    if roles.len() >= most {
        return Err(refusal::quota("RolesPerAccount", most));
    }
    let facts = RoleFacts {
        description: call.input["Description"].as_str().map(str::to_owned),
        max_session: call.input["MaxSessionDuration"].as_u64().unwrap_or(MAX_SESSION),
        boundary,
        tags,
        ..plain_facts(trust)
    };
    let path = super::path(call);
    let role = insert(call, name, path, None, facts);
    Ok(json!({"Role": full(call.world, &role, role.facts.latest())}))
}

/// Makes a role.
pub(super) fn insert(
    call: &mut Call<'_>,
    name: String,
    path: String,
    linked_to: Option<String>,
    facts: RoleFacts,
) -> Role {
    let arn = super::arn(call, "role", &path, &name);
    let (id, lag) = (call.world.random.iam_id("AROA"), super::lag(call));
    let role = Role { name, path, id, arn, created: call.now, linked_to, facts: Late::new(facts, call.now, lag) };
    call.account().iam.roles.insert(role.name.to_ascii_lowercase(), role.clone());
    role
}

fn get(call: &mut Call<'_>) -> Answer {
    let (role, facts) = find(call)?;
    let mut role = full(call.world, role, facts);
    role["RoleLastUsed"] = json!({});
    Ok(json!({"Role": role}))
}

fn list(call: &mut Call<'_>) -> Answer {
    let prefix = call.input["PathPrefix"].as_str().unwrap_or("/");
    let roles = state(call).roles.iter().filter(|(_, role)| role.path.starts_with(prefix));
    let shown = roles.filter_map(|(key, role)| Some((key.clone(), brief(call.world, role, seen(&role.facts, call)?))));
    super::paged(call, &format!("ListRoles {prefix}"), "Roles", shown.collect())
}

fn update(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        if let Some(description) = call.input["Description"].as_str() {
            facts.description = Some(description.to_owned());
        }
        // A request without duration puts the default back (UpdateRole, MaxSessionDuration).
        facts.max_session = call.input["MaxSessionDuration"].as_u64().unwrap_or(MAX_SESSION);
        Ok(())
    })
}

fn update_description(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        facts.description = Some(call.text("Description").to_owned());
        Ok(())
    })?;
    let Some(role) = role_named(call.world, &call.principal.account, call.text("RoleName")) else { return nothing() };
    Ok(json!({"Role": brief(call.world, role, role.facts.latest())}))
}

fn update_trust(call: &mut Call<'_>) -> Answer {
    change(call, |call, facts| {
        facts.trust = trust(call, call.text("PolicyDocument"))?;
        Ok(())
    })
}

fn delete(call: &mut Call<'_>) -> Answer {
    let name = call.text("RoleName").to_owned();
    let key = name.to_ascii_lowercase();
    let Some(role) = state(call).roles.get(&key) else { return Err(refusal::no_role(&name)) };
    if role.linked_to.is_some() {
        return Err(refusal::protected(&role.name));
    }
    let facts = role.facts.latest();
    let in_profile = |profile: &super::Profile| profile.facts.latest().0.as_deref() == Some(role.name.as_str());
    if state(call).profiles.values().any(in_profile) {
        return Err(refusal::conflict("Cannot delete entity, must remove roles from instance profile first."));
    }
    if !facts.attached.is_empty() {
        return Err(refusal::conflict("Cannot delete entity, must detach all policies first."));
    }
    if !facts.inline.is_empty() {
        return Err(refusal::conflict("Cannot delete entity, must delete policies first."));
    }
    remove(call.world, &call.principal.account, &key);
    nothing()
}

/// Removes a role; the credentials of its sessions are no longer known.
pub(super) fn remove(world: &mut World, account: &str, key: &str) {
    let Some(role) = world.account(account).iam.roles.remove(key) else { return };
    world.account(account).iam.sessions.retain(|(id, _), _| *id != role.id);
    world.keys.retain(|_, known| match &known.principal.kind {
        crate::call::PrincipalKind::Role { role: name, .. } => known.principal.account != account || *name != role.name,
        _ => true,
    });
}

fn tag(call: &mut Call<'_>) -> Answer {
    let tags = super::tags(call)?;
    let name = call.text("RoleName").to_owned();
    write(call, &name, |_, facts| super::add_tags(&mut facts.tags, tags))
}

fn untag(call: &mut Call<'_>) -> Answer {
    let name = call.text("RoleName").to_owned();
    write(call, &name, |call, facts| {
        super::remove_tags(call, &mut facts.tags);
        Ok(())
    })
}

fn list_tags(call: &mut Call<'_>) -> Answer {
    let (role, facts) = find(call)?;
    let tags = facts.tags.iter().map(|(key, value)| (key.clone(), json!({"Key": key, "Value": value})));
    super::paged(call, &format!("ListRoleTags {}", role.id), "Tags", tags.collect())
}

/// A role as lists show it: without tags and boundary (ListRoles).
pub(super) fn brief(world: &World, role: &Role, facts: &RoleFacts) -> Value {
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": whole_seconds(role.created),
        "AssumeRolePolicyDocument": super::encode(&trust_text(world, &facts.trust)),
        "Description": facts.description,
        "MaxSessionDuration": facts.max_session,
    })
}

fn full(world: &World, role: &Role, facts: &RoleFacts) -> Value {
    let mut shown = brief(world, role, facts);
    if !facts.tags.is_empty() {
        shown["Tags"] = Spelling::Upper.write(&facts.tags);
    }
    if let Some(boundary) = &facts.boundary {
        shown["PermissionsBoundary"] = boundary_value(boundary);
    }
    shown
}

/// AWS sends `Policy`, though the model's only value is `PermissionsBoundaryPolicy`
/// (AttachedPermissionsBoundary, PermissionsBoundaryType).
pub(super) fn boundary_value(arn: &str) -> Value {
    json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn})
}

/// The trust policy with the ARNs of the roles that still exist.
pub(super) fn trust_text(world: &World, trust: &Document) -> String {
    if !trust.text.contains("AROA") {
        return trust.text.clone();
    }
    serde_json::from_str(&trust.text).map(|value| shown(world, &value).to_string()).unwrap_or_default()
}

/// IAM's timestamps have no fraction of a second.
pub(super) fn whole_seconds(time: crate::clock::Time) -> f64 {
    (time.0 / 1000) as f64
}
