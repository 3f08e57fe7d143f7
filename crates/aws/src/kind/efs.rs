//! What the kinds of EFS share: tags, and listings that take one call a file system because EFS has none for many.

use crate::account::Account;
use crate::driver::{Listed, retagged};
use crate::error::Error;
use aws_sdk_efs::types::Tag;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::{Observed as Any, file_system};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::{Owner, Tags};

/// Tags as EFS sends them.
pub(super) fn tags(list: &[Tag]) -> Tags {
    list.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

/// Tags as EFS takes them.
pub(super) fn tag_list(tags: &Tags) -> Result<Vec<Tag>, Error> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().map_err(Error::bug("TagResource", key));
    tags.iter().map(tag).collect()
}

/// Puts the tags of `node` over those of a file system or access point, and gives back what it has then.
pub(super) async fn retag(account: &Account, id: &str, seen: &Seen, node: &Node) -> Result<Tags, Error> {
    let call = account.clients.efs.tag_resource().resource_id(id).set_tags(Some(tag_list(&node.tags)?));
    call.send().await.map_err(Error::of("TagResource", id))?;
    Ok(retagged(seen, node))
}

/// Whether these tags are those of a stack of this cluster.
pub(super) fn are_ours(account: &Account, list: &[Tag]) -> bool {
    Owner::of(&tags(list)).is_some_and(|(owner, _)| owner.cluster == account.cluster)
}

/// The file systems of a listing.
pub(super) fn homes(parents: &[Listed]) -> impl Iterator<Item = (&Listed, &file_system::Observed)> {
    parents.iter().filter_map(|parent| {
        let Any::FileSystem(home) = &parent.seen.observed else { return None };
        Some((parent, home))
    })
}

/// Those that can have settings, which file systems in the making and leaving ones can't.
pub(super) fn usable_homes(parents: &[Listed]) -> impl Iterator<Item = (&Listed, &file_system::Observed)> {
    homes(parents).filter(|(_, home)| home.state().usable())
}
