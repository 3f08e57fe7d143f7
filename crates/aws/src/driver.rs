//! What a driver of one kind does: the same items in the same order in every file of `kind`.

use crate::account::Account;
use crate::error::{Error, present};
use crate::permission::Permission;
use crate::tagged::Tagged;
use futures::future::ready;
use futures::stream::{self, StreamExt, TryStreamExt};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::kind::Observed;
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::{Owner, Tags};

/// The resource that is meant: whose, which node, under which name.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Whose it is.
    pub owner: &'a Owner,
    /// Which node of the owner's graph.
    pub node: &'a NodeId,
}

impl Target<'_> {
    /// Whether these are the tags of this very node.
    pub(crate) fn owns(&self, tags: &Tags) -> bool {
        Owner::of(tags).is_some_and(|(owner, node)| owner == *self.owner && node == *self.node)
    }

    /// What was found under this node's name or id.
    pub(crate) fn seen(&self, tags: Tags, observed: Observed) -> Seen {
        Seen { node: self.node.clone(), tags: Some(tags), observed }
    }
}

/// One resource of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Whose it is.
    pub owner: Owner,
    /// What was seen.
    pub seen: Seen,
}

impl Listed {
    /// A resource of a listing, if its tags say that it is this cluster's.
    pub(crate) fn of(account: &Account, tags: Tags, observed: Observed) -> Option<Self> {
        let (owner, node) = Owner::of(&tags).filter(|(owner, _)| owner.cluster == account.cluster)?;
        Some(Self { owner, seen: Seen { node, tags: Some(tags), observed } })
    }
}

/// How far a deletion got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It does not exist any more.
    Gone,
    /// AWS is at it; read again later.
    InProgress,
}

/// The operations on one kind of resource. All of them may be repeated at any time.
pub(crate) trait Driver {
    /// The kind's settings.
    type Desired;

    /// The least IAM actions that the driver needs, with their resources and conditions.
    const PERMISSIONS: &'static [Permission];

    /// All of this cluster's resources of the kind, of all owners, all pages. `tagged` is what the tagging API knows.
    /// `parents` are the resources listed so far, for kinds that live inside another.
    async fn list(account: &Account, tagged: &Tagged, parents: &[Listed]) -> Result<Vec<Listed>, Error>;

    /// One resource, directly: before a delete, after a lost answer, while it settles. `None` when it does not exist.
    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error>;

    /// How far `seen`, which was settling, has got: its state is read anew, in one call where AWS has one for it.
    async fn poll(account: &Account, target: Target<'_>, seen: &Seen) -> Result<Option<Seen>, Error> {
        Self::read(account, target, &seen.id()).await
    }

    /// Makes it, with its tags in the create call; finds it again when an earlier create was not heard of.
    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Self::Desired)
    -> Result<Seen, Error>;

    /// Changes only the named fields, and gives back what it is then.
    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        desired: &Self::Desired,
        fields: &[Field],
    ) -> Result<Seen, Error>;

    /// Deletes it; what is gone already counts as deleted.
    async fn delete(account: &Account, target: Target<'_>, seen: &Seen) -> Result<Deletion, Error>;
}

/// Calls of one listing that are under way at the same time: a thousand resources take a minute and leave the API's pace
/// to what is being made.
const SIDE_BY_SIDE: usize = 8;

/// Whether a field is among those to change.
pub(crate) fn changes(fields: &[Field], name: &str) -> bool {
    fields.iter().any(|field| field.name == name)
}

/// What a deletion that is done at once came to: what is missing is gone.
pub(crate) fn gone<T>(outcome: Result<T, Error>) -> Result<Deletion, Error> {
    present(outcome).map(|_| Deletion::Gone)
}

/// The tags of `seen` once `node`'s were put over them.
pub(crate) fn retagged(seen: &Seen, node: &Node) -> Tags {
    let mut tags = seen.tags.clone().unwrap_or_default();
    tags.extend(node.tags.clone());
    tags
}

/// What all `calls` bring. What brings nothing has vanished between two calls.
///
/// The calls are collected at once, so that a task which waits for them holds no iterator and can move between threads.
pub(crate) fn side_by_side<T, F, I>(calls: I) -> impl Future<Output = Result<Vec<T>, Error>> + use<T, F, I>
where
    F: Future<Output = Result<Option<T>, Error>>,
    I: Iterator<Item = F>,
{
    let calls: Vec<F> = calls.collect();
    let answers = stream::iter(calls).buffer_unordered(SIDE_BY_SIDE);
    answers.try_filter_map(|found| ready(Ok(found))).try_collect()
}
