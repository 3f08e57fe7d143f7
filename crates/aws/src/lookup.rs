//! What a stack refers to and does not own: VPC, subnets, certificate, hosted zone, listener, cluster, file system, secret.
//! Reads only.
//!
//! Answers are kept and shared by all stacks of the account: a thousand stacks in one VPC ask once. How old one may be says
//! who asks; zero is for a fresh one.

mod answers;
mod zone;

pub use zone::Audience;

use crate::account::Account;
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use answers::Shared;
use aws_sdk_acm::types::CertificateStatus;
use aws_sdk_ec2::types::Filter;
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerSchemeEnum;
use jenkinsstack_core::desired::{ExistingFileSystem, ExistingListener, Subnet};
use jenkinsstack_core::id::{FileSystemId, SecurityGroupId, VpcId};
use jenkinsstack_core::kind::load_balancer::Scheme;
use jenkinsstack_core::secret::SecretValue;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// For how long a certificate counts as issued without being asked for: it ends when it expires, and that is long known.
const ISSUED: Duration = Duration::from_secs(3600);

/// The permissions that lookups need.
pub const PERMISSIONS: &[Permission] = &[
    permit("acm:DescribeCertificate", On::Any, When::Always),
    permit("ec2:DescribeSubnets", On::Any, When::Always),
    permit("ec2:DescribeVpcs", On::Any, When::Always),
    permit("ecs:DescribeClusters", On::Any, When::Always),
    permit("elasticfilesystem:DescribeAccessPoints", On::Any, When::Always),
    permit("elasticfilesystem:DescribeFileSystems", On::Any, When::Always),
    permit("elasticfilesystem:DescribeMountTargetSecurityGroups", On::Any, When::Always),
    permit("elasticfilesystem:DescribeMountTargets", On::Any, When::Always),
    permit("elasticloadbalancing:DescribeListeners", On::Any, When::Always),
    permit("elasticloadbalancing:DescribeLoadBalancers", On::Any, When::Always),
    permit("elasticloadbalancing:DescribeTargetHealth", On::Any, When::Always),
    // For a secret under a key of the user's (GetSecretValue, AWS Secrets Manager API Reference).
    permit("kms:Decrypt", On::Any, When::Via("secretsmanager")),
    permit("route53:GetHostedZone", On::Arn("arn:{partition}:route53:::hostedzone/*"), When::Always),
    permit("route53:ListHostedZones", On::Any, When::Always),
    permit("secretsmanager:GetSecretValue", On::Any, When::Shared),
];

/// How a VPC or subnets are chosen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    /// By id.
    Ids(Vec<String>),
    /// By tags, all of which must be there.
    Tags(BTreeMap<String, String>),
}

/// Answers that others may use.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    vpcs: Shared<Selector, Vec<VpcId>>,
    subnets: Shared<(VpcId, Selector), Vec<Subnet>>,
    /// Certificates that are issued.
    issued: Shared<String, ()>,
    listeners: Shared<String, FoundListener>,
    clusters: Shared<String, String>,
    /// By id and access point.
    file_systems: Shared<(String, Option<String>), ExistingFileSystem>,
    secrets: Shared<String, SecretValue>,
    zones: zone::Zones,
}

/// A listener and what the spec says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundListener {
    /// For the graph.
    pub listener: ExistingListener,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// VPC of its load balancer.
    pub vpc: String,
    /// DNS name of its load balancer.
    pub dns_name: String,
    /// Hosted zone of that name.
    pub zone: Option<String>,
    /// Whether the internet can reach its load balancer.
    pub scheme: Scheme,
}

impl Account {
    /// The VPCs that fit.
    pub async fn vpcs(&self, selector: &Selector, max_age: Duration) -> Result<Vec<VpcId>, Error> {
        let ask = self.ask_vpcs(selector);
        Ok(self.answers().vpcs.get(selector.clone(), max_age, ask).await?.unwrap_or_default())
    }

    async fn ask_vpcs(&self, selector: &Selector) -> Result<Option<Vec<VpcId>>, Error> {
        let filters = filters("vpc-id", selector);
        let failed = Error::of("DescribeVpcs", format!("{selector:?}"));
        let output = self.clients.ec2.describe_vpcs().set_filters(Some(filters)).send().await.map_err(failed)?;
        let mut found: Vec<VpcId> = output.vpcs().iter().filter_map(|vpc| vpc.vpc_id()?.parse().ok()).collect();
        found.sort();
        Ok(some(found))
    }

