//! The VPC and its subnets: by id, or found by their tags.

use super::{Sources, failed, wrong};
use jenkinsstack_api::JenkinsStackSpec;
use jenkinsstack_api::spec::{ListenerSource, SubnetSelector, VpcSelector};
use jenkinsstack_api::status::Reason;
use jenkinsstack_aws::lookup::Selector;
use jenkinsstack_core::desired::{Context, Subnet};
use jenkinsstack_core::id::VpcId;
use jenkinsstack_status::facts::Trouble;

/// A load balancer stands in at least two zones (CreateLoadBalancer, ELB API Reference).
const LOAD_BALANCER_ZONES: usize = 2;

/// The VPC that the spec means: exactly one.
pub(super) async fn vpc(sources: &Sources<'_>, spec: &JenkinsStackSpec) -> Result<VpcId, Trouble> {
    let selector = match spec.network.vpc() {
        VpcSelector::Id(id) => Selector::Ids(vec![id]),
        VpcSelector::Tags(tags) => Selector::Tags(tags),
    };
    let found = sources.account.vpcs(&selector, sources.max_age).await.map_err(|error| failed(&error))?;
    let said = said(&selector);
    match found.as_slice() {
        [vpc] => Ok(vpc.clone()),
        [] => Err(not_found(format!("spec.network.vpc: no VPC in {} has {said}", sources.account.region))),
        several => {
            let ids: Vec<&str> = several.iter().map(VpcId::as_str).collect();
            let message = format!("spec.network.vpc: {said} fits {}; name one by its id", ids.join(", "));
            Err(not_found(message))
        }
    }
}

/// The subnets of the stack's own load balancer; none with an existing listener.
pub(super) async fn public_subnets(
    sources: &Sources<'_>,
    spec: &JenkinsStackSpec,
    vpc: &VpcId,
) -> Result<Vec<Subnet>, Trouble> {
    if let ListenerSource::Existing(_) = spec.endpoint.listener() {
        return Ok(Vec::new());
    }
    let found = subnets(sources, "network.publicSubnets", spec.network.public_subnets(), vpc).await?;
    let zones = Context::by_zone(&found).len();
    if zones < LOAD_BALANCER_ZONES {
        let message = format!(
            "spec.network.publicSubnets: a load balancer needs subnets in {LOAD_BALANCER_ZONES} availability zones, these are in {zones}"
        );
        return Err(not_found(message));
    }
    Ok(found)
}

/// The subnets of the task and of the mount targets.
pub(super) async fn private_subnets(
    sources: &Sources<'_>,
    spec: &JenkinsStackSpec,
    vpc: &VpcId,
) -> Result<Vec<Subnet>, Trouble> {
    subnets(sources, "network.privateSubnets", spec.network.private_subnets(), vpc).await
}

async fn subnets(
    sources: &Sources<'_>,
    field: &str,
    selector: SubnetSelector,
    vpc: &VpcId,
) -> Result<Vec<Subnet>, Trouble> {
    let selector = match selector {
        SubnetSelector::Ids(ids) => Selector::Ids(ids),
        SubnetSelector::Tags(tags) => Selector::Tags(tags),
    };
    let found = sources.account.subnets(vpc, &selector, sources.max_age).await.map_err(|error| failed(&error))?;
    match &selector {
        Selector::Ids(ids) => {
            let missing = ids.iter().filter(|id| found.iter().all(|subnet| subnet.id.as_str() != *id));
            let missing: Vec<&str> = missing.map(String::as_str).collect();
            if !missing.is_empty() {
                return Err(not_found(format!("spec.{field}: {} is not a subnet of {vpc}", missing.join(", "))));
            }
        }
        Selector::Tags(_) if found.is_empty() => {
            return Err(not_found(format!("spec.{field}: no subnet of {vpc} has {}", said(&selector))));
        }
        Selector::Tags(_) => (),
    }
    Ok(found)
}

fn not_found(message: String) -> Trouble {
    wrong(Reason::NetworkNotFound, message)
}

fn said(selector: &Selector) -> String {
    match selector {
        Selector::Ids(ids) => format!("the id {}", ids.join(", ")),
        Selector::Tags(tags) => {
            let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("the tags {}", tags.join(", "))
        }
    }
}
