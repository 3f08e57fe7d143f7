//! What a policy is evaluated against: who asks, for which action on which resource, in which context.

use super::late::View;
use crate::call::Ask;
use crate::clock::Time;
use crate::service::iam::Role;
use crate::tags::Tags;
use crate::world::World;
use std::collections::BTreeMap;

/// Address that calls seem to come from (RFC 5737, documentation).
const SOURCE_IP: &str = "203.0.113.10";

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Caller<'a> {
    /// Nobody who signed.
    Anonymous,
    /// The root user of an account.
    Root(&'a str),
    /// A session of a role; without name where a service acts as the role.
    Session(&'a Role, Option<&'a str>),
    /// An AWS service.
    Service(&'a str),
    /// Someone with a token of an identity provider, given by the provider's ARN.
    Federated(&'a str),
}

/// One question, with all context keys in lower case.
pub(super) struct Request<'a> {
    pub(super) caller: Caller<'a>,
    /// The action, in lower case.
    pub(super) action: String,
    pub(super) resource: &'a str,
    context: BTreeMap<String, Vec<String>>,
}

impl<'a> Request<'a> {
    /// The question of `ask` with the global context keys added.
    pub(super) fn new(world: &World, caller: Caller<'a>, ask: &'a Ask, region: &str, now: Time) -> Self {
        let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut put = |key: &str, value: String| {
            context.insert(key.to_owned(), vec![value]);
        };
        put("aws:currenttime", now.iso());
        put("aws:epochtime", (now.0 / 1000).to_string());
        put("aws:securetransport", "true".to_owned());
        put("aws:sourceip", SOURCE_IP.to_owned());
        put("aws:viaawsservice", "false".to_owned());
        put("aws:principalisawsservice", matches!(caller, Caller::Service(_)).to_string());
        if !region.is_empty() {
            put("aws:requestedregion", region.to_owned());
        }
        let owner = account_of(&ask.resource).or_else(|| caller.account()).unwrap_or_default();
        put("aws:resourceaccount", owner.to_owned());
        caller.describe(world, now, &mut put);
        for (key, values) in &ask.context {
            context.entry(key.to_ascii_lowercase()).or_default().clone_from(values);
        }
        Self { caller, action: ask.action.to_ascii_lowercase(), resource: &ask.resource, context }
    }

    /// Values of a context key, given in lower case.
    pub(super) fn values(&self, key: &str) -> &[String] {
        self.context.get(key).map_or(&[], Vec::as_slice)
    }

    /// The account that owns the resource, if its ARN says so.
    pub(super) fn owner(&self) -> Option<&'a str> {
        account_of(self.resource)
    }
}

impl<'a> Caller<'a> {
    /// The account of the caller.
    pub(super) fn account(&self) -> Option<&'a str> {
        match self {
            Self::Root(account) => Some(account),
            Self::Session(role, _) => account_of(&role.arn),
            Self::Anonymous | Self::Service(_) | Self::Federated(_) => None,
        }
    }

    fn describe(&self, world: &World, now: Time, put: &mut impl FnMut(&str, String)) {
        if let Some(account) = self.account() {
            put("aws:principalaccount", account.to_owned());
        }
        match self {
            Self::Anonymous => put("aws:principaltype", "Anonymous".to_owned()),
            Self::Root(account) => {
                put("aws:principaltype", "Account".to_owned());
                put("aws:principalarn", format!("arn:aws:iam::{account}:root"));
                put("aws:userid", (*account).to_owned());
            }
            Self::Session(role, session) => {
                put("aws:principaltype", "AssumedRole".to_owned());
                put("aws:principalarn", role.arn.clone());
                put("aws:userid", format!("{}:{}", role.id, session.unwrap_or_default()));
                let tags = principal_tags(world, role, *session, now);
                for (key, value) in tags {
                    put(&format!("aws:principaltag/{}", key.to_ascii_lowercase()), value);
                }
            }
            Self::Service(name) => put("aws:principalservicename", (*name).to_owned()),
            Self::Federated(provider) => put("aws:federatedprovider", (*provider).to_owned()),
        }
    }
}

/// The account in an ARN; none for AWS's own things.
pub(super) fn account_of(arn: &str) -> Option<&str> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())).then_some(account)
}

/// Tags of a session: those of its role as other services see them, and over them those it was made with.
fn principal_tags(world: &World, role: &Role, session: Option<&str>, now: Time) -> Tags {
    let mut tags = role.facts.at(View::Elsewhere, now).map(|facts| facts.tags.clone()).unwrap_or_default();
    let account = account_of(&role.arn).and_then(|account| world.accounts.get(account));
    if let (Some(account), Some(session)) = (account, session) {
        let key = (role.id.clone(), session.to_owned());
        tags.extend(account.iam.sessions.get(&key).into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    }
    tags
}
