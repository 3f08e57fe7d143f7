//! What the kinds of ECS have in common: how tags are written, how resources are told apart by their ARNs.

use crate::account::Account;
use crate::error::Error;
use crate::tagged::Tagged;
use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::types::Tag;
use jenkinsstack_core::input::Unresolved;
use jenkinsstack_core::owner::{Owner, Tags};

/// Beginning of the names that we make, for permissions and for listings by name.
pub(super) const PREFIX: &str = "jks-";

/// A required member was left out, or an input is not known: both are bugs.
#[derive(Debug, thiserror::Error)]
pub(super) enum Incomplete {
    #[error("bug: {0}")]
    Member(#[from] BuildError),
    #[error(transparent)]
    Input(#[from] Unresolved),
}

/// Tags as ECS takes them.
pub(super) fn to_ecs(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags as ECS gives them.
pub(super) fn from_ecs(tags: &[Tag]) -> Tags {
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    tags.iter().filter_map(pair).collect()
}

/// Adds tags, and overwrites those that are there.
pub(super) async fn tag(account: &Account, arn: &str, tags: &Tags) -> Result<(), Error> {
    let call = account.clients.ecs.tag_resource().resource_arn(arn).set_tags(Some(to_ecs(tags)));
    call.send().await.map(drop).map_err(Error::of("TagResource", arn))
}

/// What the tagging API knows of one of ECS's types, for example `service`, as far as it is this cluster's.
pub(super) fn ours<'a>(
    account: &'a Account,
    tagged: &'a Tagged,
    kind: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Tags)> {
    let mine = |tags: &Tags| Owner::of(tags).is_some_and(|(owner, _)| owner.cluster == account.cluster);
    let all = tagged.iter().filter(move |(arn, tags)| after(arn, kind).is_some() && mine(tags));
    all.map(|(arn, tags)| (arn.as_str(), tags))
}

/// What stands behind `kind/` in an ARN of ECS, for example `CLUSTER/NAME` for a `service`.
pub(super) fn after<'a>(arn: &'a str, kind: &str) -> Option<&'a str> {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(2)?;
    let rest = parts.nth(2)?.strip_prefix(kind)?.strip_prefix('/')?;
    (service == "ecs").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::after;

    #[test]
    fn arns_are_told_apart_by_type() {
        let arn = "arn:aws:ecs:eu-central-1:111122223333:service/jks-a/jks-b";
        assert_eq!(after(arn, "service"), Some("jks-a/jks-b"));
        assert_eq!(after(arn, "cluster"), None);
        assert_eq!(after("arn:aws:ecs:eu-central-1:111122223333:task-definition/f:3", "task"), None);
        assert_eq!(after("arn:aws:rds:eu-central-1:111122223333:cluster/x", "cluster"), None);
    }
}
