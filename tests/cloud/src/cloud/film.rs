//! A film of the account: how it stood before each call by a door, and after each write.
//!
//! A program that dies leaves nothing behind but the account as it stood at that moment. So a life that was filmed once
//! can be taken up by a successor at every call, without living it up to there again.

use super::{Cloud, Inner, Snapshot};
use crate::faults::When;
use std::sync::{Arc, MutexGuard, PoisonError};

/// The account at one side of one call.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Number of the call; the first that was filmed is 1.
    pub call: u64,
    /// Which side.
    pub when: When,
    /// Its operation.
    pub operation: String,
    /// The account. Frames between which nothing was written and no time went by share it.
    pub account: Arc<Snapshot>,
}

/// A film in the making.
#[derive(Default)]
pub(super) struct Film {
    frames: Vec<Frame>,
    calls: u64,
    /// Whether something was written since the last frame.
    changed: bool,
}

impl Cloud {
    /// Films from now on.
    pub fn film(&self) {
        *self.rolling() = Some(Film::default());
    }

    /// Ends the film: its frames in order.
    pub fn filmed(&self) -> Vec<Frame> {
        self.rolling().take().map(|film| film.frames).unwrap_or_default()
    }

    /// Takes a picture at one side of a call, if there is a film.
    pub(super) fn picture(&self, inner: &Inner, when: When, operation: &str) {
        let mut rolling = self.rolling();
        let Some(film) = rolling.as_mut() else { return };
        film.calls += u64::from(when == When::Before);
        film.changed |= when == When::After;
        let last = film.frames.last().map(|frame| &frame.account);
        let account = match last.filter(|last| !film.changed && last.time() == inner.world.now) {
            Some(last) => last.clone(),
            None => Arc::new(self.still(inner)),
        };
        film.changed = false;
        film.frames.push(Frame { call: film.calls, when, operation: operation.to_owned(), account });
    }

    fn rolling(&self) -> MutexGuard<'_, Option<Film>> {
        self.film.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
