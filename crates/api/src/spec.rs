//! The desired state, one module per area.
//!
//! Every optional field has its default in the schema, except where alternatives exclude each other: there the absence
//! is a choice of its own and the text of the field says which. An `enum` with data stands for "exactly one of".

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod auth;
pub mod aws;
pub mod controller;
pub mod endpoint;
pub mod logs;
pub mod network;
pub mod secret;
pub mod storage;

pub use auth::{AuthSpec, OidcEndpoints, OidcSpec, OnUnauthenticated, OpenPaths, OpenRule};
pub use aws::AwsSpec;
pub use controller::{Architecture, ControllerSpec, EnvVar, SecretEnvVar};
pub use endpoint::{AccessLogs, EndpointSpec, ExistingListener, ListenerSource, Protocol, Scheme};
pub use logs::LogsSpec;
pub use network::{NetworkSpec, SubnetSelector, VpcSelector};
pub use secret::{ClientSecretRef, ClientSecretSource, ParameterRef, SecretKeyRef, SecretSource, SecretsManagerRef};
pub use storage::{
    AccessPoint, ExistingFileSystem, FileSystemSource, Lifecycle, OnDelete, StorageSpec, ThroughputMode,
};

/// Whether something is done: `Enabled` or `Disabled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Switch {
    /// It is done.
    Enabled,
    /// It is not done.
    Disabled,
}

impl Switch {
    /// True for `Enabled`.
    pub fn is_enabled(self) -> bool {
        match self {
            Self::Enabled => true,
            Self::Disabled => false,
        }
    }
}
