//! One account in one region: what exists there of a stack, and the changes made there.

use crate::clients::Clients;
use crate::driver::{Deletion, Target};
use crate::error::{Class, Error};
use crate::inventory::{Inventory, Observation};
use crate::kind;
use crate::lookup::Answers;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::id::{AccountId, Region};
use jenkinsstack_core::kind::{Kind, State};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Owner;
use std::sync::Arc;
use std::time::Duration;

/// One AWS account in one region, as the operator of one Kubernetes cluster uses it. Clones share everything.
#[derive(Clone, Debug)]
pub struct Account {
    /// SDK clients.
    pub clients: Clients,
    /// Account id.
    pub id: AccountId,
    /// Partition, for example `aws` or `aws-cn`.
    pub partition: String,
    /// Region.
    pub region: Region,
    /// Name of the Kubernetes cluster, as in the owner tags.
    pub cluster: String,
    inventory: Arc<Inventory>,
    answers: Arc<Answers>,
}

impl Account {
    /// Asks STS who we are. Fails when there are no credentials.
    pub async fn open(clients: Clients, region: Region, cluster: &str) -> Result<Self, Error> {
        let caller =
            clients.sts.get_caller_identity().send().await.map_err(Error::of("GetCallerIdentity", region.as_str()))?;
        let incomplete = || Error::incomplete("GetCallerIdentity", &region, "account and ARN");
        let id = caller.account().and_then(|id| id.parse().ok()).ok_or_else(incomplete)?;
        let partition = caller.arn().and_then(|arn| arn.split(':').nth(1)).ok_or_else(incomplete)?.to_owned();
        let cluster = cluster.to_owned();
        Ok(Self { clients, id, partition, region, cluster, inventory: Arc::default(), answers: Arc::default() })
    }

    /// What exists of a stack, from a listing that all stacks share and that is at most `max_age` old.
    pub async fn observe(&self, owner: &Owner, max_age: Duration) -> Observation {
        self.inventory.observe(self, owner, max_age).await
    }

    /// One resource, read directly.
    pub async fn read(&self, target: Target<'_>, kind: Kind, id: &str) -> Result<Option<Seen>, Error> {
        let seen = kind::read(self, target, kind, id).await?;
        match &seen {
            Some(seen) => self.inventory.note(target.owner, seen.clone()).await,
            None => self.inventory.gone(target.owner, target.node, kind, id).await,
        }
        Ok(seen)
    }

    /// How far a resource has got that was settling when it was last seen. One that we made or changed a moment ago may
    /// not be shown yet: it then is as it was.
    pub async fn poll(&self, target: Target<'_>, seen: &Seen) -> Result<Option<Seen>, Error> {
        let (kind, id) = (seen.observed.kind(), seen.id());
        match kind::poll(self, target, seen).await? {
            Some(seen) => {
                self.inventory.note(target.owner, seen.clone()).await;
                Ok(Some(seen))
            }
            None if seen.observed.state() != State::Leaving && self.inventory.is_fresh(target, kind, &id).await => {
                Ok(Some(seen.clone()))
            }
            None => {
                self.inventory.gone(target.owner, target.node, kind, &id).await;
                Ok(None)
            }
        }
    }

    /// Makes a resource whose inputs are all known.
    pub async fn create(&self, target: Target<'_>, node: &Node) -> Result<Seen, Error> {
        let seen = kind::create(self, target, node).await?;
        self.inventory.made(target.owner, seen.clone()).await;
        Ok(seen)
    }

    /// Changes the named fields of a resource.
    pub async fn update(&self, target: Target<'_>, seen: &Seen, node: &Node, fields: &[Field]) -> Result<Seen, Error> {
        let seen = kind::update(self, target, seen, node, fields).await?;
        self.inventory.note(target.owner, seen.clone()).await;
        Ok(seen)
    }

    /// Deletes a resource, once a direct read has shown that it still is ours. One that we made a moment ago and that no
    /// read shows is not taken for gone: it would be left behind.
    pub async fn delete(&self, target: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let (kind, id) = (seen.observed.kind(), seen.id());
        let is_new = self.inventory.is_new(target, kind, &id).await;
        let now = match kind::read(self, target, kind, &id).await? {
            Some(now) => now,
            None if is_new => return Err(Error::not_shown("Delete", &id)),
            None => {
                self.inventory.gone(target.owner, target.node, kind, &id).await;
                return Ok(Deletion::Gone);
            }
        };
        let ours = |tags: &_| Owner::of(tags).is_some_and(|(owner, _)| owner == *target.owner);
        if !now.tags.as_ref().is_none_or(ours) {
            return Err(Error::foreign("Delete", &id));
        }
        let deletion = match kind::delete(self, target, &now).await {
            Err(error) if error.class == Class::Missing => Deletion::Gone,
            outcome => outcome?,
        };
        match deletion {
            Deletion::Gone => self.inventory.gone(target.owner, target.node, kind, &id).await,
            Deletion::InProgress => self.inventory.going(target, kind, &id).await,
        }
        Ok(deletion)
    }

    /// Whether we made one of these a moment ago, so that not every service knows of it yet.
    pub(crate) async fn is_one_new(&self, target: Target<'_>, kind: Kind, ids: &[String]) -> bool {
        self.inventory.is_one_new(target.owner, kind, ids).await
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// ARN in this account and region.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.region, self.id)
    }
}
