//! Cloud time: milliseconds since the Unix epoch, run by tokio's clock (which a test may pause) times one factor.

use std::time::Duration;

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

/// Turns tokio's clock into cloud time.
#[derive(Clone, Debug)]
pub struct Clock {
    epoch: Time,
    started: tokio::time::Instant,
    factor: f64,
}

/// 2026-01-01T00:00:00Z: where a seeded life starts, so that equal seeds give equal timestamps.
pub const SEEDED_EPOCH: Time = Time(1_767_225_600_000);

impl Clock {
    /// Starts at `epoch`; one second of tokio's clock is `factor` seconds of cloud time.
    pub fn new(epoch: Time, factor: f64) -> Self {
        Self { epoch, started: tokio::time::Instant::now(), factor }
    }

    /// The present moment of cloud time.
    pub fn now(&self) -> Time {
        self.epoch + self.started.elapsed().mul_f64(self.factor)
    }

    /// How long tokio's clock runs while cloud time runs for `span`.
    pub fn real(&self, span: Duration) -> Duration {
        span.div_f64(self.factor)
    }
}
