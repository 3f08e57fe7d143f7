//! Lives of a stack in process: the operator's passes against the strict account, in virtual time, under faults.
//!
//! Entry points: [`Life`] is one account and one stack; [`Life::run`] makes passes until there is nothing more to do.
//! Deliberately absent: Kubernetes; what it adds is told by the end-to-end tests.

pub mod deployment;
pub mod least;
pub mod life;
pub mod rest;
pub mod spec;
pub mod town;

pub use life::{Blow, End, Life};
