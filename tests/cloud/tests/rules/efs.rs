//! Rules of `efs`.

mod access_points;
mod common;
mod file_systems;
mod mount_targets;
mod mounts;
mod policies;
mod settings;
mod tags;
