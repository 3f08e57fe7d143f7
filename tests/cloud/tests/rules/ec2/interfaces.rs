//! interfaces.
