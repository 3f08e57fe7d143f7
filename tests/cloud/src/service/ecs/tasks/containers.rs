//! Containers: their order, what they do, how they end.

use super::super::definition::{Condition, Container as Spec, HealthCheck};
use super::super::scripts::Script;
use super::super::services::Notice;
use super::life::{change, fail, tell};
use super::place::step;
use super::{ContainerStatus, Health, Status, Step, Stop, StopCode, Task, prepare, sharing, stop};
use crate::world::{Place, World};
use std::time::Duration;

/// From the start of a container until it runs, in seconds (observed order of magnitude).
const CREATE: (f64, f64) = (0.3, 1.5);
/// ACTIVATING takes so many seconds (observed order of magnitude).
const ACTIVATE: (f64, f64) = (1.0, 3.0);

/// What a container's dependencies say.
enum Turn {
    /// It may start.
    Now,
    /// It waits.
    Wait,
    /// It can never start; the agent's text.
    Never(String),
}

/// Starts every container whose turn it is; the task runs once all have started.
pub(super) fn launch(world: &mut World, place: &Place, id: &str) {
    let Some(task) = world.at(place).ecs.tasks.get(id) else { return };
    if task.stop.is_some() {
        return;
    }
    let turns: Vec<(usize, Turn)> = task
        .containers
        .iter()
        .enumerate()
        .filter(|(_, container)| container.status == ContainerStatus::Pending)
        .filter_map(|(index, _)| Some((index, turn(task, task.spec.containers.get(index)?))))
        .collect();
    for (index, turn) in turns {
        match turn {
            Turn::Now => create(world, place, id, index),
            Turn::Wait => (),
            Turn::Never(reason) => return never(world, place, id, index, reason),
        }
    }
    activate(world, place, id);
}

/// ContainerDependency, member `condition`.
fn turn(task: &Task, spec: &Spec) -> Turn {
    let mut waits = false;
    for dependency in &spec.depends_on {
        let found = task.spec.containers.iter().position(|c| c.name == dependency.container_name);
        let Some(other) = found.and_then(|index| task.containers.get(index)) else { continue };
        let running = other.status == ContainerStatus::Running;
        let ended = other.status == ContainerStatus::Stopped;
        let (met, lost) = match dependency.condition {
            Condition::Start => (running || ended, false),
            Condition::Complete => (ended, false),
            Condition::Success => (ended && other.exit == Some(0), ended && other.exit != Some(0)),
            Condition::Healthy => (other.health == Health::Healthy && running, ended),
        };
        if lost {
            let (wanted, target) = (&dependency.container_name, &spec.name);
            return Turn::Never(format!(
                "dependency graph: failed to resolve container ordering dependency [{wanted}] for target [{target}] as \
                 dependency did not exit successfully."
            ));
        }
        waits |= !met;
    }
    if waits { Turn::Wait } else { Turn::Now }
}

fn create(world: &mut World, place: &Place, id: &str, index: usize) {
    set(world, place, id, index, |container| container.status = ContainerStatus::Creating);
    let delay = world.random.seconds(CREATE.0, CREATE.1);
    step(world, place, id, Step::Up(index), delay);
}

/// One container that can never start ends the task.
fn never(world: &mut World, place: &Place, id: &str, index: usize, reason: String) {
    set(world, place, id, index, |container| container.reason = Some(reason));
    fail(world, place, id, "Task failed to start");
}

fn activate(world: &mut World, place: &Place, id: &str) {
    let ready = |task: &mut Task| {
        let done = |status| matches!(status, ContainerStatus::Running | ContainerStatus::Stopped);
        let ready = task.status == Status::Pending && task.containers.iter().all(|c| done(c.status));
        if ready {
            task.status = Status::Activating;
        }
        ready
    };
    if change(world, place, id, ready) == Some(true) {
        let delay = world.random.seconds(ACTIVATE.0, ACTIVATE.1);
        step(world, place, id, Step::Run, delay);
    }
}

