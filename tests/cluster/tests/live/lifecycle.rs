//! A cluster starts, keeps its data, and leaves nothing behind.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::probe::{eventually, is_running, time_at_work};
use jenkinsstack_cluster::{Audit, Cluster, Options, Source};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use kube::config::Kubeconfig;

/// A test should not wait longer for its cluster.
const READY_WITHIN: Duration = Duration::from_secs(5);

async fn create_config_map(cluster: &Cluster, name: &str) {
    let map =
        ConfigMap { metadata: ObjectMeta { name: Some(name.into()), ..Default::default() }, ..Default::default() };
    config_maps(cluster).await.create(&PostParams::default(), &map).await.unwrap();
}

async fn config_maps(cluster: &Cluster) -> Api<ConfigMap> {
    Api::namespaced(cluster.client().await.unwrap(), "default")
}

#[tokio::test]
async fn is_ready_when_started() {
    let start = Instant::now();
    let cluster = Cluster::start(Options::default()).await.unwrap();
    let work: Duration = cluster.process_ids().into_iter().map(time_at_work).sum();
    println!("ready after {:?}, {work:?} of them at work", start.elapsed());
    assert!(work > Duration::ZERO && work < READY_WITHIN, "{work:?}");
    let client = cluster.client().await.unwrap();
    Api::<Namespace>::all(client.clone()).get("default").await.unwrap();
    let version = client.apiserver_version().await.unwrap();
    assert!(version.git_version.starts_with("v1."), "{version:?}");
}

#[tokio::test]
async fn two_live_side_by_side() {
    let (one, two) = tokio::join!(Cluster::start(Options::default()), Cluster::start(Options::default()));
    let (one, two) = (one.unwrap(), two.unwrap());
    create_config_map(&one, "of-one").await;
    assert!(config_maps(&one).await.get_opt("of-one").await.unwrap().is_some());
    assert!(config_maps(&two).await.get_opt("of-one").await.unwrap().is_none());
}

#[tokio::test]
async fn restart_keeps_data_and_clients() {
    let mut cluster = Cluster::start(Options::default()).await.unwrap();
    create_config_map(&cluster, "kept").await;
    let client = cluster.client().await.unwrap();
    let before = cluster.process_ids();
    cluster.restart().await.unwrap();
    assert_ne!(cluster.process_ids(), before);
    Api::<ConfigMap>::namespaced(client, "default").get("kept").await.unwrap();
}

#[tokio::test]
async fn a_killed_cluster_starts_again() {
    let mut cluster = Cluster::start(Options::default()).await.unwrap();
    create_config_map(&cluster, "survivor").await;
    let client = cluster.client().await.unwrap();
    cluster.kill().unwrap();
    assert!(client.apiserver_version().await.is_err());
    cluster.restart().await.unwrap();
    config_maps(&cluster).await.get("survivor").await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let mut cluster = Cluster::start(Options::default()).await.unwrap();
    let config = Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
    let server = config.clusters[0].cluster.as_ref().unwrap().server.clone().unwrap();
    cluster.stop().await.unwrap();
    let listener = TcpListener::bind(server.strip_prefix("https://").unwrap()).unwrap();
    let error = cluster.restart().await.unwrap_err().to_string();
    assert!(error.contains("address already in use"), "{error}");
    drop(listener);
    cluster.restart().await.unwrap();
}

#[tokio::test]
async fn a_stopped_cluster_can_be_stopped_again() {
    let mut cluster = Cluster::start(Options::default()).await.unwrap();
    let servers = cluster.process_ids();
    cluster.stop().await.unwrap();
    cluster.stop().await.unwrap();
    cluster.kill().unwrap();
    assert!(cluster.process_ids().is_empty());
    assert!(!servers.into_iter().any(is_running));
}

#[tokio::test]
async fn nothing_is_left_after_drop() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    let (servers, folder) = (cluster.process_ids(), cluster.kubeconfig().parent().unwrap().to_owned());
    assert!(servers.iter().copied().all(is_running));
    drop(cluster);
    assert!(!servers.into_iter().any(is_running));
    assert!(!folder.exists());
}

#[tokio::test]
async fn nothing_is_left_after_a_panic() {
    let (send, servers) = tokio::sync::oneshot::channel();
    let test = tokio::spawn(async move {
        let cluster = Cluster::start(Options::default()).await.unwrap();
        send.send(cluster.process_ids()).unwrap();
        panic!("as a failing assertion does");
    });
    let servers = servers.await.unwrap();
    assert!(test.await.unwrap_err().is_panic());
    eventually("the servers have ended", async || !servers.iter().copied().any(is_running)).await;
}

#[tokio::test]
async fn an_existing_cluster_is_used_and_left_alone() {
    let owner = Cluster::start(Options::default()).await.unwrap();
    let existing = Source::Existing(owner.kubeconfig().to_owned());
    let mut guest = Cluster::start(Options { source: existing.clone(), audit: Audit::Off }).await.unwrap();
    create_config_map(&guest, "by-guest").await;
    for refused in [guest.stop().await, guest.restart().await, guest.kill()] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("was not started here"), "{error}");
    }
    let error = Cluster::start(Options { source: existing, audit: Audit::Metadata }).await.unwrap_err().to_string();
    assert!(error.contains("audit log"), "{error}");
    drop(guest);
    config_maps(&owner).await.get("by-guest").await.unwrap();
}
