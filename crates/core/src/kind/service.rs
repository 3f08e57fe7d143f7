//! ECS service that keeps one Jenkins controller running: never two, stop before start.

use super::{State, known_set, outputs};
use crate::arn::{ClusterArn, ServiceArn, TargetGroupArn, TaskDefinitionArn};
use crate::diff::{Change, Diff};
use crate::id::{SecurityGroupId, SubnetId};
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Prerequisite, Unresolved};
use serde::Serialize;
use std::collections::BTreeSet;

/// As it is wanted. One task, minimum 0 %, maximum 100 %, circuit breaker and [`Settings`] are the same for every stack.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// Cluster.
    pub cluster: Input<ClusterArn>,
    /// Task definition.
    pub task_definition: Input<TaskDefinitionArn>,
    /// Subnets of the task.
    pub subnets: BTreeSet<SubnetId>,
    /// Security groups of the task.
    pub security_groups: Vec<Input<SecurityGroupId>>,
    /// Whether the task has a public address.
    pub public_ip: PublicIp,
    /// Target group the task registers with.
    pub target_group: Input<TargetGroupArn>,
    /// Container and port that are registered.
    pub container: (String, u16),
    /// Seconds during which failing health checks don't count.
    pub grace_period: i32,
    /// Whether `aws ecs execute-command` works.
    pub exec: Exec,
    /// What must be there before the first task starts: mount targets, rules, policies, the listener rule.
    #[serde(skip)]
    pub prerequisites: Vec<Prerequisite>,
}

/// Whether a task has a public address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PublicIp {
    /// It has one: for subnets without NAT.
    Enabled,
    /// It has none.
    Disabled,
}

/// Whether commands can be run in the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Exec {
    /// They can.
    Enabled,
    /// They can't.
    Disabled,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self {
            cluster,
            task_definition,
            subnets: _,
            security_groups,
            public_ip: _,
            target_group,
            container: _,
            grace_period: _,
            exec: _,
            prerequisites,
        } = self;
        walk(cluster);
        walk(task_definition);
        security_groups.iter_mut().for_each(|group| walk(group));
        walk(target_group);
        prerequisites.iter_mut().for_each(|prerequisite| walk(prerequisite));
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its ARN.
    pub arn: ServiceArn,
    /// Cluster.
    pub cluster: ClusterArn,
    /// `ACTIVE` or `DRAINING`; `INACTIVE` counts as absent.
    pub status: String,
    /// Task definition.
    pub task_definition: TaskDefinitionArn,
    /// Subnets.
    pub subnets: BTreeSet<SubnetId>,
    /// Security groups.
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Public address.
    pub public_ip: PublicIp,
    /// Target group; `None` when it registers with none or several.
    pub target_group: Option<TargetGroupArn>,
    /// Container and port that are registered.
    pub container: Option<(String, u16)>,
    /// Grace period in seconds.
    pub grace_period: i32,
    /// ECS Exec.
    pub exec: Exec,
    /// Wanted number of tasks.
    pub desired_count: i32,
    /// Minimum and maximum percent of running tasks during a deployment.
    pub percents: (i32, i32),
    /// What happens to a deployment whose tasks fail.
    pub breaker: Breaker,
    /// What is the same for every stack.
    pub settings: Settings,
    /// How far the primary deployment is.
    pub rollout: Rollout,
}

/// What no spec changes but somebody may change on AWS, in AWS's words. Service Connect, service discovery, VPC Lattice
/// and EBS volumes are not in it: what others attach there is theirs, and starts no second task. Nor is the platform
/// version: it is not documented whether AWS shows `LATEST` as it was asked for or as the version that it is, and a file
/// system keeps the task from older ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Capacity providers in place of the launch type; a task on Spot can be taken away at any time.
    pub capacity_providers: BTreeSet<String>,
    /// Whether a task is moved to another zone: the new one starts before the old one stops.
    pub rebalancing: String,
    /// Where the tags of tasks come from. By them a home in use is found.
    pub propagate_tags: String,
    /// Whether tasks are tagged with cluster and service.
    pub managed_tags: bool,
    /// How deployments go on: all but `ROLLING` run the new task beside the old one.
    pub strategy: String,
    /// Alarms that end a deployment, while they are on.
    pub alarms: BTreeSet<String>,
    /// Stages at which a deployment waits for somebody's hook.
    pub hooks: BTreeSet<String>,
    /// Who deploys.
    pub controller: String,
}

impl Settings {
    /// As they are wanted.
    pub fn ours() -> Self {
        Self {
            capacity_providers: BTreeSet::new(),
            rebalancing: "DISABLED".into(),
            propagate_tags: "SERVICE".into(),
            managed_tags: true,
            strategy: "ROLLING".into(),
            alarms: BTreeSet::new(),
            hooks: BTreeSet::new(),
            controller: "ECS".into(),
        }
    }

