//! Moments: ISO 8601 text in forms and XML, seconds in values.

use crate::clock::Time;

/// Seconds since 1970 of an ISO 8601 moment.
pub(super) fn parse(text: &str) -> Option<f64> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(moment.as_millisecond() as f64 / 1000.0)
}

/// ISO 8601 in UTC with milliseconds.
pub(super) fn write(seconds: f64) -> String {
    Time((seconds * 1000.0).round() as u64).iso()
}
