//! Lives of a stack under virtual time: plain ones, and ones that are struck at every call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod blows;
mod cost;
mod plain;
mod weather;
