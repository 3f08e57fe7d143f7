//! Rules: which calls, which of them, and what happens. Their JSON is what the control API takes:
//!
//! `{"service": "efs", "operation": "Describe*", "resource": "fs-", "when": {"first": 2}, "effect": "lose"}`

use super::Facts;
use crate::call::Access;
use crate::random::Random;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Which calls fail, and how. A member that is left out fits every call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Service, by the name of its model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Operation, or with `*` at its end the beginning of its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Reads only, or writes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Part of any text in the input, or of an ARN that IAM is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Part of the caller's ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// Which of the calls that fit.
    #[serde(default)]
    pub when: Occurrence,
    /// What happens to them.
    pub effect: Effect,
}

/// Which of the calls that fit a rule are struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Occurrence {
    /// All.
    #[default]
    Every,
    /// Only the n-th; the first is 1.
    Nth(u64),
    /// The first n.
    First(u64),
    /// The first n attempts at each different input; the next one passes, and then it begins again.
    Each(u64),
    /// Each with this probability.
    Chance(f64),
}

/// What happens to a call that is struck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Effect {
    /// Refused without being done.
    Refuse {
        /// Code on the wire.
        code: String,
        /// HTTP status.
        #[serde(default = "bad_request")]
        status: u16,
        /// Text for a person.
        #[serde(default)]
        message: String,
    },
    /// Done, but answered with a refusal.
    Misreport {
        /// Code on the wire.
        code: String,
        /// HTTP status.
        #[serde(default = "server_error")]
        status: u16,
        /// Text for a person.
        #[serde(default)]
        message: String,
    },
    /// Refused because the credentials are good no longer.
    Expire,
    /// Refused with the service's code for too many calls.
    Throttle,
    /// The connection breaks before it is done.
    Reset,
    /// It is done, and the connection breaks before the answer.
    Lose,
    /// It is done, and no answer ever comes.
    Silence,
    /// It is done, and the answer comes late by so much of tokio's clock.
    Delay {
        /// How late.
        seconds: f64,
    },
    /// A read answers as things stood so many seconds of cloud time ago.
    Stale {
        /// How old the answer is.
        seconds: f64,
    },
    /// A page of a listing has at most so many items.
    Short {
        /// How many.
        items: u64,
    },
    /// A page of a listing is empty and has a token, behind which its items are.
    Empty,
    /// A page of a listing comes again behind its token.
    Repeated,
}

fn bad_request() -> u16 {
    400
}

fn server_error() -> u16 {
    500
}

impl Rule {
    /// A rule that strikes every call.
    pub fn new(effect: Effect) -> Self {
        let (service, operation, access, resource, principal) = (None, None, None, None, None);
        Self { service, operation, access, resource, principal, when: Occurrence::Every, effect }
    }

    /// Only calls to this service, by the name of its model.
    pub fn service(self, model: &str) -> Self {
        Self { service: Some(model.to_owned()), ..self }
    }

    /// Only this operation, or with `*` at its end all that begin so.
    pub fn operation(self, name: &str) -> Self {
        Self { operation: Some(name.to_owned()), ..self }
    }

    /// Only reads, or only writes.
    pub fn access(self, access: Access) -> Self {
        Self { access: Some(access), ..self }
    }

    /// Only calls with this part in any text of the input, or in an ARN that IAM is asked about.
    pub fn resource(self, part: &str) -> Self {
        Self { resource: Some(part.to_owned()), ..self }
    }

    /// Only calls of principals with this part in their ARN.
    pub fn principal(self, part: &str) -> Self {
        Self { principal: Some(part.to_owned()), ..self }
    }

    /// Only some of the calls that fit.
    pub fn occurs(self, when: Occurrence) -> Self {
        Self { when, ..self }
    }

    /// Only the n-th call that fits; the first is 1.
    pub fn nth(self, n: u64) -> Self {
        self.occurs(Occurrence::Nth(n))
    }

