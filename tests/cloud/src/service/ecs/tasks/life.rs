//! A task's way from PROVISIONING to STOPPED.

use super::super::services::{self, Notice};
use super::place::step;
use super::{Next, Status, Step, Stop, StopCode, Task, containers, prepare, stop};
use crate::service::elb;
use crate::world::{Place, World};

/// From PENDING until secrets and volumes are there, in seconds (observed order of magnitude).
const PREPARE: (f64, f64) = (2.0, 6.0);
/// Pulling images (observed order of magnitude: 20 to 40 s for an image of 400 MB, without a cache).
const PULL: (f64, f64) = (12.0, 30.0);

/// Lets a step happen.
pub(in super::super) fn happen(world: &mut World, place: &Place, next: Next) {
    let id = next.task;
    let Some(task) = world.at(place).ecs.tasks.get(&id) else { return };
    let forward = task.stop.is_none();
    match next.step {
        Step::Pend if forward => pend(world, place, &id),
        Step::Prepare if forward => prepared(world, place, &id),
        Step::Pull if forward => pulled(world, place, &id),
        Step::Fail(reason) if forward => fail(world, place, &id, &reason),
        Step::Up(index) if forward => containers::up(world, place, &id, index),
        Step::GiveUp(index) if forward => containers::give_up(world, place, &id, index),
        Step::Run if forward => run(world, place, &id),
        Step::Answer(index) => containers::answer(world, place, &id, index),
        Step::Find(index, healthy) => containers::find(world, place, &id, index, healthy),
        Step::End(index, code) => containers::end(world, place, &id, index, code),
        Step::Leave => stop::leave(world, place, &id),
        Step::Drain => stop::drain(world, place, &id),
        Step::Stop => stop::stopped(world, place, &id),
        Step::Forget => forget(world, place, &id),
        Step::Pend | Step::Prepare | Step::Pull | Step::Fail(_) | Step::Up(_) | Step::GiveUp(_) | Step::Run => (),
    }
}

/// Changes a task and counts the change.
pub(super) fn change<T>(world: &mut World, place: &Place, id: &str, change: impl FnOnce(&mut Task) -> T) -> Option<T> {
    let task = world.at(place).ecs.tasks.get_mut(id)?;
    task.version += 1;
    Some(change(task))
}

/// Tells the task's service, if it has one.
pub(super) fn tell(world: &mut World, place: &Place, id: &str, notice: Notice) {
    let Some(task) = world.at(place).ecs.tasks.get(id) else { return };
    if let Some(owner) = task.owner.clone() {
        let cluster = task.cluster.clone();
        services::noticed(world, place, &cluster, &owner, id, notice);
    }
}

fn pend(world: &mut World, place: &Place, id: &str) {
    let now = world.now;
    change(world, place, id, |task| {
        task.status = Status::Pending;
        task.times.connected = Some(now);
    });
    let delay = world.random.seconds(PREPARE.0, PREPARE.1);
    step(world, place, id, Step::Prepare, delay);
}

fn prepared(world: &mut World, place: &Place, id: &str) {
    let Some(task) = world.at(place).ecs.tasks.get(id).cloned() else { return };
    let next = prepare::resources(world, place, &task);
    go(world, place, id, next);
}

fn pulled(world: &mut World, place: &Place, id: &str) {
    let now = world.now;
    let Some(task) = world.at(place).ecs.tasks.get(id).cloned() else { return };
    if let Err(fault) = prepare::images(world, place, &task) {
        return go(world, place, id, Err(fault));
    }
    change(world, place, id, |task| task.times.pull_stopped = Some(now));
    match prepare::logs(world, place, &task) {
        Ok(()) => containers::launch(world, place, id),
        Err(fault) => go(world, place, id, Err(fault)),
    }
}

fn go(world: &mut World, place: &Place, id: &str, prepared: Result<(), prepare::Fault>) {
    let now = world.now;
    match prepared {
        Ok(()) => {
            change(world, place, id, |task| task.times.pull_started = Some(now));
            let delay = world.random.seconds(PULL.0, PULL.1);
            step(world, place, id, Step::Pull, delay);
        }
        Err(prepare::Fault { reason, takes }) => {
            let delay = world.random.seconds(takes.0, takes.1);
            step(world, place, id, Step::Fail(reason), delay);
        }
    }
}

/// The task never runs.
pub(super) fn fail(world: &mut World, place: &Place, id: &str, reason: &str) {
    let cause = Stop { code: StopCode::TaskFailedToStart, reason: reason.to_owned() };
    let pulling = reason.starts_with("CannotPullContainerError");
    change(world, place, id, |task| {
        for container in task.containers.iter_mut().filter(|_| pulling) {
            container.reason = Some(reason.to_owned());
        }
    });
    tell(world, place, id, Notice::Failed { started: false, reason: reason.to_owned() });
    stop::end(world, place, id, cause);
}

/// All containers run, or ran and have ended as they should.
fn run(world: &mut World, place: &Place, id: &str) {
    let now = world.now;
    let targets = change(world, place, id, |task| {
        task.status = Status::Running;
        task.times.started = Some(now);
        (task.targets.clone(), task.interface.private_ip.clone())
    });
    let Some((targets, ip)) = targets else { return };
    for target in &targets {
        elb::register_target(world, place, &target.group, &ip, target.port);
    }
    tell(world, place, id, Notice::Running);
}

fn forget(world: &mut World, place: &Place, id: &str) {
    world.at(place).ecs.tasks.remove(id);
}
