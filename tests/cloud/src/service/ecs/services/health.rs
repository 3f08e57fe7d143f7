//! Whether the scheduler counts a task as healthy.

use super::super::tasks::{Health, Status, Task};
use super::{Service, events};
use crate::clock::Time;
use crate::service::elb;
use crate::world::Region;
use std::time::Duration;

/// "If a task has no essential containers with a health check defined, the service scheduler will wait for 40 seconds
/// after a task reaches a RUNNING state" (DeploymentConfiguration, member `minimumHealthyPercent`).
const UNCHECKED: Duration = Duration::from_secs(40);

/// What the scheduler thinks of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It counts.
    Healthy,
    /// Not yet known, or still within the grace period.
    Open,
    /// It is to be replaced: `stoppedReason` and the event's text.
    Unhealthy(String, String),
}

/// Judges a task as it stands.
pub(super) fn judge(region: &Region, service: &Service, task: &Task, now: Time) -> Verdict {
    let Some(started) = task.times.started.filter(|_| task.status == Status::Running && task.stop.is_none()) else {
        return Verdict::Open;
    };
    let in_grace = now - started < Duration::from_secs(service.grace.unwrap_or(0));
    let containers = task.health();
    if containers == Some(Health::Unhealthy) && !in_grace {
        let reason = "Task failed container health checks".to_owned();
        return Verdict::Unhealthy(reason, events::unhealthy_container(&task.id));
    }
    let states: Vec<Option<&str>> = task
        .targets
        .iter()
        .map(|target| elb::target_state(region, &target.group, &task.interface.private_ip, target.port))
        .collect();
    let failing = states.iter().position(|state| *state == Some("unhealthy")).and_then(|at| task.targets.get(at));
    if let Some(target) = failing.filter(|_| !in_grace) {
        let reason = format!("Task failed ELB health checks in (target-group {})", target.group);
        return Verdict::Unhealthy(reason, events::unhealthy_target(&task.id, target.port, &target.group));
    }
    let served = states.iter().all(|state| *state == Some("healthy"));
    let checked = containers.is_none_or(|health| health == Health::Healthy);
    let waited = containers.is_some() || !states.is_empty() || now - started >= UNCHECKED;
    if served && checked && waited { Verdict::Healthy } else { Verdict::Open }
}

/// Whether the health of a service's tasks can change without ECS doing anything.
pub(super) fn watched(service: &Service) -> bool {
    service.deployments.iter().any(|deployment| {
        let checked = deployment.shape.spec.containers.iter().any(|container| container.health_check.is_some());
        checked || !deployment.shape.balancers.is_empty()
    })
}
