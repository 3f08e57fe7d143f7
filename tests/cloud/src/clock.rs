//! Cloud time: milliseconds since the Unix epoch, run by tokio's clock (which a test may pause) times one factor.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A moment in cloud time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// Whole and fractional seconds, the form in which AWS sends timestamps in JSON.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// ISO 8601 in UTC with milliseconds, the form of the query and XML protocols.
    pub fn iso(self) -> String {
        jiff::Timestamp::from_millisecond(self.0 as i64).map(|t| format!("{t:.3}")).unwrap_or_default()
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Time;

    fn add(self, rhs: Duration) -> Time {
        Time(self.0 + rhs.as_millis() as u64)
    }
}

impl std::ops::Sub for Time {
    type Output = Duration;

    fn sub(self, rhs: Time) -> Duration {
        Duration::from_millis(self.0.saturating_sub(rhs.0))
    }
}

/// Turns tokio's clock into cloud time; clones are the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Mutex<Pace>>);

/// A moment that both clocks know, and how they go from there.
#[derive(Debug)]
struct Pace {
    cloud: Time,
    tokio: Instant,
    factor: f64,
}

/// 2026-01-01T00:00:00Z: where a seeded life starts, so that equal seeds give equal timestamps.
pub const SEEDED_EPOCH: Time = Time(1_767_225_600_000);

impl Clock {
    /// Starts at `epoch`; one second of tokio's clock is `factor` seconds of cloud time.
    pub fn new(epoch: Time, factor: f64) -> Self {
        Self(Arc::new(Mutex::new(Pace { cloud: epoch, tokio: Instant::now(), factor })))
    }

    /// The present moment of cloud time.
    pub fn now(&self) -> Time {
        self.pace().now()
    }

    /// How long tokio's clock runs while cloud time runs for `span`.
    pub fn real(&self, span: Duration) -> Duration {
        span.div_f64(self.pace().factor)
    }

    /// Seconds of cloud time in a second of tokio's clock.
    pub fn factor(&self) -> f64 {
        self.pace().factor
    }

    /// Goes on from the present moment with another factor, which must be greater than 0.
    pub fn set_factor(&self, factor: f64) {
        let mut pace = self.pace();
        *pace = Pace { cloud: pace.now(), tokio: Instant::now(), factor };
    }

    /// Lets `span` of cloud time pass at once.
    pub fn skip(&self, span: Duration) {
        let mut pace = self.pace();
        pace.cloud = pace.cloud + span;
    }

    /// Goes on from another moment, for a snapshot that is restored.
    pub(crate) fn set(&self, now: Time) {
        let mut pace = self.pace();
        *pace = Pace { cloud: now, tokio: Instant::now(), factor: pace.factor };
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn now(&self) -> Time {
        self.cloud + self.tokio.elapsed().mul_f64(self.factor)
    }
}
