//! Rules of `faults`.
