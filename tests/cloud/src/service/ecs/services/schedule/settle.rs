//! When a deployment is completed, a service steady or gone.

use super::super::super::Event;
use super::super::super::tasks;
use super::super::events::{self, say};
use super::super::{Key, Next, Rollout, Status, Step};
use super::{INACTIVE_FOR, view};
use crate::world::{self, Place, World};

/// Lets deployments go that have no tasks left, and notes what has come to rest.
pub(super) fn settle(world: &mut World, place: &Place, key: &Key, idle: bool) {
    retire(world, place, key);
    let status = world.at(place).ecs.services.get(key).map(|service| service.status);
    match status {
        Some(Status::Active) => rest(world, place, key, idle),
        Some(Status::Draining) => vanish(world, place, key),
        Some(Status::Inactive) | None => (),
    }
}

/// An older deployment is over once none of its tasks runs.
fn retire(world: &mut World, place: &Place, key: &Key) {
    let region = world.at(place);
    let Some(service) = region.ecs.services.get(key) else { return };
    let busy: Vec<String> = service
        .deployments
        .iter()
        .enumerate()
        .filter(|(index, deployment)| *index == 0 || service.count(region, Some(&deployment.id)) != (0, 0))
        .map(|(_, deployment)| deployment.id.clone())
        .collect();
    if let Some(service) = region.ecs.services.get_mut(key) {
        service.deployments.retain(|deployment| busy.contains(&deployment.id));
    }
}

fn rest(world: &mut World, place: &Place, key: &Key, idle: bool) {
    let now = world.now;
    let region = world.at(place);
    let Some(service) = region.ecs.services.get(key) else { return };
    let seats = view(region, service, now).seats;
    let healthy = seats.iter().filter(|seat| seat.primary && seat.healthy && !seat.leaving && !seat.doomed).count();
    let rests = idle && seats.len() == healthy && healthy as u64 == service.desired;
    let frozen = service.primary().is_some_and(|primary| primary.rollout == Rollout::Failed);
    let was = service.steady;
    let Some(service) = region.ecs.services.get_mut(key) else { return };
    service.steady = rests;
    if !rests || frozen {
        return;
    }
    let mut said = Vec::new();
    if let Some(primary) = service.deployments.first_mut().filter(|d| d.rollout == Rollout::InProgress) {
        primary.rollout = Rollout::Completed;
        primary.reason = format!("ECS deployment {} completed.", primary.id);
        primary.updated = now;
        said.push(events::completed(&primary.id));
        service.completed = Some(primary.clone());
    }
    if !was {
        said.push(events::steady());
    }
    said.iter().for_each(|text| say(world, place, key, text));
}

/// DRAINING becomes INACTIVE "after all tasks have transitioned to either STOPPING or STOPPED" (DeleteService).
fn vanish(world: &mut World, place: &Place, key: &Key) {
    let region = world.at(place);
    let Some(service) = region.ecs.services.get(key) else { return };
    let mut mine = service.tasks.iter().filter_map(|id| region.ecs.tasks.get(id));
    if mine.any(|task| task.status < tasks::Status::Stopping) {
        return;
    }
    let Some(service) = region.ecs.services.get_mut(key) else { return };
    service.status = Status::Inactive;
    service.deployments.clear();
    let next = Next { key: key.clone(), incarnation: service.incarnation.clone(), step: Step::Vanish };
    world.after(INACTIVE_FOR, place, world::Event::Ecs(Event::Service(next)));
}
