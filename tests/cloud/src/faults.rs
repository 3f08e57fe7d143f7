//! Faults at the boundary of any call, chosen by rule or by seed.

use crate::call::{Access, Refusal};
use crate::clock::Time;
use crate::cloud::Request;
use crate::world::World;
use serde_json::Value;
use std::time::Duration;

/// What happens to one call.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Nothing out of the ordinary.
    Pass,
    /// It is refused before it does anything.
    Refuse(Refusal),
    /// It is done, but the answer is lost.
    Lose,
    /// It is done, and the answer comes late.
    Delay(Duration),
    /// A read that answers as things stood so long ago.
    Stale(Duration),
    /// A listing whose page is cut to so many items.
    Page(usize),
}

/// The rules in force.
#[derive(Clone, Debug, Default)]
pub struct Faults {}

impl Faults {
    /// No rules.
    pub fn new(_seed: u64) -> Self {
        Self {}
    }

    /// What happens to this call.
    pub fn judge(&mut self, _request: &Request, _now: Time) -> Verdict {
        Verdict::Pass
    }

    /// The world that a stale read sees.
    pub fn past(&self, _verdict: &Verdict, _access: Access, _now: Time) -> Option<World> {
        None
    }

    /// The input, with its page size cut where the verdict says so.
    pub fn page(&self, _verdict: &Verdict, input: &Value) -> Value {
        input.clone()
    }

    /// Keeps the world as it stood at `now` for stale reads.
    pub fn remember(&mut self, _world: &World, _now: Time) {}
}
