//! The world as it stood: one snapshot after each write, as long as a rule may want to read the past.

use crate::clock::Time;
use crate::world::World;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// At most so many snapshots; with more writes than that in a rule's time, a stale read is less stale than asked for.
const LIMIT: usize = 256;

/// Snapshots, the oldest first.
#[derive(Clone, Default)]
pub(super) struct History {
    depth: Duration,
    worlds: VecDeque<Arc<World>>,
}

impl History {
    /// Keeps what a read of that age needs from now on; nothing if it is zero.
    pub(super) fn keep(&mut self, depth: Duration) {
        self.depth = depth;
        if depth.is_zero() {
            self.worlds.clear();
        }
    }

    pub(super) fn wanted(&self) -> bool {
        !self.depth.is_zero()
    }

    pub(super) fn push(&mut self, world: &World) {
        if !self.wanted() {
            return;
        }
        while self.worlds.back().is_some_and(|last| last.now > world.now) || self.thrice(world.now) {
            self.worlds.pop_back();
        }
        self.worlds.push_back(Arc::new(world.clone()));
        let spare = |worlds: &VecDeque<Arc<World>>| {
            worlds.get(1).is_some_and(|second| second.now + self.depth <= world.now) || worlds.len() > LIMIT
        };
        while spare(&self.worlds) {
            self.worlds.pop_front();
        }
    }

    /// Whether one more snapshot of that moment would be the third: before and after it are enough.
    fn thrice(&self, now: Time) -> bool {
        let mut last = self.worlds.iter().rev().take(2).filter(|world| world.now == now);
        last.next().is_some() && last.next().is_some()
    }

    /// The world of `age` before `now`: the last snapshot up to then, with all that went on by itself since.
    pub(super) fn at(&self, now: Time, age: Duration) -> Option<World> {
        let then = Time(now.0.saturating_sub(age.as_millis() as u64));
        let last = self.worlds.iter().rev().find(|world| world.now <= then).or_else(|| self.worlds.front())?;
        let mut world = World::clone(last);
        world.advance(then);
        Some(world)
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "History({} of {:?})", self.worlds.len(), self.depth)
    }
}
