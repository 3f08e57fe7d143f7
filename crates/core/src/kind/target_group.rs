//! Target group of the task: IP addresses, HTTP.

use super::{State, only, outputs};
use crate::diff::{Change, Diff};
use crate::input::{AnyInput, HasInputs, Output, Outputs, Unresolved};
use crate::arn::TargetGroupArn;
use crate::id::VpcId;
use serde::Serialize;
use std::collections::BTreeMap;

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// VPC.
     pub vpc: VpcId,
     /// Port on which targets listen.
     pub port: u16,
     /// How health is checked.
     pub health_check: HealthCheck,
     /// Attributes that we set, by key; others stay as they are.
     pub attributes: BTreeMap<String, String>,
}

impl HasInputs for Desired {
    fn walk(&mut self, _walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { vpc: _, port: _, health_check: _, attributes: _ } = self;

    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its ARN.
     pub arn: TargetGroupArn,
     /// VPC.
     pub vpc: VpcId,
     /// Port.
     pub port: u16,
     /// How health is checked.
     pub health_check: HealthCheck,
     /// All attributes.
     pub attributes: BTreeMap<String, String>,
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([(Output::Arn, self.arn.to_string()), (Output::Id, self.arn.to_string())])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        State::Ready
    }
}

/// VPC and port are fixed (ModifyTargetGroup, ELB API Reference).
 pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
     let Desired { vpc, port, health_check, attributes } = desired;
     Ok(Diff::default()
         .fixed("vpcId", vpc, &observed.vpc)
         .fixed("port", port, &observed.port)
         .in_place("healthCheck", health_check, &observed.health_check)
         .in_place("attributes", attributes, &only(&observed.attributes, attributes))
         .done())
 }

/// How a load balancer asks whether a target is well.
 #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
 #[serde(rename_all = "camelCase")]
 pub struct HealthCheck {
     /// `HTTP` or `HTTPS`.
     pub protocol: String,
     /// `traffic-port`, which is the one on which the target listens, or a number.
     pub port: String,
     /// Path that is asked for.
     pub path: String,
     /// HTTP statuses that count as well, for example `200-399`.
     pub matcher: String,
     /// Seconds between two checks, 5 to 300.
     pub interval_seconds: i32,
     /// Seconds until a check has failed, 2 to 120.
     pub timeout_seconds: i32,
     /// Good checks in a row that make a target healthy, 2 to 10.
     pub healthy_threshold: i32,
     /// Bad checks in a row that make a target unhealthy, 2 to 10.
     pub unhealthy_threshold: i32,
 }
