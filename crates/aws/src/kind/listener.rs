//! Listener of a load balancer of ours.
//!
//! A load balancer has one listener a port, so a repeated create gives back the one that is there, or fails when settings
//! differ; it is then found by its port. Calls: CreateListener, DescribeListeners, DescribeTags, ModifyListener, AddTags,
//! DeleteListener.

use super::elb::{retag, tag_list, tags_of_one, taken};
use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, gone, side_by_side};
use crate::error::{Class, Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, FixedResponseActionConfig, Listener as Described, ProtocolEnum,
    RedirectActionConfig, RedirectActionStatusCodeEnum,
};
use jenkinsstack_core::arn::LoadBalancerArn;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::listener::{DefaultAction, Desired, Observed, Protocol};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::plan::TAGS;

pub(crate) struct Listener;

/// Listeners that one call asks for: what AWS takes for other lists of ARNs.
const ARNS_PER_CALL: usize = 20;
/// Content type of the answer to what no rule takes.
const PLAIN: &str = "text/plain";
/// Port to which plain HTTP is sent.
const HTTPS_PORT: &str = "443";
/// Load balancers of our name form.
const BALANCERS: On = On::Arn("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/app/jks-*");
/// Their listeners.
const OURS: On = On::Arn("arn:{partition}:elasticloadbalancing:{region}:{account}:listener/app/jks-*");

impl Driver for Listener {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("elasticloadbalancing:AddTags", OURS, When::Creating(&["CreateListener"])),
        permit("elasticloadbalancing:AddTags", OURS, When::Owned),
        permit("elasticloadbalancing:CreateListener", BALANCERS, When::Owned),
        permit("elasticloadbalancing:DeleteListener", OURS, When::Owned),
        permit("elasticloadbalancing:DescribeListeners", On::Any, When::Always),
        permit("elasticloadbalancing:DescribeTags", On::Any, When::Always),
        permit("elasticloadbalancing:ModifyListener", OURS, When::Owned),
    ];

    async fn list(account: &Account, tagged: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let arns: Vec<String> = tagged.keys().filter(|arn| arn.contains(":listener/app/")).cloned().collect();
        let found = side_by_side(arns.chunks(ARNS_PER_CALL).map(|some| page(account, some.to_vec())));
        let found = found.await?.into_iter().flatten();
        let listed = found.filter_map(|one| {
            let tags = tagged.get(one.listener_arn()?)?.clone();
            Listed::of(account, tags, Any::Listener(observed(&one)?))
        });
        Ok(listed.collect())
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let found = described(account, &[id.to_owned()]).await?;
        let Some(observed) = found.first().and_then(observed) else { return Ok(None) };
        let tags = tags_of_one(account, id).await?;
        Ok(Some(target.seen(tags, Any::Listener(observed))))
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let load_balancer = desired.load_balancer.known().map_err(Error::bug("CreateListener", target.node))?;
        let call = account.clients.elb.create_listener().load_balancer_arn(load_balancer.as_str());
        let (protocol, policy, certificates) = protocol(&desired.protocol);
        let call = call.port(desired.port.into()).protocol(protocol).set_ssl_policy(policy);
        let call = call.set_certificates(certificates).default_actions(action(desired.default_action));
        let outcome = call.set_tags(Some(tag_list(&node.tags))).send().await;
        let made = match outcome.map_err(Error::of("CreateListener", target.node)).map_err(Error::just_made) {
            Err(error) if error.is("DuplicateListener") => {
                return existing(account, target, load_balancer, desired.port).await;
            }
            outcome => outcome?,
        };
        let made = made.listeners().first().and_then(observed);
        let made = made.ok_or_else(|| Error::incomplete("CreateListener", target.node, "listener"))?;
        Ok(target.seen(node.tags.clone(), Any::Listener(made)))
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        desired: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut now = known(seen)?.clone();
        let arn = now.arn.to_string();
        if ["port", "protocol", "defaultActions"].iter().any(|name| changes(fields, name)) {
            let (protocol, policy, certificates) = protocol(&desired.protocol);
            let call = account.clients.elb.modify_listener().listener_arn(&arn).port(desired.port.into());
            let call = call.protocol(protocol).set_ssl_policy(policy).set_certificates(certificates);
            let call = call.default_actions(action(desired.default_action));
            call.send().await.map_err(Error::of("ModifyListener", &arn))?;
            now.port = desired.port;
            now.protocol = desired.protocol.clone();
            now.default_action = Some(desired.default_action);
        }
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            tags = retag(account, &arn, seen, node).await?;
        }
        Ok(target.seen(tags, Any::Listener(now)))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let arn = known(seen)?.arn.to_string();
        let output = account.clients.elb.delete_listener().listener_arn(&arn).send().await;
        gone(output.map_err(Error::of("DeleteListener", &arn)))
    }
}

