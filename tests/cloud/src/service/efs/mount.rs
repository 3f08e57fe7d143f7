//! Whether a task can mount a file system, decided from everything that decides it on AWS.

use super::access_point::AccessPoint;
use super::file_system::{FileSystem, arn};
use super::mount_target::MountTarget;
use super::{LifeCycle, access_point};
use crate::call::Ask;
use crate::iam;
use crate::service::ec2;
use crate::world::{Place, Region, World};

/// Port of NFS.
const NFS: u16 = 2049;
/// The role of a client that presents no credentials.
const ANONYMOUS: &str = "";

/// A task that wants to mount a file system.
#[derive(Clone, Debug)]
pub struct Mount<'a> {
    /// File system id.
    pub file_system: &'a str,
    /// Access point id.
    pub access_point: Option<&'a str>,
    /// Whether it mounts with TLS.
    pub tls: bool,
    /// Role whose credentials it presents (`iam: ENABLED`).
    pub role: Option<&'a str>,
    /// Network interface of the task.
    pub interface: &'a str,
}

/// Whether the mount works: mount target in the task's zone, security groups, file system policy, access point, role.
/// The error is the text behind "failed to invoke EFS utils commands to set up EFS volumes: ".
///
/// A mount that works leaves its root directory behind: call [`super::mounted`] then.
pub fn mount(world: &World, place: &Place, mount: &Mount<'_>) -> Result<(), String> {
    let region = world.peek(&place.account, &place.region);
    let file_system = region.efs.file_systems.get(mount.file_system);
    let file_system = file_system.filter(|known| matches!(known.state, LifeCycle::Available | LifeCycle::Updating));
    let file_system = file_system.ok_or_else(|| unresolved(region, mount))?;
    let target = target_for(world, region, mount).ok_or_else(|| unresolved(region, mount))?;
    if !ec2::reaches(region, mount.interface, &target.interface, NFS) {
        return Err(stderr("b'mount.nfs4: Connection timed out'", 32));
    }
    let point = mount.access_point.map(|id| access_point(region, mount, id)).transpose()?;
    let has_root = point.is_none_or(|point| file_system.data.has_root_of(point));
    if has_root && file_system.is_readable(region) && may(world, place, mount, "elasticfilesystem:ClientMount") {
        Ok(())
    } else {
        Err(denied(region, mount))
    }
}

/// Whether the file system policy lets a task that has mounted also write.
pub fn writable(world: &World, place: &Place, mount: &Mount<'_>) -> bool {
    may(world, place, mount, "elasticfilesystem:ClientWrite")
}

/// The mount target that the file system's name resolves to from the task's interface.
fn target_for<'r>(world: &World, region: &'r Region, mount: &Mount<'_>) -> Option<&'r MountTarget> {
    let interface = region.ec2.interfaces.get(mount.interface)?;
    region.efs.mount_targets.values().find(|target| {
        target.file_system == mount.file_system
            && interface.vpc == target.vpc
            && interface.zone == target.zone
            && target.state == LifeCycle::Available
            && target.resolves.is_some_and(|from| from <= world.now)
    })
}

/// The access point, if it belongs to the file system and is available.
fn access_point<'r>(region: &'r Region, mount: &Mount<'_>, id: &str) -> Result<&'r AccessPoint, String> {
    let point = region.efs.access_points.get(id);
    let fits = |point: &&AccessPoint| point.file_system == mount.file_system && point.state == LifeCycle::Available;
    point.filter(fits).ok_or_else(|| denied(region, mount))
}

/// Without a policy everyone who reaches a mount target may do all ("Default EFS file system policy"); with one, it and
/// the role's own policies decide.
fn may(world: &World, place: &Place, mount: &Mount<'_>, action: &str) -> bool {
    let region = world.peek(&place.account, &place.region);
    let Some(FileSystem { policy: Some(policy), id, .. }) = region.efs.file_systems.get(mount.file_system) else {
        return true;
    };
    let mut ask = Ask::new(action, arn(region, id))
        .when("aws:SecureTransport", mount.tls.to_string())
        .when("elasticfilesystem:AccessedViaMountTarget", "true");
    if let Some(point) = mount.access_point {
        ask = ask.when("elasticfilesystem:AccessPointArn", access_point::arn(region, point));
    }
    ask.resource_policy = Some(policy.kept.clone());
    iam::allows(world, mount.role.unwrap_or(ANONYMOUS), &ask, world.now)
}

fn host(region: &Region, mount: &Mount<'_>) -> String {
    format!("{}.efs.{}.amazonaws.com", mount.file_system, region.name)
}

/// As ECS shows it: aws/amazon-ecs-cli issue 1083, cn-terraform/terraform-aws-jenkins issue 23.
fn unresolved(region: &Region, mount: &Mount<'_>) -> String {
    let text = format!(
        "Failed to resolve \"{}\" - check that your file system ID is correct, and ensure that the VPC has an EFS mount target for this file system ID.",
        host(region, mount)
    );
    stderr(&text, 1)
}

/// As ECS shows it: awslabs/cdk-eks-blueprints issue 1052. A TLS mount goes through a local tunnel.
fn denied(region: &Region, mount: &Mount<'_>) -> String {
    let server = if mount.tls { "127.0.0.1".to_owned() } else { host(region, mount) };
    stderr(&format!("b'mount.nfs4: access denied by server while mounting {server}:/'"), 32)
}

fn stderr(text: &str, code: u8) -> String {
    format!("stderr: {text} : unsuccessful EFS utils command execution; code: {code}")
}
