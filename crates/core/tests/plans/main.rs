//! Plans carried out against a fake of AWS without I/O: properties of every spec, golden scenarios, and the parts.

// Clippy's exemption for tests does not reach the helpers of a test file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod checking;
mod diffs;
mod fake;
mod graphs;
mod normal;
mod ordering;
mod properties;
mod rollout;
mod scenarios;
mod specs;
mod world;
