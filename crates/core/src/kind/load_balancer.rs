//! Application Load Balancer.

use super::{State, known_set, only, outputs};
use crate::diff::{Change, Diff};
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Unresolved};
use crate::arn::LoadBalancerArn;
use crate::id::{SecurityGroupId, SubnetId, VpcId, Zone};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// Whether the internet can reach it.
     pub scheme: Scheme,
     /// VPC in which it stands: that of its subnets.
     pub vpc: VpcId,
     /// Subnets that will do, by zone: it stands in one of each, in at least two zones.
     pub subnets: BTreeMap<Zone, BTreeSet<SubnetId>>,
     /// Security groups.
     pub security_groups: Vec<Input<SecurityGroupId>>,
     /// Attributes that we set, by key, for example `idle_timeout.timeout_seconds`; others stay as they are.
     pub attributes: BTreeMap<String, String>,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { scheme: _, vpc: _, subnets: _, security_groups, attributes: _ } = self;
        security_groups.iter_mut().for_each(|group| walk(group));
    }
}

impl Desired {
    /// Where it has to stand when it was `seen` in some subnets: of each zone in one of those that will do, in the one
    /// where it is if it can.
    pub fn subnets_beside(&self, seen: &BTreeSet<SubnetId>) -> BTreeSet<SubnetId> {
        self.subnets.values().filter_map(|zone| zone.intersection(seen).next().or(zone.first())).cloned().collect()
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its ARN.
     pub arn: LoadBalancerArn,
     /// Its DNS name.
     pub dns_name: String,
     /// Hosted zone of that name (`CanonicalHostedZoneId`), which an alias record names.
     pub zone: Option<String>,
     /// Whether the internet can reach it.
     pub scheme: Scheme,
     /// VPC in which it stands.
     pub vpc: VpcId,
     /// Subnets.
     pub subnets: BTreeSet<SubnetId>,
     /// Security groups.
     pub security_groups: BTreeSet<SecurityGroupId>,
     /// All attributes.
     pub attributes: BTreeMap<String, String>,
     /// `State.Code` in AWS's words.
     pub state_code: String,
     /// `State.Reason` in AWS's words.
     pub state_reason: String,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([(Output::Arn, self.arn.to_string()), (Output::Id, self.arn.to_string()), (Output::DnsName, self.dns_name.clone())])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        match self.state_code.as_str() {
            "active" => State::Ready,
            "failed" => State::Failed(self.state_reason.clone()),
            _ => State::Settling(self.state_code.clone()),
        }
    }
}

/// Only the scheme is fixed (SetSubnets, SetSecurityGroups, ModifyLoadBalancerAttributes, ELB API Reference).
 pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
     let Desired { scheme, vpc, subnets: _, security_groups, attributes } = desired;
     let groups = known_set(security_groups)?;
     Ok(Diff::default()
         .fixed("scheme", scheme, &observed.scheme)
         .fixed("vpcId", vpc, &observed.vpc)
         .in_place("subnets", &desired.subnets_beside(&observed.subnets), &observed.subnets)
         .in_place("securityGroups", &groups, &observed.security_groups)
         .in_place("attributes", attributes, &only(&observed.attributes, attributes))
         .done())
 }

/// Where a load balancer can be reached from.
 #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
 #[serde(rename_all = "kebab-case")]
 pub enum Scheme {
     /// From the internet.
     InternetFacing,
     /// From the VPC and what is connected to it.
     Internal,
 }
