//! Rules of `kms`.
