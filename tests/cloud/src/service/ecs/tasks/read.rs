//! Reading and stopping tasks.

use super::super::network::texts;
use super::super::refusals::{bad_token, client, invalid, no_service};
use super::super::{cluster, services};
use super::{Status, Stop, StopCode, Task, id_of, stop};
use crate::call::{Answer, Call, Refusal};
use crate::page;
use serde_json::{Value, json};

/// DescribeTasks: "A list of up to 100 task IDs or full ARN entries".
const MAX_DESCRIBED: usize = 100;

/// The cluster's name; it must be there.
fn cluster_of(call: &Call<'_>) -> Result<String, Refusal> {
    Ok(cluster::named(call.peek(), &call.input["cluster"], call.now)?.name.clone())
}

fn visible<'c>(call: &'c Call<'_>, cluster: &str, text: &str) -> Option<&'c Task> {
    let task = call.peek().ecs.tasks.get(id_of(text));
    task.filter(|task| task.cluster == cluster && task.visible <= call.now)
        .filter(|task| !text.starts_with("arn:") || task.arn == text)
}

pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    let cluster = cluster_of(call)?;
    let names = texts(&call.input["tasks"]);
    if names.is_empty() || names.len() > MAX_DESCRIBED {
        return Err(invalid("Tasks can not be empty and can have at most 100 items."));
    }
    let with_tags = texts(&call.input["include"]).iter().any(|field| field == "TAGS");
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for name in &names {
        match visible(call, &cluster, name) {
            Some(task) => tasks.push(task.describe(with_tags)),
            None => {
                let arn = call.arn("ecs", &format!("task/{cluster}/{}", id_of(name)));
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

/// Filters of ListTasks are ANDed; stopped tasks only when asked for.
pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let cluster = cluster_of(call)?;
    let input = &call.input;
    let region = call.peek();
    let service = input["serviceName"].as_str().map(services::short);
    if service.is_some_and(|name| !services::exists(region, &cluster, name)) {
        return Err(no_service());
    }
    let wanted = input["desiredStatus"].as_str().unwrap_or("RUNNING");
    let matches = |member: &str, value: Option<&str>| input[member].is_null() || input[member].as_str() == value;
    let fits = |task: &&Task| {
        let desired = if task.stop.is_some() { "STOPPED" } else { "RUNNING" };
        let launch = task.provider.as_ref().map_or("FARGATE", |_| "");
        task.cluster == cluster
            && task.visible <= call.now
            && desired == wanted
            && service.is_none_or(|name| task.owner.as_ref().is_some_and(|owner| owner.service == name))
            && matches("family", Some(&task.spec.family))
            && matches("startedBy", task.started_by.as_deref())
            && matches("launchType", Some(launch))
            && input["containerInstance"].is_null()
    };
    let arns: Vec<String> = region.ecs.tasks.values().filter(fits).map(|task| task.arn.clone()).collect();
    let limit = input["maxResults"].as_u64().unwrap_or(100) as usize;
    let listing = format!("ListTasks {cluster} {service:?} {wanted} {} {}", input["family"], input["startedBy"]);
    let token = input["nextToken"].as_str();
    let (arns, next) = page::cut(arns, String::clone, limit, token, &listing, call.now).map_err(bad_token)?;
    Ok(json!({"taskArns": arns, "nextToken": next}))
}

/// The id of the task that a call names.
fn named(call: &Call<'_>) -> Result<String, Refusal> {
    let cluster = cluster_of(call)?;
    let task = visible(call, &cluster, call.text("task"));
    task.map(|task| task.id.clone()).ok_or_else(|| invalid("The referenced task was not found."))
}

/// A task that is over already is answered as it is.
pub(super) fn stop(call: &mut Call<'_>) -> Answer {
    let id = named(call)?;
    let reason = call.input["reason"].as_str().unwrap_or("Task stopped by user").to_owned();
    let place = call.regional().place();
    stop::end(call.world, &place, &id, Stop { code: StopCode::UserInitiated, reason });
    let task = call.peek().ecs.tasks.get(&id);
    Ok(json!({"task": task.map_or(Value::Null, |task| task.describe(true))}))
}

/// No session is ever opened here; what AWS refuses first is refused.
pub(super) fn execute(call: &mut Call<'_>) -> Answer {
    let id = named(call)?;
    let task = call.peek().ecs.tasks.get(&id);
    let running = task.is_some_and(|task| task.status == Status::Running);
    if task.is_some_and(|task| !task.execute_command) || !running {
        return Err(invalid(
            "The execute command failed because execute command was not enabled when the task was run or the execute \
             command agent isn\u{2019}t running. Wait and try again or run a new task with execute command enabled and \
             try again.",
        ));
    }
    if call.input["interactive"] != true {
        return Err(invalid("Interactive is the only mode supported currently."));
    }
    Err(client("Sessions are not part of this cloud."))
}
