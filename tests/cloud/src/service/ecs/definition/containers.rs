//! What RegisterTaskDefinition refuses about containers.

use super::super::refusals::client;
use super::spec::{Condition, Container, Definition, Dependency, HealthCheck, Log};
use crate::call::Refusal;
use std::collections::BTreeSet;

/// Log drivers of Fargate (LogConfiguration, member `logDriver`).
const DRIVERS: [&str; 3] = ["awslogs", "splunk", "awsfirelens"];

pub(super) fn check(definition: &Definition) -> Result<(), Refusal> {
    let containers = &definition.containers;
    if containers.is_empty() {
        return Err(client("Container list cannot be empty."));
    }
    if containers.len() > 10 {
        return Err(client("Too many containers. A task definition can have at most 10 containers."));
    }
    names(containers)?;
    if !containers.iter().any(|container| container.essential) {
        return Err(client("Task definition doesn't have any essential container."));
    }
    for container in containers {
        one(definition, container)?;
    }
    dependencies(containers)
}

fn names(containers: &[Container]) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for container in containers {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if container.name.is_empty() {
            return Err(client("Container.name should not be null or empty."));
        }
        if container.name.len() > 255 || !container.name.chars().all(allowed) {
            return Err(client("Container.name contains invalid characters."));
        }
        if container.image.is_empty() {
            return Err(client("Container.image should not be null or empty."));
        }
        if !seen.insert(&container.name) {
            return Err(client(format!("Container name '{}' is not unique.", container.name)));
        }
    }
    Ok(())
}

fn one(definition: &Definition, container: &Container) -> Result<(), Refusal> {
    let fargate = definition.fargate();
    if !fargate && definition.memory.is_none() && container.memory.is_none() && container.memory_reservation.is_none() {
        return Err(client(format!(
            "Invalid setting for container '{}'. At least one of 'memory' or 'memoryReservation' must be specified.",
            container.name
        )));
    }
    timeouts(container, fargate)?;
    ports(definition, container)?;
    if let Some(check) = &container.health_check {
        health(container, check)?;
    }
    if fargate {
        fargate_only(container)?;
    }
    secrets(definition, container)?;
    if let Some(log) = &container.log_configuration {
        logs(definition, log)?;
    }
    let private = container.image.contains(".dkr.ecr.");
    if fargate && private && definition.execution_role.is_none() {
        return Err(needs_role("ECR images"));
    }
    Ok(())
}

fn needs_role(what: &str) -> Refusal {
    client(format!("Fargate requires task definition to have execution role ARN to support {what}."))
}

fn fargate_only(container: &Container) -> Result<(), Refusal> {
    if container.privileged == Some(true) {
        return Err(client("Fargate does not support privileged containers."));
    }
    let links = container.rest.get("links").and_then(|links| links.as_array()).is_some_and(|links| !links.is_empty());
    if links {
        return Err(client("When networkMode=awsvpc, container links are not supported."));
    }
    Ok(())
}

/// ContainerDefinition, members `startTimeout` and `stopTimeout`: 2 to 120 seconds on Fargate.
fn timeouts(container: &Container, fargate: bool) -> Result<(), Refusal> {
    let name = &container.name;
    if container.start_timeout.is_some_and(|seconds| seconds < 2) {
        return Err(client(format!("Granular start timeout on container '{name}' must be at least 2 seconds.")));
    }
    if container.stop_timeout.is_some_and(|seconds| seconds < 2) {
        return Err(client(format!("Granular stop timeout on container '{name}' must be at least 2 seconds.")));
    }
    if fargate && container.stop_timeout.is_some_and(|seconds| seconds > 120) {
        return Err(client(
            "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds.",
        ));
    }
    if fargate && container.start_timeout.is_some_and(|seconds| seconds > 120) {
        return Err(client(
            "Tasks using the Fargate launch type must have a container start timeout of less than 120 seconds.",
        ));
    }
    Ok(())
}

fn ports(definition: &Definition, container: &Container) -> Result<(), Refusal> {
    let awsvpc = definition.network_mode.as_deref() == Some("awsvpc");
    for port in &container.port_mappings {
        if !port.container_port.is_some_and(|number| (1..=65535).contains(&number)) {
            return Err(client(format!("Invalid 'containerPort' setting for container '{}'.", container.name)));
        }
        let host = port.host_port.filter(|&host| host != 0);
        if awsvpc && host.is_some() && host != port.container_port {
            return Err(client(
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
            ));
        }
    }
    Ok(())
}

