//! The whole account put aside, put back, and lived on from more than once.

use super::{Cloud, Desk, Inner, START};
use crate::clock::{Clock, Time};
use crate::faults::Faults;
use crate::models::Models;
use crate::random::Random;
use crate::world::World;
use std::fmt;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// An account as it stood at one moment: state, what is due, chance, time, and faults with what they remember.
///
/// From here everything goes on as it would have gone on: the same calls get the same answers. It costs a copy of what
/// exists; what the log has of the past is shared.
#[derive(Clone)]
pub struct Snapshot {
    inner: Arc<Inner>,
    models: &'static Models,
    factor: f64,
    requests: u64,
}

impl Snapshot {
    /// The moment it was taken.
    pub fn time(&self) -> Time {
        self.inner.world.now
    }

    /// An account of its own that goes on from here, by the clock of the tokio runtime that this is called in: a life can
    /// be settled in one runtime and be lived on in many, on other threads too. Snapshots and a judge kept by the control
    /// API stay behind.
    pub fn revive(&self) -> Cloud {
        let made = self.inner.faults.total();
        Cloud {
            clock: Clock::new(self.time(), self.factor),
            models: self.models,
            inner: Arc::new(Mutex::new(Inner::clone(&self.inner))),
            requests: Arc::new(self.requests.into()),
            made: Arc::new(watch::Sender::new(made)),
            desk: Arc::new(Mutex::new(Desk::default())),
            film: Arc::default(),
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({})", self.time().iso())
    }
}

impl Cloud {
    /// The whole account as it stands.
    pub fn snapshot(&self) -> Snapshot {
        let mut inner = self.lock();
        inner.advance(self.clock.now());
        inner.remember();
        self.still(&inner)
    }

    /// The account as it stands in the middle of a call.
    pub(super) fn still(&self, inner: &Inner) -> Snapshot {
        Snapshot {
            inner: Arc::new(inner.clone()),
            models: self.models,
            factor: self.clock.factor(),
            requests: self.requests.load(std::sync::atomic::Ordering::Relaxed),
        }
    }

    /// A second account that stands where this one stands, log and faults included; each goes its own way from here.
    pub fn fork(&self) -> Self {
        self.snapshot().revive()
    }

    /// Draws ids, delays and faults by another seed from now on: forks of one state become different lives.
    pub fn reseed(&self, seed: u64) {
        let mut inner = self.lock();
        inner.seed = seed;
        inner.world.random = Random::new(seed);
        inner.faults.reseed(seed);
    }

    /// Puts the account back as it stood, cloud time and faults included. The log and the number of calls go on, for
    /// they tell what really happened; so does the pace of time.
    pub fn restore(&self, snapshot: &Snapshot) {
        let Inner { world, faults, log: _, seed } = Inner::clone(&snapshot.inner);
        let mut inner = self.lock();
        self.clock.set(world.now);
        inner.seed = seed;
        inner.world = world;
        inner.faults.put_back(faults);
    }

    /// Takes this for the state to which the control API's reset goes back.
    pub fn keep_as_start(&self) {
        let start = self.snapshot();
        self.desk(|desk| desk.snapshots.insert(START.to_owned(), start));
    }

    /// Puts an empty account with the same seed, and no faults, in the place of this one; cloud time goes on.
    pub fn reset(&self) {
        let mut inner = self.lock();
        let seed = inner.seed;
        inner.world = World::new(seed, self.clock.now());
        inner.faults.put_back(Faults::new(seed));
    }
}
