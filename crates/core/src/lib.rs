//! Decides what a stack needs on AWS: from a spec and what was seen to a plan, without touching either.
//!
//! Entry points: [`desired::graph`] turns a spec into the [`graph::Graph`] of resources it asks for; [`plan::plan`]
//! compares that graph with what was [`observed`] and says what to do next and why; [`check::check`] gives a second
//! opinion on every plan; [`render`] turns plans into text. One file per kind of AWS resource is in [`kind`].
//! Deliberately absent: a clock, chance, async, the AWS SDK, a Kubernetes client. What varies comes in as a value.

pub mod arn;
pub mod check;
pub mod desired;
pub mod diff;
pub mod graph;
pub mod id;
pub mod input;
pub mod kind;
pub mod observed;
pub mod owner;
pub mod plan;
pub mod policy;
pub mod render;
pub mod secret;
