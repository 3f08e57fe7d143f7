//! reach.
