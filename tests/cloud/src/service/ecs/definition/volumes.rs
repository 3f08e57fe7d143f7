//! What RegisterTaskDefinition refuses about volumes (Volume, EFSVolumeConfiguration, EFSAuthorizationConfig).

use super::super::refusals::client;
use super::spec::{Definition, EfsVolume, Volume};
use crate::call::Refusal;
use std::collections::BTreeSet;

pub(super) fn check(definition: &Definition) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    for volume in &definition.volumes {
        if volume.name.is_empty() {
            return Err(client("Volume.name should not be null or empty."));
        }
        if !names.insert(volume.name.as_str()) {
            return Err(client(format!("Volume name '{}' is not unique.", volume.name)));
        }
        one(definition, volume)?;
    }
    for container in &definition.containers {
        for mount in &container.mount_points {
            if !names.contains(mount.source_volume.as_str()) {
                return Err(client(format!("Unknown volume '{}'.", mount.source_volume)));
            }
            if mount.container_path.is_empty() {
                return Err(client("MountPoint.containerPath should not be null or empty."));
            }
        }
    }
    Ok(())
}

fn one(definition: &Definition, volume: &Volume) -> Result<(), Refusal> {
    let on_host = volume.host.get("sourcePath").is_some_and(|path| !path.is_null());
    if definition.fargate() && on_host {
        return Err(client("When using launch type FARGATE, host.sourcePath should not be set for volumes."));
    }
    if definition.fargate() && volume.rest.contains_key("dockerVolumeConfiguration") {
        return Err(client("When using launch type FARGATE, dockerVolumeConfiguration should not be set for volumes."));
    }
    volume.efs.as_ref().map_or(Ok(()), |efs| self::efs(definition, efs))
}

fn efs(definition: &Definition, efs: &EfsVolume) -> Result<(), Refusal> {
    if efs.access_point().is_some() && efs.root_directory != "/" {
        return Err(client("EFS volume: rootDirectory must be omitted or '/' when an access point is specified."));
    }
    if efs.access_point().is_some() && !efs.tls() {
        return Err(client("EFS volume: transit encryption must be enabled when an access point is specified."));
    }
    if efs.iam() && !efs.tls() {
        return Err(client("EFS volume: transit encryption must be enabled when IAM authorization is enabled."));
    }
    if efs.iam() && definition.task_role.is_none() {
        return Err(client("EFS volume: a task role is required when IAM authorization is enabled."));
    }
    Ok(())
}
