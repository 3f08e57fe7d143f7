//! What every driver promises, shown against the strict cloud with the permissions that the drivers declare: a create
//! may be repeated, its answer may be lost, a listing shows what a read shows, every field can be changed, what is not
//! ours is refused, a deletion may be repeated; and how many calls each of these takes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod access_point;
mod backup_policy;
mod bench;
mod cluster;
mod compute;
mod file_system;
mod file_system_policy;
mod front;
mod home;
mod hosted_zone;
mod listener;
mod listener_rule;
mod load_balancer;
mod log_group;
mod lookups;
mod mount_target;
mod role;
mod secret;
mod security_group;
mod security_group_rule;
mod service;
mod target_group;
mod task_definition;
