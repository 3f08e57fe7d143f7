//! Serves the cloud on loopback until it is interrupted.

use anyhow::Context;
use clap::Parser;
use jenkinsstack_cloud::door::http::{Server, now};
use jenkinsstack_cloud::seed::{self, DOMAIN, Network};
use jenkinsstack_cloud::world::{HOME_ACCOUNT, root_key};
use jenkinsstack_cloud::{Cloud, Settings};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Where the network is that is there from the start.
const REGION: &str = "eu-central-1";

/// How many calls a server remembers; it may run for days.
const REMEMBERED_CALLS: usize = 100_000;

/// A strict AWS account on this machine.
#[derive(Debug, Parser)]
#[command(name = "jenkinsstack-cloud", version)]
struct Options {
    /// Port on 127.0.0.1; any free one if it is 0.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Seconds of cloud time in a second.
    #[arg(long, default_value_t = 1.0, value_parser = factor)]
    time_factor: f64,
    /// Seed of ids, delays and faults.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Without the network, certificate and hosted zone that are there otherwise.
    #[arg(long)]
    empty: bool,
}

fn factor(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if factor.is_finite() && factor > 0.0 { Ok(factor) } else { Err("must be greater than 0".to_owned()) }
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> anyhow::Result<()> {
    let settings = Settings { seed: options.seed, time_factor: options.time_factor, epoch: now() };
    let cloud = Cloud::new(settings)?;
    let network = if options.empty { None } else { Some(network(&cloud)?) };
    cloud.keep_as_start();
    cloud.log(|log| log.keep(REMEMBERED_CALLS));
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let server = Server::start(cloud, options.port)
        .await
        .with_context(|| format!("cannot listen on port {} of 127.0.0.1", options.port))?;
    println!("{}{}", greeting(&server.url()), network.as_ref().map(described).unwrap_or_default());
    println!("# Interrupt this program to end it; nothing is kept.");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    server.stop().await;
    Ok(())
}

fn network(cloud: &Cloud) -> anyhow::Result<Network> {
    let made = cloud.with(|world| seed::network(world, REGION));
    made.map_err(|refusal| anyhow::anyhow!("cannot make the network: {}", refusal.message))
}

/// What is there from the start, as comments of a shell.
fn described(network: &Network) -> String {
    let Network { vpc, public_subnets, private_subnets, certificate_arn, hosted_zone_id } = network;
    format!(
        "\n# VPC {vpc}\n\
         # public subnets {}\n\
         # private subnets {}\n\
         # certificate {certificate_arn} ({DOMAIN}, *.{DOMAIN})\n\
         # hosted zone {hosted_zone_id} ({DOMAIN})",
        public_subnets.join(" "),
        private_subnets.join(" ")
    )
}

fn greeting(url: &str) -> String {
    format!(
        "export AWS_ENDPOINT_URL={url}\n\
         export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}\n\
         export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY=any\n\
         # Time, faults, what containers do, log of calls, judge, snapshots: curl {url}/_cloud/help\n\
         # For example, an hour passes: curl {url}/_cloud/time --data '{{\"advance\": 3600}}'",
        root_key(HOME_ACCOUNT)
    )
}
