//! Rules of `sts`.
