//! Which programs to run: the ones that the environment names, or our own.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::go;

/// A program, and the arguments that make it the one that is meant.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The file to run.
    pub(crate) path: PathBuf,
    /// What precedes the arguments of the caller.
    pub(crate) first_args: &'static [&'static str],
}

/// The programs of a control plane.
#[derive(Debug, Clone)]
pub(crate) enum Servers {
    /// Our own: both servers in one process, which watches its standard input.
    Own(PathBuf),
    /// Upstream's.
    Foreign {
        /// etcd.
        etcd: PathBuf,
        /// kube-apiserver.
        kube_apiserver: PathBuf,
    },
}

/// Finds the servers; builds them if need be.
pub(crate) async fn servers() -> Result<Servers> {
    match (named("etcd"), named("kube-apiserver")) {
        (Some(etcd), Some(kube_apiserver)) => Ok(Servers::Foreign { etcd, kube_apiserver }),
        _ => Ok(Servers::Own(blocking(go::server).await?)),
    }
}

/// Finds kubectl; builds it if need be.
pub(crate) async fn kubectl() -> Result<Program> {
    match named("kubectl") {
        Some(path) => Ok(Program { path, first_args: &[] }),
        None => Ok(Program { path: blocking(go::server).await?, first_args: &["kubectl"] }),
    }
}

/// Finds helm; builds it if need be.
pub(crate) async fn helm() -> Result<Program> {
    let path = match variable("TEST_ASSET_HELM") {
        Some(path) => path,
        None => blocking(go::helm).await?,
    };
    Ok(Program { path, first_args: &[] })
}

/// The program that the environment names, as upstream's envtest looks it up; whether it exists shows when it is run.
fn named(name: &str) -> Option<PathBuf> {
    let own = format!("TEST_ASSET_{}", name.replace('-', "_").to_uppercase());
    variable(&own).or_else(|| variable("KUBEBUILDER_ASSETS").map(|folder| folder.join(name)))
}

/// A variable that holds a path; it is made absolute, as the servers run in another folder.
fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).and_then(|value| std::path::absolute(value).ok())
}

/// A build takes minutes and blocks; other tasks go on meanwhile.
async fn blocking(build: fn() -> Result<PathBuf>) -> Result<PathBuf> {
    tokio::task::spawn_blocking(build).await.context("bug: the build panicked")?
}
