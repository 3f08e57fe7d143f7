//! Registering, deregistering and deleting revisions.

use super::super::network::texts;
use super::super::refusals::{bad_tags, client, invalid};
use super::super::{Event, asks};
use super::spec::Definition;
use super::{PURGE, Purge, Revision, Status, check, find};
use crate::call::{Answer, Ask, Call, Refusal};
use crate::tags::{Spelling, Tags};
use crate::world;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn ask_register(call: &Call<'_>) -> Vec<Ask> {
    let input = &call.input;
    let arn = call.arn("ecs", &format!("task-definition/{}:*", call.text("family")));
    let mut ask = Ask::new("ecs:RegisterTaskDefinition", arn.clone()).request_tags(&asks::tags(input));
    for compatibility in texts(&input["requiresCompatibilities"]) {
        ask = ask.when("ecs:compute-compatibility", compatibility);
    }
    for (key, member) in [("ecs:task-cpu", "cpu"), ("ecs:task-memory", "memory")] {
        if let Ok(Some(value)) = check::units(&input[member], member) {
            ask = ask.when(key, value);
        }
    }
    let roles = asks::pass([call.text("taskRoleArn"), call.text("executionRoleArn")]);
    std::iter::once(ask).chain(roles).chain(asks::tagging(call, "RegisterTaskDefinition", arn)).collect()
}

const MAX_BYTES: usize = 65_536;

/// Every call makes a new revision, equal or not.
pub(super) fn register(call: &mut Call<'_>) -> Answer {
    let tags = Spelling::Lower.read(&call.input["tags"]).map_err(bad_tags)?;
    small_enough(&call.input)?;
    let mut spec = parse(&call.input)?;
    check::check(&spec)?;
    spec.normalise();
    spec.requires_attributes = check::attributes(&spec);
    let by = call.principal.arn();
    let now = call.now;
    let prefix = call.arn("ecs", &format!("task-definition/{}", spec.family));
    let family = call.regional().ecs.families.entry(spec.family.clone()).or_default();
    family.last += 1;
    spec.revision = family.last;
    spec.arn = format!("{prefix}:{}", family.last);
    let revision = Revision {
        spec: Arc::new(spec),
        status: Status::Active,
        tags,
        registered: now,
        registered_by: by,
        deregistered: None,
        delete_requested: None,
    };
    let answer = shown(&revision);
    family.revisions.insert(family.last, revision);
    Ok(answer)
}

/// "Task definition size limit: 64 KB" (Amazon ECS service quotas).
fn small_enough(input: &Value) -> Result<(), Refusal> {
    let length = input.to_string().len();
    let text = || format!("Actual length: '{length}'. Max allowed length is '{MAX_BYTES}' bytes.");
    if length <= MAX_BYTES { Ok(()) } else { Err(client(text())) }
}

fn parse(input: &Value) -> Result<Definition, Refusal> {
    let mut input = input.clone();
    for member in ["cpu", "memory"] {
        input[member] = json!(check::units(&input[member], member)?);
    }
    if let Some(members) = input.as_object_mut() {
        members.remove("tags");
        members.retain(|_, value| !value.is_null());
    }
    serde_json::from_value(input).map_err(|fault| client(format!("Invalid task definition: {fault}.")))
}

fn shown(revision: &Revision) -> Value {
    let mut answer = json!({"taskDefinition": revision.describe()});
    if !revision.tags.is_empty() {
        answer["tags"] = Spelling::Lower.write(&revision.tags);
    }
    answer
}

/// The revision goes on where it runs already; its number is not given again.
pub(super) fn deregister(call: &mut Call<'_>) -> Answer {
    let text = call.text("taskDefinition").to_owned();
    exact(&text)?;
    let now = call.now;
    let revision = change(call, &text)?;
    if revision.status == Status::Deleting {
        return Err(client("The specified task definition is in the process of being deleted."));
    }
    revision.status = Status::Inactive;
    revision.deregistered = revision.deregistered.or(Some(now));
    Ok(json!({"taskDefinition": revision.describe()}))
}

/// DeregisterTaskDefinition and DeleteTaskDefinitions: "You must specify a revision".
fn exact(text: &str) -> Result<(), Refusal> {
    let name = text.split_once(":task-definition/").map_or(text, |(_, name)| name);
    let numbered = name.split_once(':').is_some_and(|(_, number)| number.parse::<u64>().is_ok());
    if numbered { Ok(()) } else { Err(invalid("Revision is missing.")) }
}

fn change<'c>(call: &'c mut Call<'_>, text: &str) -> Result<&'c mut Revision, Refusal> {
    let missing = || client("The specified task definition does not exist.");
    let spec = Arc::clone(&find(call.peek(), text).ok_or_else(missing)?.spec);
    let family = call.regional().ecs.families.get_mut(&spec.family).ok_or_else(missing)?;
    family.revisions.get_mut(&spec.revision).ok_or_else(missing)
}

/// At most 10 a call, each INACTIVE; a revision in use stays DELETE_IN_PROGRESS.
pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let names = texts(&call.input["taskDefinitions"]);
    if names.is_empty() || names.len() > 10 {
        return Err(invalid("The number of task definitions must be between 1 and 10."));
    }
    let (mut deleted, mut failures) = (Vec::new(), Vec::new());
    for name in &names {
        match delete_one(call, name) {
            Ok(revision) => deleted.push(revision),
            Err(reason) => failures.push(json!({"arn": name, "reason": reason.message})),
        }
    }
    Ok(json!({"taskDefinitions": deleted, "failures": failures}))
}

fn delete_one(call: &mut Call<'_>, name: &str) -> Answer {
    let identifier = "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.";
    exact(name).map_err(|_| client(identifier))?;
    let now = call.now;
    let place = call.regional().place();
    let revision = change(call, name).map_err(|_| client(identifier))?;
    match revision.status {
        Status::Active => Err(client(
            "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
        )),
        Status::Deleting => Ok(revision.describe()),
        Status::Inactive => {
            revision.status = Status::Deleting;
            revision.delete_requested = Some(now);
            let (shown, spec) = (revision.describe(), Arc::clone(&revision.spec));
            let purge = Purge { family: spec.family.clone(), revision: spec.revision };
            call.world.after(PURGE, &place, world::Event::Ecs(Event::Definition(purge)));
            Ok(shown)
        }
    }
}

/// Changes the tags of a revision.
pub(in super::super) fn tags_of<'c>(call: &'c mut Call<'_>, arn: &str) -> Option<&'c mut Tags> {
    change(call, arn).ok().map(|revision| &mut revision.tags)
}
