//! The home: file system, access point, mount targets, its policy and its backups.

use super::identity::Roles;
use super::network::{Network, group};
use super::{Context, SpecError, Stack, key};
use crate::graph::NodeId;
use crate::id::{AccessPointId, FileSystemId};
use crate::input::{Input, Output, Template};
use crate::kind::file_system::{Lifecycle, Throughput};
use crate::kind::{Desired, access_point, backup_policy, file_system, file_system_policy, mount_target};
use crate::policy::{Document, Principal, Statement};
use jenkinsstack_api::spec::{FileSystemSource, ThroughputMode};

/// Where the home lies.
pub(super) struct Storage {
    /// File system.
    pub(super) file_system: Input<FileSystemId>,
    /// ARN of the file system.
    pub(super) arn: Template,
    /// Access point.
    pub(super) access_point: Input<AccessPointId>,
    /// ARN of the access point.
    pub(super) access_point_arn: Template,
}

impl Stack<'_> {
    /// File system and access point: the stack's own, or those that the spec names.
    pub(super) fn storage(&mut self) -> Result<Storage, SpecError> {
        let (file_system, arn, known) = match self.spec.storage.file_system() {
            FileSystemSource::Own => {
                let id = self.file_system()?;
                (Input::from(&id, Output::Id), Template::output(&id, Output::Arn), None)
            }
            FileSystemSource::Existing(_) => {
                let missing = || SpecError::field("storage.existing.fileSystemId", "it was not found");
                let home = self.context.existing_file_system.clone().ok_or_else(missing)?;
                (Input::Known(home.id), Template::text(home.arn), home.access_point)
            }
        };
        let (access_point, access_point_arn) = match known {
            Some((id, arn)) => (Input::Known(id), Template::text(arn)),
            None => {
                let id = self.access_point(&file_system);
                (Input::from(&id, Output::Id), Template::output(&id, Output::Arn))
            }
        };
        Ok(Storage { file_system, arn, access_point, access_point_arn })
    }

    fn file_system(&mut self) -> Result<NodeId, SpecError> {
        let storage = &self.spec.storage;
        let desired = file_system::Desired {
            encrypted: storage.encryption.is_enabled(),
            kms_key: key("storage.kmsKeyArn", storage.kms_key_arn.as_deref())?,
            throughput: self.throughput()?,
            lifecycle: self.lifecycle(),
        };
        let id = NodeId::new("file-system");
        // The token holds nothing that could change: a home asks AWS for the same file system for ever.
        let token = self.context.owner.token(&id, &[]);
        self.add(&id, token, Desired::FileSystem(desired));
        Ok(id)
    }

    fn throughput(&self) -> Result<Throughput, SpecError> {
        let storage = &self.spec.storage;
        match storage.throughput_mode {
            ThroughputMode::Elastic => Ok(Throughput::Elastic),
            ThroughputMode::Bursting => Ok(Throughput::Bursting),
            ThroughputMode::Provisioned => {
                let rate = storage.provisioned_throughput_mibps.and_then(|rate| u32::try_from(rate).ok());
                let missing = || SpecError::field("storage.provisionedThroughputMibps", "set a rate for Provisioned");
                rate.map(Throughput::Provisioned).ok_or_else(missing)
            }
        }
    }

    fn lifecycle(&self) -> Lifecycle {
        let Some(lifecycle) = &self.spec.storage.lifecycle else { return Lifecycle::default() };
        let after = |days: i32| if days == 1 { "AFTER_1_DAY".to_owned() } else { format!("AFTER_{days}_DAYS") };
        Lifecycle {
            to_ia: lifecycle.infrequent_access_after_days.map(after),
            to_archive: lifecycle.archive_after_days.map(after),
            to_primary: None,
        }
    }

    fn access_point(&mut self, file_system: &Input<FileSystemId>) -> NodeId {
        let point = &self.spec.storage.access_point;
        let root = access_point::Root {
            path: point.path.clone(),
            uid: point.uid,
            gid: point.gid,
            permissions: point.permissions.clone(),
        };
        let id = NodeId::new("access-point");
        let fixed = [root.path.clone(), root.uid.to_string(), root.gid.to_string(), root.permissions.clone()];
        let token = self.context.owner.token(&id, &fixed.each_ref().map(String::as_str));
        let desired = access_point::Desired { file_system: file_system.clone(), root };
        self.add(&id, token, Desired::AccessPoint(desired));
        id
    }

    /// What makes the stack's own file system usable and safe; what must stand before the task starts.
    pub(super) fn home(
        &mut self,
        storage: &Storage,
        roles: &Roles,
        network: &Network,
    ) -> Result<Vec<NodeId>, SpecError> {
        let Some(file_system_group) = &network.file_system else { return Ok(Vec::new()) };
        let mut ready = vec![self.file_system_policy(storage, roles)];
        self.backup_policy(storage);
        for (zone, subnets) in Context::by_zone(&self.context.private_subnets) {
            let id = NodeId::new(mount_target::NODE).of(zone);
            let desired = mount_target::Desired {
                file_system: storage.file_system.clone(),
                subnets,
                security_group: group(file_system_group),
            };
            let name = self.context.owner.token(&id, &[]);
            self.add(&id, name, Desired::MountTarget(desired));
            ready.push(id);
        }
        Ok(ready)
    }

    /// Only with TLS, only through the access point, only by the task role.
    fn file_system_policy(&mut self, storage: &Storage, roles: &Roles) -> NodeId {
        let mount = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"];
        let document = Document::new(vec![
            Statement::allow("Jenkins", &mount, vec![storage.arn.clone()])
                .by(Principal::Aws(Template::output(&roles.task, Output::Arn)))
                .when("Bool", "elasticfilesystem:AccessedViaMountTarget", vec![Template::text("true")])
                .when("StringEquals", "elasticfilesystem:AccessPointArn", vec![storage.access_point_arn.clone()]),
            Statement::allow("OnlyTls", &["*"], vec![storage.arn.clone()]).denied().by(Principal::Any).when(
                "Bool",
                "aws:SecureTransport",
                vec![Template::text("false")],
            ),
        ]);
        let id = NodeId::new(file_system_policy::NODE);
        let desired = file_system_policy::Desired { file_system: storage.file_system.clone(), document };
        let name = self.context.owner.token(&id, &[]);
        self.add(&id, name, Desired::FileSystemPolicy(desired));
        id
    }

    fn backup_policy(&mut self, storage: &Storage) {
        let backups = if self.spec.storage.backups.is_enabled() {
            backup_policy::Backups::Enabled
        } else {
            backup_policy::Backups::Disabled
        };
        let id = NodeId::new(backup_policy::NODE);
        let desired = backup_policy::Desired { file_system: storage.file_system.clone(), backups };
        let name = self.context.owner.token(&id, &[]);
        self.add(&id, name, Desired::BackupPolicy(desired));
    }
}
