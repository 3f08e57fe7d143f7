//! Services: what they want, what they have, how they are shown.

mod configuration;
mod create;
mod delete;
mod events;
mod health;
mod plan;
mod read;
mod schedule;
mod shape;
mod update;

pub(super) use schedule::{Notice, happen, noticed};
pub(super) use shape::platform;

use super::asks::{cluster_arn, inside};
use super::{cluster, tasks};
use crate::call::{Access, Ask, Call, Operation};
use crate::clock::Time;
use crate::service::Item;
use crate::tags::{Spelling, Tags};
use crate::world::Region;
use configuration::Configuration;
use serde_json::{Value, json};
use shape::Shape;
use std::collections::VecDeque;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateService", access: Access::Write, asks: create::ask, run: create::create },
    Operation { name: "DescribeServices", access: Access::Read, asks: ask_describe, run: read::describe },
    Operation { name: "UpdateService", access: Access::Write, asks: update::ask, run: update::update },
    Operation {
        name: "DeleteService",
        access: Access::Write,
        asks: |call| vec![ask_one(call, "ecs:DeleteService")],
        run: delete::delete,
    },
    Operation {
        name: "ListServices",
        access: Access::Read,
        asks: |call| vec![inside(call, "ecs:ListServices", "*".to_owned())],
        run: read::list,
    },
];

/// Cluster name and service name.
pub(super) type Key = (String, String);

/// A service.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// Name, unique in the cluster unless INACTIVE.
    name: String,
    /// Cluster name.
    cluster: String,
    /// ARN.
    arn: String,
    /// Which service of that name.
    incarnation: String,
    /// State.
    status: Status,
    /// How many tasks it wants.
    desired: u64,
    /// Deployments, the primary one first.
    deployments: Vec<Deployment>,
    /// The last deployment that was completed, to roll back to.
    completed: Option<Deployment>,
    /// How deployments go on.
    configuration: Configuration,
    /// Seconds in which failed health checks don't count.
    grace: Option<u64>,
    /// `availabilityZoneRebalancing`.
    rebalancing: bool,
    /// `propagateTags`.
    propagate: Propagate,
    /// `enableECSManagedTags`.
    managed_tags: bool,
    /// `enableExecuteCommand`.
    execute_command: bool,
    /// Tags.
    tags: Tags,
    /// Events, newest first.
    events: VecDeque<Said>,
    /// The creating request, to tell an equal repeat.
    request: Value,
    created: Time,
    created_by: String,
    /// Ids of its tasks that are not over.
    tasks: Vec<String>,
    /// Whether nothing is left to do.
    steady: bool,
    /// How many tasks in a row did not get to RUNNING.
    start_failures: u32,
    /// No task is started before this.
    not_before: Time,
    /// When the scheduler looks next.
    next_look: Option<Time>,
}

/// Service states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Runs tasks.
    Active,
    /// Deleted; its tasks are on their way down.
    Draining,
    /// Deleted; a name that is free again.
    Inactive,
}

/// Where tags of tasks come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Propagate {
    TaskDefinition,
    Service,
    None,
}

/// A rollout of one shape of a service.
#[derive(Clone, Debug)]
struct Deployment {
    /// `ecs-svc/…`.
    id: String,
    /// What its tasks are like.
    shape: Shape,
    created: Time,
    updated: Time,
    /// Tasks that failed in a row.
    failed: u64,
    rollout: Rollout,
    /// `rolloutStateReason`.
    reason: String,
}

/// `DeploymentRolloutState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rollout {
    InProgress,
    Completed,
    Failed,
}

/// An event.
#[derive(Clone, Debug)]
struct Said {
    id: String,
    at: Time,
    message: String,
}

/// The scheduler's next look at a service.
#[derive(Clone, Debug)]
pub struct Next {
    key: Key,
    incarnation: String,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Look,
    Vanish,
}

impl Service {
    /// What new tasks are like. There is always a primary deployment.
    fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    fn count(&self, region: &Region, deployment: Option<&str>) -> (usize, usize) {
        let mine = self.tasks.iter().filter_map(|id| region.ecs.tasks.get(id)).filter(|task| {
            deployment.is_none() || task.owner.as_ref().map(|owner| owner.deployment.as_str()) == deployment
        });
        mine.fold((0, 0), |(running, pending), task| {
            (running + usize::from(task.status == tasks::Status::Running), pending + usize::from(task.starting()))
        })
    }

    /// As DescribeServices shows it.
    fn describe(&self, region: &Region, with_tags: bool) -> Value {
        let (running, pending) = self.count(region, None);
        let deployments: Vec<Value> = self.deployments.iter().map(|d| self.show(region, d)).collect();
        let mut output = json!({
            "serviceArn": self.arn,
            "serviceName": self.name,
            "clusterArn": region.arn("ecs", &format!("cluster/{}", self.cluster)),
            "status": self.status.name(),
            "desiredCount": self.desired,
            "runningCount": running,
            "pendingCount": pending,
            "deploymentConfiguration": self.configuration.show(),
            "deployments": deployments,
            "roleArn": format!(
                "arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", region.account
            ),
            "events": self.events.iter().map(Said::show).collect::<Vec<Value>>(),
            "createdAt": self.created.seconds(),
            "createdBy": self.created_by,
            "placementConstraints": [],
            "placementStrategy": [],
            "healthCheckGracePeriodSeconds": self.grace.unwrap_or(0),
            "schedulingStrategy": "REPLICA",
            "deploymentController": {"type": "ECS"},
            "enableECSManagedTags": self.managed_tags,
            "propagateTags": self.propagate.name(),
            "enableExecuteCommand": self.execute_command,
            "availabilityZoneRebalancing": if self.rebalancing { "ENABLED" } else { "DISABLED" },
        });
        if let Some(primary) = self.primary().or(self.completed.as_ref()) {
            primary.shape.show(&mut output);
            output["platformVersion"] = json!(primary.shape.platform);
        }
        if with_tags {
            output["tags"] = Spelling::Lower.write(&self.tags);
        }
        output
    }

