//! The data plane: what a client gets that asks a load balancer for a page.

use super::action::{Fixed, Forward, Oidc, Redirect, Route, Unauthenticated};
use super::balancer::Balancer;
use super::condition::{Condition, Request};
use super::rule::Rule;
use super::{network, target};
use crate::service::{ec2, ecs};
use crate::world::{Place, Region, World};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::net::IpAddr;

/// A `GET` by a client.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// DNS name of the load balancer, with `:port` where it is not the scheme's.
    pub to: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Host header.
    pub host: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Address of the client.
    pub source_ip: &'a str,
    /// The session cookie of a user who is signed in.
    pub session: Option<&'a str>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// HTTP status.
    pub status: u16,
    /// Headers that matter, for example `location`.
    pub headers: Vec<(String, String)>,
    /// Address and port of the target that answered.
    pub forwarded_to: Option<(String, u16)>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No load balancer has that name.
    UnknownHost,
    /// Packets go nowhere: not set up yet, no route, or a security group in the way.
    TimedOut,
    /// No listener on the port, or one that does not speak the scheme.
    Refused,
}

/// Answers a client as the load balancer would: security groups, listener, rules by priority, actions, health.
pub fn serve(world: &mut World, place: &Place, visit: Visit<'_>) -> Result<Served, NoAnswer> {
    let (name, port) = address(&visit);
    let region = world.peek(&place.account, &place.region);
    let found = region.elb.balancers.values().find(|balancer| balancer.dns.eq_ignore_ascii_case(name));
    let balancer = found.ok_or(NoAnswer::UnknownHost)?.clone();
    if !is_reachable(world, place, &balancer, port, visit.source_ip) {
        return Err(NoAnswer::TimedOut);
    }
    let region = world.peek(&place.account, &place.region);
    let listener = region.elb.listeners_of(&balancer.arn).find(|listener| listener.port == port);
    let listener = listener.filter(|listener| listener.tls.is_some() == (visit.scheme == "https"));
    let listener = listener.ok_or(NoAnswer::Refused)?;
    let mut rules: Vec<&Rule> = region.elb.rules_of(&listener.arn).collect();
    rules.sort_by_key(|rule| rule.rank());
    let (path, query) = visit.path.split_once('?').unwrap_or((visit.path, ""));
    let host = visit.host.split(':').next().unwrap_or_default();
    let request = Request { host, path, query, source: visit.source_ip.parse().ok() };
    let is_met = |rule: &&&Rule| rule.conditions.iter().all(|condition: &Condition| condition.is_met(&request));
    let rule = rules.iter().find(is_met).ok_or(NoAnswer::Refused)?;
    let sign_in = rule.actions.oidc().filter(|_| visit.session.is_none()).and_then(|oidc| challenge(oidc, host));
    Ok(sign_in.unwrap_or_else(|| match &rule.actions.route.action {
        Route::Forward(forward) => pass_on(region, &balancer, forward, visit.path),
        Route::Redirect(redirect) => send_elsewhere(redirect, &visit, port, &request),
        Route::Fixed(fixed) => answer_at_once(fixed),
    }))
}

fn address<'a>(visit: &Visit<'a>) -> (&'a str, u16) {
    let default = if visit.scheme == "https" { 443 } else { 80 };
    match visit.to.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().unwrap_or(default)),
        None => (visit.to, default),
    }
}

/// Whether a client at that address can open the port: the load balancer is set up, has a way to the client, and its
/// security groups let the client in.
fn is_reachable(world: &mut World, place: &Place, balancer: &Balancer, port: u16, source: &str) -> bool {
    let Ok(source) = source.parse::<IpAddr>() else { return false };
    let local =
        network::subnets_of(world, place, &balancer.vpc).iter().any(|subnet| network::contains(&subnet.cidr, source));
    let has_way = local || !balancer.internal && has_public_node(world, place, balancer);
    balancer.active && has_way && network::admits(world, place, &balancer.groups, port, source)
}

fn has_public_node(world: &mut World, place: &Place, balancer: &Balancer) -> bool {
    balancer.nodes.iter().any(|node| network::is_public(world, place, &balancer.vpc, &node.subnet))
}

fn status(status: u16) -> Served {
    Served { status, headers: Vec::new(), forwarded_to: None }
}

fn location(code: u16, url: String) -> Served {
    Served { headers: vec![("location".into(), url)], ..status(code) }
}

/// What a user without a session gets; none when the request may go on.
fn challenge(oidc: &Oidc, host: &str) -> Option<Served> {
    match oidc.unauthenticated {
        Unauthenticated::Allow => None,
        Unauthenticated::Deny => Some(status(401)),
        Unauthenticated::Authenticate => {
            let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let callback = format!("https://{}/oauth2/idpresponse", host.to_ascii_lowercase());
            let (client, scope) = (encode(&oidc.client_id), encode(&oidc.scope));
            let mut query =
                format!("client_id={client}&redirect_uri={}&response_type=code&scope={scope}", encode(&callback));
            for (name, value) in &oidc.extra_params {
                query.push_str(&format!("&{}={}", encode(name), encode(value)));
            }
            let endpoint = &oidc.authorization_endpoint;
            let separator = if endpoint.contains('?') { '&' } else { '?' };
            Some(location(302, format!("{endpoint}{separator}{query}")))
        }
    }
}

fn pass_on(region: &Region, balancer: &Balancer, forward: &Forward, path: &str) -> Served {
    let chosen = forward.groups.iter().filter(|tuple| tuple.weight > 0).max_by_key(|tuple| tuple.weight);
    let group = chosen.and_then(|tuple| region.elb.groups.get(&tuple.group));
    let targets = group.map(|group| target::serving(&region.elb, group)).unwrap_or_default();
    let Some((ip, port)) = targets.first().cloned() else { return status(503) };
    let reached = ecs::interface_at(region, &ip)
        .is_some_and(|to| balancer.nodes.iter().any(|node| ec2::reaches(region, &node.interface, to, port)));
    let code = if reached { ecs::answers(region, &ip, port, path).unwrap_or(502) } else { 504 };
    Served { forwarded_to: Some((ip, port)), ..status(code) }
}

fn send_elsewhere(redirect: &Redirect, visit: &Visit<'_>, port: u16, request: &Request<'_>) -> Served {
    let own_path = request.path.strip_prefix('/').unwrap_or(request.path);
    let fill = |text: &str| {
        let text = text.replace("#{protocol}", visit.scheme).replace("#{port}", &port.to_string());
        text.replace("#{host}", request.host).replace("#{path}", own_path).replace("#{query}", request.query)
    };
    let Redirect { protocol, port, host, path, query, status: code } = redirect;
    let query = fill(query);
    let separator = if query.is_empty() { "" } else { "?" };
    let scheme = fill(protocol).to_ascii_lowercase();
    let url = format!("{scheme}://{}:{}{}{separator}{query}", fill(host), fill(port), fill(path));
    location(if code == "HTTP_301" { 301 } else { 302 }, url)
}

fn answer_at_once(fixed: &Fixed) -> Served {
    status(fixed.status.parse().unwrap_or(500))
}
