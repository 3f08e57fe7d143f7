//! Rules of `elb`.