async fn page(account: &Account, arns: Vec<String>) -> Result<Option<Vec<Described>>, Error> {
    described(account, &arns).await.map(Some)
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::Listener(listener) = &seen.observed else { return Err(wrong_kind("Listener", seen)) };
    Ok(listener)
}

/// Those listeners that exist. One that is gone fails the call for all, so they are then asked for one by one.
async fn described(account: &Account, arns: &[String]) -> Result<Vec<Described>, Error> {
    let of = |arns: &[String]| account.clients.elb.describe_listeners().set_listener_arns(Some(arns.to_vec())).send();
    let first = arns.first().map(String::as_str).unwrap_or_default();
    match of(arns).await.map_err(Error::of("DescribeListeners", first)) {
        Ok(output) => Ok(output.listeners().to_vec()),
        Err(error) if error.class == Class::Missing && arns.len() == 1 => Ok(Vec::new()),
        Err(error) if error.class == Class::Missing => {
            let mut found = Vec::new();
            for arn in arns {
                let one = of(std::slice::from_ref(arn)).await.map_err(Error::of("DescribeListeners", arn));
                found.extend(present(one)?.iter().flat_map(|output| output.listeners().to_vec()));
            }
            Ok(found)
        }
        Err(error) => Err(error),
    }
}

/// The one that has our port already, if it is ours.
async fn existing(
    account: &Account,
    target: Target<'_>,
    load_balancer: &LoadBalancerArn,
    port: u16,
) -> Result<Seen, Error> {
    let call = account.clients.elb.describe_listeners().load_balancer_arn(load_balancer.as_str());
    let output = call.send().await.map_err(Error::of("DescribeListeners", load_balancer))?;
    let found = output.listeners().iter().filter_map(observed).find(|listener| listener.port == port);
    let found = found.ok_or_else(|| Error::unseen("CreateListener", target.node))?;
    let tags = tags_of_one(account, found.arn.as_str()).await?;
    if target.owns(&tags) {
        return Ok(target.seen(tags, Any::Listener(found)));
    }
    let what = format!("port {port} is taken by {}", found.arn);
    Err(taken("CreateListener", target, &tags, what, "remove that listener, it will not be touched"))
}

fn protocol(protocol: &Protocol) -> (ProtocolEnum, Option<String>, Option<Vec<Certificate>>) {
    match protocol {
        Protocol::Http => (ProtocolEnum::Http, None, None),
        Protocol::Https { certificate, tls_policy } => {
            let certificate = Certificate::builder().certificate_arn(certificate.as_str()).build();
            (ProtocolEnum::Https, Some(tls_policy.clone()), Some(vec![certificate]))
        }
    }
}

fn action(action: DefaultAction) -> Action {
    match action {
        DefaultAction::NotFound => {
            let answer = FixedResponseActionConfig::builder().status_code("404").content_type(PLAIN).build();
            Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(answer).build()
        }
        DefaultAction::RedirectToHttps => {
            let to = RedirectActionConfig::builder().protocol("HTTPS").port(HTTPS_PORT);
            let to = to.status_code(RedirectActionStatusCodeEnum::Http301).build();
            Action::builder().r#type(ActionTypeEnum::Redirect).redirect_config(to).build()
        }
    }
}

/// Which of our default actions this is, if it is one.
fn default_action(actions: &[Action]) -> Option<DefaultAction> {
    let [action] = actions else { return None };
    let fixed = action.fixed_response_config().is_some_and(|answer| {
        answer.status_code() == Some("404")
            && answer.content_type() == Some(PLAIN)
            && answer.message_body().unwrap_or_default().is_empty()
    });
    let redirect = action.redirect_config().is_some_and(|to| {
        let whole = |value: Option<&str>, default| value.is_none_or(|value| value == default);
        to.protocol() == Some("HTTPS")
            && to.port() == Some(HTTPS_PORT)
            && to.status_code() == Some(&RedirectActionStatusCodeEnum::Http301)
            && whole(to.host(), "#{host}")
            && whole(to.path(), "/#{path}")
            && whole(to.query(), "#{query}")
    });
    match (fixed, redirect) {
        (true, _) => Some(DefaultAction::NotFound),
        (false, true) => Some(DefaultAction::RedirectToHttps),
        (false, false) => None,
    }
}

fn observed(one: &Described) -> Option<Observed> {
    let certificate = one.certificates().first().and_then(Certificate::certificate_arn);
    Some(Observed {
        arn: one.listener_arn()?.parse().ok()?,
        load_balancer: one.load_balancer_arn()?.parse().ok()?,
        port: u16::try_from(one.port()?).ok()?,
        protocol: match certificate {
            Some(certificate) => Protocol::Https {
                certificate: certificate.parse().ok()?,
                tls_policy: one.ssl_policy().unwrap_or_default().to_owned(),
            },
            None => Protocol::Http,
        },
        default_action: default_action(one.default_actions()),
    })
}
