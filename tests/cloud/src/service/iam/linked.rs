//! Service-linked roles: made for a service, changed and deleted only through it.
//!
//! Source: IAM User Guide, "Create a service-linked role"; each service's "Using service-linked roles".

use super::roles::{insert, plain_facts, remove};
use super::{Document, Role, RoleFacts, refusal, state};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal};
use crate::iam::late::{Lag, Late, View};
use crate::service::items;
use crate::world::World;
use serde_json::json;
use std::sync::Arc;

/// Services and the roles linked to them.
const LINKED: [(&str, &str); 6] = [
    ("backup.amazonaws.com", "AWSServiceRoleForBackup"),
    ("ecs.amazonaws.com", "AWSServiceRoleForECS"),
    ("ecs.application-autoscaling.amazonaws.com", "AWSServiceRoleForApplicationAutoScaling_ECSService"),
    ("elasticfilesystem.amazonaws.com", "AWSServiceRoleForAmazonElasticFileSystem"),
    ("elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"),
    ("spot.amazonaws.com", "AWSServiceRoleForEC2Spot"),
];

/// Operations on service-linked roles.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateServiceLinkedRole", access: Access::Write, asks: create_asks, run: create },
    Operation { name: "DeleteServiceLinkedRole", access: Access::Write, asks: delete_asks, run: delete },
    Operation { name: "GetServiceLinkedRoleDeletionStatus", access: Access::Read, asks: status_asks, run: status },
];

/// Services that make their linked role themselves, the first time that they need it.
const MADE_AT_NEED: [&str; 3] = [ECS, EFS, ELB];
/// ECS, as principal of trust policies.
pub(crate) const ECS: &str = "ecs.amazonaws.com";
/// EFS, likewise.
pub(crate) const EFS: &str = "elasticfilesystem.amazonaws.com";
/// ELB, likewise.
pub(crate) const ELB: &str = "elasticloadbalancing.amazonaws.com";

/// What a call asks for, besides its own, that lets a service make its role; nothing if the role is there.
pub(crate) fn asks(call: &Call<'_>, service: &str) -> Option<Ask> {
    let missing = find(call.world, &call.principal.account, service).is_none();
    missing.then(|| ask(call, service))
}

/// The same for ELB, which until it has its role looks at EC2 with the caller's rights.
pub(crate) fn asks_of_elb(call: &Call<'_>, reads: &[&str]) -> Vec<Ask> {
    let own = asks(call, ELB);
    let looks = reads.iter().filter(|_| own.is_some()).map(|read| Ask::new(format!("ec2:{read}"), "*"));
    looks.chain(own.clone()).collect()
}

/// Makes the role of a service that is not there yet.
pub(crate) fn make(call: &mut Call<'_>, service: &str) {
    if let Some(name) = role_name(service)
        && find(call.world, &call.principal.account, service).is_none()
    {
        insert(call, name.to_owned(), path(service), Some(service.to_owned()), plain_facts(trust(service)));
    }
}

/// The same, if the caller may; else nothing happens.
pub(crate) fn make_if_allowed(call: &mut Call<'_>, service: &str) {
    let allowed = asks(call, service).is_some_and(|ask| {
        crate::iam::authorize(call.world, &super::SERVICE, &call.principal, &call.region, &ask, call.now).is_ok()
    });
    if allowed {
        make(call, service);
    }
}

/// Whether a service can act under its role by now.
pub(crate) fn usable(call: &Call<'_>, service: &str) -> bool {
    let role = find(call.world, &call.principal.account, service);
    role.is_some_and(|role| role.facts.at(View::Elsewhere, call.now).is_some())
}

/// Lets an account have the roles that are made at need, for long.
pub(crate) fn settle(world: &mut World, account: &str) {
    for (service, name) in LINKED.iter().filter(|(service, _)| MADE_AT_NEED.contains(service)) {
        let (id, now) = (world.random.iam_id("AROA"), world.now);
        let facts = Late::new(plain_facts(trust(service)), now, Lag::NONE);
        let (arn, path) = (format!("arn:aws:iam::{account}:role{}{name}", path(service)), path(service));
        let linked_to = Some((*service).to_owned());
        let role = Role { name: (*name).to_owned(), path, id, arn, created: now, linked_to, facts };
        world.account(account).iam.roles.entry(name.to_ascii_lowercase()).or_insert(role);
    }
}

