//! When what is settling is looked at again: at once, and then after a third of the time that it has taken so far.
//!
//! A fixed interval would be too long for what takes seconds and waste calls on what takes minutes. It is not a memory of
//! AWS: a new operator that has none looks at once.

use jenkinsstack_core::graph::NodeId;
use jenkinsstack_core::plan::Wait;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// The shortest time between two looks at one resource.
const SHORTEST: Duration = Duration::from_secs(2);
/// The longest one: nothing is ready for longer than this without being seen.
const LONGEST: Duration = Duration::from_secs(20);

/// The waits of one stack.
#[derive(Clone, Debug, Default)]
pub struct Polls(BTreeMap<(NodeId, String), Poll>);

#[derive(Clone, Copy, Debug)]
struct Poll {
    began: Instant,
    due: Instant,
}

impl Polls {
    /// When a wait is looked at next; a new one now.
    pub fn due(&mut self, wait: &Wait) -> Instant {
        let now = Instant::now();
        self.0.entry(key(wait)).or_insert(Poll { began: now, due: now }).due
    }

    /// A wait is being looked at now.
    pub(crate) fn looked(&mut self, wait: &Wait) {
        let now = Instant::now();
        let poll = self.0.entry(key(wait)).or_insert(Poll { began: now, due: now });
        poll.due = now + interval(now - poll.began);
    }

    /// Forgets all but these waits.
    pub(crate) fn keep(&mut self, waits: &[Wait]) {
        self.0.retain(|known, _| waits.iter().any(|wait| key(wait) == *known));
    }

    /// Time until the first of these waits is due, but for those of the nodes that are left `out`.
    pub(crate) fn next(&self, out: &BTreeSet<&NodeId>) -> Option<Duration> {
        let polls = self.0.iter().filter(|((node, _), _)| !out.contains(node)).map(|(_, poll)| poll);
        polls.map(|poll| poll.due.saturating_duration_since(Instant::now())).min()
    }
}

fn key(wait: &Wait) -> (NodeId, String) {
    (wait.node.clone(), wait.id.clone())
}

/// Time until the next look at what has been settling for `waited`.
fn interval(waited: Duration) -> Duration {
    (waited / 3).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer_the_longer_it_takes() {
        let seconds = [0, 3, 6, 30, 90, 900].map(|waited| interval(Duration::from_secs(waited)).as_secs());
        assert_eq!(seconds, [2, 2, 2, 10, 20, 20]);
    }
}
