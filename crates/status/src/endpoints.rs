//! Where Jenkins is reached, and what to register at the OpenID provider.

use crate::facts::Pass;
use jenkinsstack_api::spec::Protocol;
use jenkinsstack_api::status::Endpoints;
use jenkinsstack_api::{JenkinsStackSpec, JenkinsStackStatus};
use jenkinsstack_core::kind::{Desired, Kind, Observed};

/// The path at which the load balancer takes the provider's answer ("Authenticate users using an Application Load
/// Balancer", ELB User Guide).
const LOAD_BALANCER_CALLBACK: &str = "/oauth2/idpresponse";
/// The path at which Jenkins' OpenID Connect plugin takes it (oic-auth plugin documentation).
const JENKINS_CALLBACK: &str = "/securityRealm/finishLogin";

/// The endpoints, once there is a load balancer; while it can't be read, with the one that was known.
pub fn endpoints(spec: &JenkinsStackSpec, pass: &Pass<'_>, previous: Option<&JenkinsStackStatus>) -> Option<Endpoints> {
    let known = || previous?.endpoints.as_ref()?.load_balancer.as_deref();
    let unread = pass.snapshot.unread.contains(&Kind::LoadBalancer);
    let load_balancer = load_balancer(pass).or(pass.existing_load_balancer).or_else(|| known().filter(|_| unread))?;
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
        redirect_uris,
    })
}

/// DNS name of the stack's own load balancer: of the one that is wanted while an old one is still there.
fn load_balancer<'a>(pass: &Pass<'a>) -> Option<&'a str> {
    let wanted = pass.graph.nodes().find_map(|(_, node)| match &node.desired {
        Desired::LoadBalancer(load_balancer) => Some(load_balancer.scheme),
        _ => None,
    });
    let seen = pass.snapshot.all().filter_map(|seen| match &seen.observed {
        Observed::LoadBalancer(load_balancer) => Some(load_balancer),
        _ => None,
    });
    let best = seen.min_by_key(|seen| wanted.is_some_and(|scheme| scheme != seen.scheme));
    best.map(|load_balancer| load_balancer.dns_name.as_str())
}
