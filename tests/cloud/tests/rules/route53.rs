//! Rules of `route53`.
