//! The JenkinsStack API: schema, defaults, admission rules and status types.
//!
//! Start at [`JenkinsStack`]; the areas of its spec are in [`spec`], what the operator reports is in [`status`].
//! [`crd_yaml`] gives the CustomResourceDefinition, [`validate()`] the rules that a schema cannot hold.
//! Deliberately absent: clients, AWS types and anything asynchronous.

// KubeSchema copies each struct, `pub` included, into a function body, where nothing can reach it.
#![allow(unreachable_pub)]

mod crd;
pub mod fargate;
mod schema;
pub mod spec;
pub mod stack;
pub mod status;
pub mod validate;

pub use crd::{CrdError, crd, crd_yaml};
pub use stack::{DeletionPolicy, JenkinsStack, JenkinsStackSpec};
pub use status::JenkinsStackStatus;
pub use validate::{Violation, validate};
