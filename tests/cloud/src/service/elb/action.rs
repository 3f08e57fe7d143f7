//! Actions of listeners and rules: at most one that signs in, then exactly one that answers.

mod oidc;
mod route;

pub(super) use oidc::{Oidc, Unauthenticated};
pub(super) use route::{Fixed, Forward, Redirect, Route};

use super::network::list;
use super::refusal::{action, not_here, validation};
use crate::call::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is done with a request: sign in first, if that is asked for, then route.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Actions {
    pub(super) sign_in: Option<Step<Oidc>>,
    pub(super) route: Step<Route>,
}

/// An action and its place in the order, if one was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step<T> {
    order: Option<u64>,
    pub(super) action: T,
}

/// What actions are written for.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    /// Whether the listener's protocol is HTTPS.
    pub(super) https: bool,
    /// The sign-in that the rule has so far, whose secret may be used again.
    pub(super) existing: Option<&'a Oidc>,
}

/// Reads and checks the actions of a request.
pub(super) fn read(request: &Value, setting: Setting<'_>) -> Result<Actions, Refusal> {
    let mut steps: Vec<&Value> = list(request).iter().collect();
    check_orders(&steps)?;
    steps.sort_by_key(|step| step["Order"].as_u64());
    let Some((last, before)) = steps.split_last() else {
        return Err(validation("An action must be specified"));
    };
    let sign_in = match before {
        [] => None,
        [step] => Some(Step { order: step["Order"].as_u64(), action: read_sign_in(step, setting)? }),
        [_, _, ..] => return Err(Refusal::new("TooManyActions", "You have specified too many actions")),
    };
    let route = Step { order: last["Order"].as_u64(), action: Route::read(last, setting.https)? };
    Ok(Actions { sign_in, route })
}

fn check_orders(steps: &[&Value]) -> Result<(), Refusal> {
    if steps.len() < 2 {
        return Ok(());
    }
    let mut orders = BTreeSet::new();
    for step in steps {
        let order = step["Order"].as_u64();
        let order = order.ok_or_else(|| action("An order must be specified for each of multiple actions"))?;
        if !orders.insert(order) {
            return Err(action(format!("The order '{order}' was specified for more than one action")));
        }
    }
    Ok(())
}

fn read_sign_in(step: &Value, setting: Setting<'_>) -> Result<Oidc, Refusal> {
    match step["Type"].as_str().unwrap_or_default() {
        "authenticate-oidc" if setting.https => Oidc::read(&step["AuthenticateOidcConfig"], setting.existing),
        "authenticate-oidc" => Err(action("Actions of type 'authenticate-oidc' are supported only on HTTPS listeners")),
        kind @ ("authenticate-cognito" | "jwt-validation") => Err(not_here(&format!("The action '{kind}'"))),
        kind => Err(action(format!("An action of type '{kind}' must be the last action to be performed"))),
    }
}

impl Actions {
    /// The target groups that are forwarded to.
    pub(super) fn groups(&self) -> impl Iterator<Item = &str> {
        let forward = if let Route::Forward(forward) = &self.route.action { forward.groups.as_slice() } else { &[] };
        forward.iter().map(|tuple| tuple.group.as_str())
    }

    /// The sign-in, if there is one.
    pub(super) fn oidc(&self) -> Option<&Oidc> {
        self.sign_in.as_ref().map(|step| &step.action)
    }

    /// The actions as a Describe operation shows them.
    pub(super) fn describe(&self) -> Value {
        let sign_in = self.sign_in.iter().map(|step| step.describe(step.action.describe()));
        sign_in.chain([self.route.describe(self.route.action.describe())]).collect()
    }

    /// As `describe`, with the hash of the client secret for judging what was set.
    pub(super) fn reveal(&self) -> Value {
        let mut shown = self.describe();
        if let (Some(oidc), Some(first)) = (self.oidc(), shown.get_mut(0)) {
            first["AuthenticateOidcConfig"]["ClientSecretSha256"] = json!(oidc.secret_sha256);
        }
        shown
    }
}

impl<T> Step<T> {
    fn describe(&self, mut shown: Value) -> Value {
        if let Some(order) = self.order {
            shown["Order"] = json!(order);
        }
        shown
    }
}
