//! Instance profiles: one role each.

use super::roles::{brief, role_ask, whole_seconds};
use super::{Late, Profile, refusal, seen, state};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::clock::Time;
use crate::iam::late::View;
use crate::iam::role_named;
use crate::tags::{Spelling, Tags};
use crate::world::World;
use serde_json::{Value, json};

/// Instance profiles in an account ("IAM and AWS STS quotas").
const PROFILES: usize = 1_000;

/// Operations on instance profiles.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateInstanceProfile", access: Access::Write, asks: create_asks, run: create },
    Operation {
        name: "GetInstanceProfile",
        access: Access::Read,
        asks: |call| asks(call, "iam:GetInstanceProfile"),
        run: get,
    },
    Operation {
        name: "DeleteInstanceProfile",
        access: Access::Write,
        asks: |call| asks(call, "iam:DeleteInstanceProfile"),
        run: delete,
    },
    Operation { name: "AddRoleToInstanceProfile", access: Access::Write, asks: add_asks, run: add },
    Operation {
        name: "RemoveRoleFromInstanceProfile",
        access: Access::Write,
        asks: |call| asks(call, "iam:RemoveRoleFromInstanceProfile"),
        run: remove,
    },
    Operation { name: "ListInstanceProfiles", access: Access::Read, asks: list_asks, run: list },
    Operation {
        name: "ListInstanceProfilesForRole",
        access: Access::Read,
        asks: |call| vec![role_ask(call, "iam:ListInstanceProfilesForRole")],
        run: list_for_role,
    },
    Operation { name: "TagInstanceProfile", access: Access::Write, asks: tag_asks, run: tag },
    Operation {
        name: "UntagInstanceProfile",
        access: Access::Write,
        asks: |call| asks(call, "iam:UntagInstanceProfile"),
        run: untag,
    },
];

/// Whether EC2 can use the instance profile (given by name or ARN) by now: it is visible and has a visible role.
pub fn profile_known(world: &World, account: &str, name_or_arn: &str, now: Time) -> bool {
    let name = name_or_arn.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let profile = world.accounts.get(account).and_then(|account| account.iam.profiles.get(&name));
    let profile = profile.filter(|profile| !name_or_arn.starts_with("arn:") || profile.arn == name_or_arn);
    let role = profile.and_then(|profile| profile.facts.at(View::Elsewhere, now)).and_then(|(role, _)| role.as_deref());
    let role = role.and_then(|role| role_named(world, account, role));
    role.is_some_and(|role| role.facts.at(View::Elsewhere, now).is_some())
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let arn = super::arn(call, "instance-profile", &super::path(call), call.text("InstanceProfileName"));
    let tagged = call.input["Tags"].as_array().is_some_and(|tags| !tags.is_empty());
    let tag = tagged.then(|| super::tagged_ask(call, "iam:TagInstanceProfile", arn.clone()));
    [Some(super::tagged_ask(call, "iam:CreateInstanceProfile", arn)), tag].into_iter().flatten().collect()
}

fn asks(call: &Call<'_>, action: &str) -> Vec<Ask> {
    let name = call.text("InstanceProfileName");
    match state(call).profiles.get(&name.to_ascii_lowercase()) {
        Some(profile) => vec![Ask::new(action, &profile.arn).resource_tags(&profile.facts.latest().1)],
        None => vec![Ask::new(action, super::arn(call, "instance-profile", "/", name))],
    }
}

fn add_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = asks(call, "iam:AddRoleToInstanceProfile");
    asks.push(role_ask(call, "iam:PassRole").when("iam:PassedToService", "ec2.amazonaws.com"));
    asks
}

fn list_asks(call: &Call<'_>) -> Vec<Ask> {
    let prefix = call.input["PathPrefix"].as_str().unwrap_or("/");
    vec![Ask::new("iam:ListInstanceProfiles", super::arn(call, "instance-profile", prefix, ""))]
}

fn tag_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    asks(call, "iam:TagInstanceProfile").into_iter().map(|ask| ask.request_tags(&tags)).collect()
}

fn create(call: &mut Call<'_>) -> Answer {
    let name = call.text("InstanceProfileName").to_owned();
    let (key, tags, path) = (name.to_ascii_lowercase(), super::tags(call)?, super::path(call));
    let profiles = &state(call).profiles;
    if profiles.contains_key(&key) {
        return Err(refusal::exists(format!("Instance Profile {name} already exists.")));
    }
    if profiles.len() >= PROFILES {
        return Err(refusal::quota("InstanceProfilesPerAccount", PROFILES));
    }
    let arn = super::arn(call, "instance-profile", &path, &name);
    let (id, lag) = (call.world.random.iam_id("AIPA"), super::lag(call));
    let profile = Profile { name, path, id, arn, created: call.now, facts: Late::new((None, tags), call.now, lag) };
    let shown = describe(call, &profile, profile.facts.latest());
    call.account().iam.profiles.insert(key, profile);
    Ok(json!({"InstanceProfile": shown}))
}

