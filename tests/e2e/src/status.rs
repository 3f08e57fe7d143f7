//! Questions about what a status says.

use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::ConditionType;

/// `True`, `False` or `Unknown`; empty when the condition is absent.
pub fn condition(status: &JenkinsStackStatus, type_: ConditionType) -> &str {
    status.condition(type_).map(|condition| condition.status.as_str()).unwrap_or_default()
}

/// Whether a condition has that reason, and a message with all of `texts` in it.
pub fn says(status: &JenkinsStackStatus, type_: ConditionType, reason: &str, texts: &[&str]) -> bool {
    let said = status.condition(type_);
    said.is_some_and(|said| said.reason == reason && texts.iter().all(|text| said.message.contains(text)))
}

/// Whether the stack is stalled for `reason`, with a message that has all of `texts` in it.
pub fn stalled<'a>(reason: &'a str, texts: &'a [&'a str]) -> impl Fn(&JenkinsStackStatus) -> bool + 'a {
    move |status| says(status, ConditionType::Stalled, reason, texts)
}
