//! Measurements. Each is a program of its own, and says itself what it counts.

use crate::run::{GO, PYTHON, RUST, measurement, need};
use clap::ValueEnum;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// The operator: time and calls of a first deployment, reads of stacks at rest, CPU and memory.
    Operator,
    /// The strict AWS account: calls a second per protocol, through both doors.
    Cloud,
}

/// Measures it.
pub(crate) fn bench(what: What, args: &[String]) -> anyhow::Result<()> {
    match what {
        What::Operator => {
            need(&[RUST, GO, PYTHON])?;
            measurement("--bin", "jenkinsstack-bench", args)
        }
        What::Cloud => {
            need(&[RUST, PYTHON])?;
            measurement("--example", "cloud_bench", args)
        }
    }
}
