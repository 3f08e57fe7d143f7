//! Rules of `secrets`.
