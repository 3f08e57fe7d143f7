//! A real Kubernetes API server for tests: etcd and kube-apiserver, up in seconds and gone with the test.
//!
//! [`Cluster::start`] is the way in. Each cluster has a port on the loopback interface and a temporary folder of its
//! own, so any number of them run side by side. Whatever happens to the process that started a cluster, its servers
//! end: they watch a pipe that this process holds.
//!
//! The first use builds the servers from source with Go, which takes some minutes, and keeps them in the user's cache
//! (`JENKINSSTACK_CACHE`, by default `.cache/jenkinsstack` in the home folder). `KUBEBUILDER_ASSETS` (a folder with
//! `etcd`, `kube-apiserver` and `kubectl`), or `TEST_ASSET_ETCD`, `TEST_ASSET_KUBE_APISERVER`, `TEST_ASSET_KUBECTL`
//! and `TEST_ASSET_HELM` (a program each) name finished ones to use instead.
//!
//! Deliberately absent: everything that is not in the API server. No controller manager (deleted namespaces stay,
//! owner references collect nothing, Deployments make no Pods, nobody makes a `default` service account), no
//! scheduler, no kubelet.

mod audit;
mod binaries;
mod cluster;
mod command;
mod control_plane;
mod credentials;
mod go;
mod kubeconfig;
mod options;
mod server;

pub use audit::{AuditEvent, AuditObject, AuditStatus, AuditUser};
pub use cluster::Cluster;
pub use command::CommandOutput;
pub use options::{Audit, Options, Source};