    /// The subnets of a VPC that fit, by zone and id.
    pub async fn subnets(&self, vpc: &VpcId, selector: &Selector, max_age: Duration) -> Result<Vec<Subnet>, Error> {
        let question = (vpc.clone(), selector.clone());
        let ask = self.ask_subnets(vpc, selector);
        Ok(self.answers().subnets.get(question, max_age, ask).await?.unwrap_or_default())
    }

    async fn ask_subnets(&self, vpc: &VpcId, selector: &Selector) -> Result<Option<Vec<Subnet>>, Error> {
        let mut filters = filters("subnet-id", selector);
        filters.push(filter("vpc-id", [vpc.to_string()]));
        let failed = Error::of("DescribeSubnets", vpc);
        let output = self.clients.ec2.describe_subnets().set_filters(Some(filters)).send().await.map_err(failed)?;
        let subnet = |subnet: &aws_sdk_ec2::types::Subnet| {
            Some(Subnet { zone: subnet.availability_zone()?.parse().ok()?, id: subnet.subnet_id()?.parse().ok()? })
        };
        let mut found: Vec<Subnet> = output.subnets().iter().filter_map(subnet).collect();
        found.sort();
        Ok(some(found))
    }

    /// Status of a certificate in AWS's words, for example `ISSUED`; `None` when it does not exist.
    pub async fn certificate_status(&self, arn: &str, max_age: Duration) -> Result<Option<String>, Error> {
        let mut other = None;
        let ask = async {
            let output = self.clients.acm.describe_certificate().certificate_arn(arn).send().await;
            let output = present(output.map_err(Error::of("DescribeCertificate", arn)))?;
            let status = output.as_ref().and_then(|output| output.certificate()?.status());
            other = status.map(|status| status.as_str().to_owned());
            Ok((status == Some(&CertificateStatus::Issued)).then_some(()))
        };
        let issued = self.answers().issued.get(arn.to_owned(), kept_for(ISSUED, max_age), ask).await?;
        Ok(issued.map(|()| CertificateStatus::Issued.as_str().to_owned()).or(other))
    }

    /// A listener of an Application Load Balancer; `None` when it does not exist.
    pub async fn listener(&self, arn: &str, max_age: Duration) -> Result<Option<FoundListener>, Error> {
        self.answers().listeners.get(arn.to_owned(), max_age, self.ask_listener(arn)).await
    }

    async fn ask_listener(&self, arn: &str) -> Result<Option<FoundListener>, Error> {
        let output = self.clients.elb.describe_listeners().listener_arns(arn).send().await;
        let Some(output) = present(output.map_err(Error::of("DescribeListeners", arn)))? else { return Ok(None) };
        let Some(listener) = output.listeners().first() else { return Ok(None) };
        let load_balancer = listener.load_balancer_arn().unwrap_or_default();
        let failed = Error::of("DescribeLoadBalancers", load_balancer);
        let output = self.clients.elb.describe_load_balancers().load_balancer_arns(load_balancer).send().await;
        let output = output.map_err(failed)?;
        let found = output.load_balancers().first().and_then(|load_balancer| {
            let groups = load_balancer.security_groups().iter().filter_map(|group| group.parse().ok()).collect();
            Some(FoundListener {
                listener: ExistingListener { arn: arn.parse().ok()?, security_groups: groups },
                protocol: listener.protocol()?.as_str().to_owned(),
                vpc: load_balancer.vpc_id()?.to_owned(),
                dns_name: load_balancer.dns_name()?.to_owned(),
                zone: load_balancer.canonical_hosted_zone_id().map(str::to_owned),
                scheme: match load_balancer.scheme()? {
                    LoadBalancerSchemeEnum::InternetFacing => Scheme::InternetFacing,
                    _ => Scheme::Internal,
                },
            })
        });
        Ok(found)
    }

    /// ARN of an active cluster; `None` when there is none of that name.
    pub async fn cluster(&self, name: &str, max_age: Duration) -> Result<Option<String>, Error> {
        let ask = async {
            let output = self.clients.ecs.describe_clusters().clusters(name).send().await;
            let output = present(output.map_err(Error::of("DescribeClusters", name)))?;
            let active = output.iter().flat_map(|o| o.clusters()).find(|cluster| cluster.status() == Some("ACTIVE"));
            Ok(active.and_then(|cluster| cluster.cluster_arn()).map(str::to_owned))
        };
        self.answers().clusters.get(name.to_owned(), max_age, ask).await
    }

