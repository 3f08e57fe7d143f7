//! Kubeconfig files: who may do what is decided by the token inside.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use kube::Client;
use kube::config::{Cluster, Config, KubeConfigOptions, Kubeconfig};
use serde_json::json;

/// Writes a kubeconfig of one user, readable by the owner only. JSON is YAML, and every client reads it.
pub(crate) fn write(path: &Path, cluster: &Cluster, namespace: &str, user: &str, token: &str) -> Result<()> {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "cluster", "context": {"cluster": "cluster", "user": user, "namespace": namespace}}],
        "current-context": "cluster",
    });
    let mut text = serde_json::to_vec_pretty(&config)?;
    text.push(b'\n');
    write_private(path, &text)
}

/// Writes a file that only the owner can read.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content))
        .with_context(|| format!("can't write {}", path.display()))
}

/// The cluster of the current context.
pub(crate) fn current_cluster(path: &Path) -> Result<Cluster> {
    let config = Kubeconfig::read_from(path)?;
    let current = config.current_context.as_deref().context("the kubeconfig has no current context")?;
    let context = config.contexts.iter().find(|context| context.name == current);
    let name = context.and_then(|context| context.context.as_ref()).map(|context| context.cluster.as_str());
    let cluster = config.clusters.iter().find(|cluster| Some(cluster.name.as_str()) == name);
    cluster
        .and_then(|cluster| cluster.cluster.clone())
        .with_context(|| format!("the kubeconfig has no cluster for its context {current}"))
}

/// A client that is who the kubeconfig says.
pub(crate) async fn client(path: &Path) -> Result<Client> {
    let config = Kubeconfig::read_from(path)?;
    let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    Client::try_from(config).with_context(|| format!("can't make a client of {}", path.display()))
}
