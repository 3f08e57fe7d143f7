//! The whole world on one machine: a real API server, the strict AWS account over HTTP, the built operator under its
//! chart's service account and the generated IAM policy.
//!
//! Entry points: [`World`] is that world; [`stack`] are the stacks that stories begin with.

pub mod build;
pub mod operator;
pub mod stack;
pub mod world;

pub use world::World;
