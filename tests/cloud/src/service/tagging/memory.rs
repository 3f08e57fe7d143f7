//! What the tagging API has noticed so far: a short row of snapshots, so that each resource can be shown as it was some
//! seconds ago.

use crate::clock::Time;
use crate::service;
use crate::tags::Tags;
use crate::world::{Region, World};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A resource's state is seen at most this late, give or take the time between two snapshots.
const LATENESS: u64 = 30;
/// Changes within this time share a snapshot, so that listing everything stays rare.
const BETWEEN: Duration = Duration::from_secs(10);

/// What it has noticed in one region.
#[derive(Clone, Debug, Default)]
pub struct State {
    touched: bool,
    /// Time of the last change that no snapshot has.
    changed: Option<Time>,
    taken: Time,
    /// Oldest first.
    snapshots: Vec<Snapshot>,
    /// What has or had a tag.
    ever_tagged: BTreeSet<String>,
}

/// The tags of everything that has an ARN, unchanged from `since` until the next snapshot's `since`.
#[derive(Clone, Debug)]
struct Snapshot {
    since: Time,
    tags: Arc<BTreeMap<String, Tags>>,
}

impl State {
    /// Notes that something in the region may change.
    pub fn touch(&mut self) {
        self.touched = true;
    }

    /// What is listed now: each tagged or once tagged resource as it was when it was last noticed.
    pub(super) fn seen(&self, now: Time) -> BTreeMap<String, Tags> {
        let known: BTreeSet<&String> = self.snapshots.iter().flat_map(|snapshot| snapshot.tags.keys()).collect();
        let noticed = |arn: &String| {
            let until = now.0.saturating_sub(lateness(arn) * 1000);
            let snapshot = self.snapshots.iter().rev().find(|snapshot| snapshot.since.0 <= until)?;
            let tags = snapshot.tags.get(arn)?;
            (!tags.is_empty() || self.ever_tagged.contains(arn)).then(|| (arn.clone(), tags.clone()))
        };
        known.into_iter().filter_map(noticed).collect()
    }

    fn is_due(&mut self, before: Time, now: Time) -> bool {
        if std::mem::take(&mut self.touched) {
            self.changed = Some(before);
        }
        self.changed.is_some() && now - self.taken >= BETWEEN
    }

    fn take(&mut self, tags: BTreeMap<String, Tags>, now: Time) {
        let since = self.changed.take().unwrap_or(now);
        self.taken = now;
        self.snapshots.push(Snapshot { since, tags: Arc::new(tags) });
        let settled = Time(now.0.saturating_sub(LATENESS * 1000));
        let old = self.snapshots.iter().filter(|snapshot| snapshot.since <= settled).count();
        self.snapshots.drain(..old.saturating_sub(1));
        let Self { snapshots, ever_tagged, .. } = self;
        ever_tagged.retain(|arn| snapshots.iter().any(|snapshot| snapshot.tags.contains_key(arn)));
        let tagged = snapshots.iter().flat_map(|snapshot| snapshot.tags.iter()).filter(|(_, tags)| !tags.is_empty());
        ever_tagged.extend(tagged.map(|(arn, _)| arn.clone()));
    }
}

/// Keeps what changed up to `before`, the time of the previous call.
pub fn remember(world: &mut World, before: Time) {
    let now = world.now;
    let regions = world.accounts.values_mut().flat_map(|account| account.regions.values_mut());
    for region in regions {
        if region.tagging.is_due(before, now) {
            let tags = tags_of(region);
            region.tagging.take(tags, now);
        }
    }
}

fn tags_of(region: &Region) -> BTreeMap<String, Tags> {
    let items = service::items(region).into_iter().filter(|item| !item.arn.is_empty());
    items.map(|item| (item.arn, item.tags)).collect()
}

/// Seconds by which this resource is seen late: always the same for one ARN.
fn lateness(arn: &str) -> u64 {
    let hash = arn
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 32) % (LATENESS + 1)
}
