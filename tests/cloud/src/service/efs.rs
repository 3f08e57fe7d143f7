//! EFS: file systems, mount targets, access points and their policies.

use super::{Item, Service};
use crate::world::Region;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "efs",
    signing: "elasticfilesystem",
    invalid: "BadRequest",
    missing: "BadRequest",
    denied: "AccessDeniedException",
    throttled: "ThrottlingException",
    operations: &[],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {}

/// What exists.
pub fn items(_holder: &Region) -> Vec<Item> {
    Vec::new()
}

/// What goes on by itself.
#[derive(Clone, Debug)]
pub enum Event {}

/// Lets an event happen.
pub fn happen(_world: &mut crate::world::World, _place: &crate::world::Place, event: Event) {
    match event {}
}

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
pub fn mount(_world: &crate::world::World, _place: &crate::world::Place, _mount: &Mount<'_>) -> Result<(), String> {
    Ok(())
}
