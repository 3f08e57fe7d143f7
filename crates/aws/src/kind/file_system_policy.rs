//! Policy of an EFS file system.
//!
//! There is one, and each put replaces it: create and update are the same call and may be repeated. It is not deleted: until
//! its file system goes, it is what keeps others out. Calls: PutFileSystemPolicy, DescribeFileSystemPolicy.

use super::efs::usable_homes;
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, side_by_side};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::id::FileSystemId;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::file_system_policy::{Desired, NODE, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::policy;

pub(crate) struct FileSystemPolicy;

impl Driver for FileSystemPolicy {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("elasticfilesystem:DescribeFileSystemPolicy", On::Any, When::Always),
        permit("elasticfilesystem:PutFileSystemPolicy", On::Any, When::Owned),
    ];

    async fn list(account: &Account, _: &Tagged, parents: &[Listed]) -> Result<Vec<Listed>, Error> {
        side_by_side(usable_homes(parents).map(|(parent, home)| listed(account, &parent.owner, &home.id))).await
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let file_system = id.parse().map_err(Error::bug("DescribeFileSystemPolicy", id))?;
        let found = observed(account, &file_system).await?;
        Ok(found.map(|policy| seen(target.node, policy)))
    }

    async fn create(account: &Account, target: Target<'_>, _: &Node, desired: &Desired) -> Result<Seen, Error> {
        put(account, target, desired).await
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        _: &Seen,
        _: &Node,
        desired: &Desired,
        _: &[Field],
    ) -> Result<Seen, Error> {
        put(account, target, desired).await
    }

    async fn delete(_: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let Any::FileSystemPolicy(_) = &seen.observed else { return Err(wrong_kind("FileSystemPolicy", seen)) };
        Ok(Deletion::Gone)
    }
}

fn seen(node: &NodeId, policy: Observed) -> Seen {
    Seen { node: node.clone(), tags: None, observed: Any::FileSystemPolicy(policy) }
}

async fn listed(account: &Account, owner: &Owner, file_system: &FileSystemId) -> Result<Option<Listed>, Error> {
    let found = observed(account, file_system).await?;
    Ok(found.map(|policy| Listed { owner: owner.clone(), seen: seen(&NodeId::new(NODE), policy) }))
}

async fn observed(account: &Account, id: &FileSystemId) -> Result<Option<Observed>, Error> {
    let output = account.clients.efs.describe_file_system_policy().file_system_id(id.as_str()).send().await;
    let output = present(output.map_err(Error::of("DescribeFileSystemPolicy", id)))?;
    Ok(output.map(|output| understood(id, output.policy())))
}

async fn put(account: &Account, target: Target<'_>, desired: &Desired) -> Result<Seen, Error> {
    let id = desired.file_system.known().map_err(Error::bug("PutFileSystemPolicy", target.node))?;
    let document = desired.document.json().map_err(Error::bug("PutFileSystemPolicy", id))?;
    let call = account.clients.efs.put_file_system_policy().file_system_id(id.as_str()).policy(document.to_string());
    let output = call.send().await.map_err(Error::of("PutFileSystemPolicy", id))?;
    Ok(seen(target.node, understood(id, output.policy())))
}

/// The policy in normal form; what is not JSON is like no policy that is wanted.
fn understood(id: &FileSystemId, text: Option<&str>) -> Observed {
    let document = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Observed { file_system: id.clone(), document: policy::normal(&document) }
}
