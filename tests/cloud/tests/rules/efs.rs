//! Rules of `efs`.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod access_points;
pub(crate) mod common;
mod file_systems;
mod mount_targets;
mod mounts;
mod policies;
mod settings;
mod tags;
