//! Measurements. Each is an example of the package that it measures, and says itself what it counts.

use crate::run::{PYTHON, RUST, measurement, need};
use clap::ValueEnum;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// The strict AWS account: calls a second per protocol, through both doors.
    Cloud,
}

/// Measures it.
pub(crate) fn bench(what: What, only: Option<String>) -> anyhow::Result<()> {
    need(&[RUST, PYTHON])?;
    match what {
        What::Cloud => measurement("cloud_bench", only.as_slice()),
    }
}
