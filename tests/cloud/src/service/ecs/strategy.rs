//! Where a task runs: launch types and capacity provider strategies.

use super::refusals::invalid;
use crate::call::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Capacity providers that every account has.
pub(super) const PROVIDERS: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// One item of a capacity provider strategy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    /// Name of the capacity provider.
    pub(super) capacity_provider: String,
    /// Its share of the tasks.
    #[serde(default)]
    pub(super) weight: i64,
    /// How many tasks run there at least.
    #[serde(default)]
    pub(super) base: i64,
}

/// Where a service or task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Launch {
    /// Launch type FARGATE.
    Fargate,
    /// Launch type EC2: no container instance is ever there.
    Ec2,
    /// A capacity provider strategy.
    Strategy(Vec<Item>),
}

impl Launch {
    /// Adds what Describe operations show of it.
    pub(super) fn show(&self, output: &mut Value) {
        match self {
            Self::Fargate => output["launchType"] = json!("FARGATE"),
            Self::Ec2 => output["launchType"] = json!("EC2"),
            Self::Strategy(items) => output["capacityProviderStrategy"] = json!(items),
        }
    }

    /// Capacity providers that it uses.
    pub(super) fn providers(&self) -> Vec<&str> {
        match self {
            Self::Fargate | Self::Ec2 => Vec::new(),
            Self::Strategy(items) => items.iter().map(|item| item.capacity_provider.as_str()).collect(),
        }
    }

    /// The capacity provider of the task that comes after `before` others.
    pub(super) fn provider(&self, before: usize) -> Option<&str> {
        let Self::Strategy(items) = self else { return None };
        let based = items.iter().find(|item| (before as i64) < item.base);
        let heaviest = items.iter().max_by_key(|item| item.weight);
        based.or(heaviest).map(|item| item.capacity_provider.as_str())
    }

    /// What a request asks for; a request that asks for nothing gets the cluster's default strategy, else EC2.
    pub(super) fn read(input: &Value, associated: &[String], default: &[Item]) -> Result<Self, Refusal> {
        let launch_type = input["launchType"].as_str();
        let strategy = items(&input["capacityProviderStrategy"]);
        match (launch_type, strategy.as_slice()) {
            (Some(_), [_, ..]) => Err(invalid(
                "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try \
                 again.",
            )),
            (Some("FARGATE"), []) => Ok(Self::Fargate),
            (None, []) if !default.is_empty() => Ok(Self::Strategy(default.to_vec())),
            (Some(_) | None, []) => Ok(Self::Ec2),
            (None, [_, ..]) => {
                check(&strategy, associated)?;
                Ok(Self::Strategy(strategy))
            }
        }
    }
}

/// Reads a strategy; an absent one is empty.
pub(super) fn items(value: &Value) -> Vec<Item> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

/// Whether a strategy holds together and names only capacity providers of the cluster.
pub(super) fn check(items: &[Item], associated: &[String]) -> Result<(), Refusal> {
    if items.iter().any(|item| !associated.contains(&item.capacity_provider)) {
        return Err(invalid(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with \
             the cluster. Associate the capacity provider with the cluster and try again.",
        ));
    }
    if items.len() > 20 {
        return Err(invalid("The capacity provider strategy cannot contain more than 20 capacity providers."));
    }
    if items.iter().filter(|item| item.base > 0).count() > 1 {
        return Err(invalid("Only one capacity provider in a capacity provider strategy can have a base defined."));
    }
    if !items.is_empty() && items.iter().all(|item| item.weight == 0) {
        return Err(invalid("At least one capacity provider of the strategy must have a weight greater than zero."));
    }
    Ok(())
}

/// Whether every name is a capacity provider that exists.
pub(super) fn known(names: &[String]) -> Result<(), Refusal> {
    match names.iter().find(|name| !PROVIDERS.contains(&name.as_str())) {
        Some(name) => Err(invalid(format!(
            "The specified capacity provider {name} was not found. Specify a valid capacity provider and try again."
        ))),
        None => Ok(()),
    }
}
