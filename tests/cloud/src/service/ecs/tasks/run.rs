//! RunTask.

use super::super::network::{Network, texts};
use super::super::refusals::{bad_tags, client, invalid};
use super::super::services::platform;
use super::super::strategy::Launch;
use super::super::{asks, cluster, definition};
use super::{Order, Token, Unplaced, place};
use crate::call::{Answer, Ask, Call, Refusal};
use crate::tags::{Spelling, Tags};
use serde_json::{Value, json};
use std::sync::Arc;

/// DescribeTasks may miss a new task for up to so many seconds (observed order of magnitude).
const UNSEEN: f64 = 1.5;
/// RunTask: "You can specify up to 10 tasks for each call".
const MAX_COUNT: u64 = 10;

pub(super) fn ask(call: &Call<'_>) -> Vec<Ask> {
    let input = &call.input;
    let found = definition::find(call.peek(), call.text("taskDefinition"));
    let arn = found.map_or_else(
        || call.arn("ecs", &format!("task-definition/{}", call.text("taskDefinition"))),
        |revision| revision.spec.arn.clone(),
    );
    let enabled = input["enableExecuteCommand"].as_bool().unwrap_or(false);
    let ask = asks::inside(call, "ecs:RunTask", arn)
        .when("ecs:enable-execute-command", enabled.to_string())
        .resource_tags(&found.map(|revision| revision.tags.clone()).unwrap_or_default())
        .request_tags(&asks::tags(input));
    let own: Vec<&str> = found.map(|revision| revision.spec.roles().collect()).unwrap_or_default();
    let overrides = &input["overrides"];
    let given = [overrides["taskRoleArn"].as_str(), overrides["executionRoleArn"].as_str()];
    let passed = asks::pass(given.into_iter().flatten().chain(own));
    let tasks = call.arn("ecs", &format!("task/{}/*", cluster::name_of(&input["cluster"])));
    std::iter::once(ask).chain(passed).chain(asks::tagging(call, "RunTask", tasks)).collect()
}

/// A token that was used with the same request answers the tasks of then.
pub(super) fn run(call: &mut Call<'_>) -> Answer {
    let input = Arc::clone(&call.input);
    let home = cluster::named(call.peek(), &input["cluster"], call.now)?;
    let (cluster, associated, default) = (home.name.clone(), home.providers.clone(), home.strategy.clone());
    let token = input["clientToken"].as_str().map(|token| (cluster.clone(), token.to_owned()));
    if let Some(known) = token.as_ref().and_then(|token| call.peek().ecs.tokens.get(token)) {
        return repeat(call, known, &input);
    }
    let count = input["count"].as_u64().unwrap_or(1);
    if !(1..=MAX_COUNT).contains(&count) {
        return Err(invalid("count should be between 1 and 10."));
    }
    if input["startedBy"].as_str().is_some_and(|text| text.len() > 128) {
        return Err(invalid("startedBy can have at most 128 characters."));
    }
    let launch = Launch::read(&input, &associated, &default)?;
    let order = order(call, &input, cluster, &launch)?;
    if launch == Launch::Ec2 {
        return Err(invalid("No Container Instances were found in your cluster."));
    }
    let (tasks, failures) = place_all(call, &order, &launch, count)?;
    if let Some(token) = token.filter(|_| failures.is_empty()) {
        let token_of = Token { request: (*input).clone(), tasks: tasks.clone() };
        call.regional().ecs.tokens.insert(token, token_of);
    }
    Ok(json!({"tasks": shown(call, &tasks), "failures": failures}))
}

fn repeat(call: &Call<'_>, known: &Token, input: &Value) -> Answer {
    if known.request == *input {
        return Ok(json!({"tasks": shown(call, &known.tasks), "failures": []}));
    }
    let arns: Vec<&str> =
        known.tasks.iter().filter_map(|id| call.peek().ecs.tasks.get(id)).map(|task| task.arn.as_str()).collect();
    Err(Refusal::new("ConflictException", "The client token is already in use with a different RunTask request.")
        .with("resourceIds", json!(arns)))
}