    fn show(&self, region: &Region, deployment: &Deployment) -> Value {
        let primary = self.primary().is_some_and(|first| first.id == deployment.id);
        let (running, pending) = self.count(region, Some(&deployment.id));
        let mut output = json!({
            "id": deployment.id,
            "status": if primary { "PRIMARY" } else { "ACTIVE" },
            "desiredCount": if primary { self.desired } else { (running + pending) as u64 },
            "pendingCount": pending,
            "runningCount": running,
            "failedTasks": deployment.failed,
            "createdAt": deployment.created.seconds(),
            "updatedAt": deployment.updated.seconds(),
            "platformVersion": "1.4.0",
            "rolloutState": deployment.rollout.name(),
            "rolloutStateReason": deployment.reason,
        });
        deployment.shape.show(&mut output);
        for member in ["loadBalancers", "serviceRegistries"] {
            output.as_object_mut().map(|members| members.remove(member));
        }
        output
    }
}

impl Said {
    fn show(&self) -> Value {
        json!({"id": self.id, "createdAt": self.at.seconds(), "message": self.message})
    }
}

/// The name in a service's name or ARN.
pub(super) fn short(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// Whether a cluster has, or had until lately, a service of that name.
pub(super) fn exists(region: &Region, cluster: &str, name: &str) -> bool {
    region.ecs.services.contains_key(&(cluster.to_owned(), name.to_owned()))
}

/// How many ACTIVE services a cluster has.
pub(super) fn active_in(region: &Region, cluster: &str) -> usize {
    with_status(region, cluster, Status::Active)
}

/// How many DRAINING services a cluster has.
pub(super) fn draining_in(region: &Region, cluster: &str) -> usize {
    with_status(region, cluster, Status::Draining)
}

fn with_status(region: &Region, cluster: &str, status: Status) -> usize {
    let services = region.ecs.services.values();
    services.filter(|service| service.cluster == cluster && service.status == status).count()
}

/// Whether a service of the cluster uses a capacity provider.
pub(super) fn use_provider(region: &Region, cluster: &str, provider: &str) -> bool {
    let mut alive = region.ecs.services.values().filter(|s| s.cluster == cluster && s.status != Status::Inactive);
    alive.any(|service| service.deployments.iter().any(|d| d.shape.launch.providers().contains(&provider)))
}

/// Whether a service uses a revision.
pub(super) fn use_definition(region: &Region, arn: &str) -> bool {
    let mut alive = region.ecs.services.values().filter(|service| service.status != Status::Inactive);
    alive.any(|service| service.deployments.iter().any(|deployment| deployment.shape.spec.arn == arn))
}

/// Changes the tags of a service.
pub(super) fn tags_of<'c>(call: &'c mut Call<'_>, arn: &str) -> Option<&'c mut Tags> {
    let services = &mut call.regional().ecs.services;
    let found = services.values_mut().find(|service| service.arn == arn && service.status == Status::Active);
    found.map(|service| &mut service.tags)
}

fn ask_named(call: &Call<'_>, action: &str, name: &str) -> Ask {
    let cluster = cluster::name_of(&call.input["cluster"]).to_owned();
    let arn = call.arn("ecs", &format!("service/{cluster}/{}", short(name)));
    let found = call.peek().ecs.services.get(&(cluster, short(name).to_owned()));
    let tags = found.map(|service| service.tags.clone()).unwrap_or_default();
    Ask::new(action, arn).when("ecs:cluster", cluster_arn(call)).resource_tags(&tags)
}

fn ask_one(call: &Call<'_>, action: &str) -> Ask {
    ask_named(call, action, call.text("service"))
}

fn ask_describe(call: &Call<'_>) -> Vec<Ask> {
    let names = super::network::texts(&call.input["services"]);
    names.iter().map(|name| ask_named(call, "ecs:DescribeServices", name)).collect()
}

/// What exists: services that are not INACTIVE.
pub(super) fn items(region: &Region) -> Vec<Item> {
    let item = |service: &Service| Item {
        kind: "ecs:service",
        id: service.name.clone(),
        arn: service.arn.clone(),
        tags: service.tags.clone(),
        state: service.describe(region, false),
    };
    region.ecs.services.values().filter(|service| service.status != Status::Inactive).map(item).collect()
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

impl Propagate {
    fn read(value: &Value) -> Self {
        match value.as_str() {
            Some("TASK_DEFINITION") => Self::TaskDefinition,
            Some("SERVICE") => Self::Service,
            _ => Self::None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::TaskDefinition => "TASK_DEFINITION",
            Self::Service => "SERVICE",
            Self::None => "NONE",
        }
    }
}

impl Rollout {
    fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}
