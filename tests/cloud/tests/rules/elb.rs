//! Elastic Load Balancing v2.

mod actions;
mod balancers;
mod certificates;
mod common;
mod conditions;
mod groups;
mod health;
mod listeners;
mod oidc;
mod priorities;
mod serving;
mod settings;
mod tags;
