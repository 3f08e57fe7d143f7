//! Health of the task, of its targets and of Jenkins.

use crate::facts::Pass;
use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::{Health, JenkinsHealth, TargetHealth, TaskHealth};
use jenkinsstack_core::kind::service::{Observed as Service, Told};
use jenkinsstack_core::kind::{Kind, Observed, State};

/// Health as the pass saw it; where the service could not be read, as it was.
pub fn health(pass: &Pass<'_>, previous: Option<&JenkinsStackStatus>) -> Health {
    let jenkins = pass.jenkins;
    if pass.snapshot.unread.contains(&Kind::Service) {
        let before = previous.and_then(|before| before.health.clone()).unwrap_or_default();
        return Health { targets: pass.targets.unwrap_or(TargetHealth::Unknown), jenkins, ..before };
    }
    let service = pass.snapshot.all().find_map(|seen| match &seen.observed {
        Observed::Service(service) => Some(service),
        _ => None,
    });
    Health { task: task(service), targets: pass.targets.unwrap_or_else(|| targets(service)), jenkins }
}

/// Whether somebody who can tell says that Jenkins is not well: it answers so, or it can't be asked from here and fails the
/// health checks of its load balancer.
pub fn is_unwell(health: &Health) -> bool {
    let Health { task: _, targets, jenkins } = health;
    match (jenkins, targets) {
        (JenkinsHealth::Down | JenkinsHealth::Starting, _) => true,
        (JenkinsHealth::Up, _) => false,
        (JenkinsHealth::Unknown, TargetHealth::Healthy | TargetHealth::Unknown) => false,
        (
            JenkinsHealth::Unknown,
            TargetHealth::Unhealthy | TargetHealth::Initial | TargetHealth::Draining | TargetHealth::None,
        ) => true,
    }
}

fn task(service: Option<&Service>) -> TaskHealth {
    let Some(service) = service else { return TaskHealth::Stopped };
    let leaving = service.state() == State::Leaving;
    match (service.rollout.running, service.rollout.pending) {
        (0, 0) => TaskHealth::Stopped,
        _ if leaving => TaskHealth::Stopping,
        (0, _) => TaskHealth::Starting,
        _ => TaskHealth::Running,
    }
}

/// What the service itself says, where the target was not asked for. That it is where it should be says nothing: the task
/// that takes the place of an unhealthy one begins no deployment.
fn targets(service: Option<&Service>) -> TargetHealth {
    match service.map(|service| (service.state(), service.rollout.told)) {
        None => TargetHealth::None,
        Some((State::Ready, Told::Healthy)) => TargetHealth::Healthy,
        Some(_) => TargetHealth::Unknown,
    }
}
