//! The two ways in.
