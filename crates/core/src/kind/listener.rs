//! Listener of a load balancer. What no rule takes gets its default action.

use super::{State, outputs};
use crate::diff::{Change, Diff};
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Unresolved};
use crate::arn::{CertificateArn, ListenerArn, LoadBalancerArn};
use serde::Serialize;

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// Load balancer.
     pub load_balancer: Input<LoadBalancerArn>,
     /// Port.
     pub port: u16,
     /// HTTP, or HTTPS with its certificate.
     pub protocol: Protocol,
     /// What happens to requests that no rule takes.
     pub default_action: DefaultAction,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { load_balancer, port: _, protocol: _, default_action: _ } = self;
        walk(load_balancer);
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its ARN.
     pub arn: ListenerArn,
     /// Load balancer.
     pub load_balancer: LoadBalancerArn,
     /// Port.
     pub port: u16,
     /// Protocol.
     pub protocol: Protocol,
     /// Default action; `None` for one that we never set.
     pub default_action: Option<DefaultAction>,
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

/// Everything but the load balancer changes in place (ModifyListener, ELB API Reference).
 pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
     let Desired { load_balancer, port, protocol, default_action } = desired;
     Ok(Diff::default()
         .fixed("loadBalancerArn", load_balancer.known()?, &observed.load_balancer)
         .in_place("port", port, &observed.port)
         .in_place("protocol", protocol, &observed.protocol)
         .in_place("defaultActions", &Some(*default_action), &observed.default_action)
         .done())
 }

/// How clients talk to a listener.
 #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
 #[serde(rename_all = "camelCase")]
 pub enum Protocol {
     /// Plain HTTP.
     Http,
     /// HTTPS.
     Https {
         /// Default certificate.
         certificate: CertificateArn,
         /// TLS policy, for example `ELBSecurityPolicy-TLS13-1-2-2021-06`.
         tls_policy: String,
     },
 }

 /// What a listener does with requests that no rule takes.
 #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
 #[serde(rename_all = "camelCase")]
 pub enum DefaultAction {
     /// Answers 404: a request for another host must not get past the rule that asks for a login.
     NotFound,
     /// Sends the browser to the same address on HTTPS, for good (301).
     RedirectToHttps,
 }
