//! Rules of ECS: helpers in `common`, the rules in the folder.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod access;
mod balanced;
mod breaker;
mod clusters;
mod common;
mod containers;
mod definition_checks;
mod definitions;
mod deployments;
mod new_account;
mod placement;
mod preparation;
mod service_refusals;
mod services;
mod strategies;
mod tags;
mod tasks;
