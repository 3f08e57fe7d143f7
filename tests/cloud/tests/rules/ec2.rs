//! Rules of `ec2`.

mod common;
mod groups;
mod interfaces;
mod listing;
mod network;
mod permissions;
mod reach;
mod tags;