fn get(call: &mut Call<'_>) -> Answer {
    let name = call.text("InstanceProfileName");
    let profile = state(call).profiles.get(&name.to_ascii_lowercase());
    let found = profile.and_then(|profile| seen(&profile.facts, call).map(|facts| (profile, facts)));
    let (profile, facts) = found.ok_or_else(|| refusal::no_profile(name))?;
    Ok(json!({"InstanceProfile": describe(call, profile, facts)}))
}

fn change(
    call: &mut Call<'_>,
    alter: impl FnOnce(&Call<'_>, &mut (Option<String>, Tags)) -> Result<(), Refusal>,
) -> Answer {
    let name = call.text("InstanceProfileName").to_owned();
    let key = name.to_ascii_lowercase();
    let profile = state(call).profiles.get(&key).ok_or_else(|| refusal::no_profile(&name))?;
    let mut facts = profile.facts.latest().clone();
    alter(call, &mut facts)?;
    let (now, lag) = (call.now, super::lag(call));
    if let Some(profile) = call.account().iam.profiles.get_mut(&key) {
        profile.facts.set(facts, now, lag);
    }
    nothing()
}

fn delete(call: &mut Call<'_>) -> Answer {
    change(call, |_, (role, _)| match role {
        Some(_) => Err(refusal::conflict("Cannot delete entity, must remove roles from instance profile first.")),
        None => Ok(()),
    })?;
    let key = call.text("InstanceProfileName").to_ascii_lowercase();
    call.account().iam.profiles.remove(&key);
    nothing()
}

fn add(call: &mut Call<'_>) -> Answer {
    change(call, |call, (role, _)| {
        let name = call.text("RoleName");
        let found = role_named(call.world, &call.principal.account, name).ok_or_else(|| refusal::no_role(name))?;
        if found.linked_to.is_some() {
            return Err(refusal::protected(&found.name));
        }
        if role.is_some() {
            return Err(refusal::quota("InstanceSessionsPerInstanceProfile", 1));
        }
        *role = Some(found.name.clone());
        Ok(())
    })
}

fn remove(call: &mut Call<'_>) -> Answer {
    change(call, |call, (role, _)| {
        let name = call.text("RoleName");
        if !role.as_deref().is_some_and(|mine| mine.eq_ignore_ascii_case(name)) {
            return Err(refusal::missing(format!(
                "The role with name {name} cannot be found in instance profile {}.",
                call.text("InstanceProfileName")
            )));
        }
        *role = None;
        Ok(())
    })
}

fn list(call: &mut Call<'_>) -> Answer {
    let prefix = call.input["PathPrefix"].as_str().unwrap_or("/");
    let profiles = state(call).profiles.iter().filter(|(_, profile)| profile.path.starts_with(prefix));
    let shown = profiles.filter_map(|(key, p)| Some((key.clone(), describe(call, p, seen(&p.facts, call)?))));
    super::paged(call, &format!("ListInstanceProfiles {prefix}"), "InstanceProfiles", shown.collect())
}

fn list_for_role(call: &mut Call<'_>) -> Answer {
    let (role, _) = super::roles::find(call)?;
    let shown = of_role(call, &role.name);
    super::paged(call, &format!("ListInstanceProfilesForRole {}", role.id), "InstanceProfiles", shown)
}

/// The instance profiles that hold the role.
pub(super) fn of_role(call: &Call<'_>, role: &str) -> Vec<(String, Value)> {
    let holds = |facts: &&(Option<String>, Tags)| facts.0.as_deref() == Some(role);
    let profiles = state(call).profiles.iter();
    profiles.filter_map(|(k, p)| Some((k.clone(), describe(call, p, seen(&p.facts, call).filter(holds)?)))).collect()
}

fn tag(call: &mut Call<'_>) -> Answer {
    let tags = super::tags(call)?;
    change(call, |_, (_, mine)| super::add_tags(mine, tags))
}

fn untag(call: &mut Call<'_>) -> Answer {
    change(call, |call, (_, mine)| {
        super::remove_tags(call, mine);
        Ok(())
    })
}

fn describe(call: &Call<'_>, profile: &Profile, (role, tags): &(Option<String>, Tags)) -> Value {
    let role = role.as_deref().and_then(|role| role_named(call.world, &call.principal.account, role));
    let roles: Vec<Value> = role.iter().map(|role| brief(call.world, role, role.facts.latest())).collect();
    json!({
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": whole_seconds(profile.created),
        "Roles": roles,
        "Tags": Spelling::Upper.write(tags),
    })
}
