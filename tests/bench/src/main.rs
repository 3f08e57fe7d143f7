//! What the operator costs: time of a first deployment, calls to AWS, CPU and memory.
//!
//! `cargo xtask bench` builds and runs it. [`deploy`] and [`rest`] live in process and in virtual time, so their numbers are
//! the same on every machine; [`process`] measures the built operator beside a real API server.

mod deploy;
mod least;
mod process;
mod rest;
mod town;

use clap::Parser;
use std::future::Future;
use std::time::Duration;

/// How long a call to AWS takes: in its region, and from another continent.
const LATENCIES: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(200)];

/// Measures the operator.
#[derive(Debug, Parser)]
struct Args {
    /// How many stacks the largest town has.
    #[arg(long, default_value_t = 1000)]
    stacks: usize,
    /// Leave out what takes minutes: the operator as a process.
    #[arg(long)]
    quick: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    for latency in LATENCIES {
        println!("{}", virtual_time(deploy::measure(latency))?);
    }
    println!("{}", virtual_time(deploy::at_the_pace_of_aws())?);
    for stacks in [1, 100, args.stacks] {
        println!("{}", virtual_time(rest::measure(stacks))?);
    }
    if !args.quick {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        for latency in LATENCIES {
            println!("{}", runtime.block_on(process::deployment(latency))?);
        }
        println!("{}", runtime.block_on(process::town(args.stacks))?);
    }
    Ok(())
}

/// Runs under a clock that leaps over every wait.
fn virtual_time<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(work)
}
