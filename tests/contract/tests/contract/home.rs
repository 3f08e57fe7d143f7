//! A home to hang other things of EFS on, and what settles by itself there.

use crate::bench::Bench;
use jenkinsstack_aws::{Account, Deletion};
use jenkinsstack_cloud::service::{Item, items};
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::id::FileSystemId;
use jenkinsstack_core::kind::file_system::{self, Lifecycle, Throughput};
use jenkinsstack_core::kind::{Desired, State};
use jenkinsstack_core::observed::Seen;
use std::time::Duration;

/// By then everything of EFS has settled.
pub(crate) const SETTLED: Duration = Duration::from_secs(180);

/// The node of the file system and what a stack wants of it by default.
pub(crate) fn wanted(bench: &Bench) -> (NodeId, Node) {
    let id = NodeId::new("file-system");
    let desired = file_system::Desired {
        encrypted: true,
        kms_key: None,
        throughput: Throughput::Elastic,
        lifecycle: Lifecycle::default(),
    };
    let node = bench.node(&id, "0f1e2d3c4b5a69788796a5b4c3d2e1f0", Desired::FileSystem(desired));
    (id, node)
}

/// A file system of the stack that is available.
pub(crate) async fn home(bench: &Bench) -> (NodeId, Node, Seen) {
    let (id, node) = wanted(bench);
    let seen = bench.create(&id, &node).await;
    let seen = settled(bench, &id, &seen).await;
    (id, node, seen)
}

pub(crate) fn id_of(home: &Seen) -> FileSystemId {
    home.id().parse().unwrap()
}

/// `seen` once it is ready.
pub(crate) async fn settled(bench: &Bench, id: &NodeId, seen: &Seen) -> Seen {
    bench.wait(SETTLED).await;
    let now = bench.read(id, seen).await.unwrap();
    assert_eq!(now.observed.state(), State::Ready);
    now
}

/// Deletes, twice, waits until it is gone, and deletes again; `calls` are those of the first time.
pub(crate) async fn goes(bench: &Bench, id: &NodeId, seen: &Seen, calls: &[&str]) {
    let (deletion, made) = bench.counting(bench.delete(id, seen)).await;
    assert_eq!(
        (deletion, made.as_slice()),
        (Deletion::InProgress, &calls.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()[..])
    );
    let leaving = bench.read(id, seen).await.unwrap();
    assert_eq!(leaving.observed.state(), State::Leaving);
    assert_eq!(bench.delete(id, seen).await, Deletion::InProgress, "delete while it goes");
    bench.wait(SETTLED).await;
    assert_eq!(bench.read(id, seen).await, None);
    assert_eq!(bench.delete(id, seen).await, Deletion::Gone, "delete what is gone");
}

/// What exists of a kind, in the tagging API's spelling.
pub(crate) fn existing(bench: &Bench, kind: &str) -> Vec<Item> {
    let region = bench.account.region.to_string();
    let all = bench.cloud.with(|world| items(world.peek(HOME_ACCOUNT, &region)));
    all.into_iter().filter(|item| item.kind == kind).collect()
}

/// The calls to EFS, and to EC2 for mount targets, that a listing by an operator that was just started makes.
pub(crate) async fn listing(bench: &Bench) -> Vec<String> {
    let account: Account = bench.restarted().await;
    let (_, calls) = bench.counting(account.observe(&bench.owner, Duration::ZERO)).await;
    let about = |call: &&String| {
        ["FileSystem", "Lifecycle", "BackupPolicy", "MountTarget", "AccessPoint", "NetworkInterfaces"]
            .iter()
            .any(|part| call.contains(part))
    };
    let mut calls: Vec<String> = calls.iter().filter(about).cloned().collect();
    calls.sort();
    calls
}
