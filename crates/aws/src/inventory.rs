//! What exists in one account and region, listed at once for all stacks, and kept right by what we do ourselves.

use crate::account::Account;
use crate::driver::{Listed, Target};
use crate::error::Error;
use crate::{kind, tagged};
use jenkinsstack_core::graph::NodeId;
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::observed::{Seen, Snapshot};
use jenkinsstack_core::owner::Owner;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// For how long our own write is believed against a listing: listings are late by seconds to minutes.
const LISTINGS_LAG: Duration = Duration::from_secs(180);

/// The same for secrets: "ListSecrets might not reflect changes from the last five minutes" (AWS Secrets Manager API
/// Reference).
const SECRETS_LAG: Duration = Duration::from_secs(360);

/// What exists of one stack, and why some kinds could not be listed.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// What was seen.
    pub snapshot: Snapshot,
    /// Listings that failed.
    pub errors: Vec<Arc<Error>>,
}

/// The shared listing.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    state: Mutex<Listing>,
}

#[derive(Debug, Default)]
struct Listing {
    listed: Option<Instant>,
    stacks: BTreeMap<Owner, Snapshot>,
    unread: BTreeMap<Kind, Arc<Error>>,
    ours: BTreeMap<Key, (Instant, Option<Seen>)>,
    made: BTreeMap<Key, Instant>,
}

/// Whose a resource is, which node, of which kind, and its id.
type Key = (Owner, NodeId, Kind, String);

impl Inventory {
    /// What exists of `owner`; lists everything anew when the last listing is older than `max_age`. Callers that come
    /// meanwhile wait for that one listing.
    pub(crate) async fn observe(&self, account: &Account, owner: &Owner, max_age: Duration) -> Observation {
        let mut state = self.state.lock().await;
        if state.listed.is_none_or(|at| at.elapsed() >= max_age) {
            state.refresh(account).await;
        }
        let mut snapshot = state.stacks.get(owner).cloned().unwrap_or_default();
        snapshot.unread = state.unread.keys().copied().collect();
        Observation { snapshot, errors: state.unread.values().cloned().collect() }
    }

    /// A resource that we have just made, or taken over from another node.
    pub(crate) async fn made(&self, owner: &Owner, seen: Seen) {
        let (kind, id) = (seen.observed.kind(), seen.id());
        let mut state = self.state.lock().await;
        state.made.retain(|(of, _, same, this), _| (of, *same, this) != (owner, kind, &id));
        state.made.insert((owner.clone(), seen.node.clone(), kind, id), Instant::now());
        drop(state);
        self.note(owner, seen).await;
    }

    /// A resource that AWS is deleting: that no read shows it any more now means what it says.
    pub(crate) async fn going(&self, target: Target<'_>, kind: Kind, id: &str) {
        let key = (target.owner.clone(), target.node.clone(), kind, id.to_owned());
        self.state.lock().await.made.remove(&key);
    }

    /// Whether we made a resource a moment ago.
    pub(crate) async fn is_new(&self, target: Target<'_>, kind: Kind, id: &str) -> bool {
        let key = (target.owner.clone(), target.node.clone(), kind, id.to_owned());
        self.state.lock().await.made.get(&key).is_some_and(|at| at.elapsed() < LISTINGS_LAG)
    }

    /// Whether we made one of a kind with one of these ids a moment ago.
    pub(crate) async fn is_one_new(&self, owner: &Owner, kind: Kind, ids: &[String]) -> bool {
        let state = self.state.lock().await;
        let ours = |(of, _, same, id): &Key| of == owner && *same == kind && ids.contains(id);
        state.made.iter().any(|(key, at)| ours(key) && at.elapsed() < LISTINGS_LAG)
    }

    /// A resource as it is since our own write or direct read.
    pub(crate) async fn note(&self, owner: &Owner, seen: Seen) {
        let mut state = self.state.lock().await;
        let key = (owner.clone(), seen.node.clone(), seen.observed.kind(), seen.id());
        state.ours.insert(key, (Instant::now(), Some(seen.clone())));
        state.stacks.entry(owner.clone()).or_default().see(seen);
    }