    fn fits(&self, facts: &Facts<'_>, follows: bool) -> bool {
        let is = |wanted: &Option<String>, fits: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(fits);
        is(&self.service, &|model| model == facts.request.service.model)
            && is(&self.operation, &|name| named(name, &facts.request.operation))
            && self.access.is_none_or(|access| access == facts.access)
            && is(&self.principal, &|part| facts.principal.contains(part))
            && is(&self.resource, &|part| mentions(facts, part))
            && self.effect.can_be(facts, follows)
    }
}

impl Effect {
    /// Whether a call can have this effect: only reads are stale, only listings have pages, and each page is bent once.
    fn can_be(&self, facts: &Facts<'_>, follows: bool) -> bool {
        match self {
            Self::Stale { .. } => facts.access == Access::Read,
            Self::Short { .. } => facts.paging().is_some_and(|paging| paging.size.is_some()),
            Self::Empty | Self::Repeated => !follows && facts.paging().is_some_and(|paging| paging.token.is_some()),
            Self::Refuse { .. } | Self::Misreport { .. } | Self::Expire | Self::Throttle => true,
            Self::Reset | Self::Lose | Self::Silence | Self::Delay { .. } => true,
        }
    }
}

/// Rules by which a call fails with this probability, each way of failing as likely as the others.
pub(super) fn storm(probability: f64) -> Vec<Rule> {
    let effects = [
        Effect::Refuse { code: "InternalFailure".into(), status: 500, message: String::new() },
        Effect::Misreport { code: "ServiceUnavailable".into(), status: 503, message: String::new() },
        Effect::Throttle,
        Effect::Reset,
        Effect::Lose,
        Effect::Delay { seconds: 4.0 },
        Effect::Stale { seconds: 10.0 },
        Effect::Short { items: 1 },
        Effect::Empty,
        Effect::Repeated,
    ];
    let chance = Occurrence::Chance(probability / effects.len() as f64);
    effects.into_iter().map(|effect| Rule::new(effect).occurs(chance)).collect()
}

/// A rule in force: how many calls fitted it, and how many it struck.
#[derive(Clone, Debug)]
pub(super) struct Armed {
    pub(super) rule: Rule,
    pub(super) struck: u64,
    fitted: u64,
    attempts: BTreeMap<[u8; 32], u64>,
}

impl Armed {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule, struck: 0, fitted: 0, attempts: BTreeMap::new() }
    }

    /// The effect on this call, if the rule strikes it.
    pub(super) fn strikes(&mut self, facts: &Facts<'_>, follows: bool, random: &mut Random) -> Option<Effect> {
        if !self.rule.fits(facts, follows) {
            return None;
        }
        self.fitted += 1;
        let strikes = match self.rule.when {
            Occurrence::Every => true,
            Occurrence::Nth(n) => self.fitted == n,
            Occurrence::First(n) => self.fitted <= n,
            Occurrence::Each(n) => self.attempt(facts, n),
            Occurrence::Chance(p) => (random.below(1_000_000) as f64) < p * 1_000_000.0,
        };
        self.struck += u64::from(strikes);
        strikes.then(|| self.rule.effect.clone())
    }

    fn attempt(&mut self, facts: &Facts<'_>, times: u64) -> bool {
        let attempts = self.attempts.entry(fingerprint(facts)).or_insert(0);
        *attempts += 1;
        let strikes = *attempts <= times;
        if !strikes {
            *attempts = 0;
        }
        strikes
    }
}

fn named(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

fn mentions(facts: &Facts<'_>, part: &str) -> bool {
    facts.asks.iter().any(|ask| ask.resource.contains(part)) || any_text(&facts.request.input, &|t| t.contains(part))
}

/// Whether any text in a value, members' names aside, passes.
fn any_text(value: &Value, passes: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => passes(text),
        Value::Array(list) => list.iter().any(|value| any_text(value, passes)),
        Value::Object(members) => members.values().any(|value| any_text(value, passes)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What makes two calls attempts at the same thing.
fn fingerprint(facts: &Facts<'_>) -> [u8; 32] {
    let request = facts.request;
    let text = format!(
        "{}\n{}\n{}\n{}\n{}",
        facts.principal, request.credential.region, request.service.model, request.operation, request.input
    );
    Sha256::digest(text).into()
}
