//! From a spec to its graph by the operator's own lookups: on AWS, and of the Secrets of the cluster.

use crate::cluster::Cluster;
use crate::spec::{self, INSTALLATION, owner};
use anyhow::{Context as _, anyhow};
use jenkinsstack_aws::Account;
use jenkinsstack_controller::inputs::{Discovery, Sources, gather};
use jenkinsstack_core::desired;
use jenkinsstack_core::graph::Graph;
use serde_json::Value;
use std::time::Duration;

/// For how long what was looked up serves.
const FRESH: Duration = Duration::from_secs(300);

/// The graph of a spec; the error is what the status would tell.
///
/// # Errors
/// When the spec is not one, or names what is not there.
pub async fn wanted(operator: &Account, cluster: &Cluster, spec: &Value) -> anyhow::Result<Graph> {
    // Another test of this process may have done so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spec = spec::parse(spec)?;
    let sources = Sources {
        client: &cluster.client(),
        account: operator,
        discovery: &Discovery::new(FRESH).context("a client for metadata documents")?,
        fingerprinter: &spec::fingerprinter(),
        installation: INSTALLATION,
        max_age: FRESH,
    };
    let inputs = gather(&sources, &owner(), &spec).await.map_err(|trouble| anyhow!("{}", trouble.message))?;
    Ok(desired::graph(&spec, &inputs.context)?)
}
