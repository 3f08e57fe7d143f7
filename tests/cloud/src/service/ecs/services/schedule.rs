//! The scheduler: it looks at a service, does what is to be done, and says so.

mod apply;
mod settle;

use super::super::Event;
use super::super::tasks::{self, Owner};
use super::events::say;
use super::health::{Verdict, judge, watched};
use super::plan::{Seat, View, plan};
use super::{Key, Next, Rollout, Service, Status, Step, events};
use crate::clock::Time;
use crate::world::{self, Place, Region, World};
use std::time::Duration;

/// From a change until the scheduler looks (observed order of magnitude).
const REACTION: Duration = Duration::from_secs(2);
/// How often it looks while something is left to do, or health can change.
const LOOK: Duration = Duration::from_secs(10);
/// From the third task in a row that does not start, restarts are delayed by so many seconds, doubled each time …
const BACKOFF: u64 = 15;
/// … "up to a maximum of 27 minutes" ("Service throttle logic", Amazon ECS Developer Guide).
const BACKOFF_MOST: u64 = 27 * 60;
/// An INACTIVE service can be described for a while (DeleteService); here an hour.
const INACTIVE_FOR: Duration = Duration::from_secs(3600);

/// What a task tells its service.
#[derive(Clone, Debug)]
pub(in super::super) enum Notice {
    /// It is RUNNING.
    Running,
    /// It has left RUNNING, and its targets drain.
    Left,
    /// It failed: before or after RUNNING, and why.
    Failed {
        /// Whether it was RUNNING before.
        started: bool,
        /// `stoppedReason`.
        reason: String,
    },
    /// Something else about it has changed.
    Changed,
}

/// Lets a look, or the end of a record, happen.
pub(in super::super) fn happen(world: &mut World, place: &Place, next: Next) {
    let now = world.now;
    let services = &mut world.at(place).ecs.services;
    let Some(service) = services.get_mut(&next.key).filter(|s| s.incarnation == next.incarnation) else { return };
    match next.step {
        Step::Look if service.next_look == Some(now) => {
            service.next_look = None;
            look(world, place, &next.key);
        }
        Step::Look => (),
        Step::Vanish => drop(services.remove(&next.key)),
    }
}

/// Lets the scheduler look at a service after `delay`, unless it looks before then anyway.
pub(super) fn wake(world: &mut World, place: &Place, key: &Key, delay: Duration) {
    let at = world.now + delay;
    let Some(service) = world.at(place).ecs.services.get_mut(key) else { return };
    if service.next_look.is_some_and(|next| next <= at) {
        return;
    }
    service.next_look = Some(at);
    let next = Next { key: key.clone(), incarnation: service.incarnation.clone(), step: Step::Look };
    world.after(delay, place, world::Event::Ecs(Event::Service(next)));
}

/// Takes note of what a task tells.
pub(in super::super) fn noticed(
    world: &mut World,
    place: &Place,
    cluster: &str,
    owner: &Owner,
    task: &str,
    notice: Notice,
) {
    let key = (cluster.to_owned(), owner.service.clone());
    let region = world.at(place);
    let Some(service) = region.ecs.services.get_mut(&key).filter(|s| s.incarnation == owner.incarnation) else {
        return;
    };
    let targets = region.ecs.tasks.get(task).map(|task| task.targets.clone()).unwrap_or_default();
    if region.ecs.tasks.get(task).is_none_or(|task| task.status == tasks::Status::Stopped) {
        service.tasks.retain(|id| id != task);
    }
    match notice {
        Notice::Running => {
            service.start_failures = 0;
            targets.iter().for_each(|target| say(world, place, &key, &events::registered(&target.group)));
        }
        Notice::Left => {
            targets.iter().for_each(|target| say(world, place, &key, &events::deregistered(&target.group)));
            if !targets.is_empty() {
                say(world, place, &key, &events::draining(&owner.deployment));
            }
        }
        Notice::Failed { started, reason } => apply::failed(world, place, &key, task, started, &reason),
        Notice::Changed => (),
    }
    wake(world, place, &key, REACTION);
}

fn look(world: &mut World, place: &Place, key: &Key) {
    examine(world, place, key);
    apply::trip(world, place, key);
    let now = world.now;
    let region = world.at(place);
    let Some(service) = region.ecs.services.get(key) else { return };
    let acts = plan(&view(region, service, now));
    let waits = service.not_before > now;
    apply::stop(world, place, key, &acts.stop);
    if acts.start > 0 && !waits {
        apply::start(world, place, key, acts.start);
    }
    settle::settle(world, place, key, acts.stop.is_empty() && acts.start == 0);
    again(world, place, key);
}

/// Looks again as long as something is left to do, or the health of tasks can change by itself.
fn again(world: &mut World, place: &Place, key: &Key) {
    let now = world.now;
    let Some(service) = world.at(place).ecs.services.get(key) else { return };
    let alive = !service.tasks.is_empty();
    let open = service.status != Status::Inactive && (!service.steady || (alive && watched(service)));
    let frozen = service.primary().is_some_and(|d| d.rollout == Rollout::Failed) && !alive;
    if open && !frozen {
        let delay = if service.not_before > now { (service.not_before - now).max(LOOK) } else { LOOK };
        wake(world, place, key, if alive { LOOK } else { delay });
    }
}

fn view(region: &Region, service: &Service, now: Time) -> View {
    let desired = if service.status == Status::Active { service.desired } else { 0 };
    let primary = service.primary();
    let seat = |task: &tasks::Task| Seat {
        task: task.id.clone(),
        primary: task.owner.as_ref().map(|o| o.deployment.as_str()) == primary.map(|d| d.id.as_str()),
        healthy: judge(region, service, task, now) == Verdict::Healthy,
        doomed: task.doomed.is_some(),
        leaving: task.stop.is_some(),
    };
    let mine = service.tasks.iter().filter_map(|id| region.ecs.tasks.get(id));
    View {
        desired,
        ceiling: service.configuration.ceiling(desired),
        floor: service.configuration.floor(desired),
        frozen: primary.is_some_and(|deployment| deployment.rollout == Rollout::Failed),
        seats: mine
            .filter(|task| task.status <= tasks::Status::Running && !(task.stop.is_some() && task.starting()))
            .map(seat)
            .collect(),
    }
}

/// Notes which tasks have been healthy, and gives up those that are not.
fn examine(world: &mut World, place: &Place, key: &Key) {
    let now = world.now;
    let region = world.at(place);
    let Some(service) = region.ecs.services.get(key) else { return };
    let mine = service.tasks.iter().filter_map(|id| region.ecs.tasks.get(id));
    let verdicts: Vec<(String, Verdict)> =
        mine.map(|task| (task.id.clone(), judge(region, service, task, now))).collect();
    for (id, verdict) in verdicts {
        match verdict {
            Verdict::Healthy => apply::proven(world, place, key, &id),
            Verdict::Unhealthy(reason, event) => apply::doom(world, place, key, &id, reason, &event),
            Verdict::Open => (),
        }
    }
}