    /// A file system, the access point that the spec names and the groups of its mount targets; `None` when the file
    /// system or the access point does not exist.
    pub async fn file_system(
        &self,
        id: &str,
        access_point: Option<&str>,
        max_age: Duration,
    ) -> Result<Option<ExistingFileSystem>, Error> {
        let question = (id.to_owned(), access_point.map(str::to_owned));
        self.answers().file_systems.get(question, max_age, self.ask_file_system(id, access_point)).await
    }

    async fn ask_file_system(&self, id: &str, access_point: Option<&str>) -> Result<Option<ExistingFileSystem>, Error> {
        let efs = &self.clients.efs;
        let output = efs.describe_file_systems().file_system_id(id).send().await;
        let Some(output) = present(output.map_err(Error::of("DescribeFileSystems", id)))? else { return Ok(None) };
        let arn = output.file_systems().first().and_then(|home| home.file_system_arn()).unwrap_or_default();
        let (Ok(id), Ok(arn)) = (id.parse::<FileSystemId>(), arn.parse()) else { return Ok(None) };
        let point = match access_point {
            None => None,
            Some(point) => {
                let output = efs.describe_access_points().access_point_id(point).send().await;
                let output = present(output.map_err(Error::of("DescribeAccessPoints", point)))?;
                let of = |p: &&aws_sdk_efs::types::AccessPointDescription| p.file_system_id() == Some(id.as_str());
                let arn = output.iter().flat_map(|o| o.access_points()).find(of).and_then(|p| p.access_point_arn());
                let (Ok(point), Some(Ok(arn))) = (point.parse(), arn.map(str::parse)) else { return Ok(None) };
                Some((point, arn))
            }
        };
        let security_groups = self.mount_target_groups(&id).await?;
        Ok(Some(ExistingFileSystem { id, arn, access_point: point, security_groups }))
    }

    async fn mount_target_groups(&self, id: &FileSystemId) -> Result<BTreeSet<SecurityGroupId>, Error> {
        let efs = &self.clients.efs;
        let output = efs.describe_mount_targets().file_system_id(id.as_str()).send().await;
        let mut groups = BTreeSet::new();
        for target in output.map_err(Error::of("DescribeMountTargets", id))?.mount_targets() {
            let target = target.mount_target_id();
            let output = efs.describe_mount_target_security_groups().mount_target_id(target).send().await;
            let output = output.map_err(Error::of("DescribeMountTargetSecurityGroups", target))?;
            groups.extend(output.security_groups().iter().filter_map(|group| group.parse().ok()));
        }
        Ok(groups)
    }

    /// State and reason of every target of a group, for example `unhealthy` and `Target.Timeout`.
    pub async fn target_health(&self, target_group: &str) -> Result<Vec<(String, String)>, Error> {
        let output = self.clients.elb.describe_target_health().target_group_arn(target_group).send().await;
        let output = output.map_err(Error::of("DescribeTargetHealth", target_group))?;
        let health = output.target_health_descriptions().iter().filter_map(|target| target.target_health());
        let text = |health: &aws_sdk_elasticloadbalancingv2::types::TargetHealth| {
            let state = health.state().map(|state| state.as_str().to_owned()).unwrap_or_default();
            let reason = health.reason().map(|reason| reason.as_str().to_owned()).unwrap_or_default();
            (state, reason)
        };
        Ok(health.map(text).collect())
    }

    /// The text of a secret in Secrets Manager; `None` when it does not exist or has no text.
    pub async fn secret_text(&self, arn: &str, max_age: Duration) -> Result<Option<SecretValue>, Error> {
        let ask = async {
            let output = self.clients.secrets.get_secret_value().secret_id(arn).send().await;
            let output = present(output.map_err(Error::of("GetSecretValue", arn)))?;
            Ok(output.and_then(|output| output.secret_string().map(SecretValue::new)))
        };
        self.answers().secrets.get(arn.to_owned(), max_age, ask).await
    }
}

/// How old an answer may be that is kept for longer than others; a fresh one is fresh all the same.
fn kept_for(kept: Duration, max_age: Duration) -> Duration {
    if max_age.is_zero() { max_age } else { kept }
}

/// What was found, if anything was.
fn some<T>(found: Vec<T>) -> Option<Vec<T>> {
    Some(found).filter(|found| !found.is_empty())
}

fn filters(id: &str, selector: &Selector) -> Vec<Filter> {
    match selector {
        Selector::Ids(ids) => vec![filter(id, ids.clone())],
        Selector::Tags(tags) => {
            tags.iter().map(|(key, value)| filter(&format!("tag:{key}"), [value.clone()])).collect()
        }
    }
}

fn filter(name: &str, values: impl IntoIterator<Item = String>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().collect())).build()
}
