//! How many lives were lived, told past the capture of the test harness: the last line has the total.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

static TOTAL: AtomicUsize = AtomicUsize::new(0);

/// Tells what `lives` lives were for.
pub(crate) fn told(lives: usize, what: &str) {
    let total = TOTAL.fetch_add(lives, Ordering::Relaxed) + lives;
    let line = format!("{lives:5} lives: {what}; {total} in all\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
