//! Elastic Load Balancing v2.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod access;
mod actions;
mod balancers;
mod behind;
mod certificates;
mod common;
mod conditions;
mod groups;
mod health;
mod listeners;
mod oidc;
mod priorities;
mod serving;
mod settings;
mod tags;
