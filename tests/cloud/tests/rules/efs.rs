//! Rules of `efs`.
