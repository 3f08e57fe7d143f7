//! What tests observe from outside.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a condition may take to come true on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);
/// How often it is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition().await {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Whether a process runs. One that has ended and waits for its parent does not.
pub(crate) fn is_running(id: u32) -> bool {
    assert!(Path::new("/proc/self/stat").exists(), "this test needs /proc");
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // After the name, which is in brackets, comes the state.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// How long a process has had a core so far. A machine may be busy with other things; that does not count.
pub(crate) fn time_at_work(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    // After the name come the fields from the third on: user time and system time are the 14th and 15th.
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    let hundredths: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(hundredths * 10)
}
