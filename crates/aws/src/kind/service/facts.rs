//! What is seen of a service.

use crate::account::Account;
use crate::error::Error;
use aws_sdk_ecs::types::{
    AssignPublicIp, Deployment, DeploymentConfiguration, DeploymentLifecycleHook, DeploymentRolloutState, Service,
    ServiceEvent,
};
use aws_smithy_types::DateTime;
use jenkinsstack_core::kind::service::{Attempt, Breaker, Exec, Observed, PublicIp, Rollout, Settings, Told};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

/// State of a service that runs tasks.
pub(super) const ACTIVE: &str = "ACTIVE";
/// State of a service that was deleted and whose tasks are on their way down.
pub(super) const DRAINING: &str = "DRAINING";
/// State of a service that was deleted; its tasks are stopping, or have stopped.
pub(super) const INACTIVE: &str = "INACTIVE";
/// For how long a deployment that was given up is left alone. Long enough to cost next to nothing, short enough for a
/// user who has just mended an image or a secret elsewhere.
const REST: Duration = Duration::from_secs(600);
/// Words of events that say what is wrong ("Amazon ECS service event messages", Amazon ECS Developer Guide).
const PROBLEMS: [&str; 4] = ["unable to", "failed", "unhealthy", "throttled"];
/// Words of events that only repeat that something is wrong.
const ECHOES: [&str; 2] = ["deployment failed", "unable to consistently start"];
/// What a service says when its task is healthy.
const STEADY: &str = "has reached a steady state";
/// What it says beside that when a deployment is over.
const COMPLETED: &str = "deployment completed";
/// What it says when it has started a task.
const STARTED: &str = "has started";

/// The service as far as the operator means to control it, and how far it is.
pub(super) fn observed(operation: &'static str, service: &Service, account: &Account) -> Result<Observed, Error> {
    let arn = service.service_arn().unwrap_or_default();
    let bug = || Error::bug(operation, arn);
    let vpc = service.network_configuration().and_then(|network| network.awsvpc_configuration());
    let balancer = match service.load_balancers() {
        [only] => Some(only),
        [] | [_, _, ..] => None,
    };
    let public = vpc.and_then(|vpc| vpc.assign_public_ip()) == Some(&AssignPublicIp::Enabled);
    Ok(Observed {
        arn: arn.parse().map_err(bug())?,
        cluster: service.cluster_arn().unwrap_or_default().parse().map_err(bug())?,
        status: service.status().unwrap_or_default().to_owned(),
        task_definition: service.task_definition().unwrap_or_default().parse().map_err(bug())?,
        subnets: vpc.into_iter().flat_map(|vpc| vpc.subnets()).filter_map(|id| id.parse().ok()).collect(),
        security_groups: vpc.into_iter().flat_map(|v| v.security_groups()).filter_map(|id| id.parse().ok()).collect(),
        public_ip: if public { PublicIp::Enabled } else { PublicIp::Disabled },
        target_group: balancer.and_then(|balancer| balancer.target_group_arn()?.parse().ok()),
        container: balancer.and_then(|balancer| {
            Some((balancer.container_name()?.to_owned(), u16::try_from(balancer.container_port()?).ok()?))
        }),
        grace_period: service.health_check_grace_period_seconds().unwrap_or_default(),
        exec: if service.enable_execute_command() { Exec::Enabled } else { Exec::Disabled },
        desired_count: service.desired_count(),
        percents: percents(service.deployment_configuration()),
        breaker: breaker(service.deployment_configuration()),
        settings: settings(service),
        rollout: rollout(service, now(account)),
    })
}

