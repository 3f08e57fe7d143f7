//! Tasks: what they are, how they are shown and found.

mod containers;
mod life;
mod place;
mod prepare;
mod read;
mod run;
mod sharing;
mod show;
mod stop;

pub(super) use life::happen;
pub(crate) use place::VCPU_QUOTA;
pub(super) use place::{Order, Unplaced, start};
pub use sharing::{Severed, Sharing, sever};
pub(super) use stop::end;

use super::definition::Definition;
use super::scripts::Script;
use super::{asks, cluster};
use crate::call::{Access, Ask, Call, Operation};
use crate::clock::Time;
use crate::service::{Item, ec2};
use crate::tags::Tags;
use crate::world::Region;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "RunTask", access: Access::Write, asks: run::ask, run: run::run },
    Operation { name: "StopTask", access: Access::Write, asks: |call| ask_one(call, "ecs:StopTask"), run: read::stop },
    Operation { name: "DescribeTasks", access: Access::Read, asks: ask_describe, run: read::describe },
    Operation { name: "ListTasks", access: Access::Read, asks: ask_list, run: read::list },
    Operation {
        name: "ExecuteCommand",
        access: Access::Write,
        asks: |call| ask_one(call, "ecs:ExecuteCommand"),
        run: read::execute,
    },
];

/// A task.
#[derive(Clone, Debug)]
pub(super) struct Task {
    /// Id, the last part of its ARN.
    pub(super) id: String,
    /// ARN.
    pub(super) arn: String,
    /// Name of its cluster.
    pub(super) cluster: String,
    /// What it runs.
    pub(super) spec: Arc<Definition>,
    /// The service that started it.
    pub(super) owner: Option<Owner>,
    /// `service:NAME`, `family:NAME`, or as RunTask said.
    group: String,
    /// Who started it.
    started_by: Option<String>,
    /// Capacity provider; launch type FARGATE without.
    provider: Option<String>,
    /// Overrides of RunTask.
    overrides: Value,
    /// Role of its containers.
    task_role: Option<String>,
    /// Role of its agent.
    execution_role: Option<String>,
    /// Its network interface.
    pub(super) interface: ec2::Interface,
    /// Hardware address of the interface.
    mac: String,
    /// Id of the interface's attachment.
    attachment: String,
    /// Target groups that it is to be registered with.
    pub(super) targets: Vec<Target>,
    /// State.
    pub(super) status: Status,
    /// Why it stops, once it does.
    pub(super) stop: Option<Stop>,
    /// Containers, in the order of the definition.
    containers: Vec<Container>,
    /// Tags.
    pub(super) tags: Tags,
    /// Whether ExecuteCommand is enabled.
    execute_command: bool,
    /// When it got where.
    pub(super) times: Times,
    /// Count of its changes.
    version: u64,
    /// When reads begin to see it.
    visible: Time,
    /// Whether it has been healthy.
    pub(super) proven: bool,
    /// Whether the scheduler has given it up for unhealthy.
    pub(super) doomed: Option<String>,
}

/// The service and deployment that started a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    /// Service name.
    pub(super) service: String,
    /// Which service of that name.
    pub(super) incarnation: String,
    /// Deployment id.
    pub(super) deployment: String,
}

/// A target group and port that a task is registered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Target group ARN.
    pub(super) group: String,
    /// Container port.
    pub(super) port: u16,
}

/// When a task got where.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    /// Created.
    pub(super) created: Time,
    /// RUNNING.
    pub(super) started: Option<Time>,
    connected: Option<Time>,
    pull_started: Option<Time>,
    pull_stopped: Option<Time>,
    stopping: Option<Time>,
    execution_stopped: Option<Time>,
    stopped: Option<Time>,
}

/// Task states ("Amazon ECS task lifecycle").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// Its network interface is being attached.
    Provisioning,
    /// Its containers are being prepared and started.
    Pending,
    /// The last steps before RUNNING.
    Activating,
    /// Running.
    Running,
    /// Its targets drain.
    Deactivating,
    /// Its containers end.
    Stopping,
    /// Its network interface is being detached.
    Deprovisioning,
    /// Over.
    Stopped,
}

/// Why a task stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    /// `stopCode`.
    pub(super) code: StopCode,
    /// `stoppedReason`.
    pub(super) reason: String,
}

/// `TaskStopCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopCode {
    /// It never ran.
    TaskFailedToStart,
    /// An essential container ended.
    EssentialContainerExited,
    /// StopTask.
    UserInitiated,
    /// The scheduler of its service.
    ServiceSchedulerInitiated,
}

/// A container of a task.
#[derive(Clone, Debug)]
struct Container {
    /// ARN.
    arn: String,
    /// What it does.
    script: Script,
    /// State.
    status: ContainerStatus,
    /// Runtime id, once it was created.
    runtime: Option<String>,
    /// Exit code, once it ended by itself or by a signal.
    exit: Option<i64>,
    /// What went wrong with it.
    reason: Option<String>,
    /// What its health check found.
    health: Health,
    /// Whether it answers requests.
    answering: bool,
    /// Whether it has got SIGTERM.
    signalled: bool,
}

