//! `spec.storage`: the file system that holds the Jenkins home.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Switch;
use crate::schema;

/// The file system that holds the Jenkins home, on Amazon EFS: the operator's own, or an existing one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", default = "StorageSpec::default")]
#[x_kube(validation = Rule::new("has(self.provisionedThroughputMibps) == (self.throughputMode == 'Provisioned')").message(
    "storage.provisionedThroughputMibps belongs to throughputMode Provisioned: set both or neither"
))]
#[x_kube(validation = Rule::new("!has(self.kmsKeyArn) || self.encryption == 'Enabled'").message(
    "storage.kmsKeyArn needs encryption Enabled: set it, or remove the key"
))]
#[x_kube(validation = Rule::new(
    "!has(self.lifecycle) || !has(self.lifecycle.archiveAfterDays) || self.throughputMode == 'Elastic'"
).message("storage.lifecycle.archiveAfterDays needs throughputMode Elastic: set it, or remove archiveAfterDays"))]
#[x_kube(validation = Rule::new(
    "!has(self.existing) || (self.throughputMode == 'Elastic' && self.encryption == 'Enabled' && !has(self.kmsKeyArn) && !has(self.lifecycle) && self.backups == 'Enabled')"
).message(
    "an existing file system keeps its own settings: remove throughputMode, encryption, kmsKeyArn, lifecycle and backups, or remove storage.existing"
))]
#[x_kube(validation = Rule::new("!has(self.existing) || self.onDelete == 'Retain'").message(
    "an existing file system is never deleted by the operator: set storage.onDelete to Retain or remove storage.existing"
))]
#[x_kube(validation = Rule::new(
    "!has(self.existing) || !has(self.existing.accessPointId) || (self.accessPoint.path == '/jenkins' && self.accessPoint.uid == 1000 && self.accessPoint.gid == 1000 && self.accessPoint.permissions == '0750')"
).message("an existing access point brings its own path and owner: remove storage.accessPoint or existing.accessPointId"))]
#[x_kube(validation = Rule::new("self.encryption == oldSelf.encryption && has(self.kmsKeyArn) == has(oldSelf.kmsKeyArn) && (!has(self.kmsKeyArn) || self.kmsKeyArn == oldSelf.kmsKeyArn)").message(
    "the encryption of a file system is fixed at its creation: make a backup with AWS Backup, restore it to a new file system with the other key and create a new stack with storage.existing"
))]
#[x_kube(validation = Rule::new("has(self.existing) == has(oldSelf.existing) && (!has(self.existing) || self.existing == oldSelf.existing)").message(
    "storage.existing cannot be added, changed or removed: the home would be left behind. Create a new stack that names the other file system"
))]
#[x_kube(validation = Rule::new("self.accessPoint == oldSelf.accessPoint").message(
    "storage.accessPoint cannot be changed: Jenkins would start on another, empty home. Create a new stack with storage.existing and move the files"
))]
pub struct StorageSpec {
    /// How throughput is bought: `Elastic` pays for what is read and written, `Bursting` grows with the stored size and
    /// is slow for small homes, `Provisioned` is a fixed rate. AWS allows one change of mode in 24 hours.
    /// Default: `Elastic`. Example: `Bursting`.
    pub throughput_mode: ThroughputMode,

    /// The fixed rate of `throughputMode: Provisioned`, in MiB/s, 1 to 3414; AWS allows one decrease in 24 hours.
    /// Required for that mode, refused for others. Example: `64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3414))]
    pub provisioned_throughput_mibps: Option<i32>,

    /// Whether the files are encrypted at rest. Cannot be changed later. Default: `Enabled`.
    /// Example: `Disabled`.
    pub encryption: Switch,

    /// ARN of the KMS key that encrypts the files. Cannot be added, changed or removed later.
    /// Default: AWS's own key `aws/elasticfilesystem`.
    /// Example: `arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = schema::KMS_KEY_ARN), length(max = schema::ARN_LENGTH))]
    pub kms_key_arn: Option<String>,

    /// When files that nobody reads move to cheaper, slower storage. Default: never.
    /// Example: `{infrequentAccessAfterDays: 30}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,

    /// Whether EFS makes a backup each day and keeps it for 35 days (the file system's own backup policy, run by AWS
    /// Backup). Default: `Enabled`. Example: `Disabled`.
    pub backups: Switch,

    /// An existing file system to keep the home on. Its settings are not changed and it is never deleted. Cannot be
    /// added, changed or removed later. Default: the operator makes a file system.
    /// Example: `{fileSystemId: fs-0123456789abcdef0}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<ExistingFileSystem>,

    /// The directory of the home and its owner. Cannot be changed later.
    /// Default: `/jenkins` of user and group 1000 with permissions 0750. Example: `{path: /teams/build, uid: 1000}`.
    pub access_point: AccessPoint,