/// HealthCheck: interval 5 to 300, timeout 2 to 60, retries 1 to 10, start period 0 to 300.
fn health(container: &Container, check: &HealthCheck) -> Result<(), Refusal> {
    let invalid = |member: &str| {
        Err(client(format!("Invalid '{member}' setting for health check of container '{}'.", container.name)))
    };
    let kind = check.command.first().map(String::as_str);
    if !matches!(kind, Some("CMD" | "CMD-SHELL" | "NONE")) || (kind != Some("NONE") && check.command.len() < 2) {
        return invalid("command");
    }
    if !(5..=300).contains(&check.interval) {
        return invalid("interval");
    }
    if !(2..=60).contains(&check.timeout) {
        return invalid("timeout");
    }
    if !(1..=10).contains(&check.retries) {
        return invalid("retries");
    }
    if !(0..=300).contains(&check.start_period.unwrap_or(0)) {
        return invalid("startPeriod");
    }
    Ok(())
}

fn secrets(definition: &Definition, container: &Container) -> Result<(), Refusal> {
    if container.secrets.is_empty() {
        return Ok(());
    }
    if definition.execution_role.is_none() {
        return Err(client(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ));
    }
    let mut names: BTreeSet<&str> = container.environment.iter().map(|variable| variable.name.as_str()).collect();
    for secret in &container.secrets {
        if !names.insert(&secret.name) {
            return Err(client(format!(
                "The secret name must be unique and not shared with any new or existing environment variables set on \
                 the container, such as '{}'.",
                secret.name
            )));
        }
        source(&secret.value_from)?;
    }
    Ok(())
}

/// `valueFrom`: the full ARN of a secret, or the name or full ARN of a parameter (Secret, member `valueFrom`).
fn source(value: &str) -> Result<(), Refusal> {
    let secret = value.starts_with("arn:aws:secretsmanager:") && value.contains(":secret:");
    let parameter = value.starts_with("arn:aws:ssm:") && value.contains(":parameter/");
    let name = !value.is_empty() && !value.starts_with("arn:");
    if secret || parameter || name {
        Ok(())
    } else {
        Err(client(format!("The secret's valueFrom '{value}' is not the ARN of a secret or parameter.")))
    }
}

/// LogConfiguration: awslogs needs group and region, and a stream prefix on Fargate.
fn logs(definition: &Definition, log: &Log) -> Result<(), Refusal> {
    let fargate = definition.fargate();
    if fargate && !DRIVERS.contains(&log.log_driver.as_str()) {
        return Err(client(format!(
            "Log driver {} is not supported on Fargate. It must be one of awslogs, splunk, awsfirelens.",
            log.log_driver
        )));
    }
    if log.log_driver != "awslogs" {
        return Ok(());
    }
    if log.option("awslogs-region").is_none() || log.option("awslogs-group").is_none() {
        return Err(client("Log driver awslogs requires options: awslogs-region, awslogs-group"));
    }
    if fargate && log.option("awslogs-stream-prefix").is_none() {
        return Err(client("Log driver awslogs requires options: awslogs-stream-prefix"));
    }
    if fargate && definition.execution_role.is_none() {
        return Err(needs_role("log driver awslogs"));
    }
    Ok(())
}

fn dependencies(containers: &[Container]) -> Result<(), Refusal> {
    for container in containers {
        for dependency in &container.depends_on {
            depends(containers, dependency)?;
        }
    }
    let mut open: BTreeSet<&str> = containers.iter().map(|container| container.name.as_str()).collect();
    loop {
        let waits = |c: &&Container| c.depends_on.iter().any(|d| open.contains(d.container_name.as_str()));
        let free: Vec<&str> = containers
            .iter()
            .filter(|c| open.contains(c.name.as_str()) && !waits(c))
            .map(|c| c.name.as_str())
            .collect();
        match free.as_slice() {
            [] if open.is_empty() => return Ok(()),
            [] => return Err(client("Container dependsOn contains a cycle.")),
            [_, ..] => open.retain(|name| !free.contains(name)),
        }
    }
}

fn depends(containers: &[Container], dependency: &Dependency) -> Result<(), Refusal> {
    let Some(target) = containers.iter().find(|container| container.name == dependency.container_name) else {
        return Err(client(format!(
            "Cannot depend on container + '{}' because it does not exist",
            dependency.container_name
        )));
    };
    match dependency.condition {
        Condition::Complete | Condition::Success if target.essential => {
            Err(client("A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"))
        }
        Condition::Healthy if target.health_check.is_none() => {
            Err(client("A dependency container with HEALTHY condition must have health check configured"))
        }
        Condition::Start | Condition::Complete | Condition::Success | Condition::Healthy => Ok(()),
    }
}
