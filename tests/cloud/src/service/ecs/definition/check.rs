//! What RegisterTaskDefinition refuses about the task as a whole.

use super::super::refusals::client;
use super::spec::Definition;
use super::{containers, volumes};
use crate::call::Refusal;
use serde_json::{Value, json};

/// CPU units and the memory that goes with them: lowest, highest and step in MiB (TaskDefinition, member `cpu`).
const SIZES: [(u64, u64, u64, u64); 7] = [
    (256, 512, 2048, 512),
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

/// Checks a whole definition, in the order in which AWS is seen to complain.
pub(super) fn check(definition: &Definition) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if definition.family.is_empty() || definition.family.len() > 255 || !definition.family.chars().all(allowed) {
        return Err(client("Family contains invalid characters."));
    }
    for role in definition.roles() {
        if !role.starts_with("arn:aws:iam::") || !role.contains(":role/") {
            return Err(client("Role is not valid"));
        }
    }
    containers::check(definition)?;
    volumes::check(definition)?;
    if definition.fargate() { fargate(definition) } else { Ok(()) }
}

fn fargate(definition: &Definition) -> Result<(), Refusal> {
    if definition.network_mode.as_deref() != Some("awsvpc") {
        return Err(client("Fargate only supports network mode \u{2018}awsvpc\u{2019}."));
    }
    let Some(cpu) = definition.cpu.as_deref() else {
        return Err(client("Fargate requires that 'cpu' be defined at the task level."));
    };
    let Some(memory) = definition.memory.as_deref() else {
        return Err(client("Fargate requires that 'memory' be defined at the task level."));
    };
    if !size_exists(cpu.parse().unwrap_or(0), memory.parse().unwrap_or(0)) {
        return Err(client(format!(
            "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS \
             documentation for the valid values."
        )));
    }
    if definition.ephemeral_storage.as_ref().is_some_and(|storage| !(21..=200).contains(&storage.size)) {
        return Err(client("The ephemeral storage size must be between 21 GiB and 200 GiB."));
    }
    sums(definition, cpu.parse().unwrap_or(0), memory.parse().unwrap_or(0))
}

fn size_exists(cpu: u64, memory: u64) -> bool {
    let quarter_hole = cpu == 256 && memory == 1536;
    let fits = |&(units, low, high, step): &(u64, u64, u64, u64)| {
        units == cpu && (low..=high).contains(&memory) && memory.is_multiple_of(step)
    };
    !quarter_hole && SIZES.iter().any(fits)
}

fn sums(definition: &Definition, cpu: i64, memory: i64) -> Result<(), Refusal> {
    let containers = &definition.containers;
    if containers.iter().map(|container| container.cpu).sum::<i64>() > cpu {
        return Err(client(
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
        ));
    }
    let reserved = containers.iter().map(|c| c.memory_reservation.or(c.memory).unwrap_or(0)).sum::<i64>();
    if reserved > memory || containers.iter().any(|c| c.memory.unwrap_or(0) > memory) {
        return Err(client(
            "The sum of all container 'memory' values cannot be greater than the value of the task 'memory'.",
        ));
    }
    Ok(())
}

/// `"1 vCPU"` is 1024 units, `"2 GB"` is 2048 MiB; plain numbers stay (RegisterTaskDefinition, members `cpu` and
/// `memory`).
pub(super) fn units(value: &Value, member: &str) -> Result<Option<String>, Refusal> {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else { return Ok(None) };
    let lower = text.to_ascii_lowercase();
    let unit = if member == "cpu" { "vcpu" } else { "gb" };
    let number = lower.strip_suffix(unit).map(|number| number.trim().parse::<f64>().map(|n| n * 1024.0));
    let amount = number.unwrap_or_else(|| lower.trim().parse::<u64>().map_or_else(|_| "x".parse(), |n| Ok(n as f64)));
    match amount {
        Ok(amount) if amount > 0.0 && amount.fract() == 0.0 => Ok(Some(format!("{amount:.0}"))),
        Ok(_) | Err(_) => Err(client(format!("Invalid '{member}' setting for task."))),
    }
}

/// The capabilities that a container instance would need for it.
pub(super) fn attributes(definition: &Definition) -> Vec<Value> {
    let mut names = vec!["com.amazonaws.ecs.capability.docker-remote-api.1.18"];
    let any = |test: &dyn Fn(&super::Container) -> bool| definition.containers.iter().any(test);
    let conditional = [
        (definition.network_mode.as_deref() == Some("awsvpc"), "ecs.capability.task-eni"),
        (definition.task_role.is_some(), "com.amazonaws.ecs.capability.task-iam-role"),
        (definition.volumes.iter().any(|volume| volume.efs.is_some()), "ecs.capability.efsAuth"),
        (any(&|c| !c.secrets.is_empty()), "ecs.capability.secrets.asm.environment-variables"),
        (any(&|c| !c.depends_on.is_empty()), "ecs.capability.container-ordering"),
        (any(&|c| c.health_check.is_some()), "ecs.capability.container-health-check"),
        (any(&|c| c.log_configuration.is_some()), "com.amazonaws.ecs.capability.logging-driver.awslogs"),
        (any(&|c| c.log_configuration.is_some()), "ecs.capability.execution-role-awslogs"),
        (any(&|c| c.log_configuration.is_some()), "com.amazonaws.ecs.capability.docker-remote-api.1.19"),
    ];
    names.extend(conditional.into_iter().filter(|(needed, _)| *needed).map(|(_, name)| name));
    names.into_iter().map(|name| json!({"name": name})).collect()
}
