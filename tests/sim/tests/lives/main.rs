//! Lives of a stack under virtual time: plain ones, and ones that are cut at every call.

mod plain;
