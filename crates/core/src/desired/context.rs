//! What a graph depends on besides the spec: everything that had to be looked up first.

use crate::arn::{AccessPointArn, ClusterArn, FileSystemArn, ListenerArn};
use crate::id::{AccessPointId, AccountId, FileSystemId, Region, SecurityGroupId, SubnetId, VpcId, Zone};
use crate::owner::Owner;
use crate::secret::{Fingerprint, SecretValue};
use jenkinsstack_api::spec::OidcEndpoints;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that had to be looked up: on AWS, in the cluster, at the OpenID provider.
#[derive(Clone, Debug)]
pub struct Context {
    /// Whose stack it is.
    pub owner: Owner,
    /// Uid of the cluster's `kube-system` namespace.
    pub installation: String,
    /// AWS account.
    pub account: AccountId,
    /// AWS partition, for example `aws`.
    pub partition: String,
    /// AWS region.
    pub region: Region,
    /// The VPC.
    pub vpc: VpcId,
    /// Subnets of the load balancer; none with an existing listener.
    pub public_subnets: Vec<Subnet>,
    /// Subnets of the task and the mount targets.
    pub private_subnets: Vec<Subnet>,
    /// The file system that `storage.existing` names.
    pub existing_file_system: Option<ExistingFileSystem>,
    /// The cluster that `controller.existingCluster` names.
    pub existing_cluster: Option<ClusterArn>,
    /// The listener that `endpoint.existingListener` names.
    pub existing_listener: Option<ExistingListener>,
    /// Values of the Kubernetes Secrets that `controller.secrets` refers to, by environment variable.
    pub secrets: BTreeMap<String, SecretText>,
    /// Value of the OIDC client secret.
    pub client_secret: Option<SecretText>,
    /// Endpoints of the OIDC provider: written out in the spec, or discovered.
    pub oidc_endpoints: Option<OidcEndpoints>,
}

/// A subnet and its zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    /// The zone.
    pub zone: Zone,
    /// The subnet.
    pub id: SubnetId,
}

/// A file system that the operator did not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingFileSystem {
    /// Its id.
    pub id: FileSystemId,
    /// Its ARN.
    pub arn: FileSystemArn,
    /// The access point to use, if the spec names one.
    pub access_point: Option<(AccessPointId, AccessPointArn)>,
    /// Security groups of its mount targets, so that the task may reach them.
    pub security_groups: BTreeSet<SecurityGroupId>,
}

/// A listener that the operator did not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingListener {
    /// Its ARN.
    pub arn: ListenerArn,
    /// Security groups of its load balancer, so that the task lets it in.
    pub security_groups: BTreeSet<SecurityGroupId>,
}

/// A hosted zone of Route 53, which the operator only reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedZone {
    /// Its id, without `/hostedzone/`.
    pub id: String,
    /// Its name, without the dot at the end.
    pub name: String,
}

/// A secret's value and what it is compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretText {
    /// The value.
    pub value: SecretValue,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

impl Context {
    /// An ARN in this account and region.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", self.partition, self.region, self.account)
    }

    /// `subnets` by zone: a load balancer and a file system stand in one of each, and any of them will do.
    pub fn by_zone(subnets: &[Subnet]) -> BTreeMap<Zone, BTreeSet<SubnetId>> {
        let mut zones: BTreeMap<Zone, BTreeSet<SubnetId>> = BTreeMap::new();
        for Subnet { zone, id } in subnets {
            zones.entry(zone.clone()).or_default().insert(id.clone());
        }
        zones
    }
}
