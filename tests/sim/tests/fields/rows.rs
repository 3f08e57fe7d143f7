//! The table, one file for each area of the spec.

pub(crate) mod auth;
pub(crate) mod aws;
pub(crate) mod controller;
pub(crate) mod endpoint;
pub(crate) mod logs;
pub(crate) mod network;
pub(crate) mod stack;
pub(crate) mod storage;
