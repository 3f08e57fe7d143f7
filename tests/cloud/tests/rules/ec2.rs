//! Rules of `ec2`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

mod changes;
mod common;
mod groups;
mod interfaces;
mod listing;
mod network;
mod permissions;
mod reach;
mod tags;
