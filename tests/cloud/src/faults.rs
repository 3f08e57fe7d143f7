//! Faults at the boundary of any call: by rule, by seed, by AWS's own rates, or at exactly the n-th call.
//!
//! They strike calls that come by a door ([`crate::Cloud::call`]); the calls of the test's own hand
//! ([`crate::Cloud::ask`]) pass. Of all that could strike a call, one does: a dead process first, then a cut, then the
//! rates, then the first rule in order that matches and whose turn it is.

pub mod cut;
mod history;
pub mod paging;
pub mod rates;
pub mod rule;
mod verdict;

pub use cut::{Cut, Struck, When};
pub use paging::Page;
pub use rates::Rates;
pub use rule::{Effect, Occurrence, Rule};
pub use verdict::{End, Verdict};

use crate::call::{Access, Ask};
use crate::clock::Time;
use crate::cloud::Request;
use crate::models::Models;
use crate::random::Random;
use crate::world::World;
use history::History;
use paging::{Pages, Paging};
use rates::Buckets;
use rule::Armed;
use std::time::Duration;

/// The rules in force.
#[derive(Clone, Debug)]
pub struct Faults {
    rules: Vec<Armed>,
    random: Random,
    rates: Option<Buckets>,
    cuts: cut::Cuts,
    history: History,
    pages: Pages,
}

/// What a rule can go by: a request and what the cloud knows of it.
pub struct Facts<'a> {
    /// The request.
    pub request: &'a Request,
    /// Models of all services.
    pub models: &'a Models,
    /// Whether it reads or writes; unknown operations read.
    pub access: Access,
    /// Account of the caller, or its access key if that is nobody's.
    pub account: &'a str,
    /// ARN of the caller, or its access key.
    pub principal: String,
    /// What it asks of IAM.
    pub asks: &'a [Ask],
    /// Cloud time.
    pub now: Time,
}

impl Facts<'_> {
    /// How the call spells its pages, if it is a listing.
    fn paging(&self) -> Option<Paging> {
        if self.access == Access::Write || paging::by_name(&self.request.operation, &self.request.input) {
            return None;
        }
        let api = self.models.api(self.request.service).ok()?;
        Paging::of(api, &self.request.operation)
    }
}

impl Faults {
    /// No rules; rules with a probability will draw by `seed`.
    pub fn new(seed: u64) -> Self {
        Self {
            rules: Vec::new(),
            random: random(seed),
            rates: None,
            cuts: cut::Cuts::default(),
            history: History::default(),
            pages: Pages::default(),
        }
    }

    /// Adds a rule behind those in force.
    pub fn add(&mut self, rule: Rule) {
        self.rules.push(Armed::new(rule));
        self.history.keep(self.depth());
    }

    /// The rules in force, with how often each has struck.
    pub fn rules(&self) -> impl Iterator<Item = (&Rule, u64)> {
        self.rules.iter().map(|armed| (&armed.rule, armed.struck))
    }

    /// Takes away all rules, cuts and rates; a dead process lives again. Tokens given out stay good.
    pub fn clear(&mut self) {
        self.rules.clear();
        self.rates = None;
        self.heal();
        self.history.keep(Duration::ZERO);
    }

    /// Adds rules by which each call fails with this probability, in one of all the ways in which calls fail.
    pub fn storm(&mut self, probability: f64) {
        rule::storm(probability).into_iter().for_each(|rule| self.add(rule));
    }

    /// Lets every call be throttled so many times before it passes.
    pub fn throttle_each(&mut self, times: u64) {
        self.add(Rule::new(Effect::Throttle).occurs(Occurrence::Each(times)));
    }

    /// Throttles by token buckets from now on.
    pub fn throttle(&mut self, rates: Rates) {
        self.rates = Some(Buckets::new(rates));
    }

    /// Counts the calls for [`Self::cut`] anew: the next one is call 1.
    pub fn mark(&mut self) {
        self.cuts.mark();
    }

    /// Calls by a door since the mark.
    pub fn calls(&self) -> u64 {
        self.cuts.calls()
    }

    /// Lets something happen at the `at`-th call since the mark, once; it takes the place of an earlier cut.
    pub fn cut(&mut self, at: u64, when: When, cut: Cut) {
        self.cuts.set(at, when, cut);
    }

    /// The call that was cut, if it came to that.
    pub fn struck(&self) -> Option<&Struck> {
        self.cuts.struck()
    }

    /// Forgets the cut; if it was [`Cut::Dead`], calls are answered again. Calls that had no answer never get one.
    pub fn heal(&mut self) {
        self.cuts.heal();
    }

    /// Counts a call by a door and says what happens to it.
    pub(crate) fn judge(&mut self, facts: &Facts<'_>) -> Verdict {
        if let Some(verdict) = self.cuts.judge(facts) {
            return verdict;
        }
        if self.rates.as_mut().is_some_and(|buckets| !buckets.take(facts)) {
            return Verdict::Before(End::Refuse(rates::refusal(facts.request.service)));
        }
        let follows = self.pages.follows(&facts.request.input);
        let random = &mut self.random;
        let armed = self.rules.iter_mut().find_map(|armed| armed.strikes(facts, follows, random));
        armed.map_or(Verdict::Pass, |effect| verdict::of(&effect, facts))
    }

    /// The number of calls by a door since there are any.
    pub(crate) fn total(&self) -> u64 {
        self.cuts.total()
    }

    /// Whether [`Self::remember`] is wanted.
    pub(crate) fn remembers(&self) -> bool {
        self.history.wanted()
    }

    /// Keeps the world as it stands at `now` for stale reads.
    pub(crate) fn remember(&mut self, world: &World) {
        self.history.push(world);
    }

    /// The world that a stale read sees.
    pub(crate) fn past(&self, verdict: &Verdict, now: Time) -> Option<World> {
        match verdict {
            Verdict::Stale(age) => self.history.at(now, *age),
            Verdict::Pass | Verdict::Before(_) | Verdict::After(_) | Verdict::Delay(_) | Verdict::Page(_) => None,
        }
    }

    /// The pages that were given out with tokens of our own.
    pub(crate) fn pages(&mut self) -> &mut Pages {
        &mut self.pages
    }

    /// Draws by another seed from now on.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.random = random(seed);
    }

    /// Takes the place of what is in force now, all but the number of calls.
    pub(crate) fn put_back(&mut self, kept: Self) {
        let cuts = self.cuts.put_back(kept.cuts);
        *self = Self { cuts, ..kept };
    }

    fn depth(&self) -> Duration {
        let ages = self.rules.iter().map(|armed| match armed.rule.effect {
            Effect::Stale { seconds } => Duration::from_secs_f64(seconds.max(0.0)),
            _ => Duration::ZERO,
        });
        ages.max().unwrap_or_default()
    }
}

/// Faults must not draw what ids and delays draw; any constant does.
fn random(seed: u64) -> Random {
    Random::new(seed ^ 0x00fa_0175)
}