fn find<'w>(world: &'w World, account: &str, service: &str) -> Option<&'w Role> {
    let name = role_name(service)?.to_ascii_lowercase();
    world.accounts.get(account)?.iam.roles.get(&name)
}

fn path(service: &str) -> String {
    format!("/aws-service-role/{service}/")
}

fn trust(service: &str) -> Arc<Document> {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}}]});
    Document::new(&trust.to_string(), &trust)
}

fn role_name(service: &str) -> Option<&'static str> {
    LINKED.iter().find(|(known, _)| *known == service).map(|(_, role)| *role)
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    vec![ask(call, call.text("AWSServiceName"))]
}

fn ask(call: &Call<'_>, service: &str) -> Ask {
    let arn = super::arn(call, "role", &path(service), role_name(service).unwrap_or("*"));
    Ask::new("iam:CreateServiceLinkedRole", arn).when("iam:AWSServiceName", service)
}

fn delete_asks(call: &Call<'_>) -> Vec<Ask> {
    super::roles::role_asks(call, "iam:DeleteServiceLinkedRole")
}

/// `task/aws-service-role/SERVICE/ROLE/UUID` is about that role.
fn status_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut parts = call.text("DeletionTaskId").split('/').skip(2);
    let (service, role) = (parts.next().unwrap_or("*"), parts.next().unwrap_or("*"));
    vec![Ask::new("iam:GetServiceLinkedRoleDeletionStatus", super::arn(call, "role", &path(service), role))]
}

fn create(call: &mut Call<'_>) -> Answer {
    let service = call.text("AWSServiceName").to_owned();
    let Some(name) = role_name(&service) else {
        return Err(refusal::invalid(format!("Service-linked role for {service} is not supported.")));
    };
    if call.input["CustomSuffix"].is_string() {
        return Err(refusal::invalid(format!("Custom suffix is not allowed for {service}")));
    }
    if state(call).roles.contains_key(&name.to_ascii_lowercase()) {
        return Err(refusal::invalid(format!(
            "Service role name {name} has been taken in this account, please try a different suffix."
        )));
    }
    let description = call.input["Description"].as_str().map(str::to_owned);
    let facts = RoleFacts { description, ..plain_facts(trust(&service)) };
    let role = insert(call, name.to_owned(), path(&service), Some(service), facts);
    Ok(json!({"Role": super::roles::brief(call.world, &role, role.facts.latest())}))
}

fn delete(call: &mut Call<'_>) -> Answer {
    let name = call.text("RoleName").to_owned();
    let key = name.to_ascii_lowercase();
    let Some(role) = state(call).roles.get(&key) else { return Err(refusal::no_role(&name)) };
    let Some(service) = role.linked_to.clone() else { return Err(not_linked(&name)) };
    let role = role.name.clone();
    let task = format!("task/aws-service-role/{service}/{role}/{}", call.world.random.uuid());
    if !in_use(call.world, &call.principal.account, &service) {
        remove(call.world, &call.principal.account, &key);
    }
    Ok(json!({"DeletionTaskId": task}))
}

fn not_linked(name: &str) -> Refusal {
    refusal::invalid(format!("Role {name} is not a service-linked role."))
}

/// Deletions are done as soon as they are asked for, or have failed: "the service must check whether the role is in use".
fn status(call: &mut Call<'_>) -> Answer {
    let role = call.text("DeletionTaskId").rsplit('/').nth(1).unwrap_or_default().to_ascii_lowercase();
    if state(call).roles.contains_key(&role) {
        let reason = "A service-linked role can't be deleted while the service has resources that use it.";
        return Ok(json!({"Status": "FAILED", "Reason": {"Reason": reason}}));
    }
    Ok(json!({"Status": "SUCCEEDED"}))
}

/// Whether the service has anything that it manages under its role.
fn in_use(world: &World, account: &str, service: &str) -> bool {
    let regions = world.accounts.get(account).into_iter().flat_map(|account| account.regions.values());
    let kind = match service {
        ECS => "ecs:cluster",
        EFS => "elasticfilesystem:file-system",
        ELB => "elasticloadbalancing:loadbalancer",
        _ => return false,
    };
    regions.flat_map(items).any(|item| item.kind == kind)
}
