//! Secrets Manager: secrets, their versions and deletion windows.
//!
//! Strict: names, request tokens, staging labels, names that stay reserved through the recovery window and for a moment after
//! a forced deletion, filters of the listing, and that a value is in the answer of `GetSecretValue` and nowhere else.
//! Deliberately absent: rotation, replication, resource policies (there is none), managed external secrets, random passwords.

mod listing;
mod refusals;
mod secret;
mod stage;
mod tagging;
mod value;
mod version;

use super::{Item, Service};
use crate::call::{Ask, Call, Refusal};
use crate::clock::Time;
use crate::world::{Place, Region, World};
use secret::Secret;
use std::collections::BTreeMap;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "secretsmanager",
    signing: "secretsmanager",
    invalid: "InvalidParameterException",
    missing: "ValidationException",
    denied: "AccessDeniedException",
    throttled: "ThrottlingException",
    operations: &[secret::OPERATIONS, value::OPERATIONS, stage::OPERATIONS, listing::OPERATIONS, tagging::OPERATIONS],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    secrets: BTreeMap<String, Secret>,
    /// Secrets as they were before a change that listings do not show yet, with the time of that change.
    before: Vec<(Time, Secret)>,
}

impl State {
    /// Keeps a secret as it is before it changes or goes: listings show it so for a while.
    fn remember(&mut self, name: &str, now: Time) {
        self.before.retain(|(until, _)| now - *until <= listing::LATEST);
        self.before.extend(self.secrets.get(name).map(|secret| (now, secret.clone())));
    }
}

/// What goes on by itself.
#[derive(Clone, Debug)]
pub enum Event {
    /// A secret's recovery window, or the delay of its forced deletion, is over.
    Gone {
        /// Name of the secret.
        name: String,
        /// Its ARN: by now the name may be another secret's.
        arn: String,
    },
}

/// Lets an event happen.
pub fn happen(world: &mut World, place: &Place, event: Event) {
    let (Event::Gone { name, arn }, now) = (event, world.now);
    let state = &mut world.at(place).secrets;
    if state.secrets.get(&name).is_some_and(|secret| secret.arn == arn && secret.is_over(now)) {
        state.remember(&name, now);
        state.secrets.remove(&name);
    }
}

/// What exists; values as their SHA-256 only.
pub fn items(region: &Region) -> Vec<Item> {
    region.secrets.secrets.values().filter(|secret| !secret.is_forced()).map(secret::item).collect()
}

/// The current value of a secret, by name or ARN.
pub fn value_of<'r>(region: &'r Region, name_or_arn: &str) -> Option<&'r str> {
    find(region, name_or_arn).ok().filter(|secret| secret.deletion.is_none())?.current()?.value.text()
}

/// The name of the secret that is named by its name, its ARN, or its ARN without the six characters behind the name.
fn name_of(region: &Region, id: &str) -> Option<String> {
    let Some((_, named)) = id.strip_prefix("arn:").and_then(|rest| rest.split_once(":secret:")) else {
        return Some(id.to_owned());
    };
    let secrets = &region.secrets.secrets;
    let by_arn = secrets.values().find(|secret| secret.arn == id);
    by_arn.or_else(|| secrets.get(named).filter(|secret| secret.arn.starts_with(id))).map(|secret| secret.name.clone())
}

fn find<'r>(region: &'r Region, id: &str) -> Result<&'r Secret, Refusal> {
    let name = name_of(region, id).ok_or_else(refusals::no_secret)?;
    region.secrets.secrets.get(&name).ok_or_else(refusals::no_secret)
}

/// The secret that the request names.
fn named<'c>(call: &'c Call<'_>) -> Result<&'c Secret, Refusal> {
    find(call.peek(), call.text("SecretId"))
}

/// The same to change, if it is not marked for deletion.
fn living<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Secret, Refusal> {
    let (name, now) = (named(call)?.name.clone(), call.now);
    if named(call)?.deletion.is_none() {
        call.regional().secrets.remember(&name, now);
    }
    let secret = call.regional().secrets.secrets.get_mut(&name).ok_or_else(refusals::no_secret)?;
    if secret.deletion.is_some() { Err(refusals::marked()) } else { Ok(secret) }
}

/// The question about the secret that the request names.
fn ask_about(call: &Call<'_>, action: &str) -> Ask {
    let id = call.text("SecretId");
    let action = format!("secretsmanager:{action}");
    match named(call) {
        Ok(secret) => {
            let ask =
                Ask::new(action, &secret.arn).resource_tags(&secret.tags).when("secretsmanager:SecretId", &secret.arn);
            secret
                .tags
                .iter()
                .fold(ask, |ask, (key, value)| ask.when(format!("secretsmanager:ResourceTag/{key}"), value))
        }
        Err(_) if id.starts_with("arn:") => Ask::new(action, id),
        Err(_) => Ask::new(action, call.arn("secretsmanager", &format!("secret:{id}"))),
    }
}

fn on_secret(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![ask_about(call, action)]
}
