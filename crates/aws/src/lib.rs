//! Makes AWS match a plan: one driver per kind of resource, and the reads that all stacks of an account share.
//!
//! Entry points: [`Account`] is one account in one region; [`Account::observe`] says what exists of a stack, and
//! [`Account::create`], [`Account::update`], [`Account::delete`], [`Account::read`] act on one resource. Drivers are in
//! [`kind`], one file each, named as in `jenkinsstack_core::kind`. Deliberately absent: what a JenkinsStack is.

pub mod account;
pub mod clients;
pub mod driver;
pub mod error;
mod inventory;
pub mod kind;
pub mod lookup;
pub mod permission;
mod tagged;

pub use account::Account;
pub use clients::Clients;
pub use driver::{Deletion, Listed, Target};
pub use error::{Class, Error, innermost};
pub use inventory::Observation;