fn shown(call: &Call<'_>, ids: &[String]) -> Vec<Value> {
    ids.iter().filter_map(|id| call.peek().ecs.tasks.get(id)).map(|task| task.describe(true)).collect()
}

/// What a request orders; it is placed as often as `count` says.
struct Wanted {
    cluster: String,
    revision: (Arc<definition::Definition>, Tags),
    network: Network,
    tags: Tags,
}

fn order(call: &Call<'_>, input: &Value, cluster: String, launch: &Launch) -> Result<Wanted, Refusal> {
    let revision = definition::find(call.peek(), call.text("taskDefinition"));
    let revision = revision.ok_or_else(|| client("TaskDefinition not found."))?;
    if revision.status != definition::Status::Active {
        return Err(invalid("TaskDefinition is inactive"));
    }
    let spec = Arc::clone(&revision.spec);
    if *launch != Launch::Ec2 && !spec.fargate() {
        return Err(invalid("Task definition does not support launch_type FARGATE."));
    }
    platform(input["platformVersion"].as_str(), &spec)?;
    overrides(&spec, &input["overrides"])?;
    let network = Network::read(call.peek(), &input["networkConfiguration"], call.now)?;
    let mut tags = Spelling::Lower.read(&input["tags"]).map_err(bad_tags)?;
    if input["propagateTags"] == "TASK_DEFINITION" {
        let mut all = revision.tags.clone();
        all.append(&mut tags);
        tags = all;
    }
    Ok(Wanted { cluster, revision: (spec, revision.tags.clone()), network, tags })
}

/// RunTask: "A total of 8192 characters are allowed for overrides", and they name containers of the definition.
fn overrides(spec: &definition::Definition, overrides: &Value) -> Result<(), Refusal> {
    if overrides.to_string().len() > 8192 {
        return Err(invalid("Container Overrides length must be at most 8192."));
    }
    let names = overrides["containerOverrides"].as_array().into_iter().flatten().filter_map(|o| o["name"].as_str());
    for name in names {
        if spec.containers.iter().all(|container| container.name != name) {
            return Err(invalid(format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            )));
        }
    }
    Ok(())
}

fn place_all(
    call: &mut Call<'_>,
    wanted: &Wanted,
    launch: &Launch,
    count: u64,
) -> Result<(Vec<String>, Vec<Value>), Refusal> {
    let input = Arc::clone(&call.input);
    let home = call.regional().place();
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    let started_by = input["startedBy"].as_str().map(str::to_owned);
    let group = input["group"].as_str().map_or_else(|| format!("family:{}", wanted.revision.0.family), str::to_owned);
    for index in 0..count as usize {
        let order = Order {
            cluster: wanted.cluster.clone(),
            spec: Arc::clone(&wanted.revision.0),
            owner: None,
            group: group.clone(),
            started_by: started_by.clone(),
            provider: launch.provider(index).map(str::to_owned),
            network: wanted.network.clone(),
            overrides: overridden(&input["overrides"]),
            tags: wanted.tags.clone(),
            execute_command: input["enableExecuteCommand"].as_bool().unwrap_or(false),
            targets: Vec::new(),
            unseen: call.world.random.seconds(0.0, UNSEEN),
        };
        match place::start(call.world, &home, order) {
            Ok(id) => tasks.push(id),
            Err(Unplaced::Role(text) | Unplaced::Capacity(text)) => return Err(client(text)),
            Err(Unplaced::Interface(text)) => failures.push(json!({"reason": "RESOURCE:ENI", "detail": text})),
        }
    }
    Ok((tasks, failures))
}

/// Overrides as DescribeTasks shows them: always with both lists.
fn overridden(given: &Value) -> Value {
    let mut output = if given.is_object() { given.clone() } else { json!({}) };
    for member in ["containerOverrides", "inferenceAcceleratorOverrides"] {
        if texts(&output[member]).is_empty() && !output[member].is_array() {
            output[member] = json!([]);
        }
    }
    output
}