    /// How these differ from ours. Another controller takes another service (AWS::ECS::Service, AWS CloudFormation).
    fn against_ours(&self, diff: Diff) -> Diff {
        let Self {
            capacity_providers,
            rebalancing,
            propagate_tags,
            managed_tags,
            strategy,
            alarms,
            hooks,
            controller,
        } = Self::ours();
        diff.in_place("capacityProviderStrategy", &capacity_providers, &self.capacity_providers)
            .in_place("availabilityZoneRebalancing", &rebalancing, &self.rebalancing)
            .in_place("propagateTags", &propagate_tags, &self.propagate_tags)
            .in_place("enableECSManagedTags", &managed_tags, &self.managed_tags)
            .in_place("deploymentStrategy", &strategy, &self.strategy)
            .in_place("deploymentAlarms", &alarms, &self.alarms)
            .in_place("lifecycleHooks", &hooks, &self.hooks)
            .fixed("deploymentController", &controller, &self.controller)
    }
}

/// What happens to a deployment whose tasks fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Breaker {
    /// ECS starts tasks for ever.
    Off,
    /// ECS gives it up.
    GivesUp,
    /// ECS gives it up and goes back to the last one that was good.
    RollsBack,
}

/// How far a deployment is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// `rolloutState` in AWS's words.
    pub state: String,
    /// `rolloutStateReason`, or the newest event that says what is wrong.
    pub reason: String,
    /// Tasks that run.
    pub running: i32,
    /// Tasks that are starting.
    pub pending: i32,
    /// Deployments there are; one when all is settled.
    pub deployments: usize,
    /// Tasks that have not stopped; only counted while no task is wanted, when it says whether the home is free.
    pub left: usize,
    /// Whether it was given up so long ago that it is worth another try.
    pub attempt: Attempt,
    /// What ECS's last word says of the task's health.
    pub told: Told,
}

/// What ECS says of the health of a service's task, without being asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Told {
    /// Its last word is that the service is steady, and it would have taken back that word: it heeds health checks.
    Healthy,
    /// Nothing that would still hold.
    Nothing,
}

/// Whether a deployment is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Attempt {
    /// It is under way, has been completed, or was given up just now.
    Current,
    /// It was given up a while ago: what was wrong outside of AWS's sight, such as a missing image, may be mended.
    Outdated,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([(Output::Arn, self.arn.to_string()), (Output::Id, self.arn.to_string())])
    }

    /// Whether it runs as it should: one deployment, completed, its task running.
    pub fn state(&self) -> State {
        let Rollout { state, reason, running, pending: _, deployments, left, attempt: _, told: _ } = &self.rollout;
        match (self.status.as_str(), state.as_str()) {
            ("ACTIVE", _) if self.desired_count == 0 && *left > 0 => State::Pending("the old task is stopping".into()),
            ("ACTIVE", "COMPLETED") if *deployments == 1 && *running == self.desired_count => State::Ready,
            ("ACTIVE", "FAILED") => State::Failed(reason.clone()),
            ("ACTIVE", _) => State::Settling(if reason.is_empty() { "starting".into() } else { reason.clone() }),
            _ => State::Leaving,
        }
    }
}

/// One task at a time: a service starts its next task only when the last one has left RUNNING.
pub const ONE_AT_A_TIME: (i32, i32) = (0, 100);

/// A rollback would bring back the task definition before this one, and the next pass would find a difference and start
/// the bad one again, for ever. A deployment that stays failed is seen; another spec, or time, brings another attempt.
pub const ON_FAILURE: Breaker = Breaker::GivesUp;

/// A change of cluster needs another service, and the old one must be gone first; the rest changes in place
/// (UpdateService, Amazon ECS API Reference).
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let Desired {
        cluster,
        task_definition,
        subnets,
        security_groups,
        public_ip,
        target_group,
        container,
        grace_period,
        exec,
        prerequisites: _,
    } = desired;
    let diff = Diff::default()
        .fixed("cluster", cluster.known()?, &observed.cluster)
        .in_place("taskDefinition", task_definition.known()?, &observed.task_definition)
        .in_place("subnets", subnets, &observed.subnets)
        .in_place("securityGroups", &known_set(security_groups)?, &observed.security_groups)
        .in_place("assignPublicIp", public_ip, &observed.public_ip)
        .in_place("targetGroupArn", &Some(target_group.known()?), &observed.target_group.as_ref())
        .in_place("container", &Some(container), &observed.container.as_ref())
        .in_place("healthCheckGracePeriodSeconds", grace_period, &observed.grace_period)
        .in_place("enableExecuteCommand", exec, &observed.exec)
        .in_place("desiredCount", &1, &observed.desired_count)
        .in_place("deploymentPercents", &ONE_AT_A_TIME, &observed.percents)
        .in_place("deploymentCircuitBreaker", &ON_FAILURE, &observed.breaker)
        .in_place("forceNewDeployment", &Attempt::Current, &observed.rollout.attempt);
    Ok(observed.settings.against_ours(diff).done())
}
