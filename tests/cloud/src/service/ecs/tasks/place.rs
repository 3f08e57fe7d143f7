//! Placing a task: roles, an interface in one of the subnets, and its record.

use super::super::asks::TASKS;
use super::super::definition::Definition;
use super::super::network::Network;
use super::super::refusals::unable_to_assume;
use super::{Container, ContainerStatus, Health, Next, Owner, Status, Step, Target, Task, Times};
use crate::iam;
use crate::service::ec2::{self, Interface, InterfaceFault, NewInterface};
use crate::tags::Tags;
use crate::world::{self, Place, World};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// PROVISIONING takes so many seconds (observed order of magnitude: the interface is attached).
const PROVISION: (f64, f64) = (5.0, 12.0);

/// Code of the quota "Fargate On-Demand vCPU resource count".
pub(crate) const VCPU_QUOTA: &str = "L-3032A538";
/// "AWS Fargate service quotas", Amazon ECS Developer Guide; accounts that run more are raised by themselves.
const DEFAULT_VCPUS: f64 = 6.0;
const TOO_MANY_VCPUS: &str = "You've reached the limit on the number of vCPUs you can run concurrently";

/// A task that is to be placed.
pub(in super::super) struct Order {
    /// Cluster name.
    pub(in super::super) cluster: String,
    /// What it runs.
    pub(in super::super) spec: Arc<Definition>,
    /// The service that wants it.
    pub(in super::super) owner: Option<Owner>,
    /// `group`.
    pub(in super::super) group: String,
    /// `startedBy`.
    pub(in super::super) started_by: Option<String>,
    /// Capacity provider.
    pub(in super::super) provider: Option<String>,
    /// Where its interface is to be; the subnet that comes first is tried first.
    pub(in super::super) network: Network,
    /// Overrides.
    pub(in super::super) overrides: Value,
    /// Tags.
    pub(in super::super) tags: Tags,
    /// Whether ExecuteCommand is enabled.
    pub(in super::super) execute_command: bool,
    /// Target groups.
    pub(in super::super) targets: Vec<Target>,
    /// How long reads may miss it.
    pub(in super::super) unseen: Duration,
}

/// Why there is no task.
pub(in super::super) enum Unplaced {
    /// A role can't be assumed; the text.
    Role(String),
    /// No interface; the text.
    Interface(String),
    /// The account runs as much as it may; the text.
    Capacity(String),
}

/// Places a task and lets its life begin; its id.
pub(in super::super) fn start(world: &mut World, place: &Place, order: Order) -> Result<String, Unplaced> {
    let role = |member: &str, own: &Option<String>| {
        order.overrides[member].as_str().map(str::to_owned).or_else(|| own.clone())
    };
    let task_role = role("taskRoleArn", &order.spec.task_role);
    let execution_role = role("executionRoleArn", &order.spec.execution_role);
    let now = world.now;
    let source = format!("arn:aws:ecs:{}:{}:task/{}/*", place.region, place.account, order.cluster);
    for role in task_role.iter().chain(&execution_role) {
        if !iam::assumable_from(world, role, TASKS, &source, now) {
            return Err(Unplaced::Role(unable_to_assume(role)));
        }
    }
    if vcpus(world, place) + vcpu(&order.spec) > quota(world, place) {
        return Err(Unplaced::Capacity(TOO_MANY_VCPUS.to_owned()));
    }
    let attachment = world.random.uuid();
    let interface = interface(world, place, &order.network, &attachment).map_err(Unplaced::Interface)?;
    let id = world.random.hex(32);
    let task = record(world, place, order, &id, interface, attachment, (task_role, execution_role));
    world.at(place).ecs.tasks.insert(id.clone(), task);
    let delay = world.random.seconds(PROVISION.0, PROVISION.1);
    step(world, place, &id, Step::Pend, delay);
    Ok(id)
}

/// vCPUs of all tasks that have not stopped: on Fargate they count from PROVISIONING on.
fn vcpus(world: &mut World, place: &Place) -> f64 {
    let running = world.at(place).ecs.tasks.values().filter(|task| task.status != Status::Stopped);
    running.map(|task| vcpu(&task.spec)).sum()
}

