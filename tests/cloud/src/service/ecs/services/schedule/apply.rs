//! What the scheduler does to tasks and deployments.

use super::super::super::definition;
use super::super::super::strategy::Launch;
use super::super::super::tasks::{self, Order, Owner, Stop, StopCode, Unplaced};
use super::super::events::{self, say};
use super::super::{Deployment, Key, Propagate, Rollout, Service};
use super::{BACKOFF, BACKOFF_MOST};
use crate::tags::Tags;
use crate::world::{Place, Region, World};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// A task has been healthy: failures no longer count.
pub(super) fn proven(world: &mut World, place: &Place, key: &Key, id: &str) {
    let state = &mut world.at(place).ecs;
    let (Some(service), Some(task)) = (state.services.get_mut(key), state.tasks.get_mut(id)) else { return };
    task.doomed = None;
    if !std::mem::replace(&mut task.proven, true) && service.configuration.breaker.reset {
        let deployment = task.owner.as_ref().map(|owner| owner.deployment.clone()).unwrap_or_default();
        service.deployments.iter_mut().filter(|d| d.id == deployment).for_each(|d| d.failed = 0);
    }
}

/// Gives a task up for unhealthy; it stops when the plan says so.
pub(super) fn doom(world: &mut World, place: &Place, key: &Key, id: &str, reason: String, event: &str) {
    let Some(task) = world.at(place).ecs.tasks.get_mut(id).filter(|task| task.doomed.is_none()) else { return };
    task.doomed = Some(reason);
    count(world, place, key, id);
    say(world, place, key, event);
}

/// A task failed by itself: it counts unless it has been healthy before.
pub(super) fn failed(world: &mut World, place: &Place, key: &Key, id: &str, started: bool, reason: &str) {
    let lost = world.at(place).ecs.tasks.get(id).is_some_and(|task| !task.proven && task.doomed.is_none());
    if lost {
        count(world, place, key, id);
    }
    if !started {
        say(world, place, key, &events::unplaced(reason.trim_end_matches('.')));
        unstarted(world, place, key);
    }
}

fn count(world: &mut World, place: &Place, key: &Key, id: &str) {
    let state = &mut world.at(place).ecs;
    let owner = state.tasks.get(id).and_then(|task| task.owner.clone());
    let (Some(owner), Some(service)) = (owner, state.services.get_mut(key)) else { return };
    let running = service.deployments.iter_mut().find(|d| d.id == owner.deployment && d.rollout == Rollout::InProgress);
    if let Some(deployment) = running {
        deployment.failed += 1;
    }
}

/// Delays the next start the longer the more starts have failed in a row.
fn unstarted(world: &mut World, place: &Place, key: &Key) {
    let now = world.now;
    let Some(service) = world.at(place).ecs.services.get_mut(key) else { return };
    service.start_failures = service.start_failures.saturating_add(1);
    let failures = service.start_failures;
    if let Some(doublings) = failures.checked_sub(3) {
        let seconds = BACKOFF.saturating_mul(1 << doublings.min(10)).min(BACKOFF_MOST);
        service.not_before = now + Duration::from_secs(seconds);
    }
    if failures == 3 {
        say(world, place, key, &events::impaired());
    }
}

/// The circuit breaker: a deployment with too many failures fails, and is rolled back where that is asked for.
pub(super) fn trip(world: &mut World, place: &Place, key: &Key) {
    let now = world.now;
    let Some(service) = world.at(place).ecs.services.get_mut(key) else { return };
    let (breaker, desired) = (service.configuration.breaker, service.desired);
    let Some(primary) = service.deployments.first_mut() else { return };
    let over = primary.failed >= breaker.limit(desired);
    if !breaker.enable || primary.rollout != Rollout::InProgress || !over {
        return;
    }
    primary.rollout = Rollout::Failed;
    primary.reason = "ECS deployment circuit breaker: tasks failed to start.".to_owned();
    primary.updated = now;
    let failed = primary.id.clone();
    let back = service.completed.clone().filter(|last| breaker.rollback && last.id != failed);
    say(world, place, key, &events::failed(&failed));
    if let Some(last) = back {
        roll_back(world, place, key, last);
    }
}

fn roll_back(world: &mut World, place: &Place, key: &Key, last: Deployment) {
    let now = world.now;
    let id = last.id.clone();
    let Some(service) = world.at(place).ecs.services.get_mut(key) else { return };
    service.deployments.retain(|deployment| deployment.id != id);
    let reason = format!("ECS deployment circuit breaker: rolling back to deploymentId {id}.");
    let again = Deployment { rollout: Rollout::InProgress, reason, failed: 0, updated: now, ..last };
    service.deployments.insert(0, again);
    service.steady = false;
    service.start_failures = 0;
    service.not_before = now;
    say(world, place, key, &events::rolling_back(&id));
}

