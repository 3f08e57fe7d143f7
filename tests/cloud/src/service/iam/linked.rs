//! Service-linked roles: made for a service, changed and deleted only through it.
//!
//! Source: IAM User Guide, "Create a service-linked role"; each service's "Using service-linked roles".

use super::roles::{insert, plain_facts, remove};
use super::{Document, RoleFacts, refusal, state};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal};
use serde_json::json;

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

fn role_name(service: &str) -> Option<&'static str> {
    LINKED.iter().find(|(known, _)| *known == service).map(|(_, role)| *role)
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let service = call.text("AWSServiceName");
    let path = format!("/aws-service-role/{service}/");
    let arn = super::arn(call, "role", &path, role_name(service).unwrap_or("*"));
    vec![Ask::new("iam:CreateServiceLinkedRole", arn).when("iam:AWSServiceName", service)]
}

fn delete_asks(call: &Call<'_>) -> Vec<Ask> {
    super::roles::role_asks(call, "iam:DeleteServiceLinkedRole")
}

fn status_asks(_: &Call<'_>) -> Vec<Ask> {
    crate::call::ask_any("iam:GetServiceLinkedRoleDeletionStatus")
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
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [&service]}}]});
    let trust = Document::new(&trust.to_string(), &trust);
    let description = call.input["Description"].as_str().map(str::to_owned);
    let facts = RoleFacts { description, ..plain_facts(trust) };
    let path = format!("/aws-service-role/{service}/");
    let role = insert(call, name.to_owned(), path, Some(service), facts);
    Ok(json!({"Role": super::roles::brief(call.world, &role, role.facts.latest())}))
}

fn delete(call: &mut Call<'_>) -> Answer {
    let name = call.text("RoleName").to_owned();
    let key = name.to_ascii_lowercase();
    let Some(role) = state(call).roles.get(&key) else { return Err(refusal::no_role(&name)) };
    let Some(service) = role.linked_to.clone() else { return Err(not_linked(&name)) };
    let role = role.name.clone();
    let task = format!("task/aws-service-role/{service}/{role}/{}", call.world.random.uuid());
    remove(call.world, &call.principal.account, &key);
    Ok(json!({"DeletionTaskId": task}))
}

fn not_linked(name: &str) -> Refusal {
    refusal::invalid(format!("Role {name} is not a service-linked role."))
}

/// Deletions are done as soon as they are asked for.
fn status(_: &mut Call<'_>) -> Answer {
    Ok(json!({"Status": "SUCCEEDED"}))
}
