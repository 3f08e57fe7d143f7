//! The whole account put aside and put back.

use super::{Cloud, START};
use crate::clock::Time;
use crate::world::World;
use std::fmt;

/// All accounts as they stood at one moment: state, what is due, chance and time. Faults and the log are not in it.
#[derive(Clone)]
pub struct Snapshot(World);

impl Snapshot {
    pub(super) fn of(world: &World) -> Self {
        Self(world.clone())
    }

    /// The moment it was taken.
    pub fn time(&self) -> Time {
        self.0.now
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({})", self.0.now.iso())
    }
}

impl Cloud {
    /// The whole account as it stands.
    pub fn snapshot(&self) -> Snapshot {
        self.with(|world| Snapshot::of(world))
    }

    /// Puts the account back as it stood, cloud time included: the same calls from here give the same answers.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.replace(snapshot.0.clone());
    }

    /// Takes this for the state to which the control API's reset goes back.
    pub fn keep_as_start(&self) {
        let start = self.snapshot();
        self.desk(|desk| desk.snapshots.insert(START.to_owned(), start));
    }

    /// Puts an empty account with the same seed in the place of this one; cloud time goes on.
    pub fn reset(&self) {
        let seed = self.lock().seed;
        self.replace(World::new(seed, self.clock().now()));
    }

    fn replace(&self, world: World) {
        let mut inner = self.lock();
        self.clock().set(world.now);
        inner.world = world;
        inner.faults.forget();
        inner.remember();
    }
}
