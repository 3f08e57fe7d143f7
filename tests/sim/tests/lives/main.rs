//! Lives of a stack under virtual time: plain ones, and ones to which something happens at every call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod changes;
mod cost;
mod count;
mod kills;
mod losses;
mod plain;
mod scene;
mod theirs;
mod turns;
mod weather;
