//! What a revision says.

use super::super::ecs::{self, Incomplete};
use crate::account::Account;
use crate::error::Error;
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::operation::register_task_definition::builders::RegisterTaskDefinitionFluentBuilder;
use aws_sdk_ecs::types::{
    Compatibility, ContainerDefinition, CpuArchitecture, EfsAuthorizationConfig, EfsAuthorizationConfigIam,
    EfsTransitEncryption, EfsVolumeConfiguration, EphemeralStorage, KeyValuePair, LinuxParameters, LogConfiguration,
    LogDriver, MountPoint, NetworkMode, OsFamily, PortMapping, RuntimePlatform, Secret, TransportProtocol, Ulimit,
    UlimitName, Volume,
};
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::task_definition::{Container, Desired, Home};
use jenkinsstack_core::owner::Tags;

/// The volume that holds the home.
pub(super) const VOLUME: &str = "home";
/// Beginning of the log streams, before container and task.
const STREAM_PREFIX: &str = "jenkins";
/// How much log waits in memory while CloudWatch Logs does not take it: Jenkins must not stand still for its log.
const LOG_BUFFER: &str = "25m";
/// Open files that Jenkins may have: what Fargate gives by itself, said here so that it stays so.
const OPEN_FILES: i32 = 65_535;

/// Registers a revision, once: what comes of an attempt without an answer is seen by the next look. Gives its ARN.
pub(super) async fn register(account: &Account, node: &Node, desired: &Desired, tags: &Tags) -> Result<String, Error> {
    let operation = "RegisterTaskDefinition";
    let call = filled(account.clients.ecs.register_task_definition(), desired);
    let call = call.map_err(Error::bug(operation, &node.name))?.family(&node.name).set_tags(Some(ecs::to_ecs(tags)));
    let once = aws_sdk_ecs::config::Builder::new().retry_config(RetryConfig::disabled());
    let output = call.customize().config_override(once).send().await.map_err(Error::of(operation, &node.name))?;
    let arn = output.task_definition().and_then(|definition| definition.task_definition_arn());
    arn.map(str::to_owned).ok_or_else(|| Error::incomplete(operation, &node.name, "ARN"))
}

fn filled(
    call: RegisterTaskDefinitionFluentBuilder,
    desired: &Desired,
) -> Result<RegisterTaskDefinitionFluentBuilder, Incomplete> {
    let Desired { cpu, memory, architecture, ephemeral_storage, execution_role, task_role, home, container } = desired;
    let platform = RuntimePlatform::builder()
        .cpu_architecture(CpuArchitecture::from(architecture.as_str()))
        .operating_system_family(OsFamily::Linux);
    let disk = ephemeral_storage.map(|gib| EphemeralStorage::builder().size_in_gib(gib.cast_signed()).build());
    Ok(call
        .requires_compatibilities(Compatibility::Fargate)
        .network_mode(NetworkMode::Awsvpc)
        .cpu(cpu.to_string())
        .memory(memory.to_string())
        .runtime_platform(platform.build())
        .set_ephemeral_storage(disk)
        .execution_role_arn(execution_role.known()?.as_str())
        .task_role_arn(task_role.known()?.as_str())
        .volumes(volume(home)?)
        .container_definitions(jenkins(container, home)?))
}

/// The home, mounted through its access point, encrypted on the way, with the task role's permissions.
fn volume(home: &Home) -> Result<Volume, Incomplete> {
    let Home { file_system, access_point, path: _ } = home;
    let access = EfsAuthorizationConfig::builder()
        .access_point_id(access_point.known()?.as_str())
        .iam(EfsAuthorizationConfigIam::Enabled);
    let efs = EfsVolumeConfiguration::builder()
        .file_system_id(file_system.known()?.as_str())
        .transit_encryption(EfsTransitEncryption::Enabled)
        .authorization_config(access.build());
    Ok(Volume::builder().name(VOLUME).efs_volume_configuration(efs.build()?).build())
}

fn jenkins(container: &Container, home: &Home) -> Result<ContainerDefinition, Incomplete> {
    let Container { name, image, port, environment, secrets, stop_timeout, log_group, log_region } = container;
    let variable = |(name, value): (&String, &String)| KeyValuePair::builder().name(name).value(value).build();
    let mut references = Vec::new();
    for (name, reference) in secrets {
        references.push(Secret::builder().name(name).value_from(reference.known()?).build()?);
    }
    let port = PortMapping::builder().container_port(i32::from(*port)).protocol(TransportProtocol::Tcp);
    let mount = MountPoint::builder().source_volume(VOLUME).container_path(&home.path).read_only(false);
    let files = Ulimit::builder().name(UlimitName::Nofile).soft_limit(OPEN_FILES).hard_limit(OPEN_FILES);
    Ok(ContainerDefinition::builder()
        .name(name)
        .image(image)
        .essential(true)
        .port_mappings(port.build())
        .set_environment(Some(environment.iter().map(variable).collect()))
        .set_secrets(Some(references))
        .stop_timeout(*stop_timeout)
        .mount_points(mount.build())
        .ulimits(files.build()?)
        .linux_parameters(LinuxParameters::builder().init_process_enabled(true).build())
        .log_configuration(log(log_group.known()?.as_str(), log_region)?)
        .build())
}

fn log(group: &str, region: &str) -> Result<LogConfiguration, BuildError> {
    LogConfiguration::builder()
        .log_driver(LogDriver::Awslogs)
        .options("awslogs-group", group)
        .options("awslogs-region", region)
        .options("awslogs-stream-prefix", STREAM_PREFIX)
        .options("mode", "non-blocking")
        .options("max-buffer-size", LOG_BUFFER)
        .build()
}
