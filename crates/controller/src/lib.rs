//! The operator: watches JenkinsStacks and drives AWS to match.
//!
//! Entry points: [`reconcile::reconcile`] is one pass over one stack, and reads like the architecture; [`execute::pass`]
//! is its part on AWS, which tests and the plugin use without a cluster; [`inputs::gather`] is the only reader of the
//! cluster. Deliberately absent: how any one AWS resource works.

pub mod accounts;
pub mod args;
pub mod events;
pub mod execute;
pub mod finalizer;
pub mod inputs;
pub mod lease;
pub mod metrics;
pub mod operator;
pub mod polls;
pub mod reconcile;
pub mod requeue;
pub mod run;
#[cfg(test)]
mod script;
pub mod serve;
pub mod telemetry;
pub mod watch;
