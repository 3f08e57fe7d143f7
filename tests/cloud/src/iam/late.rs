//! Eventual consistency of IAM: what was written is seen late, by IAM itself a little and by other services more.
//!
//! Source: IAM User Guide, "Troubleshoot IAM: Changes that I make are not always immediately visible".

use crate::clock::Time;
use crate::random::Random;
use std::time::Duration;

/// IAM's own reads may miss a write for up to this long (observed order of magnitude; AWS names no bound).
pub const SEEN_BY_IAM: f64 = 2.0;
/// One in this many writes is missed by IAM's own reads at all (observed order of magnitude).
const MISSED_BY_IAM: u64 = 4;
/// Other services may act on the old state for up to this long. Terraform's AWS provider waits up to 2 minutes for it,
/// tools that sleep choose 10 s (observed order of magnitude).
pub const SEEN_ELSEWHERE: f64 = 10.0;

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Read operations of IAM.
    Iam,
    /// Every other service, and the decision whether a call is allowed.
    Elsewhere,
}

/// How long a write takes to be seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lag {
    iam: Duration,
    elsewhere: Duration,
}

/// A value with its history as far as someone still sees it.
#[derive(Clone, Debug)]
pub struct Late<T> {
    latest: Version<T>,
    earlier: Vec<Version<T>>,
}

#[derive(Clone, Debug)]
struct Version<T> {
    value: T,
    iam: Time,
    elsewhere: Time,
}

impl Lag {
    /// Seen at once by everyone.
    pub const NONE: Self = Self { iam: Duration::ZERO, elsewhere: Duration::ZERO };

    /// A lag within the bounds.
    pub fn draw(random: &mut Random) -> Self {
        let missed = random.below(MISSED_BY_IAM) == 0;
        let iam = if missed { random.seconds(0.0, SEEN_BY_IAM) } else { Duration::ZERO };
        Self { iam, elsewhere: iam.max(random.seconds(0.0, SEEN_ELSEWHERE)) }
    }
}

impl<T> Version<T> {
    fn seen(&self, view: View) -> Time {
        match view {
            View::Iam => self.iam,
            View::Elsewhere => self.elsewhere,
        }
    }
}

impl<T> Late<T> {
    /// A new value that nobody has seen before.
    pub fn new(value: T, now: Time, lag: Lag) -> Self {
        Self { latest: Version { value, iam: now + lag.iam, elsewhere: now + lag.elsewhere }, earlier: Vec::new() }
    }

    /// The value as written last, which is what a write starts from.
    pub fn latest(&self) -> &T {
        &self.latest.value
    }

    /// The value as seen now; `None` while nobody sees any.
    pub fn at(&self, view: View, now: Time) -> Option<&T> {
        let versions = std::iter::once(&self.latest).chain(self.earlier.iter().rev());
        versions.into_iter().find(|version| version.seen(view) <= now).map(|version| &version.value)
    }

    /// Writes a new value; writes are seen in their order.
    pub fn set(&mut self, value: T, now: Time, lag: Lag) {
        let iam = self.latest.iam.max(now + lag.iam);
        let elsewhere = self.latest.elsewhere.max(now + lag.elsewhere);
        let before = std::mem::replace(&mut self.latest, Version { value, iam, elsewhere });
        if before.iam.max(before.elsewhere) <= now {
            self.earlier.clear();
        }
        self.earlier.push(before);
    }
}
