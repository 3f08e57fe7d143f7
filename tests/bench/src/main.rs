//! What the operator costs: time of a first deployment, calls to AWS, CPU and memory.
//!
//! `cargo xtask bench` builds and runs it. [`deployment`] and [`rest`] live in process and in virtual time, so their numbers are
//! the same on every machine; [`process`] measures the built operator beside a real API server.

mod process;

use clap::Parser;
use jenkinsstack_sim::deployment::{self, Deployment};
use jenkinsstack_sim::rest;
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
        println!("{}", told(latency, &virtual_time(deployment::measure(latency))?));
    }
    let (took, writes, reads) = virtual_time(deployment::at_the_pace_of_aws())?;
    println!(
        "first deployment at the pace of AWS: settled after {:.0} s of its time, {writes} writes, {reads} reads",
        took.as_secs_f64()
    );
    for stacks in [1, 100, args.stacks] {
        let (reads, writes) = virtual_time(rest::measure(stacks))?;
        let each = reads as f64 / stacks as f64;
        println!("no change, {stacks} stacks: {reads} reads, {each:.2} a stack; {writes} writes");
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

fn told(latency: Duration, deployment: &Deployment) -> String {
    let Deployment { resources, took, chain, calls, least } = *deployment;
    let (took, chain) = (took.as_secs_f64(), chain.as_secs_f64());
    format!(
        "first deployment, {resources} resources, {} ms a call: {took:.2} s, the longest chain of calls {chain:.2} s, ratio \
         {:.2}; {calls} calls, at least {least}, ratio {:.2}",
        latency.as_millis(),
        took / chain,
        calls as f64 / least as f64,
    )
}

/// Runs under a clock that leaps over every wait.
fn virtual_time<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(work)
}
