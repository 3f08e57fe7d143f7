//! CreateService.

use super::super::network::{Network, texts};
use super::super::refusals::{bad_tags, invalid, no_linked_role, not_idempotent};
use super::super::strategy::Launch;
use super::super::{asks, cluster, definition};
use super::configuration::Configuration;
use super::schedule::wake;
use super::shape::{self, Shape};
use super::{Deployment, Key, Propagate, Rollout, Service, Status};
use crate::call::{Answer, Ask, Call, Refusal};
use crate::service::iam::linked;
use crate::tags::Spelling;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// From CreateService until the scheduler looks first (observed order of magnitude).
const FIRST_LOOK: (f64, f64) = (2.0, 5.0);

pub(super) fn ask(call: &Call<'_>) -> Vec<Ask> {
    let input = &call.input;
    let arn = call.arn("ecs", &format!("service/{}/{}", cluster::name_of(&input["cluster"]), call.text("serviceName")));
    let ask = conditions(call, asks::inside(call, "ecs:CreateService", arn.clone())).request_tags(&asks::tags(input));
    let role = asks::pass([call.text("role")]);
    std::iter::once(ask).chain(role).chain(asks::tagging(call, "CreateService", arn)).collect()
}

/// Condition keys that CreateService and UpdateService share.
pub(super) fn conditions(call: &Call<'_>, mut ask: Ask) -> Ask {
    let input = &call.input;
    if let Some(revision) = input["taskDefinition"].as_str().and_then(|text| definition::find(call.peek(), text)) {
        ask = ask.when("ecs:task-definition", revision.spec.arn.clone());
        for (key, value) in [("ecs:task-cpu", &revision.spec.cpu), ("ecs:task-memory", &revision.spec.memory)] {
            ask = value.iter().fold(ask, |ask, value| ask.when(key, value));
        }
    }
    for (key, member) in [
        ("ecs:enable-execute-command", "enableExecuteCommand"),
        ("ecs:enable-ecs-managed-tags", "enableECSManagedTags"),
    ] {
        ask = input[member].as_bool().iter().fold(ask, |ask, value| ask.when(key, value.to_string()));
    }
    let vpc = &input["networkConfiguration"]["awsvpcConfiguration"];
    ask = texts(&vpc["subnets"]).into_iter().fold(ask, |ask, subnet| ask.when("ecs:subnet", subnet));
    if !vpc.is_null() {
        ask = ask.when("ecs:auto-assign-public-ip", (vpc["assignPublicIp"] == "ENABLED").to_string());
    }
    input["propagateTags"].as_str().iter().fold(ask, |ask, value| ask.when("ecs:propagate-tags", *value))
}

/// A name that is ACTIVE or DRAINING is taken; the same token with the same request answers the service.
pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let input = Arc::clone(&call.input);
    let home = cluster::named(call.peek(), &input["cluster"], call.now)?;
    let key: Key = (home.name.clone(), call.text("serviceName").to_owned());
    let (providers, default) = (home.providers.clone(), home.strategy.clone());
    check_name(&key.1)?;
    check_token(&input["clientToken"])?;
    if let Some(service) = standing(call, &key) {
        return repeat(call, service, &input);
    }
    supported(&input)?;
    if !linked::usable(call, linked::ECS) {
        return Err(no_linked_role());
    }
    let launch = Launch::read(&input, &providers, &default)?;
    let shape = read_shape(call, &input, launch)?;
    shape.suits(input["enableExecuteCommand"] == true, "created")?;
    let service = build(call, &key, &input, shape)?;
    call.regional().ecs.services.insert(key.clone(), service);
    let delay = call.world.random.seconds(FIRST_LOOK.0, FIRST_LOOK.1);
    let place = call.regional().place();
    wake(call.world, &place, &key, delay);
    show(call, &key)
}

/// The service that has the name, or was created with the token.
fn standing<'c>(call: &'c Call<'_>, key: &Key) -> Option<&'c Service> {
    let token = &call.input["clientToken"];
    let services = &call.peek().ecs.services;
    let same_token = |s: &&Service| s.cluster == key.0 && token.is_string() && s.request["clientToken"] == *token;
    let alive = |s: &&Service| s.status != Status::Inactive;
    services.get(key).filter(alive).or_else(|| services.values().filter(alive).find(same_token))
}

fn repeat(call: &Call<'_>, service: &Service, input: &Value) -> Answer {
    if service.status == Status::Draining {
        return Err(invalid("Unable to Start a service that is still Draining."));
    }
    if input["clientToken"].is_string() && service.request == *input {
        return Ok(json!({"service": service.describe(call.peek(), true)}));
    }
    Err(not_idempotent())
}

/// CreateService, member `serviceName`: "Up to 255 letters (uppercase and lowercase), numbers, underscores, and
/// hyphens".
fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
        return Err(invalid("Invalid service name."));
    }
    Ok(())
}

