//! What the tasks of a deployment are like: a change of it makes a new deployment.

use super::super::definition::{self, Definition};
use super::super::network::Network;
use super::super::refusals::{client, invalid};
use super::super::strategy::Launch;
use super::super::tasks::Target;
use super::configuration::Configuration;
use crate::call::Refusal;
use crate::service::elb;
use crate::world::Region;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// Linux platform versions of Fargate ("Fargate Linux platform versions", Amazon ECS Developer Guide).
const PLATFORMS: [&str; 3] = ["LATEST", "1.4.0", "1.3.0"];
/// "Services can have up to five target groups" (Amazon ECS Developer Guide, Service load balancing).
const MAX_TARGET_GROUPS: usize = 5;

/// What the tasks of a deployment are like.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// What they run.
    pub(super) spec: Arc<Definition>,
    /// Where they are.
    pub(super) network: Network,
    /// `platformVersion` as it was given.
    pub(super) platform: String,
    /// Launch type or strategy.
    pub(super) launch: Launch,
    /// Target groups.
    pub(super) balancers: Vec<Balancer>,
    /// Service discovery registries as given.
    pub(super) registries: Value,
}

/// A target group and the container port that is registered with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Balancer {
    #[serde(default)]
    target_group_arn: String,
    #[serde(default)]
    container_name: String,
    #[serde(default)]
    container_port: u16,
    /// What blue/green deployments need, as given.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    advanced_configuration: Value,
}

impl Shape {
    /// Adds what Describe shows of it.
    pub(super) fn show(&self, output: &mut Value) {
        self.launch.show(output);
        output["taskDefinition"] = json!(self.spec.arn);
        output["networkConfiguration"] = self.network.show();
        output["loadBalancers"] = json!(self.balancers);
        output["serviceRegistries"] = self.registries.clone();
        output["platformFamily"] = json!("Linux");
    }

    /// Whether the other shape needs other tasks. Launch type and strategy don't ("UpdateService").
    pub(super) fn differs(&self, other: &Self) -> bool {
        self.spec.arn != other.spec.arn
            || self.network != other.network
            || self.platform != other.platform
            || self.balancers != other.balancers
            || self.registries != other.registries
    }

    /// What its tasks are registered with.
    pub(super) fn targets(&self) -> Vec<Target> {
        let target = |b: &Balancer| Target { group: b.target_group_arn.clone(), port: b.container_port };
        self.balancers.iter().map(target).collect()
    }

    /// Whether it holds together.
    pub(super) fn check(&self, region: &Region) -> Result<(), Refusal> {
        if self.launch != Launch::Ec2 && !self.spec.fargate() {
            return Err(invalid("Task definition does not support launch_type FARGATE."));
        }
        platform(Some(&self.platform), &self.spec)?;
        if self.balancers.len() > MAX_TARGET_GROUPS {
            return Err(invalid("load balancers can have at most 5 items."));
        }
        self.balancers.iter().try_for_each(|balancer| balancer.check(region, &self.spec))
    }
}

impl Shape {
    /// Whether commands can be run in its tasks, where that is wanted: they run under the task role.
    pub(super) fn suits(&self, execute_command: bool, done: &str) -> Result<(), Refusal> {
        if execute_command && self.spec.task_role.is_none() {
            return Err(invalid(format!(
                "The service couldn't be {done} because a valid taskRoleArn is not being used. Specify a valid task role \
                 in your task definition and try again."
            )));
        }
        Ok(())
    }

    /// Whether its target groups can take part in such deployments: to run tasks side by side, ECS needs the other
    /// target group and the listener rule that it switches ("Application Load Balancer resources for blue/green
    /// deployments", Amazon ECS Developer Guide).
    pub(super) fn deployable(&self, configuration: &Configuration) -> Result<(), Refusal> {
        if configuration.beside() && self.balancers.iter().any(|balancer| balancer.advanced_configuration.is_null()) {
            return Err(invalid(
                "advancedConfiguration is required for load balancers of services with this deployment strategy.",
            ));
        }
        Ok(())
    }
}

impl Balancer {
    fn check(&self, region: &Region, spec: &Definition) -> Result<(), Refusal> {
        if self.target_group_arn.is_empty() {
            return Err(invalid("Classic Load Balancers are not supported with awsvpc: specify a targetGroupArn."));
        }
        let Some(container) = spec.containers.iter().find(|container| container.name == self.container_name) else {
            return Err(invalid(format!(
                "The container {} does not exist in the task definition.",
                self.container_name
            )));
        };
        let port = Some(i64::from(self.container_port));
        if container.port_mappings.iter().all(|mapping| mapping.container_port != port) {
            return Err(invalid(format!(
                "The container {} did not have a container port {} defined.",
                self.container_name, self.container_port
            )));
        }
        // Every task definition here has the network mode awsvpc (Amazon ECS Developer Guide, "Use an Application Load
        // Balancer for Amazon ECS": "you must choose ip as the target type, not instance").
        if elb::target_type(region, &self.target_group_arn).is_some_and(|kind| kind != "ip") {
            return Err(invalid(format!(
                "The provided target group {} has target type instance, which is incompatible with the awsvpc network \
                 mode specified in the task definition.",
                self.target_group_arn
            )));
        }
        match elb::target_group_in_use(region, &self.target_group_arn) {
            Some(true) => Ok(()),
            Some(false) => Err(invalid(format!(
                "The target group with targetGroupArn {} does not have an associated load balancer.",
                self.target_group_arn
            ))),
            None => Err(invalid(
                "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service \
                 role being passed has the proper permissions.",
            )),
        }
    }
}

/// The target groups of a request.
pub(super) fn balancers(value: &Value) -> Vec<Balancer> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

/// An ACTIVE revision, for new services and changes of services.
pub(super) fn revision(region: &Region, text: &str) -> Result<Arc<Definition>, Refusal> {
    let revision = definition::find(region, text).ok_or_else(|| client("TaskDefinition not found."))?;
    if revision.status != definition::Status::Active {
        return Err(client("TaskDefinition is inactive"));
    }
    Ok(Arc::clone(&revision.spec))
}

/// Whether a platform version exists and can run the definition: EFS, 8 vCPU and larger disks need 1.4.0.
pub(in super::super) fn platform(version: Option<&str>, spec: &Definition) -> Result<(), Refusal> {
    let version = version.unwrap_or("LATEST");
    if !PLATFORMS.contains(&version) {
        return Err(Refusal::new("PlatformUnknownException", "The specified platform does not exist."));
    }
    let big = spec.cpu.as_deref().and_then(|cpu| cpu.parse::<u64>().ok()).is_some_and(|cpu| cpu >= 8192);
    let modern = spec.ephemeral_storage.is_some() || spec.volumes.iter().any(|volume| volume.efs.is_some()) || big;
    if version == "1.3.0" && modern {
        return Err(Refusal::new(
            "PlatformTaskDefinitionIncompatibilityException",
            "One or more of the requested capabilities are not supported.",
        ));
    }
    Ok(())
}
