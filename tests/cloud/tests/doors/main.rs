//! The doors, and the wire as real clients see it: botocore's own serializers and parsers, and raw HTTP.

mod botocore;
mod fixtures;
mod sdk;
mod server;