/// What is not in the answer counts as AWS's default.
fn settings(service: &Service) -> Settings {
    let configuration = service.deployment_configuration();
    let alarms = configuration.and_then(DeploymentConfiguration::alarms).filter(|alarms| alarms.enable());
    let hooks = configuration.into_iter().flat_map(DeploymentConfiguration::lifecycle_hooks);
    let stages = hooks.flat_map(DeploymentLifecycleHook::lifecycle_stages).map(|stage| stage.as_str().to_owned());
    let text = |value: Option<&str>, default: &str| value.unwrap_or(default).to_owned();
    Settings {
        capacity_providers: names(service.capacity_provider_strategy().iter().map(|item| item.capacity_provider())),
        rebalancing: text(service.availability_zone_rebalancing().map(|value| value.as_str()), "DISABLED"),
        propagate_tags: text(service.propagate_tags().map(|value| value.as_str()), "NONE"),
        managed_tags: service.enable_ecs_managed_tags(),
        strategy: text(configuration.and_then(|it| it.strategy()).map(|value| value.as_str()), "ROLLING"),
        alarms: names(alarms.into_iter().flat_map(|alarms| alarms.alarm_names()).map(String::as_str)),
        hooks: stages.collect(),
        controller: text(service.deployment_controller().map(|controller| controller.r#type().as_str()), "ECS"),
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    names.map(str::to_owned).collect()
}

/// Without values, those of a service that nobody configured.
fn percents(configuration: Option<&DeploymentConfiguration>) -> (i32, i32) {
    let minimum = configuration.and_then(|configuration| configuration.minimum_healthy_percent());
    let maximum = configuration.and_then(|configuration| configuration.maximum_percent());
    (minimum.unwrap_or(100), maximum.unwrap_or(200))
}

fn breaker(configuration: Option<&DeploymentConfiguration>) -> Breaker {
    let breaker = configuration.and_then(|configuration| configuration.deployment_circuit_breaker());
    match breaker.map(|breaker| (breaker.enable(), breaker.rollback())) {
        Some((true, true)) => Breaker::RollsBack,
        Some((true, false)) => Breaker::GivesUp,
        Some((false, _)) | None => Breaker::Off,
    }
}

/// The time by which the SDK signs.
fn now(account: &Account) -> SystemTime {
    account.clients.ecs.config().time_source().map_or(SystemTime::UNIX_EPOCH, |source| source.now())
}

fn rollout(service: &Service, now: SystemTime) -> Rollout {
    let primary = service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"));
    let state = primary.and_then(|primary| primary.rollout_state());
    let failed = state == Some(&DeploymentRolloutState::Failed);
    // A service that was stopped for another try, which then did not come about, is tried at once.
    let rested = service.desired_count() == 0 || primary.is_some_and(|primary| is_older(primary, now));
    Rollout {
        state: state.map_or("", |state| state.as_str()).to_owned(),
        reason: primary.map(|primary| reason(service, primary)).unwrap_or_default(),
        running: service.running_count(),
        pending: service.pending_count(),
        deployments: service.deployments().len(),
        left: 0,
        attempt: if failed && rested { Attempt::Outdated } else { Attempt::Current },
        told: told(service, now),
    }
}

/// ECS says that a service is steady, and says something else as soon as a health check fails; but until the grace period
/// of its task has passed it does not heed them ("Amazon ECS service event messages", Amazon ECS Developer Guide;
/// CreateService, member `healthCheckGracePeriodSeconds`).
fn told(service: &Service, now: SystemTime) -> Told {
    let says = |event: &&ServiceEvent, words: &str| event.message().is_some_and(|message| message.contains(words));
    let last = service.events().iter().find(|event| !says(event, COMPLETED));
    let started = service.events().iter().find(|event| says(event, STARTED)).and_then(|event| event.created_at());
    let grace = u64::try_from(service.health_check_grace_period_seconds().unwrap_or_default()).unwrap_or_default();
    let heeds = |at: &DateTime| age(at, now).is_some_and(|age| age > Duration::from_secs(grace));
    if last.is_some_and(|event| says(&event, STEADY)) && started.is_none_or(heeds) {
        return Told::Healthy;
    }
    Told::Nothing
}

fn age(at: &DateTime, now: SystemTime) -> Option<Duration> {
    now.duration_since(SystemTime::try_from(*at).ok()?).ok()
}

fn is_older(deployment: &Deployment, now: SystemTime) -> bool {
    deployment.updated_at().and_then(|at| age(at, now)).is_some_and(|age| age >= REST)
}

/// Why it does not run, as far as ECS says: why the deployment was given up, and the newest problem since it began.
fn reason(service: &Service, primary: &Deployment) -> String {
    let completed = primary.rollout_state() == Some(&DeploymentRolloutState::Completed);
    let failed = primary.rollout_state() == Some(&DeploymentRolloutState::Failed);
    if completed && service.running_count() == service.desired_count() {
        return String::new();
    }
    let since = if completed { primary.updated_at() } else { primary.created_at() };
    let given_up = primary.rollout_state_reason().filter(|_| failed);
    let parts: Vec<String> = given_up.map(str::to_owned).into_iter().chain(problem(service, since)).collect();
    parts.join(" ")
}

/// The newest event, first of those that name a cause, that tells of a problem.
fn problem(service: &Service, since: Option<&DateTime>) -> Option<String> {
    let recent = |at: Option<&DateTime>| since.is_none_or(|since| at.is_some_and(|at| at.secs() >= since.secs()));
    let has = |message: &str, words: &[&str]| words.iter().any(|word| message.contains(word));
    let events = service.events().iter().filter(|event| recent(event.created_at()));
    let problems: Vec<&str> =
        events.filter_map(|event| event.message()).filter(|message| has(message, &PROBLEMS)).collect();
    let cause = problems.iter().find(|message| !has(message, &ECHOES)).or(problems.first());
    cause.map(|message| plain(message))
}

/// An event's text without the ids of service and task: the same problem reads the same each time.
fn plain(message: &str) -> String {
    let mut text = message.to_owned();
    for opening in ["(service ", "(task ", "(deployment "] {
        while let Some((before, rest)) = text.split_once(opening)
            && let Some((_, after)) = rest.split_once(')')
        {
            text = format!("{}{}", before, after.trim_start());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn events_are_told_without_ids() {
        let text = "(service web) (task 0123) (port 8080) is unhealthy in (target-group arn) due to (reason timeout).";
        assert_eq!(plain(text), "(port 8080) is unhealthy in (target-group arn) due to (reason timeout).");
        assert_eq!(plain("(service web"), "(service web");
    }
}