/// Stops tasks: those given up for unhealthy with that reason, the others because of the deployment.
pub(super) fn stop(world: &mut World, place: &Place, key: &Key, ids: &[String]) {
    let state = &world.at(place).ecs;
    let deployment = state.services.get(key).and_then(Service::primary).map(|d| d.id.clone()).unwrap_or_default();
    let scaling = format!("Scaling activity initiated by deployment {deployment}");
    let reason =
        |id: &String| state.tasks.get(id).and_then(|task| task.doomed.clone()).unwrap_or_else(|| scaling.clone());
    let reasons: Vec<String> = ids.iter().map(reason).collect();
    for (id, reason) in ids.iter().zip(reasons) {
        tasks::end(world, place, id, Stop { code: StopCode::ServiceSchedulerInitiated, reason });
    }
    if !ids.is_empty() {
        say(world, place, key, &events::stopped(ids));
    }
}

/// Starts tasks of the primary deployment; the first that can't be placed ends the round.
pub(super) fn start(world: &mut World, place: &Place, key: &Key, number: u64) {
    let mut started = Vec::new();
    let mut fault = None;
    for _ in 0..number {
        let Some(order) = order(world.at(place), key) else { break };
        match tasks::start(world, place, order) {
            Ok(id) => {
                if let Some(service) = world.at(place).ecs.services.get_mut(key) {
                    service.tasks.push(id.clone());
                }
                started.push(id);
            }
            Err(unplaced) => {
                fault = Some(unplaced);
                break;
            }
        }
    }
    if !started.is_empty() {
        say(world, place, key, &events::started(&started));
    }
    complain(world, place, key, fault);
}

fn complain(world: &mut World, place: &Place, key: &Key, fault: Option<Unplaced>) {
    let Some(service) = world.at(place).ecs.services.get(key) else { return };
    if service.primary().is_some_and(|primary| primary.shape.launch == Launch::Ec2) {
        return say(world, place, key, &events::no_instances());
    }
    let text = match fault {
        Some(Unplaced::Role(error)) => events::unlaunched(&error),
        Some(Unplaced::Interface(reason) | Unplaced::Capacity(reason)) => events::unplaced(&reason),
        None => return,
    };
    say(world, place, key, &text);
    if let Some(primary) = world.at(place).ecs.services.get_mut(key).and_then(|s| s.deployments.first_mut()) {
        primary.failed += u64::from(primary.rollout == Rollout::InProgress);
    }
    unstarted(world, place, key);
}

/// One more task of the primary deployment; nothing where no container instance could take it.
fn order(region: &Region, key: &Key) -> Option<Order> {
    let service = region.ecs.services.get(key)?;
    let primary = service.primary().filter(|primary| primary.shape.launch != Launch::Ec2)?;
    let mut network = primary.shape.network.clone();
    let mine = |subnet: &String| {
        let tasks = service.tasks.iter().filter_map(|id| region.ecs.tasks.get(id));
        tasks.filter(|task| task.stop.is_none() && task.interface.subnet == *subnet).count()
    };
    network.subnets.sort_by_key(mine);
    Some(Order {
        cluster: service.cluster.clone(),
        spec: Arc::clone(&primary.shape.spec),
        owner: Some(Owner {
            service: service.name.clone(),
            incarnation: service.incarnation.clone(),
            deployment: primary.id.clone(),
        }),
        group: format!("service:{}", service.name),
        started_by: Some(primary.id.clone()),
        provider: primary.shape.launch.provider(service.count(region, Some(&primary.id)).0).map(str::to_owned),
        network,
        overrides: json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []}),
        tags: tags(region, service, primary),
        execute_command: service.execute_command,
        targets: primary.shape.targets(),
        unseen: Duration::ZERO,
    })
}

fn tags(region: &Region, service: &Service, primary: &Deployment) -> Tags {
    let mut tags = match service.propagate {
        Propagate::Service => service.tags.clone(),
        Propagate::TaskDefinition => {
            definition::find(region, &primary.shape.spec.arn).map(|revision| revision.tags.clone()).unwrap_or_default()
        }
        Propagate::None => Tags::new(),
    };
    if service.managed_tags {
        tags.insert("aws:ecs:clusterName".to_owned(), service.cluster.clone());
        tags.insert("aws:ecs:serviceName".to_owned(), service.name.clone());
    }
    tags
}
