//! Rules of `ec2`.
