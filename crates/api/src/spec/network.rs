//! `spec.network`: the VPC, its subnets and the way out.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Switch;
use crate::schema;

/// Tag of the VPC to use when `network.vpc` is left out.
pub const DEFAULT_VPC_TAG: (&str, &str) = ("jenkinsstack.io/discovery", "vpc");
/// Tag of the public subnets to use when `network.publicSubnets` is left out; the AWS Load Balancer Controller's.
pub const DEFAULT_PUBLIC_SUBNET_TAG: (&str, &str) = ("kubernetes.io/role/elb", "1");
/// Tag of the private subnets to use when `network.privateSubnets` is left out; the AWS Load Balancer Controller's.
pub const DEFAULT_PRIVATE_SUBNET_TAG: (&str, &str) = ("kubernetes.io/role/internal-elb", "1");

/// The VPC, its subnets and the way out. The operator changes none of them: it only puts resources in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", default = "NetworkSpec::default")]
#[x_kube(validation = Rule::new(
    "!has(oldSelf.vpc) || !has(oldSelf.vpc.id) || (has(self.vpc) && has(self.vpc.id) && self.vpc.id == oldSelf.vpc.id)"
).message(
    "network.vpc.id cannot be changed: the file system lives in that VPC. Back it up, restore it in the other VPC and create a new stack with storage.existing"
))]
pub struct NetworkSpec {
    /// The VPC, by `id` or by `tags`; tags must match exactly one VPC of the region. An id cannot be changed later.
    /// Default: the VPC tagged `jenkinsstack.io/discovery: vpc`. Example: `{id: vpc-0123456789abcdef0}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<VpcSelector>,

    /// Subnets of the load balancer, by `ids` or by `tags`: in at least two availability zones, one for each zone; an
    /// internet-facing load balancer needs a route to an internet gateway in each. Not used with
    /// `endpoint.existingListener`. Default: the subnets of the VPC tagged `kubernetes.io/role/elb: "1"`.
    /// Example: `{ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1]}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_subnets: Option<SubnetSelector>,

    /// Subnets of the Jenkins task and of the file system's mount targets, by `ids` or by `tags`. They need a way out
    /// to pull the image: a NAT gateway, VPC endpoints, or an internet gateway together with `assignPublicIp`.
    /// Default: the subnets of the VPC tagged `kubernetes.io/role/internal-elb: "1"`.
    /// Example: `{tags: {tier: private}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_subnets: Option<SubnetSelector>,

    /// Further security groups of the Jenkins task, beside the operator's own, for example to let it reach a database.
    /// At most 4, each once. Default: none. Example: `[sg-0123456789abcdef0]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4), inner(regex(pattern = schema::SECURITY_GROUP_ID), length(max = 20)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub security_group_ids: Vec<String>,

    /// Whether the Jenkins task gets a public IP address. `Enabled` is for VPCs without NAT: `privateSubnets` must then
    /// name subnets with a route to an internet gateway. Inbound traffic still comes from the load balancer only.
    /// Default: `Disabled`. Example: `Enabled`.
    pub assign_public_ip: Switch,
}

impl Default for NetworkSpec {
    fn default() -> Self {
        Self {
            vpc: None,
            public_subnets: None,
            private_subnets: None,
            security_group_ids: Vec::new(),
            assign_public_ip: Switch::Disabled,
        }
    }
}

impl NetworkSpec {
    /// The VPC to use, the default filled in.
    pub fn vpc(&self) -> VpcSelector {
        self.vpc.clone().unwrap_or_else(|| VpcSelector::Tags(tag(DEFAULT_VPC_TAG)))
    }

    /// The subnets of the load balancer, the default filled in.
    pub fn public_subnets(&self) -> SubnetSelector {
        self.public_subnets.clone().unwrap_or_else(|| SubnetSelector::Tags(tag(DEFAULT_PUBLIC_SUBNET_TAG)))
    }

    /// The subnets of the task and of the file system, the default filled in.
    pub fn private_subnets(&self) -> SubnetSelector {
        self.private_subnets.clone().unwrap_or_else(|| SubnetSelector::Tags(tag(DEFAULT_PRIVATE_SUBNET_TAG)))
    }
}

fn tag((key, value): (&str, &str)) -> BTreeMap<String, String> {
    BTreeMap::from([(key.to_owned(), value.to_owned())])
}

/// A VPC by id or by tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum VpcSelector {
    /// Id of the VPC. Required unless `tags` is set. Example: `vpc-0123456789abcdef0`.
    Id(#[schemars(regex(pattern = schema::VPC_ID), length(max = 21))] String),
    /// Tags that exactly one VPC of the region has, all of them; 1 to 10. Required unless `id` is set.
    /// Example: `{Name: main}`.
    Tags(#[schemars(schema_with = "schema::selector_tags")] BTreeMap<String, String>),
}

/// Subnets by ids or by tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SubnetSelector {
    /// Ids of the subnets; 1 to 16, each once, all in the VPC. Required unless `tags` is set.
    /// Example: `[subnet-0123456789abcdef0, subnet-0123456789abcdef1]`.
    Ids(#[schemars(schema_with = "subnet_ids")] Vec<String>),
    /// Tags that a subnet of the VPC has, all of them; 1 to 10. Required unless `ids` is set.
    /// Example: `{tier: private}`.
    Tags(#[schemars(schema_with = "schema::selector_tags")] BTreeMap<String, String>),
}

/// A service of Amazon ECS takes up to 16 subnets.
fn subnet_ids(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 16,
        "x-kubernetes-list-type": "set",
        "items": { "type": "string", "maxLength": 24, "pattern": schema::SUBNET_ID },
    })
}
