//! The subnets and security groups of a service or task.

use super::refusals::invalid;
use crate::call::Refusal;
use crate::clock::Time;
use crate::world::Region;
use serde_json::{Value, json};

/// Where the interfaces of tasks are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Network {
    /// Subnet ids.
    pub(super) subnets: Vec<String>,
    /// Security group ids.
    pub(super) groups: Vec<String>,
    /// Whether tasks get a public address.
    pub(super) public_ip: bool,
}

impl Network {
    /// Reads a `NetworkConfiguration` and checks that it can be used.
    pub(super) fn read(region: &Region, value: &Value, now: Time) -> Result<Self, Refusal> {
        let vpc = &value["awsvpcConfiguration"];
        if vpc.is_null() {
            return Err(invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified."));
        }
        let network = Self {
            subnets: texts(&vpc["subnets"]),
            groups: texts(&vpc["securityGroups"]),
            public_ip: vpc["assignPublicIp"] == "ENABLED",
        };
        network.check(region, now)?;
        Ok(network)
    }

    /// As Describe operations show it.
    pub(super) fn show(&self) -> Value {
        json!({"awsvpcConfiguration": {
            "subnets": self.subnets,
            "securityGroups": self.groups,
            "assignPublicIp": if self.public_ip { "ENABLED" } else { "DISABLED" },
        }})
    }

    /// Limits: AwsVpcConfiguration in the Amazon ECS API Reference.
    fn check(&self, region: &Region, now: Time) -> Result<(), Refusal> {
        if self.subnets.is_empty() {
            return Err(invalid("subnets can not be empty."));
        }
        if self.subnets.len() > 16 {
            return Err(invalid("subnets can have at most 16 items."));
        }
        if self.groups.len() > 5 {
            return Err(invalid("securityGroups can have at most 5 items."));
        }
        let (subnets, groups) = (&region.ec2.subnets, &region.ec2.groups);
        if let Some(subnet) = self.subnets.iter().find(|id| !subnets.contains_key(*id)) {
            return Err(invalid(format!(
                "Error retrieving subnet information for [{}]: The subnet ID '{subnet}' does not exist (ErrorCode: \
                 InvalidSubnetID.NotFound)",
                self.subnets.join(", ")
            )));
        }
        if let Some(group) = self.groups.iter().find(|id| groups.get(*id).is_none_or(|group| group.visible_at > now)) {
            return Err(invalid(format!(
                "Error retrieving security group information for [{}]: The security group '{group}' does not exist \
                 (ErrorCode: InvalidGroup.NotFound)",
                self.groups.join(", ")
            )));
        }
        let of_subnets = self.subnets.iter().filter_map(|id| subnets.get(id)).map(|subnet| &subnet.vpc);
        let of_groups = self.groups.iter().filter_map(|id| groups.get(id)).map(|group| &group.vpc);
        let mut vpcs = of_subnets.chain(of_groups);
        let first = vpcs.next();
        if vpcs.all(|vpc| Some(vpc) == first) {
            Ok(())
        } else {
            Err(invalid("The subnets and security groups must belong to the same VPC."))
        }
    }
}

/// A list of texts; an absent one is empty.
pub(super) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
