//! Flags of the operator. Each can be given as an environment variable, as the Helm chart does.

use clap::{Parser, ValueEnum};
use std::net::SocketAddr;

/// Keeps a Jenkins on AWS running for every JenkinsStack.
#[derive(Clone, Debug, Parser)]
#[command(name = "jenkinsstack-operator", version)]
pub struct Args {
    /// Name of this Kubernetes cluster, 1 to 63 letters, digits and dashes. It goes into the tags by which stacks find
    /// their AWS resources again, so it must stay the same, and differ from other clusters of the AWS account.
    #[arg(long, env = "CLUSTER_NAME", value_parser = cluster_name)]
    pub cluster_name: String,
    /// Namespace to watch; may be repeated. Without it all namespaces are watched.
    #[arg(long = "watch-namespace", env = "WATCH_NAMESPACES", value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,
    /// Where /metrics is served.
    #[arg(long, env = "METRICS_ADDRESS", default_value = "0.0.0.0:8080")]
    pub metrics_address: SocketAddr,
    /// Where /healthz and /readyz are served.
    #[arg(long, env = "HEALTH_ADDRESS", default_value = "0.0.0.0:8081")]
    pub health_address: SocketAddr,
    /// Form of the log.
    #[arg(long, env = "LOG_FORMAT", default_value = "json")]
    pub log_format: LogFormat,
    /// What is logged, in the syntax of `RUST_LOG`.
    #[arg(long, env = "LOG_LEVEL", default_value = "info")]
    pub log_level: String,
    /// Seconds between two looks at a stack that is as it should be.
    #[arg(long, env = "RESYNC_SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(30..=86_400))]
    pub resync_seconds: u64,
    /// Whether replicas elect a leader; only one works at a time.
    #[arg(long, env = "LEADER_ELECTION", default_value_t = true, action = clap::ArgAction::Set)]
    pub leader_election: bool,
    /// Name of the Lease; replicas of one installation have the same.
    #[arg(long, env = "LEASE_NAME", default_value = "jenkinsstack-operator")]
    pub lease_name: String,
    /// Namespace of the Lease and of the operator's own Secret.
    #[arg(long, env = "POD_NAMESPACE", default_value = "default")]
    pub lease_namespace: String,
    /// Name of this replica, unlike that of any other; made up from the host's name when it is not given.
    #[arg(long, env = "POD_NAME", default_value_t = made_up(), hide_default_value = true)]
    pub identity: String,
}

/// Form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The host's name, and what tells processes on it apart: two replicas of one name would both take themselves for leader.
fn made_up() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "operator" } else { host.trim() };
    format!("{host}_{:x}_{:x}", std::process::id(), jiff::Timestamp::now().as_nanosecond())
}

fn cluster_name(text: &str) -> Result<String, String> {
    let fits = (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits { Ok(text.to_owned()) } else { Err("use 1 to 63 letters, digits and dashes".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_without_a_name_have_two() {
        let identity = Args::try_parse_from(["operator", "--cluster-name", "ci"]).unwrap().identity;
        assert!(identity != made_up() && made_up() != made_up());
        // The longest that an event's `reportingInstance` may be.
        assert!(identity.len() <= 128, "{identity}");
    }
}
