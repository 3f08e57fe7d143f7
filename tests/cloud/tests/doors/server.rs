//! The server on loopback, by raw HTTP.
