//! A task's way down: targets drain, containers get SIGTERM, the interface goes.

use super::super::services::Notice;
use super::life::{change, tell};
use super::place::step;
use super::{ContainerStatus, Status, Step, Stop, StopCode, containers};
use crate::service::{ec2, elb};
use crate::world::{Place, World};
use std::time::Duration;

/// From the decision until a task leaves RUNNING, in seconds (observed order of magnitude).
const LEAVE: (f64, f64) = (1.0, 3.0);
/// How often ECS looks whether targets have drained.
const DRAIN_LOOK: Duration = Duration::from_secs(5);
/// DEPROVISIONING takes so many seconds (observed order of magnitude).
const DEPROVISION: (f64, f64) = (5.0, 15.0);
/// The network interface goes 1 to 3 minutes after STOPPED (observed order of magnitude).
const INTERFACE_LINGERS: (f64, f64) = (60.0, 180.0);
/// "Stopped tasks only appear in the returned results for at least one hour" (DescribeTasks).
const KEPT: Duration = Duration::from_secs(3600);
/// Seconds between SIGTERM and SIGKILL unless `stopTimeout` says otherwise (ContainerDefinition, member `stopTimeout`).
const STOP_TIMEOUT: i64 = 30;

/// Begins the end of a task; a task that ends already goes on as it was.
pub(in super::super) fn end(world: &mut World, place: &Place, id: &str, cause: Stop) {
    let now = world.now;
    let dead = matches!(cause.code, StopCode::EssentialContainerExited);
    let status = change(world, place, id, |task| {
        if task.stop.is_some() {
            return None;
        }
        task.stop = Some(cause);
        task.times.stopping = Some(now);
        Some(task.status)
    });
    match status.flatten() {
        Some(Status::Running) if dead => leave(world, place, id),
        Some(Status::Running) => {
            let delay = world.random.seconds(LEAVE.0, LEAVE.1);
            step(world, place, id, Step::Leave, delay);
        }
        Some(_) => terminate(world, place, id),
        None => (),
    }
}

/// RUNNING is over: targets are deregistered, and the containers end once they have drained.
pub(super) fn leave(world: &mut World, place: &Place, id: &str) {
    let left = change(world, place, id, |task| {
        task.status = Status::Deactivating;
        (task.targets.clone(), task.interface.private_ip.clone())
    });
    let Some((targets, ip)) = left else { return };
    for target in &targets {
        elb::deregister_target(world, place, &target.group, &ip, target.port);
    }
    tell(world, place, id, Notice::Left);
    drain(world, place, id);
}

/// Waits until no target drains any more. There is nothing to wait for when a container has ended by itself.
pub(super) fn drain(world: &mut World, place: &Place, id: &str) {
    let region = world.at(place);
    let Some(task) = region.ecs.tasks.get(id) else { return };
    let dead = task.stop.as_ref().is_some_and(|stop| stop.code == StopCode::EssentialContainerExited);
    let drains = task.targets.iter().any(|target| {
        let state = elb::target_state(region, &target.group, &task.interface.private_ip, target.port);
        state == Some("draining")
    });
    if drains && !dead {
        step(world, place, id, Step::Drain, DRAIN_LOOK);
    } else {
        terminate(world, place, id);
    }
}

/// What has not started never does; the others get SIGTERM.
fn terminate(world: &mut World, place: &Place, id: &str) {
    change(world, place, id, |task| {
        task.status = Status::Stopping;
        for container in &mut task.containers {
            if matches!(container.status, ContainerStatus::Pending | ContainerStatus::Creating) {
                container.status = ContainerStatus::Stopped;
            }
        }
    });
    tell(world, place, id, Notice::Changed);
    signal(world, place, id);
    finish(world, place, id);
}

/// SIGTERM to every container on which no other depends any more ("for container shutdown it is reversed", member
/// `dependsOn`), and SIGKILL (exit code 137) after the stop timeout.
pub(super) fn signal(world: &mut World, place: &Place, id: &str) {
    let Some(task) = world.at(place).ecs.tasks.get(id).cloned() else { return };
    if task.status != Status::Stopping {
        return;
    }
    let needed = |name: &str| {
        let alive =
            task.containers.iter().zip(&task.spec.containers).filter(|(c, _)| c.status == ContainerStatus::Running);
        alive.flat_map(|(_, spec)| &spec.depends_on).any(|dependency| dependency.container_name == name)
    };
    for (index, (container, spec)) in task.containers.iter().zip(&task.spec.containers).enumerate() {
        if container.status != ContainerStatus::Running || container.signalled || needed(&spec.name) {
            continue;
        }
        containers::set(world, place, id, index, |container| container.signalled = true);
        let limit = spec.stop_timeout.unwrap_or(STOP_TIMEOUT) as f64;
        let by_itself = container.script.term_after.filter(|&seconds| seconds < limit);
        let (after, code) = by_itself.map_or((limit, 137), |seconds| (seconds, container.script.term_code));
        step(world, place, id, Step::End(index, code), Duration::from_secs_f64(after.max(0.0)));
    }
}

/// Once all containers have ended, the interface is detached.
pub(super) fn finish(world: &mut World, place: &Place, id: &str) {
    let now = world.now;
    let over = change(world, place, id, |task| {
        let over = task.status == Status::Stopping
            && task.containers.iter().all(|container| container.status == ContainerStatus::Stopped);
        if over {
            task.status = Status::Deprovisioning;
            task.times.execution_stopped = Some(now);
        }
        over
    });
    if over == Some(true) {
        let delay = world.random.seconds(DEPROVISION.0, DEPROVISION.1);
        step(world, place, id, Step::Stop, delay);
    }
}

/// STOPPED; the interface lingers, the record is kept for an hour.
pub(super) fn stopped(world: &mut World, place: &Place, id: &str) {
    let now = world.now;
    let interface = change(world, place, id, |task| {
        task.status = Status::Stopped;
        task.times.stopped = Some(now);
        task.interface.id.clone()
    });
    let Some(interface) = interface else { return };
    let lingers = world.random.seconds(INTERFACE_LINGERS.0, INTERFACE_LINGERS.1);
    ec2::release_interface(world, place, &interface, lingers);
    step(world, place, id, Step::Forget, KEPT);
    tell(world, place, id, Notice::Changed);
}
