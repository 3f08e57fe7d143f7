//! UpdateService: which members make a new deployment and which don't.

use super::super::network::Network;
use super::super::refusals::{invalid, no_service, service_not_active};
use super::super::strategy::{self, Launch};
use super::super::{cluster, network};
use super::create::{self, conditions, show, stir};
use super::shape::{self, Shape};
use super::{Key, Propagate, Service, Status, short};
use crate::call::{Answer, Ask, Call, Refusal};
use serde_json::Value;
use std::sync::Arc;

pub(super) fn ask(call: &Call<'_>) -> Vec<Ask> {
    vec![conditions(call, super::ask_one(call, "ecs:UpdateService"))]
}

/// The service that a call names, in whatever state.
pub(super) fn named(call: &Call<'_>) -> Result<Key, Refusal> {
    let cluster = cluster::named(call.peek(), &call.input["cluster"], call.now)?.name.clone();
    let text = call.text("service");
    let key = (cluster, short(text).to_owned());
    let service = call.peek().ecs.services.get(&key).ok_or_else(no_service)?;
    if text.starts_with("arn:") && service.arn != text { Err(no_service()) } else { Ok(key) }
}

pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let input = Arc::clone(&call.input);
    let key = named(call)?;
    let service = call.peek().ecs.services.get(&key).ok_or_else(no_service)?;
    if service.status != Status::Active {
        return Err(service_not_active());
    }
    let mut service = service.clone();
    settings(&mut service, &input)?;
    let old = service.primary().map(|primary| primary.shape.clone()).ok_or_else(no_service)?;
    let new = reshape(call, &input, old.clone(), &key.0)?;
    let touched =
        ["taskDefinition", "networkConfiguration", "loadBalancers", "platformVersion", "capacityProviderStrategy"];
    if touched.iter().any(|member| !input[*member].is_null()) {
        new.check(call.peek())?;
    }
    new.suits(service.execute_command, "updated")?;
    new.deployable(&service.configuration)?;
    if new.differs(&old) || input["forceNewDeployment"] == true {
        let next = create::deployment(call, new);
        service.deployments.insert(0, next);
        service.start_failures = 0;
        service.not_before = call.now;
    } else if let Some(primary) = service.deployments.first_mut() {
        primary.shape = new;
        primary.updated = call.now;
    }
    service.steady = false;
    call.regional().ecs.services.insert(key.clone(), service);
    stir(call, &key);
    show(call, &key)
}

/// What changes without a deployment (UpdateService: "This parameter doesn't trigger a new service deployment").
fn settings(service: &mut Service, input: &Value) -> Result<(), Refusal> {
    if input["desiredCount"].as_i64().is_some_and(|count| count < 0) {
        return Err(invalid("Desired count can not be negative."));
    }
    if input["deploymentController"]["type"].as_str().is_some_and(|kind| kind != "ECS") {
        let text = "Only the deployment controller ECS is part of this cloud.";
        return Err(Refusal::new("UnsupportedFeatureException", text));
    }
    service.desired = input["desiredCount"].as_u64().unwrap_or(service.desired);
    service.configuration = service.configuration.with(&input["deploymentConfiguration"])?;
    let wanted = match &input["availabilityZoneRebalancing"] {
        Value::Null if service.rebalancing => Value::from("ENABLED"),
        Value::Null => Value::from("DISABLED"),
        given => given.clone(),
    };
    service.rebalancing = create::rebalancing(&wanted, &service.configuration)?;
    service.grace = input["healthCheckGracePeriodSeconds"].as_u64().or(service.grace);
    service.execute_command = input["enableExecuteCommand"].as_bool().unwrap_or(service.execute_command);
    service.managed_tags = input["enableECSManagedTags"].as_bool().unwrap_or(service.managed_tags);
    if !input["propagateTags"].is_null() {
        service.propagate = Propagate::read(&input["propagateTags"]);
    }
    Ok(())
}

fn reshape(call: &Call<'_>, input: &Value, mut shape: Shape, cluster: &str) -> Result<Shape, Refusal> {
    let region = call.peek();
    if let Some(text) = input["taskDefinition"].as_str() {
        shape.spec = shape::revision(region, text)?;
    }
    if !input["networkConfiguration"].is_null() {
        shape.network = Network::read(region, &input["networkConfiguration"], call.now)?;
    }
    if let Some(version) = input["platformVersion"].as_str() {
        shape.platform = version.to_owned();
    }
    if !input["loadBalancers"].is_null() {
        shape.balancers = shape::balancers(&input["loadBalancers"]);
    }
    if !input["serviceRegistries"].is_null() {
        shape.registries = create::list(&input["serviceRegistries"]);
    }
    let items = strategy::items(&input["capacityProviderStrategy"]);
    if items.is_empty() && input["capacityProviderStrategy"].is_array() {
        // "Update the Auto Scaling group or Fargate capacity provider back to the launch type. Pass an empty list".
        shape.launch = if shape.spec.fargate() { Launch::Fargate } else { Launch::Ec2 };
    }
    if !items.is_empty() {
        let home = region.ecs.clusters.get(cluster);
        strategy::check(&items, &home.map(|home| home.providers.clone()).unwrap_or_default())?;
        shape.launch = Launch::Strategy(items);
    }
    Ok(shape)
}

/// Names of a list member.
pub(super) fn names(call: &Call<'_>, member: &str) -> Vec<String> {
    network::texts(&call.input[member])
}
