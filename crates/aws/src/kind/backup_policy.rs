//! Automatic backups of an EFS file system.
//!
//! They are on or off, and each put sets which: create and update are the same call and may be repeated. Nothing is deleted:
//! the setting goes with its file system. Calls: PutBackupPolicy, DescribeBackupPolicy.

use super::efs::usable_homes;
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, side_by_side};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_efs::types::{BackupPolicy as Setting, Status};
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::id::FileSystemId;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::backup_policy::{Backups, Desired, NODE, Observed};
use jenkinsstack_core::observed::Seen;

pub(crate) struct BackupPolicy;

/// System tag of the file systems that are backed up: it is what AWS Backup goes by ("Managing automatic backups of EFS
/// file systems", Amazon EFS User Guide). It saves the listing a call for each of them.
const BACKED_UP: (&str, &str) = ("aws:elasticfilesystem:default-backup", "enabled");

impl Driver for BackupPolicy {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("elasticfilesystem:DescribeBackupPolicy", On::Any, When::Always),
        permit("elasticfilesystem:PutBackupPolicy", On::Any, When::Owned),
    ];

    async fn list(account: &Account, _: &Tagged, parents: &[Listed]) -> Result<Vec<Listed>, Error> {
        side_by_side(usable_homes(parents).map(|(parent, home)| listed(account, parent, &home.id))).await
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let file_system = id.parse().map_err(Error::bug("DescribeBackupPolicy", id))?;
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
        let Any::BackupPolicy(_) = &seen.observed else { return Err(wrong_kind("BackupPolicy", seen)) };
        Ok(Deletion::Gone)
    }
}

fn seen(node: &NodeId, policy: Observed) -> Seen {
    Seen { node: node.clone(), tags: None, observed: Any::BackupPolicy(policy) }
}

async fn listed(account: &Account, parent: &Listed, id: &FileSystemId) -> Result<Option<Listed>, Error> {
    let (key, value) = BACKED_UP;
    let tagged = parent.seen.tags.as_ref().and_then(|tags| tags.get(key)).is_some_and(|tag| tag == value);
    let found = if tagged {
        Some(Observed { file_system: id.clone(), backups: Backups::Enabled })
    } else {
        observed(account, id).await?
    };
    Ok(found.map(|policy| Listed { owner: parent.owner.clone(), seen: seen(&NodeId::new(NODE), policy) }))
}

async fn observed(account: &Account, id: &FileSystemId) -> Result<Option<Observed>, Error> {
    let output = account.clients.efs.describe_backup_policy().file_system_id(id.as_str()).send().await;
    let output = present(output.map_err(Error::of("DescribeBackupPolicy", id)))?;
    let setting = output.as_ref().and_then(|output| output.backup_policy());
    Ok(setting.map(|setting| Observed { file_system: id.clone(), backups: backups(setting) }))
}

async fn put(account: &Account, target: Target<'_>, desired: &Desired) -> Result<Seen, Error> {
    let id = desired.file_system.known().map_err(Error::bug("PutBackupPolicy", target.node))?;
    let status = match desired.backups {
        Backups::Enabled => Status::Enabled,
        Backups::Disabled => Status::Disabled,
    };
    let setting = Setting::builder().status(status).build().map_err(Error::bug("PutBackupPolicy", id))?;
    let call = account.clients.efs.put_backup_policy().file_system_id(id.as_str()).backup_policy(setting);
    let output = call.send().await.map_err(Error::of("PutBackupPolicy", id))?;
    let backups = output.backup_policy().map_or(desired.backups, backups);
    Ok(seen(target.node, Observed { file_system: id.clone(), backups }))
}

/// What is being switched counts as switched.
fn backups(setting: &Setting) -> Backups {
    match setting.status() {
        Status::Enabled | Status::Enabling => Backups::Enabled,
        _ => Backups::Disabled,
    }
}