/// A container runs: its script begins.
pub(super) fn up(world: &mut World, place: &Place, id: &str, index: usize) {
    let runtime = format!("{}-{}", world.random.hex(32), world.random.below(10_000_000_000));
    set(world, place, id, index, |container| {
        container.status = ContainerStatus::Running;
        container.runtime = Some(runtime);
    });
    let Some(task) = world.at(place).ecs.tasks.get(id).cloned() else { return };
    let Some((spec, container)) = task.spec.containers.get(index).zip(task.containers.get(index)) else { return };
    prepare::traces(world, place, &task, spec, &container.script);
    sharing::note(world, place, &task, spec);
    let mut later = |seconds: f64, next: Step| step(world, place, id, next, Duration::from_secs_f64(seconds.max(0.0)));
    if let Some(exit) = container.script.exit {
        later(exit.after, Step::End(index, exit.code));
    }
    if container.script.status.is_some() {
        later(container.script.ready_after, Step::Answer(index));
    }
    if let Some(check) = &spec.health_check {
        findings(&container.script, check).into_iter().for_each(|(at, healthy)| later(at, Step::Find(index, healthy)));
    }
    if let Some(seconds) = spec.start_timeout {
        later(seconds as f64, Step::GiveUp(index));
    }
    launch(world, place, id);
}

/// When a health check finds what: it runs every interval, and failures count once the start period is over.
fn findings(script: &Script, check: &HealthCheck) -> Vec<(f64, bool)> {
    if let Some(health) = script.health {
        return vec![(health.after, health.healthy)];
    }
    let interval = check.interval as f64;
    let failed = check.start_period.unwrap_or(0) as f64 + check.retries as f64 * interval;
    let passed = script.status.map(|_| (script.ready_after / interval).ceil().max(1.0) * interval);
    match passed {
        Some(passed) if passed <= failed => vec![(passed, true)],
        Some(passed) => vec![(failed, false), (passed, true)],
        None => vec![(failed, false)],
    }
}

/// `startTimeout`: others no longer wait for this container.
pub(super) fn give_up(world: &mut World, place: &Place, id: &str, index: usize) {
    let Some(task) = world.at(place).ecs.tasks.get(id) else { return };
    let Some(awaited) = task.spec.containers.get(index).map(|spec| spec.name.clone()) else { return };
    let waiting = task.containers.iter().zip(&task.spec.containers).position(|(container, spec)| {
        let pending = container.status == ContainerStatus::Pending;
        pending && spec.depends_on.iter().any(|d| d.container_name == awaited) && matches!(turn(task, spec), Turn::Wait)
    });
    let Some(waiting) = waiting else { return };
    let target = task.spec.containers.get(waiting).map_or("", |spec| spec.name.as_str());
    let text =
        format!("dependency graph: container ordering dependency [{awaited}] for target [{target}] has timed out.");
    never(world, place, id, waiting, text);
}

/// A container begins to answer.
pub(super) fn answer(world: &mut World, place: &Place, id: &str, index: usize) {
    set(world, place, id, index, |container| container.answering = container.status == ContainerStatus::Running);
}

/// A health check has come to an end.
pub(super) fn find(world: &mut World, place: &Place, id: &str, index: usize, healthy: bool) {
    set(world, place, id, index, |container| {
        if container.status == ContainerStatus::Running {
            container.health = if healthy { Health::Healthy } else { Health::Unhealthy };
        }
    });
    launch(world, place, id);
    tell(world, place, id, Notice::Changed);
}

/// A container ends; the end of an essential one ends the task.
pub(super) fn end(world: &mut World, place: &Place, id: &str, index: usize, code: i64) {
    let Some(task) = world.at(place).ecs.tasks.get(id) else { return };
    let Some((spec, container)) = task.spec.containers.get(index).zip(task.containers.get(index)) else { return };
    if container.status != ContainerStatus::Running {
        return;
    }
    let (essential, stopping, started) = (spec.essential, task.stop.is_some(), task.times.started.is_some());
    set(world, place, id, index, |container| {
        container.status = ContainerStatus::Stopped;
        container.answering = false;
        container.exit = Some(code);
    });
    if stopping {
        stop::signal(world, place, id);
        stop::finish(world, place, id);
    } else if essential {
        let reason = "Essential container in task exited".to_owned();
        tell(world, place, id, Notice::Failed { started, reason: reason.clone() });
        stop::end(world, place, id, Stop { code: StopCode::EssentialContainerExited, reason });
    } else {
        launch(world, place, id);
    }
}

/// Changes one container.
pub(super) fn set(world: &mut World, place: &Place, id: &str, index: usize, edit: impl FnOnce(&mut super::Container)) {
    change(world, place, id, |task| task.containers.get_mut(index).map(edit));
}