fn vcpu(spec: &Definition) -> f64 {
    let units: f64 = spec.cpu.as_deref().and_then(|cpu| cpu.parse().ok()).unwrap_or(0.0);
    units / 1024.0
}

/// What the account may run; Spot has a quota of its own, which is not kept here.
fn quota(world: &World, place: &Place) -> f64 {
    let raised = world.accounts.get(&place.account).and_then(|account| account.raised.get(VCPU_QUOTA));
    raised.map_or(DEFAULT_VCPUS, |raised| f64::from(*raised))
}

/// Tries the subnets in turn; the last fault counts.
fn interface(world: &mut World, place: &Place, network: &Network, attachment: &str) -> Result<Interface, String> {
    let mut text = String::from("The network configuration has no subnets.");
    for subnet in &network.subnets {
        let new = NewInterface {
            subnet: subnet.clone(),
            groups: network.groups.clone(),
            description: format!("arn:aws:ecs:{}:{}:attachment/{attachment}", place.region, place.account),
            requester: "amazon-ecs",
            interface_type: "interface",
            public_ip: network.public_ip,
        };
        match ec2::create_interface(world, place, new) {
            Ok(interface) => return Ok(interface),
            Err(fault) => text = explain(subnet, network.public_ip, &fault),
        }
    }
    Err(text)
}

/// "Unexpected EC2 error while attempting to Create Network Interface", Amazon ECS Developer Guide, stopped task errors.
fn explain(subnet: &str, public_ip: bool, fault: &InterfaceFault) -> String {
    let code = match fault {
        InterfaceFault::NoSubnet(_) => "InvalidSubnetID.NotFound",
        InterfaceFault::NoGroup(_) => "InvalidGroup.NotFound",
        InterfaceFault::NoAddress(_) => "InsufficientFreeAddressesInSubnet",
    };
    let public = if public_ip { " with public IP assignment enabled" } else { "" };
    format!("Unexpected EC2 error while attempting to Create Network Interface{public} in subnet '{subnet}': {code}")
}

fn record(
    world: &mut World,
    place: &Place,
    order: Order,
    id: &str,
    interface: Interface,
    attachment: String,
    (task_role, execution_role): (Option<String>, Option<String>),
) -> Task {
    let now = world.now;
    let prefix = format!("arn:aws:ecs:{}:{}", place.region, place.account);
    let container = |image: &str, world: &mut World| Container {
        arn: format!("{prefix}:container/{}/{id}/{}", order.cluster, world.random.uuid()),
        script: world.scripts.of(image),
        status: ContainerStatus::Pending,
        runtime: None,
        exit: None,
        reason: None,
        health: Health::Unknown,
        answering: false,
        signalled: false,
    };
    let mac = world.at(place).ec2.interfaces.get(&interface.id).map(|eni| eni.mac.clone()).unwrap_or_default();
    let containers = order.spec.containers.iter().map(|spec| container(&spec.image, world)).collect();
    Task {
        id: id.to_owned(),
        arn: format!("{prefix}:task/{}/{id}", order.cluster),
        cluster: order.cluster,
        spec: order.spec,
        owner: order.owner,
        group: order.group,
        started_by: order.started_by,
        provider: order.provider,
        overrides: order.overrides,
        task_role,
        execution_role,
        mac,
        interface,
        attachment,
        targets: order.targets,
        status: Status::Provisioning,
        stop: None,
        containers,
        tags: order.tags,
        execute_command: order.execute_command,
        times: Times { created: now, ..Times::default() },
        version: 1,
        visible: now + order.unseen,
        proven: false,
        doomed: None,
    }
}

/// Lets `step` happen to a task after `delay`.
pub(super) fn step(world: &mut World, place: &Place, task: &str, step: Step, delay: Duration) {
    let next = Next { task: task.to_owned(), step };
    world.after(delay, place, world::Event::Ecs(super::super::Event::Task(next)));
}
