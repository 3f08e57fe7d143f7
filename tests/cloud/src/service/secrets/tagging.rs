//! Tags of secrets.

use super::{ask_about, living, refusals};
use crate::call::{Access, Answer, Ask, Call, Operation, nothing};
use crate::tags::{self, Spelling};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "TagResource", access: Access::Write, asks: tag_asks, run: tag },
    Operation { name: "UntagResource", access: Access::Write, asks: untag_asks, run: untag },
];

fn tag_asks(call: &Call<'_>) -> Vec<Ask> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    vec![ask_about(call, "TagResource").request_tags(&tags)]
}

fn untag_asks(call: &Call<'_>) -> Vec<Ask> {
    let ask = ask_about(call, "UntagResource");
    vec![keys(call).iter().fold(ask, |ask, key| ask.when("aws:TagKeys", key))]
}

fn keys(call: &Call<'_>) -> Vec<String> {
    let keys = call.input["TagKeys"].as_array();
    keys.into_iter().flatten().filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

fn tag(call: &mut Call<'_>) -> Answer {
    let (more, now) = (Spelling::Upper.read(&call.input["Tags"]).map_err(refusals::tags)?, call.now);
    let secret = living(call)?;
    tags::merge(&mut secret.tags, more).map_err(refusals::tags)?;
    secret.changed = now;
    nothing()
}

fn untag(call: &mut Call<'_>) -> Answer {
    let (keys, now) = (keys(call), call.now);
    let secret = living(call)?;
    secret.tags.retain(|key, _| !keys.contains(key));
    secret.changed = now;
    nothing()
}
