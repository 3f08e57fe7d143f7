//! Health of the task, of its targets and of Jenkins.

use crate::facts::Pass;
use jenkinsstack_api::status::{Health, TargetHealth, TaskHealth};
use jenkinsstack_core::kind::service::Observed as Service;
use jenkinsstack_core::kind::{Observed, State};

/// Health as the pass saw it.
pub fn health(pass: &Pass<'_>) -> Health {
    let service = pass.snapshot.all().find_map(|seen| match &seen.observed {
        Observed::Service(service) => Some(service),
        _ => None,
    });
    Health { task: task(service), targets: targets(service, pass.targets), jenkins: pass.jenkins }
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

/// A service is steady only while its target is healthy, so a steady one's target need not be asked for.
fn targets(service: Option<&Service>, seen: Option<TargetHealth>) -> TargetHealth {
    match (service.map(Service::state), seen) {
        (_, Some(seen)) => seen,
        (Some(State::Ready), None) => TargetHealth::Healthy,
        (None, None) => TargetHealth::None,
        (Some(_), None) => TargetHealth::Unknown,
    }
}
