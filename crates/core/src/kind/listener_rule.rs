//! Rule of a listener: which requests, whether they must log in first, and where they go.

use super::{State, outputs};
use crate::diff::{Change, Diff};
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Unresolved};
use crate::arn::{ListenerArn, ListenerRuleArn, TargetGroupArn};
use crate::secret::{Fingerprint, SecretValue};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// As it is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// Listener.
     pub listener: Input<ListenerArn>,
     /// Place among the listener's rules, 1 to 50000; the lowest that matches wins.
     pub priority: i32,
     /// Which requests it takes.
     pub conditions: Conditions,
     /// The login that comes first, if one does.
     pub login: Option<Login>,
     /// Where requests go.
     pub target_group: Input<TargetGroupArn>,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self { listener, priority: _, conditions: _, login: _, target_group } = self;
        walk(listener);
        walk(target_group);
    }
}

/// As it was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Its ARN.
     pub arn: ListenerRuleArn,
     /// Listener.
     pub listener: ListenerArn,
     /// Priority.
     pub priority: i32,
     /// Conditions.
     pub conditions: Conditions,
     /// The login, without its secret.
     pub provider: Option<Provider>,
     /// Fingerprint of the client secret that was written last, from the tag.
     pub fingerprint: Option<Fingerprint>,
     /// Target group; `None` when the rule forwards elsewhere or nowhere.
     pub target_group: Option<TargetGroupArn>,
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

/// Everything but the listener changes in place (ModifyRule, SetRulePriorities, ELB API Reference).
 pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
     let Desired { listener, priority, conditions, login, target_group } = desired;
     let provider = login.as_ref().map(|login| &login.provider);
     let fingerprint = login.as_ref().map(|login| &login.fingerprint);
     Ok(Diff::default()
         .fixed("listenerArn", listener.known()?, &observed.listener)
         .in_place("priority", priority, &observed.priority)
         .in_place("conditions", conditions, &observed.conditions)
         .in_place("authenticateOidc", &provider, &observed.provider.as_ref())
         .in_place("clientSecretFingerprint", &fingerprint, &observed.fingerprint.as_ref())
         .in_place("targetGroupArn", &Some(target_group.known()?), &observed.target_group.as_ref())
         .done())
 }

/// Which requests a rule takes: all that is not empty must match.
 #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
 #[serde(rename_all = "camelCase")]
 pub struct Conditions {
     /// Host headers.
     pub hosts: BTreeSet<String>,
     /// Path patterns.
     pub paths: BTreeSet<String>,
     /// Source CIDR blocks.
     pub sources: BTreeSet<String>,
     /// Fields of other conditions, for example `http-header`; we set none.
     pub others: BTreeSet<String>,
 }

 /// A login by OpenID Connect that the load balancer asks for.
 #[derive(Clone, Debug, PartialEq, Serialize)]
 #[serde(rename_all = "camelCase")]
 pub struct Login {
     /// The provider and how it is asked.
     pub provider: Provider,
     /// Client secret: written, never read back.
     pub client_secret: SecretValue,
     /// What the client secret is compared by; kept in a tag.
     pub fingerprint: Fingerprint,
 }

 /// An OpenID provider as `authenticate-oidc` wants it, with every default filled in.
 #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
 #[serde(rename_all = "camelCase")]
 pub struct Provider {
     /// Issuer.
     pub issuer: String,
     /// Authorization endpoint.
     pub authorization_endpoint: String,
     /// Token endpoint.
     pub token_endpoint: String,
     /// User info endpoint.
     pub user_info_endpoint: String,
     /// Client id.
     pub client_id: String,
     /// Scopes, separated by spaces.
     pub scope: String,
     /// Name of the session cookie.
     pub session_cookie_name: String,
     /// Seconds until a session ends.
     pub session_timeout: i64,
     /// `authenticate`, `allow` or `deny`.
     pub on_unauthenticated_request: String,
     /// Further parameters of the authorization request.
     pub extra_params: BTreeMap<String, String>,
 }
