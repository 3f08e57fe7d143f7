//! The hosted zone of a host name: where the DNS record belongs that leads to Jenkins. Reads only.
//!
//! All stacks of an account share one listing, which is kept for an hour. What can't be found out is left open: a stack
//! does not stop for the sake of a record that the operator does not write.

use super::answers::Shared;
use super::kept_for;
use crate::account::Account;
use crate::error::Error;
use aws_sdk_route53::types::HostedZone as Described;
use jenkinsstack_core::desired::HostedZone;
use jenkinsstack_core::id::VpcId;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;

/// For how long an answer serves: zones come and go seldom.
const KEPT: Duration = Duration::from_secs(3600);
/// How long a stack waits for Route 53, which a cluster without a way to the internet may not reach.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who must find the name.
#[derive(Clone, Copy, Debug)]
pub enum Audience<'a> {
    /// Everybody: by a public zone.
    Everybody,
    /// Who is in this VPC: by a private zone that belongs to it, or by a public one.
    Vpc(&'a VpcId),
}

/// Answers that others may use.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    /// All zones; that they could not be listed is an answer, too.
    all: Shared<(), Option<Vec<Zone>>>,
    /// VPCs of private zones.
    vpcs: Shared<String, BTreeSet<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Zone {
    zone: HostedZone,
    private: bool,
}

impl Zone {
    /// Whether nothing but its id tells it from another one.
    fn is_like(&self, other: &Self) -> bool {
        (&self.zone.name, self.private) == (&other.zone.name, other.private)
    }
}

impl Account {
    /// The zone whose name is the longest that `host` ends with. `None` when there is none, when several are equally
    /// good, or when the operator may not list them. A `max_age` of zero asks again.
    pub async fn hosted_zone(&self, host: &str, audience: Audience<'_>, max_age: Duration) -> Option<HostedZone> {
        let mut fitting = self.zones(max_age).await?;
        fitting.retain(|zone| lies_in(host, &zone.zone.name));
        // Inside a VPC its private zone hides a public one of the same name.
        fitting.sort_by_key(|zone| (std::cmp::Reverse(zone.zone.name.len()), !zone.private));
        let mut best: Option<Zone> = None;
        for zone in fitting {
            if best.as_ref().is_some_and(|best| !best.is_like(&zone)) {
                break;
            }
            if self.serves(&zone, audience, max_age).await {
                if best.is_some() {
                    return None;
                }
                best = Some(zone);
            }
        }
        best.map(|best| best.zone)
    }

    async fn zones(&self, max_age: Duration) -> Option<Vec<Zone>> {
        let ask = async {
            let zones = match timeout(PATIENCE, self.list_zones()).await {
                Ok(Ok(zones)) => Some(zones),
                Ok(Err(error)) => {
                    tracing::info!(%error, "hosted zones can't be listed: the status names none");
                    None
                }
                Err(_) => {
                    tracing::info!("Route 53 does not answer: the status names no hosted zone");
                    None
                }
            };
            Ok(Some(zones))
        };
        self.answers().zones.all.get((), kept_for(KEPT, max_age), ask).await.ok()??
    }

    async fn list_zones(&self) -> Result<Vec<Zone>, Error> {
        let failed = Error::of("ListHostedZones", &self.id);
        let pages = self.clients.route53.list_hosted_zones().into_paginator().items().send();
        let zones: Vec<Described> = pages.try_collect().await.map_err(failed)?;
        Ok(zones.iter().map(zone).collect())
    }

    async fn serves(&self, zone: &Zone, audience: Audience<'_>, max_age: Duration) -> bool {
        match audience {
            Audience::Vpc(vpc) if zone.private => self.has_vpc(&zone.zone.id, vpc, max_age).await,
            Audience::Vpc(_) | Audience::Everybody => !zone.private,
        }
    }

    /// Whether a private zone belongs to a VPC.
    async fn has_vpc(&self, zone: &str, vpc: &VpcId, max_age: Duration) -> bool {
        let ask = async {
            let read = timeout(PATIENCE, self.clients.route53.get_hosted_zone().id(zone).send()).await;
            Ok(Some(match read {
                Ok(Ok(output)) => output.vpcs().iter().filter_map(|vpc| vpc.vpc_id().map(str::to_owned)).collect(),
                Ok(Err(_)) | Err(_) => BTreeSet::new(),
            }))
        };
        let vpcs = self.answers().zones.vpcs.get(zone.to_owned(), kept_for(KEPT, max_age), ask).await;
        matches!(vpcs, Ok(Some(vpcs)) if vpcs.contains(vpc.as_str()))
    }
}

fn zone(described: &Described) -> Zone {
    let id = described.id().rsplit('/').next().unwrap_or_default().to_owned();
    let name = described.name().trim_end_matches('.').to_owned();
    Zone { zone: HostedZone { id, name }, private: described.config().is_some_and(|config| config.private_zone()) }
}

/// Whether a host is a zone's own name or lies in it.
fn lies_in(host: &str, zone: &str) -> bool {
    host.strip_suffix(zone).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::lies_in;

    #[test]
    fn a_name_lies_in_a_zone_by_whole_labels() {
        for (host, zone, expected) in [
            ("jenkins.example.com", "example.com", true),
            ("jenkins.example.com", "jenkins.example.com", true),
            ("jenkins.example.com", "com", true),
            ("notexample.com", "example.com", false),
            ("example.com", "jenkins.example.com", false),
        ] {
            assert_eq!(lies_in(host, zone), expected, "{host} in {zone}");
        }
    }
}
