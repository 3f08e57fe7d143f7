//! What a registered revision says, read back: the other way round of `request`.

use super::request::VOLUME;
use aws_sdk_ecs::types::{ContainerDefinition, EfsVolumeConfiguration, TaskDefinition};
use jenkinsstack_core::id::IdError;
use jenkinsstack_core::input::{Input, Template};
use jenkinsstack_core::kind::task_definition::{Container, Desired, Home};
use std::str::FromStr;

/// The content of a revision that we could have written; of any other there is nothing to say.
pub(super) fn content(definition: &TaskDefinition) -> Option<Desired> {
    let container = definition.container_definitions().first()?;
    Some(Desired {
        cpu: definition.cpu()?.parse().ok()?,
        memory: definition.memory()?.parse().ok()?,
        architecture: definition.runtime_platform()?.cpu_architecture()?.to_string(),
        ephemeral_storage: definition.ephemeral_storage().map(|disk| disk.size_in_gib().cast_unsigned()),
        execution_role: known(definition.execution_role_arn())?,
        task_role: known(definition.task_role_arn())?,
        home: home(definition, container)?,
        container: jenkins(container)?,
    })
}

fn home(definition: &TaskDefinition, container: &ContainerDefinition) -> Option<Home> {
    let volume = definition.volumes().iter().find(|volume| volume.name() == Some(VOLUME))?;
    let efs: &EfsVolumeConfiguration = volume.efs_volume_configuration()?;
    let mount = container.mount_points().iter().find(|mount| mount.source_volume() == Some(VOLUME))?;
    Some(Home {
        file_system: known(Some(efs.file_system_id()))?,
        access_point: known(efs.authorization_config()?.access_point_id())?,
        path: mount.container_path()?.to_owned(),
    })
}

fn jenkins(container: &ContainerDefinition) -> Option<Container> {
    let options = container.log_configuration()?.options()?;
    let variables = container.environment().iter();
    let references = container.secrets().iter();
    Some(Container {
        name: container.name()?.to_owned(),
        image: container.image()?.to_owned(),
        port: container.port_mappings().first()?.container_port()?.try_into().ok()?,
        environment: variables.filter_map(|pair| Some((pair.name()?.to_owned(), pair.value()?.to_owned()))).collect(),
        secrets: references.map(|pair| (pair.name().to_owned(), Template::text(pair.value_from()))).collect(),
        stop_timeout: container.stop_timeout()?,
        log_group: known(options.get("awslogs-group").map(String::as_str))?,
        log_region: options.get("awslogs-region")?.clone(),
    })
}

fn known<T: FromStr<Err = IdError>>(text: Option<&str>) -> Option<Input<T>> {
    text?.parse().ok().map(Input::Known)
}
