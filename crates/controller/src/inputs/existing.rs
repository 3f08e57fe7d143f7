//! What the spec names and the operator did not make: certificate, listener, hosted zone, cluster, file system.

use super::{Sources, failed, invalid};
use jenkinsstack_api::JenkinsStackSpec;
use jenkinsstack_api::spec::{FileSystemSource, ListenerSource, Protocol};
use jenkinsstack_aws::lookup::{Audience, FoundListener};
use jenkinsstack_core::arn::ClusterArn;
use jenkinsstack_core::desired::{ExistingFileSystem, HostedZone};
use jenkinsstack_core::id::VpcId;
use jenkinsstack_core::kind::load_balancer::Scheme;
use jenkinsstack_status::facts::Trouble;

/// The certificate must be issued: a load balancer takes no other.
pub(super) async fn certificate(sources: &Sources<'_>, spec: &JenkinsStackSpec) -> Result<(), Trouble> {
    let ListenerSource::OwnHttps { certificate_arn } = spec.endpoint.listener() else { return Ok(()) };
    let status =
        sources.account.certificate_status(certificate_arn, sources.max_age).await.map_err(|error| failed(&error))?;
    match status.as_deref() {
        Some("ISSUED") => Ok(()),
        Some(status) => Err(invalid("endpoint.certificateArn", &format!("{certificate_arn} is {status}, not ISSUED"))),
        None => Err(invalid("endpoint.certificateArn", &format!("{certificate_arn} does not exist"))),
    }
}

/// The existing listener, in the VPC of the stack and of the protocol that the spec says.
pub(super) async fn listener(
    sources: &Sources<'_>,
    spec: &JenkinsStackSpec,
    vpc: &VpcId,
) -> Result<Option<FoundListener>, Trouble> {
    let ListenerSource::Existing(existing) = spec.endpoint.listener() else { return Ok(None) };
    let found = sources.account.listener(&existing.arn, sources.max_age).await.map_err(|error| failed(&error))?;
    let missing = || invalid("endpoint.existingListener.arn", &format!("{} does not exist", existing.arn));
    let found = found.ok_or_else(missing)?;
    let expected = match existing.protocol {
        Protocol::Http => "HTTP",
        Protocol::Https => "HTTPS",
    };
    if found.protocol != expected {
        let message = format!("the listener speaks {}, not {expected}", found.protocol);
        return Err(invalid("endpoint.existingListener.protocol", &message));
    }
    if found.vpc != vpc.as_str() {
        let message = format!("its load balancer stands in {}, the stack in {vpc}", found.vpc);
        return Err(invalid("endpoint.existingListener.arn", &message));
    }
    Ok(Some(found))
}

/// The hosted zone that the DNS record of the host belongs to. That there is none, or none to be seen, stops no stack.
pub(super) async fn hosted_zone(
    sources: &Sources<'_>,
    spec: &JenkinsStackSpec,
    vpc: &VpcId,
    listener: Option<&FoundListener>,
) -> Option<HostedZone> {
    let host = spec.endpoint.host.as_deref()?;
    let audience = match listener.map_or_else(|| spec.endpoint.scheme.into(), |found| found.scheme) {
        Scheme::InternetFacing => Audience::Everybody,
        Scheme::Internal => Audience::Vpc(vpc),
    };
    sources.account.hosted_zone(host, audience, sources.max_age).await
}

/// The existing cluster.
pub(super) async fn cluster(sources: &Sources<'_>, spec: &JenkinsStackSpec) -> Result<Option<ClusterArn>, Trouble> {
    let Some(name) = &spec.controller.existing_cluster else { return Ok(None) };
    let found = sources.account.cluster(name, sources.max_age).await.map_err(|error| failed(&error))?;
    let missing = || invalid("controller.existingCluster", &format!("there is no active cluster {name}"));
    found.and_then(|arn| arn.parse().ok()).map(Some).ok_or_else(missing)
}

/// The existing file system and its access point.
pub(super) async fn file_system(
    sources: &Sources<'_>,
    spec: &JenkinsStackSpec,
) -> Result<Option<ExistingFileSystem>, Trouble> {
    let FileSystemSource::Existing(existing) = spec.storage.file_system() else { return Ok(None) };
    let (id, point) = (&existing.file_system_id, existing.access_point_id.as_deref());
    let found = sources.account.file_system(id, point, sources.max_age).await.map_err(|error| failed(&error))?;
    let missing = || match point {
        Some(point) => format!("there is no file system {id} with access point {point}"),
        None => format!("there is no file system {id}"),
    };
    found.map(Some).ok_or_else(|| invalid("storage.existing", &missing()))
}
