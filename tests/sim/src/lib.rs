//! Lives of a stack in process: the operator's passes against the strict account, in virtual time, under faults.
//!
//! Entry points: [`Life`] is one account and one stack; [`Life::run`] makes passes until there is nothing more to do.
//! Deliberately absent: Kubernetes but for Secrets ([`cluster`]); what it adds is told by the end-to-end tests.

#![allow(clippy::indexing_slicing, reason = "serde_json values give Null for a missing member")]

pub mod belongings;
pub mod cluster;
pub mod deployment;
pub mod hands;
pub mod least;
pub mod life;
pub mod rest;
pub mod sight;
pub mod spec;
pub mod stage;
pub mod town;
pub mod wanted;

pub use belongings::Belongings;
pub use cluster::Cluster;
pub use hands::Hand;
pub use life::{End, Life};
pub use stage::Stage;