    /// Whether a resource was seen a moment ago, by our own write or direct read: not every reader knows of it yet.
    pub(crate) async fn is_fresh(&self, target: Target<'_>, kind: Kind, id: &str) -> bool {
        let state = self.state.lock().await;
        let last = state.ours.get(&(target.owner.clone(), target.node.clone(), kind, id.to_owned()));
        last.is_some_and(|(at, seen)| seen.is_some() && at.elapsed() < LISTINGS_LAG)
    }

    /// A resource that is gone since our own delete or direct read.
    pub(crate) async fn gone(&self, owner: &Owner, node: &NodeId, kind: Kind, id: &str) {
        let mut state = self.state.lock().await;
        let key = (owner.clone(), node.clone(), kind, id.to_owned());
        state.made.remove(&key);
        state.ours.insert(key, (Instant::now(), None));
        if let Some(snapshot) = state.stacks.get_mut(owner) {
            snapshot.forget(node, id);
        }
    }
}

impl Listing {
    async fn refresh(&mut self, account: &Account) {
        let began = Instant::now();
        self.unread.clear();
        let tagged = match tagged::tagged(&account.clients, &account.cluster).await {
            Ok(tagged) => tagged,
            Err(error) => return self.nothing_known(Arc::new(error)),
        };
        let mut all: Vec<Listed> = Vec::new();
        for kinds in kind::LISTING {
            let listings = kinds.iter().map(|kind| kind::list(account, *kind, &tagged, &all));
            let outcomes = futures::future::join_all(listings).await;
            for (kind, outcome) in kinds.iter().zip(outcomes) {
                match outcome {
                    Ok(listed) => all.extend(listed),
                    Err(error) => drop(self.unread.insert(*kind, Arc::new(error))),
                }
            }
        }
        self.stacks.clear();
        for Listed { owner, seen } in all {
            self.stacks.entry(owner).or_default().see(seen);
        }
        self.believe_ourselves();
        self.listed = Some(began);
    }

    fn nothing_known(&mut self, error: Arc<Error>) {
        self.stacks.clear();
        self.unread = Kind::ALL.iter().map(|kind| (*kind, error.clone())).collect();
        self.listed = None;
    }

    /// Puts our own recent writes over a listing that may not show them yet.
    fn believe_ourselves(&mut self) {
        self.ours.retain(|(_, _, kind, _), (at, _)| at.elapsed() < lag(*kind));
        self.made.retain(|_, at| at.elapsed() < LISTINGS_LAG);
        for ((owner, node, kind, id), (_, seen)) in &self.ours {
            let snapshot = self.stacks.entry(owner.clone()).or_default();
            let listed = snapshot.of(node).iter().find(|other| other.id() == *id).cloned();
            match (seen, listed, late(*kind)) {
                (Some(_), Some(_), Late::Nothing) => (),
                (Some(seen), Some(listed), Late::Tags) => snapshot.see(Seen { tags: seen.tags.clone(), ..listed }),
                (Some(seen), _, _) => snapshot.see(seen.clone()),
                (None, _, _) => snapshot.forget(node, id),
            }
        }
    }
}

/// What a listing shows as it was before our last write.
enum Late {
    /// Nothing: it asks the resource's own API for all of it.
    Nothing,
    /// Its tags.
    Tags,
    /// Its tags, and what is kept in them. Such kinds have no states that a listing would know better.
    Everything,
}

/// For how long our own write to a kind is believed against a listing.
fn lag(kind: Kind) -> Duration {
    match kind {
        Kind::Secret => SECRETS_LAG,
        _ => LISTINGS_LAG,
    }
}

fn late(kind: Kind) -> Late {
    match kind {
        // Their tags come from the tagging API.
        Kind::TargetGroup | Kind::LoadBalancer | Kind::LogGroup => Late::Tags,
        Kind::TaskDefinition | Kind::Listener | Kind::ListenerRule | Kind::Secret => Late::Everything,
        Kind::SecurityGroup
        | Kind::SecurityGroupRule
        | Kind::Role
        | Kind::FileSystem
        | Kind::FileSystemPolicy
        | Kind::BackupPolicy
        | Kind::MountTarget
        | Kind::AccessPoint
        | Kind::Cluster
        | Kind::Service => Late::Nothing,
    }
}