/// Container states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContainerStatus {
    /// Waits for its image or for other containers.
    Pending,
    /// Is being created.
    Creating,
    /// Runs.
    Running,
    /// Over.
    Stopped,
}

/// `HealthStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// No health check, or none has come to an end.
    Unknown,
    /// Passed.
    Healthy,
    /// Failed as often as it may.
    Unhealthy,
}

/// A task's next step.
#[derive(Clone, Debug)]
pub struct Next {
    task: String,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    Pend,
    Prepare,
    Pull,
    Fail(String),
    Up(usize),
    Answer(usize),
    Find(usize, bool),
    GiveUp(usize),
    End(usize, i64),
    Run,
    Leave,
    Drain,
    Stop,
    Forget,
}

/// What a token of RunTask stands for.
#[derive(Clone, Debug)]
pub(super) struct Token {
    request: Value,
    tasks: Vec<String>,
}

/// How many tasks a cluster has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// RUNNING.
    pub(super) running: usize,
    /// On their way there.
    pub(super) pending: usize,
    /// Not STOPPED.
    pub(super) alive: usize,
}

impl Task {
    /// Whether it is on its way to RUNNING.
    pub(super) fn starting(&self) -> bool {
        self.status < Status::Running
    }

    /// What the health checks of its essential containers found together.
    pub(super) fn health(&self) -> Option<Health> {
        let checked = self.spec.containers.iter().zip(&self.containers);
        let found: Vec<Health> = checked
            .filter(|(spec, _)| spec.essential && spec.health_check.is_some())
            .map(|(_, container)| container.health)
            .collect();
        match found.as_slice() {
            [] => None,
            all if all.contains(&Health::Unhealthy) => Some(Health::Unhealthy),
            all if all.contains(&Health::Unknown) => Some(Health::Unknown),
            [_, ..] => Some(Health::Healthy),
        }
    }

    /// What one of its containers answers.
    pub(super) fn answer(&self, port: u16, path: &str) -> Option<u16> {
        self.containers.iter().filter(|c| c.answering).find_map(|container| container.script.answer(port, path))
    }
}

/// The task at an address, as long as it is not over.
pub(super) fn at<'r>(region: &'r Region, ip: &str) -> Option<&'r Task> {
    region.ecs.tasks.values().find(|task| task.status != Status::Stopped && task.interface.private_ip == ip)
}

/// How many tasks a cluster has.
pub(super) fn count(region: &Region, cluster: &str) -> Counts {
    let mut counts = Counts::default();
    for task in region.ecs.tasks.values().filter(|task| task.cluster == cluster) {
        counts.running += usize::from(task.status == Status::Running);
        counts.pending += usize::from(task.starting());
        counts.alive += usize::from(task.status != Status::Stopped);
    }
    counts
}

/// Whether a task of the cluster runs on a capacity provider.
pub(super) fn use_provider(region: &Region, cluster: &str, provider: &str) -> bool {
    let mut alive = region.ecs.tasks.values().filter(|task| task.status != Status::Stopped);
    alive.any(|task| task.cluster == cluster && task.provider.as_deref() == Some(provider))
}

/// Whether a task runs a revision.
pub(super) fn use_definition(region: &Region, arn: &str) -> bool {
    region.ecs.tasks.values().any(|task| task.status != Status::Stopped && task.spec.arn == arn)
}

/// The id in a task's id or ARN.
fn id_of(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

fn ask_task(call: &Call<'_>, action: &str, text: &str) -> Ask {
    let found = call.peek().ecs.tasks.get(id_of(text));
    let cluster = cluster::name_of(&call.input["cluster"]);
    let arn = call.arn("ecs", &format!("task/{cluster}/{}", id_of(text)));
    asks::inside(call, action, arn).resource_tags(&found.map(|task| task.tags.clone()).unwrap_or_default())
}

fn ask_one(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![ask_task(call, action, call.text("task"))]
}

fn ask_describe(call: &Call<'_>) -> Vec<Ask> {
    let tasks = super::network::texts(&call.input["tasks"]);
    tasks.iter().map(|task| ask_task(call, "ecs:DescribeTasks", task)).collect()
}

fn ask_list(call: &Call<'_>) -> Vec<Ask> {
    let cluster = cluster::name_of(&call.input["cluster"]);
    vec![asks::inside(call, "ecs:ListTasks", call.arn("ecs", &format!("container-instance/{cluster}/*")))]
}

/// What exists: tasks that are not over.
pub(super) fn items(region: &Region) -> Vec<Item> {
    let item = |task: &Task| Item {
        kind: "ecs:task",
        id: task.id.clone(),
        arn: task.arn.clone(),
        tags: task.tags.clone(),
        state: task.describe(false),
    };
    region.ecs.tasks.values().filter(|task| task.status != Status::Stopped).map(item).collect()
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

impl StopCode {
    fn name(self) -> Value {
        json!(format!("{self:?}"))
    }
}
