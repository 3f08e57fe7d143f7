//! The world as a whole: its judge, its determinism, its control API, and the table of its rules.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test's helpers may fail it")]

mod control;
mod determinism;
mod film;
mod fork;
mod homes;
mod log;
mod oracle;
mod stack;
mod table;