    /// What happens to the file system when the stack is deleted: `Retain` keeps it, and a stack of the same name finds
    /// it again; `Destroy` deletes it with everything in it, backups excepted. Default: `Retain`.
    /// Example: `Destroy`.
    pub on_delete: OnDelete,
}

impl Default for StorageSpec {
    fn default() -> Self {
        Self {
            throughput_mode: ThroughputMode::Elastic,
            provisioned_throughput_mibps: None,
            encryption: Switch::Enabled,
            kms_key_arn: None,
            lifecycle: None,
            backups: Switch::Enabled,
            existing: None,
            access_point: AccessPoint::default(),
            on_delete: OnDelete::Retain,
        }
    }
}

/// Where the home lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FileSystemSource<'a> {
    /// On a file system that the operator makes.
    Own,
    /// On a file system that exists.
    Existing(&'a ExistingFileSystem),
}

impl StorageSpec {
    /// Where the home lies.
    pub fn file_system(&self) -> FileSystemSource<'_> {
        self.existing.as_ref().map_or(FileSystemSource::Own, FileSystemSource::Existing)
    }
}

/// How throughput is bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ThroughputMode {
    /// Pay for what is read and written.
    Elastic,
    /// Grows with the stored size.
    Bursting,
    /// A fixed rate.
    Provisioned,
}

/// What happens to the file system when the stack is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnDelete {
    /// It is kept.
    Retain,
    /// It is deleted with everything in it.
    Destroy,
}

/// When files that nobody reads move to cheaper, slower storage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.infrequentAccessAfterDays) || has(self.archiveAfterDays)").message(
    "set infrequentAccessAfterDays, archiveAfterDays or both, or remove storage.lifecycle"
))]
#[x_kube(validation = Rule::new(
    "!has(self.infrequentAccessAfterDays) || !has(self.archiveAfterDays) || self.infrequentAccessAfterDays < self.archiveAfterDays"
).message("archiveAfterDays must be later than infrequentAccessAfterDays"))]
pub struct Lifecycle {
    /// Days without access after which a file moves to the Infrequent Access class: 1, 7, 14, 30, 60, 90, 180, 270 or
    /// 365. Default: never. Example: `30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self in [1, 7, 14, 30, 60, 90, 180, 270, 365]").message(
        "use 1, 7, 14, 30, 60, 90, 180, 270 or 365 days"
    ))]
    pub infrequent_access_after_days: Option<i32>,

    /// Days without access after which a file moves to the Archive class, with `throughputMode: Elastic` only: 1, 7, 14,
    /// 30, 60, 90, 180, 270 or 365, later than `infrequentAccessAfterDays`. Default: never. Example: `90`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self in [1, 7, 14, 30, 60, 90, 180, 270, 365]").message(
        "use 1, 7, 14, 30, 60, 90, 180, 270 or 365 days"
    ))]
    pub archive_after_days: Option<i32>,
}

/// An existing file system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExistingFileSystem {
    /// Id of the file system, in the account and region of the stack. Required. Example: `fs-0123456789abcdef0`.
    #[schemars(regex(pattern = schema::FILE_SYSTEM_ID), length(max = 43))]
    pub file_system_id: String,

    /// Id of an existing access point of it, which brings the path and the owner of the home.
    /// Default: the operator makes an access point as `storage.accessPoint` says. Example: `fsap-0123456789abcdef0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = schema::ACCESS_POINT_ID), length(max = 45))]
    pub access_point_id: Option<String>,
}

/// The directory of the home and its owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", default = "AccessPoint::default")]
pub struct AccessPoint {
    /// Directory on the file system; made when it does not exist. One to four levels, up to 100 characters.
    /// Default: `/jenkins`. Example: `/teams/build`.
    #[schemars(regex(pattern = "^(/[A-Za-z0-9_-][A-Za-z0-9._-]*){1,4}$"), length(max = 100))]
    pub path: String,

    /// POSIX user id that reads and writes the files, 0 to 4294967295; the official image runs as 1000.
    /// Default: `1000`. Example: `2000`.
    #[schemars(range(min = 0, max = 4294967295u64))]
    pub uid: i64,

    /// POSIX group id that reads and writes the files, 0 to 4294967295. Default: `1000`.
    /// Example: `2000`.
    #[schemars(range(min = 0, max = 4294967295u64))]
    pub gid: i64,

    /// Permissions of the directory when it is made: octal, four digits, as a string. Default: `"0750"`.
    /// Example: `"0755"`.
    #[schemars(regex(pattern = "^0[0-7]{3}$"), length(max = 4))]
    pub permissions: String,
}

impl Default for AccessPoint {
    fn default() -> Self {
        Self { path: "/jenkins".to_owned(), uid: 1000, gid: 1000, permissions: "0750".to_owned() }
    }
}
