//! Something that happens at exactly the n-th call: how a test kills a process at every boundary in turn.

use super::Facts;
use super::verdict::{End, Verdict};
use crate::call::Refusal;
use serde::{Deserialize, Serialize};

/// On which side of the deed a cut is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// The call is not done.
    Before,
    /// The call is done, and its answer is lost.
    After,
}

/// What the caller sees of a cut.
#[derive(Clone, Debug, PartialEq)]
pub enum Cut {
    /// The connection breaks.
    Reset,
    /// The call is refused.
    Refuse(Refusal),
    /// The caller's process is dead: this call gets no answer, and later ones are neither done nor answered.
    Dead,
}

/// The call that was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Struck {
    /// Its number since the mark.
    pub number: u64,
    /// Its service, by the name of the model.
    pub service: &'static str,
    /// Its operation.
    pub operation: String,
}

/// The count of calls and the cut that is set.
#[derive(Clone, Debug, Default)]
pub(super) struct Cuts {
    total: u64,
    marked: u64,
    set: Option<(u64, When, Cut)>,
    struck: Option<Struck>,
    dead: bool,
}

impl Cuts {
    pub(super) fn mark(&mut self) {
        self.marked = self.total;
    }

    pub(super) fn calls(&self) -> u64 {
        self.total - self.marked
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn set(&mut self, at: u64, when: When, cut: Cut) {
        self.set = Some((at, when, cut));
        self.struck = None;
    }

    pub(super) fn struck(&self) -> Option<&Struck> {
        self.struck.as_ref()
    }

    /// What was kept, with the count of calls as it is now: numbers never come twice.
    pub(super) fn put_back(&self, kept: Self) -> Self {
        Self { total: self.total, marked: self.total.saturating_sub(kept.calls()), ..kept }
    }

    pub(super) fn heal(&mut self) {
        self.set = None;
        self.dead = false;
    }

    /// Counts the call; what happens to it, if it is cut or comes from a dead process.
    pub(super) fn judge(&mut self, facts: &Facts<'_>) -> Option<Verdict> {
        self.total += 1;
        if self.dead {
            return Some(Verdict::Before(End::Silence));
        }
        let number = self.calls();
        let (_, when, cut) = self.set.take_if(|(at, ..)| *at == number)?;
        let operation = facts.request.operation.clone();
        self.struck = Some(Struck { number, service: facts.request.service.model, operation });
        self.dead = cut == Cut::Dead;
        let end = match cut {
            Cut::Reset => End::Reset,
            Cut::Refuse(refusal) => End::Refuse(refusal),
            Cut::Dead => End::Silence,
        };
        Some(match when {
            When::Before => Verdict::Before(end),
            When::After => Verdict::After(end),
        })
    }
}
