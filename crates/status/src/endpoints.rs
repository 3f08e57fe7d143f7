//! Where Jenkins is reached, which DNS record leads there, and what to register at the OpenID provider.

use crate::facts::{Front, Pass};
use jenkinsstack_api::spec::Protocol;
use jenkinsstack_api::status::{DnsRecord, Endpoints};
use jenkinsstack_api::{JenkinsStackSpec, JenkinsStackStatus};
use jenkinsstack_core::kind::{Desired, Kind, Observed};

/// The path at which the load balancer takes the provider's answer ("Authenticate users using an Application Load
/// Balancer", ELB User Guide).
const LOAD_BALANCER_CALLBACK: &str = "/oauth2/idpresponse";
/// Type of the alias record: our load balancers have IPv4 addresses only.
const ALIAS: &str = "A";
/// The path at which Jenkins' OpenID Connect plugin takes it (oic-auth plugin documentation).
const JENKINS_CALLBACK: &str = "/securityRealm/finishLogin";

/// The endpoints, once there is a load balancer; while it can't be read, as they were.
pub fn endpoints(spec: &JenkinsStackSpec, pass: &Pass<'_>, previous: Option<&JenkinsStackStatus>) -> Option<Endpoints> {
    let Some(front) = load_balancer(pass).or_else(|| pass.existing_load_balancer.cloned()) else {
        let unread = pass.snapshot.unread.contains(&Kind::LoadBalancer);
        return previous.filter(|_| unread)?.endpoints.clone();
    };
    let load_balancer = front.dns_name.as_str();
    let scheme = match spec.endpoint.protocol() {
        Protocol::Http => "http",
        Protocol::Https => "https",
    };
    let host = spec.endpoint.host.as_deref().unwrap_or(load_balancer);
    let base = format!("{scheme}://{host}");
    let prefix = spec.endpoint.path_prefix.as_deref().unwrap_or_default();
    let redirect_uris = match &spec.auth.oidc {
        Some(_) => vec![format!("{base}{LOAD_BALANCER_CALLBACK}"), format!("{base}{prefix}{JENKINS_CALLBACK}")],
        None => Vec::new(),
    };
    Some(Endpoints {
        url: Some(format!("{base}{prefix}/")),
        load_balancer: Some(load_balancer.to_owned()),
        record: spec.endpoint.host.as_deref().map(|host| record(host, &front, pass)),
        redirect_uris,
    })
}

/// The record that leads from the host to the load balancer.
fn record(host: &str, front: &Front, pass: &Pass<'_>) -> DnsRecord {
    let Front { dns_name, zone } = front;
    DnsRecord {
        name: host.to_owned(),
        type_: ALIAS.to_owned(),
        target: dns_name.clone(),
        target_zone_id: zone.clone(),
        zone_id: pass.hosted_zone.map(|zone| zone.id.clone()),
        zone_name: pass.hosted_zone.map(|zone| zone.name.clone()),
    }
}

/// The stack's own load balancer: the one that is wanted while an old one is still there.
fn load_balancer(pass: &Pass<'_>) -> Option<Front> {
    let wanted = pass.graph.nodes().find_map(|(_, node)| match &node.desired {
        Desired::LoadBalancer(load_balancer) => Some(load_balancer.scheme),
        _ => None,
    });
    let seen = pass.snapshot.all().filter_map(|seen| match &seen.observed {
        Observed::LoadBalancer(load_balancer) => Some(load_balancer),
        _ => None,
    });
    let best = seen.min_by_key(|seen| wanted.is_some_and(|scheme| scheme != seen.scheme));
    best.map(|load_balancer| Front { dns_name: load_balancer.dns_name.clone(), zone: load_balancer.zone.clone() })
}
