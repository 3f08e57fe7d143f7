//! What a service says ("Viewing Amazon ECS service event messages", Amazon ECS Developer Guide).

use super::{Key, Said};
use crate::world::{Place, World};

/// "The service event messages … up to 100 of the most recent" (Service, member `events`).
const KEPT: usize = 100;

/// Adds an event; what was said last is not said again.
pub(super) fn say(world: &mut World, place: &Place, key: &Key, text: &str) {
    let (id, at) = (world.random.uuid(), world.now);
    let Some(service) = world.at(place).ecs.services.get_mut(key) else { return };
    let message = format!("(service {}{text}", key.1);
    if service.events.front().is_none_or(|last| last.message != message) {
        service.events.push_front(Said { id, at, message });
        service.events.truncate(KEPT);
    }
}

/// `(task a) (task b)`.
fn list(ids: &[String]) -> String {
    ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ")
}

pub(super) fn started(ids: &[String]) -> String {
    format!(") has started {} tasks: {}.", ids.len(), list(ids))
}

pub(super) fn stopped(ids: &[String]) -> String {
    format!(") has stopped {} running tasks: {}.", ids.len(), list(ids))
}

pub(super) fn registered(group: &str) -> String {
    format!(") registered 1 targets in (target-group {group})")
}

pub(super) fn deregistered(group: &str) -> String {
    format!(") deregistered 1 targets in (target-group {group})")
}

pub(super) fn draining(deployment: &str) -> String {
    format!(", taskSet {deployment}) has begun draining connections on 1 tasks.")
}

pub(super) fn unhealthy_target(task: &str, port: u16, group: &str) -> String {
    format!(
        ") (task {task}) (port {port}) is unhealthy in (target-group {group}) due to (reason Health checks failed)."
    )
}

pub(super) fn unhealthy_container(task: &str) -> String {
    format!(") (task {task}) failed container health checks.")
}

pub(super) fn steady() -> String {
    ") has reached a steady state.".to_owned()
}

pub(super) fn completed(deployment: &str) -> String {
    format!(") (deployment {deployment}) deployment completed.")
}

pub(super) fn failed(deployment: &str) -> String {
    format!(") (deployment {deployment}) deployment failed: tasks failed to start.")
}

pub(super) fn rolling_back(deployment: &str) -> String {
    format!(") rolling back to deployment {deployment}.")
}

pub(super) fn unplaced(reason: &str) -> String {
    format!(") was unable to place a task. Reason: {reason}.")
}

pub(super) fn unlaunched(error: &str) -> String {
    format!(") failed to launch a task with (error {error})")
}

pub(super) fn no_instances() -> String {
    ") was unable to place a task because no container instance met all of its requirements. Reason: No Container \
     Instances were found in your cluster. For more information, see the Troubleshooting section of the Amazon ECS \
     Developer Guide."
        .to_owned()
}

pub(super) fn impaired() -> String {
    ") is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the \
     Amazon ECS Developer Guide."
        .to_owned()
}
