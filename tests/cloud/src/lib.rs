//! A strict AWS account in memory: it refuses what AWS refuses, takes the time AWS takes, and remembers every call.
//!
//! Entry points: [`Cloud`] is the account; [`door`] are the two ways in (an HTTP client for the AWS SDK, a server on
//! loopback); [`service`] holds the semantics, one file per service; [`wire`] translates between HTTP and values.
//! Deliberately absent: anything that knows the operator. What is in here is true of AWS, or it is a bug.

#![allow(clippy::indexing_slicing, reason = "serde_json values give Null for a missing member")]

pub mod call;
pub mod calls;
pub mod clock;
mod cloud;
pub mod door;
pub mod faults;
pub mod iam;
pub mod indexed;
pub mod models;
pub mod oracle;
pub mod page;
pub mod random;
pub mod seed;
pub mod service;
pub mod sigv4;
pub mod tags;
pub mod wire;
pub mod world;

pub use call::{Answer, Ask, Call, Principal, Refusal};
pub use cloud::{Cloud, Frame, Reply, Request, Settings, Snapshot};
pub use world::World;
