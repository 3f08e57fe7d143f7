//! The doors, and the wire as real clients see it: botocore's own serializers and parsers, and raw HTTP.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's helpers may fail it"
)]

mod botocore;
mod clients;
mod faults;
mod fixtures;
mod program;
mod sdk;
mod server;
mod sockets;
