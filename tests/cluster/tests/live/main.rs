//! Tests against real servers. One program, so that it is linked once; every test has a cluster of its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of this is test code")]

mod access;
mod lifecycle;
mod probe;
mod program;
