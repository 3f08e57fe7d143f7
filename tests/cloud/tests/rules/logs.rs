//! Rules of `logs`.
