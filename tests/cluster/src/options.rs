//! What a caller can choose about a cluster.

use std::path::PathBuf;

/// How to get a cluster; the default is a fresh one without an audit log.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where the API server comes from.
    pub source: Source,
    /// What the API server writes down about requests. A cluster that exists already is not asked to.
    pub audit: Audit,
}

/// Where the API server comes from.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// Started for this cluster, and ended with it.
    #[default]
    Fresh,
    /// Runs already: the current context of this kubeconfig file. It can't be stopped, restarted or killed from here.
    Existing(PathBuf),
}

/// What the API server writes down about each request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Audit {
    /// Nothing.
    #[default]
    Off,
    /// Who asked what of which object, and the answer's code.
    Metadata,
    /// The same, and the bodies of request and answer.
    Bodies,
}
