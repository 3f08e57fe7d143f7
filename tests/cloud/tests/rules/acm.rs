//! Rules of `acm`.
