//! Rules of `tagging`.
