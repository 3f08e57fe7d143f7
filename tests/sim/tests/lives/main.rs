//! Lives of a stack under virtual time: plain ones, and ones to which something happens at every call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

/// A test for each sweep.
macro_rules! lives {
    ($($name:ident: $sweep:expr;)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $name() {
            $sweep.await;
        }
    )*};
}

mod changes;
mod cost;
mod count;
mod kills;
mod late;
mod losses;
mod plain;
mod scene;
mod storms;
mod theirs;
mod turns;
mod weather;
