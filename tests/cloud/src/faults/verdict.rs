//! What happens to one call.

use super::paging::Page;
use super::rule::Effect;
use super::{Facts, rates};
use crate::call::Refusal;
use crate::sigv4;
use std::fmt;
use std::time::Duration;

/// What happens to one call.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Nothing out of the ordinary.
    Pass,
    /// It is not done, and this is what the caller gets.
    Before(End),
    /// It is done, and this is what the caller gets instead of the answer.
    After(End),
    /// It is done, and the answer comes late by so much of tokio's clock.
    Delay(Duration),
    /// A read that answers as things stood so long ago.
    Stale(Duration),
    /// A listing whose page is not what was asked for.
    Page(Page),
}

/// What a caller gets in the place of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// A refusal.
    Refuse(Refusal),
    /// A connection that breaks.
    Reset,
    /// Nothing, for ever.
    Silence,
}

/// The verdict that an effect means for a call.
pub(super) fn of(effect: &Effect, facts: &Facts<'_>) -> Verdict {
    let refusal = |code: &str, status: u16, message: &str| {
        let message = if message.is_empty() { "A fault was asked for." } else { message };
        End::Refuse(Refusal::new(code.to_owned(), message).status(status))
    };
    let span = |seconds: f64| Duration::from_secs_f64(seconds.max(0.0));
    match effect {
        Effect::Refuse { code, status, message } => Verdict::Before(refusal(code, *status, message)),
        Effect::Misreport { code, status, message } => Verdict::After(refusal(code, *status, message)),
        Effect::Expire => Verdict::Before(End::Refuse(expired(facts))),
        Effect::Throttle => Verdict::Before(End::Refuse(rates::refusal(facts.request.service))),
        Effect::Reset => Verdict::Before(End::Reset),
        Effect::Lose => Verdict::After(End::Reset),
        Effect::Silence => Verdict::After(End::Silence),
        Effect::Delay { seconds } => Verdict::Delay(span(*seconds)),
        Effect::Stale { seconds } => Verdict::Stale(span(*seconds)),
        Effect::Short { items } => Verdict::Page(Page::Short(*items)),
        Effect::Empty => Verdict::Page(Page::Empty),
        Effect::Repeated => Verdict::Page(Page::Repeated),
    }
}

/// The refusal of credentials that are good no longer, in the words of the service's family.
fn expired(facts: &Facts<'_>) -> Refusal {
    match facts.models.api(facts.request.service) {
        Ok(api) => sigv4::Fault::Expired.refusal(api.protocol()),
        Err(refusal) => refusal,
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("none"),
            Self::Before(end) => write!(f, "{end} before"),
            Self::After(end) => write!(f, "{end} after"),
            Self::Delay(delay) => write!(f, "delay {}s", delay.as_secs_f64()),
            Self::Stale(age) => write!(f, "stale {}s", age.as_secs_f64()),
            Self::Page(Page::Short(items)) => write!(f, "short page {items}"),
            Self::Page(Page::Empty) => f.write_str("empty page"),
            Self::Page(Page::Repeated) => f.write_str("repeated page"),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse(refusal) => write!(f, "refuse {}", refusal.code),
            Self::Reset => f.write_str("reset"),
            Self::Silence => f.write_str("silence"),
        }
    }
}