/// CreateService, member `clientToken`: "Up to 36 ASCII characters in the range of 33-126".
fn check_token(token: &Value) -> Result<(), Refusal> {
    let fits = |token: &str| (1..=36).contains(&token.len()) && token.bytes().all(|byte| (33..=126).contains(&byte));
    if token.as_str().is_none_or(fits) { Ok(()) } else { Err(invalid("Invalid client token.")) }
}

/// What this cloud, or Fargate, does not have.
fn supported(input: &Value) -> Result<(), Refusal> {
    let unsupported = |text: &str| Err(Refusal::new("UnsupportedFeatureException", text));
    if input["deploymentController"]["type"].as_str().is_some_and(|kind| kind != "ECS") {
        return unsupported("Only the deployment controller ECS is part of this cloud.");
    }
    if input["schedulingStrategy"] == "DAEMON" {
        return Err(invalid("The daemon scheduling strategy is not supported on Fargate."));
    }
    if input["role"].is_string() {
        return Err(invalid("You cannot specify an IAM role for services that require a service linked role."));
    }
    if input["taskDefinition"].as_str().is_none_or(str::is_empty) {
        return Err(invalid("TaskDefinition can not be blank."));
    }
    if input["desiredCount"].is_null() {
        return Err(invalid("Desired count must be specified for services with the REPLICA scheduling strategy."));
    }
    if input["desiredCount"].as_i64().is_some_and(|count| count < 0) {
        return Err(invalid("Desired count can not be negative."));
    }
    Ok(())
}

fn read_shape(call: &Call<'_>, input: &Value, launch: Launch) -> Result<Shape, Refusal> {
    let region = call.peek();
    let shape = Shape {
        spec: shape::revision(region, call.text("taskDefinition"))?,
        network: Network::read(region, &input["networkConfiguration"], call.now)?,
        platform: input["platformVersion"].as_str().unwrap_or("LATEST").to_owned(),
        launch,
        balancers: shape::balancers(&input["loadBalancers"]),
        registries: list(&input["serviceRegistries"]),
    };
    shape.check(region)?;
    Ok(shape)
}

/// A list as it was given; an absent one is empty.
pub(super) fn list(value: &Value) -> Value {
    if value.is_array() { value.clone() } else { json!([]) }
}

fn build(call: &mut Call<'_>, key: &Key, input: &Value, shape: Shape) -> Result<Service, Refusal> {
    let tags = Spelling::Lower.read(&input["tags"]).map_err(bad_tags)?;
    let configuration = Configuration::default().with(&input["deploymentConfiguration"])?;
    shape.deployable(&configuration)?;
    let rebalancing = rebalancing(&input["availabilityZoneRebalancing"], &configuration)?;
    let first = deployment(call, shape);
    Ok(Service {
        name: key.1.clone(),
        cluster: key.0.clone(),
        arn: call.arn("ecs", &format!("service/{}/{}", key.0, key.1)),
        incarnation: call.world.random.hex(16),
        status: Status::Active,
        desired: input["desiredCount"].as_u64().unwrap_or(0),
        deployments: vec![first],
        completed: None,
        configuration,
        grace: input["healthCheckGracePeriodSeconds"].as_u64(),
        rebalancing,
        propagate: Propagate::read(&input["propagateTags"]),
        managed_tags: input["enableECSManagedTags"].as_bool().unwrap_or(false),
        execute_command: input["enableExecuteCommand"].as_bool().unwrap_or(false),
        tags,
        events: VecDeque::new(),
        request: input.clone(),
        created: call.now,
        created_by: call.principal.arn(),
        tasks: Vec::new(),
        steady: false,
        start_failures: 0,
        not_before: call.now,
        next_look: None,
    })
}

/// Without a value: ENABLED where the service can have it (CreateService, member `availabilityZoneRebalancing`).
pub(super) fn rebalancing(value: &Value, configuration: &Configuration) -> Result<bool, Refusal> {
    let able = configuration.maximum > 100;
    match value.as_str() {
        Some("ENABLED") if !able => Err(invalid("AvailabilityZoneRebalancing does not support maximumPercent <= 100")),
        Some(value) => Ok(value == "ENABLED"),
        None => Ok(able),
    }
}

/// A new deployment.
pub(super) fn deployment(call: &mut Call<'_>, shape: Shape) -> Deployment {
    let digits = call.world.random.text(b"0123456789", 18);
    let id = format!("ecs-svc/{}{digits}", 1 + call.world.random.below(9));
    let reason = format!("ECS deployment {id} in progress.");
    Deployment { id, shape, created: call.now, updated: call.now, failed: 0, rollout: Rollout::InProgress, reason }
}

/// Lets the scheduler look soon.
pub(super) fn stir(call: &mut Call<'_>, key: &Key) {
    let place = call.regional().place();
    wake(call.world, &place, key, Duration::from_secs(2));
}

/// The service as the answers of write operations show it.
pub(super) fn show(call: &Call<'_>, key: &Key) -> Answer {
    let region = call.peek();
    let service = region.ecs.services.get(key).map(|service| service.describe(region, true));
    Ok(json!({"service": service}))
}
