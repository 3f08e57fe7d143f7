//! Rules of `iam`.
