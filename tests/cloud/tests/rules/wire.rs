//! Rules of `wire`.
