//! What a status says: golden files for a table of facts, and the rules that hold for all of them.

// Clippy's exemption for tests does not reach the helpers of a test file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
#[path = "../../../core/tests/plans/fake.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod fake;
mod golden;
#[path = "../../../core/tests/plans/rollout.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod rollout;
mod rules;
#[path = "../../../core/tests/plans/world.rs"]
#[allow(dead_code, reason = "these tests need a part of it")]
mod world;
