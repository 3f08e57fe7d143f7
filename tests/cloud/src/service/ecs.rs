//! ECS on Fargate: clusters, task definitions, services, and tasks that live.
//!
//! - Clusters: their names, capacity providers, what keeps them from going away.
//! - Task definitions: what RegisterTaskDefinition refuses for Fargate, and the normal form that AWS gives back.
//! - Services: a scheduler that honours percentages, grace period and circuit breaker, and writes AWS's events.
//! - Tasks: their states with AWS's durations; network interface, mounts, secrets and log groups are really decided by
//!   EC2, EFS, Secrets Manager, CloudWatch Logs and IAM as they stand at that moment.
//!
//! What a container does is a [`Script`] chosen by image name. Deliberately absent: container instances (a task that
//! asks for EC2 finds none), lack of capacity, Spot interruptions, parameters of Systems Manager, the
//! creation of log groups by `awslogs-create-group`, service discovery, Service Connect, EBS volumes, restart policies,
//! blue/green and external deployments, the steady state message that AWS repeats every six hours, and the rebalancing
//! of tasks over availability zones (the setting is kept; a service of one task has nothing to balance).

mod asks;
mod cluster;
mod definition;
mod network;
mod refusals;
mod scripts;
mod services;
mod strategy;
mod tagging;
mod tasks;

pub use scripts::{Exit, Health, Script, Scripts};
pub(crate) use tasks::VCPU_QUOTA;
pub use tasks::{Severed, Sharing, sever};

use super::{Item, Service};
use crate::world::{Place, Region, World};
use std::collections::{BTreeMap, BTreeSet};

/// The service's table.
pub static SERVICE: Service = Service {
    model: "ecs",
    signing: "ecs",
    invalid: "InvalidParameterException",
    missing: "InvalidParameterException",
    denied: "AccessDeniedException",
    throttled: "ThrottlingException",
    operations: &[
        cluster::OPERATIONS,
        definition::OPERATIONS,
        services::OPERATIONS,
        tasks::OPERATIONS,
        tagging::OPERATIONS,
    ],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    clusters: BTreeMap<String, cluster::Cluster>,
    families: BTreeMap<String, definition::Family>,
    services: BTreeMap<services::Key, services::Service>,
    tasks: BTreeMap<String, tasks::Task>,
    tokens: BTreeMap<(String, String), tasks::Token>,
    sharing: Vec<Sharing>,
    severed: Vec<Severed>,
    /// Names of the parameters of Systems Manager that tasks find, without a slash in front.
    pub parameters: BTreeSet<String>,
}

/// What goes on by itself.
#[derive(Clone, Debug)]
pub enum Event {
    /// A cluster goes on to its next state.
    Cluster(cluster::Next),
    /// A revision that was deleted goes away once nothing uses it.
    Definition(definition::Purge),
    /// The scheduler looks at a service.
    Service(services::Next),
    /// A task goes on to its next state.
    Task(tasks::Next),
}

/// Lets an event happen.
pub fn happen(world: &mut World, place: &Place, event: Event) {
    match event {
        Event::Cluster(next) => cluster::happen(world, place, next),
        Event::Definition(purge) => definition::happen(world, place, purge),
        Event::Service(next) => services::happen(world, place, next),
        Event::Task(next) => tasks::happen(world, place, next),
    }
}

/// What exists.
pub fn items(holder: &Region) -> Vec<Item> {
    let mut items = cluster::items(holder);
    items.extend(definition::items(holder));
    items.extend(services::items(holder));
    items.extend(tasks::items(holder));
    items
}

/// Tasks of different deployments that had one directory mounted at the same time, ever since the account was made.
pub fn sharing(region: &Region) -> &[Sharing] {
    &region.ecs.sharing
}

/// Tasks that lost a file system while it was mounted, ever since the account was made.
pub fn severed(region: &Region) -> &[Severed] {
    &region.ecs.severed
}

/// What the container at an address answers to `GET path` on `port`: an HTTP status, or nothing at all.
pub fn answers(region: &Region, ip: &str, port: u16, path: &str) -> Option<u16> {
    tasks::at(region, ip)?.answer(port, path)
}

/// The network interface of the running task at an address.
pub fn interface_at<'r>(region: &'r Region, ip: &str) -> Option<&'r str> {
    tasks::at(region, ip).map(|task| task.interface.id.as_str())
}
