//! What the kinds of Elastic Load Balancing share: tags, and what is ours of a listing that shows none.

use crate::account::Account;
use crate::driver::{Target, retagged};
use crate::error::{Class, Error};
use crate::tagged::Tagged;
use aws_sdk_elasticloadbalancingv2::types::Tag;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::{Owner, Tags};
use std::collections::BTreeMap;

/// The most that one call can ask for (DescribeTags, ELB API Reference).
pub(super) const TAGS_PER_CALL: usize = 20;
/// How names begin that [`jenkinsstack_core::owner::Owner::name`] makes.
const OUR_NAMES: &str = "jks-";

/// Tags as ELB sends them.
pub(super) fn tags(list: &[Tag]) -> Tags {
    list.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

/// Tags as ELB takes them.
pub(super) fn tag_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags by ARN, read directly. What vanished meanwhile is left out.
pub(super) async fn read_tags(account: &Account, arns: &[String]) -> Result<BTreeMap<String, Tags>, Error> {
    let mut known = BTreeMap::new();
    for some in arns.chunks(TAGS_PER_CALL) {
        match described(account, some).await {
            Ok(more) => known.extend(more),
            // One that is gone fails the call for all.
            Err(error) if error.class == Class::Missing => {
                for arn in some {
                    match described(account, std::slice::from_ref(arn)).await {
                        Ok(one) => known.extend(one),
                        Err(error) if error.class == Class::Missing => (),
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(known)
}

async fn described(account: &Account, arns: &[String]) -> Result<BTreeMap<String, Tags>, Error> {
    let first = arns.first().map(String::as_str).unwrap_or_default();
    let call = account.clients.elb.describe_tags().set_resource_arns(Some(arns.to_vec()));
    let output = call.send().await.map_err(Error::of("DescribeTags", first))?;
    let described = output.tag_descriptions().iter();
    Ok(described.filter_map(|of| Some((of.resource_arn()?.to_owned(), tags(of.tags())))).collect())
}

/// The tags of those `(name, ARN)` that are this cluster's. The tagging API is late, so what it does not know and carries a name
/// of our form is asked for directly.
pub(super) async fn tags_of(
    account: &Account,
    tagged: &Tagged,
    all: &[(String, String)],
) -> Result<BTreeMap<String, Tags>, Error> {
    let late = all.iter().filter(|(name, arn)| name.starts_with(OUR_NAMES) && !tagged.contains_key(arn));
    let late: Vec<String> = late.map(|(_, arn)| arn.clone()).collect();
    let mut known = read_tags(account, &late).await?;
    known.extend(all.iter().filter_map(|(_, arn)| Some((arn.clone(), tagged.get(arn)?.clone()))));
    // Another cluster's operator makes names of the same form.
    known.retain(|_, tags| Owner::of(tags).is_some_and(|(owner, _)| owner.cluster == account.cluster));
    Ok(known)
}

/// The tags of one resource, read directly.
pub(super) async fn tags_of_one(account: &Account, arn: &str) -> Result<Tags, Error> {
    Ok(read_tags(account, &[arn.to_owned()]).await?.remove(arn).unwrap_or_default())
}

/// The error for a place that is taken: `what` says by whom. Another node of the same stack is about to give it up; what
/// is not this stack's stays there until the user decides.
pub(super) fn taken(operation: &'static str, target: Target<'_>, tags: &Tags, what: String, remedy: &str) -> Error {
    match Owner::of(tags) {
        Some((owner, node)) if owner == *target.owner => {
            Error::new(Class::Conflict, operation, target.node, format!("{what}, which is {node} of this stack"))
        }
        _ => Error::new(Class::Foreign, operation, target.node, format!("{what}: {remedy}")),
    }
}

/// Attributes that AWS takes only together: logs that are on need their bucket in the same call.
const LOGS: &str = "access_logs.";

/// Those attributes that have to be set.
pub(super) fn to_set(want: &BTreeMap<String, String>, have: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let differs = |(key, value): &(&String, &String)| have.get(*key) != Some(*value);
    let logs = want.iter().filter(differs).any(|(key, _)| key.starts_with(LOGS));
    let chosen = want.iter().filter(|pair| differs(pair) || logs && pair.0.starts_with(LOGS));
    chosen.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Puts `tags` on a resource.
pub(super) async fn add_tags(account: &Account, arn: &str, tags: &Tags) -> Result<(), Error> {
    let call = account.clients.elb.add_tags().resource_arns(arn).set_tags(Some(tag_list(tags)));
    call.send().await.map_err(Error::of("AddTags", arn))?;
    Ok(())
}

/// Puts the tags of `node` over those that a resource has, and gives back what it has then.
pub(super) async fn retag(account: &Account, arn: &str, seen: &Seen, node: &Node) -> Result<Tags, Error> {
    add_tags(account, arn, &node.tags).await?;
    Ok(retagged(seen, node))
}

#[cfg(test)]
mod tests {
    use super::to_set;
    use std::collections::BTreeMap;

    #[test]
    fn only_what_differs_is_set_and_logs_go_together() {
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let want = map(&[("access_logs.s3.bucket", "b"), ("access_logs.s3.enabled", "true"), ("idle", "300")]);
        let on = map(&[("access_logs.s3.bucket", "b"), ("access_logs.s3.enabled", "true"), ("idle", "60"), ("x", "y")]);
        let off = map(&[("access_logs.s3.bucket", "b"), ("access_logs.s3.enabled", "false"), ("idle", "300")]);
        assert_eq!(to_set(&want, &on), map(&[("idle", "300")]));
        assert_eq!(to_set(&want, &off), map(&[("access_logs.s3.bucket", "b"), ("access_logs.s3.enabled", "true")]));
        assert_eq!(to_set(&want, &want), BTreeMap::new());
    }
}
