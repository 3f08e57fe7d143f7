//! The whole world on one machine: a real API server, the strict AWS account over HTTP, the built operator under its
//! chart's service account and the generated IAM policy.
//!
//! Entry points: [`World`] is that world; [`Site`] says where and under which names its operator is installed; [`stack`]
//! are the stacks that stories begin with.

pub mod account;
pub mod build;
pub mod chart;
pub mod issuer;
pub mod operator;
pub mod plugin;
pub mod site;
pub mod stack;
pub mod status;
pub mod world;

pub use site::Site;
pub use world::World;
