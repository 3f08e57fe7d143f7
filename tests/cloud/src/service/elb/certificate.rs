//! Certificates of HTTPS listeners, as ACM knows them.

use super::listener;
use super::network::list;
use super::refusal::{no_certificate, not_permitted, too_many, unsupported_certificate, validation};
use super::shared::{ask_member, page};
use crate::call::{Access, Answer, Call, Operation, Refusal, ask_any, nothing};
use crate::service::acm;
use crate::world::Region;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Certificates a load balancer besides the default ones (quota "Certificates per Application Load Balancer").
const MAX_CERTIFICATES: usize = 25;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "DescribeListenerCertificates",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeListenerCertificates"),
        run: describe,
    },
    Operation {
        name: "AddListenerCertificates",
        access: Access::Write,
        asks: |call| ask_member(call, "AddListenerCertificates", "ListenerArn"),
        run: add,
    },
    Operation {
        name: "RemoveListenerCertificates",
        access: Access::Write,
        asks: |call| ask_member(call, "RemoveListenerCertificates", "ListenerArn"),
        run: remove,
    },
];

/// The load balancers that use a certificate, as ACM shows them in `InUseBy`.
pub fn users(region: &Region, certificate: &str) -> Vec<String> {
    let using = region.elb.listeners.values().filter(|listener| listener.certificates().any(|own| own == certificate));
    using.map(|listener| listener.balancer.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Tells ACM which of these certificates the load balancer uses by now.
pub(super) fn tell(region: &mut Region, balancer: &str, certificates: &[String]) {
    for certificate in certificates {
        if users(region, certificate).iter().any(|user| user == balancer) {
            acm::use_by(region, certificate, balancer);
        } else {
            acm::unuse(region, certificate, balancer);
        }
    }
}

/// Refuses a certificate that ACM does not have or has not issued.
fn check(region: &Region, arn: &str) -> Result<(), Refusal> {
    match acm::status(region, arn) {
        None => Err(no_certificate(arn)),
        Some(acm::Status::Issued) => Ok(()),
        Some(_) => Err(unsupported_certificate(arn)),
    }
}

/// The certificate of a request that may have one at most.
pub(super) fn read_one(region: &Region, certificates: &[Value]) -> Result<Option<String>, Refusal> {
    match certificates {
        [] => Ok(None),
        [one] => read(region, one).map(Some),
        _ => Err(validation("Up to '1' certificate can be specified, but more were specified")),
    }
}

fn read(region: &Region, certificate: &Value) -> Result<String, Refusal> {
    if !certificate["IsDefault"].is_null() {
        return Err(validation("You cannot specify IsDefault for a certificate"));
    }
    let arn =
        certificate["CertificateArn"].as_str().ok_or_else(|| validation("A certificate ARN must be specified"))?;
    check(region, arn)?;
    Ok(arn.to_owned())
}

fn describe(call: &mut Call<'_>) -> Answer {
    let listener = listener::find(&call.peek().elb, call.text("ListenerArn"))?;
    let shown = |arn: &String, default: bool| {
        (format!("{}{arn}", u8::from(!default)), json!({"CertificateArn": arn, "IsDefault": default}))
    };
    let default = listener.tls.iter().map(|tls| shown(&tls.certificate, true));
    let items = default.chain(listener.more_certificates.iter().map(|arn| shown(arn, false))).collect();
    page(call, "Certificates", &format!("certificates {}", listener.arn), items)
}

fn add(call: &mut Call<'_>) -> Answer {
    let of = call.text("ListenerArn").to_owned();
    let listener = listener::find(&call.peek().elb, &of)?;
    if listener.tls.is_none() {
        return Err(validation("A certificate cannot be specified for HTTP listeners"));
    }
    let input = call.input.clone();
    let mut certificates = listener.more_certificates.clone();
    for certificate in list(&input["Certificates"]) {
        let arn = read(call.peek(), certificate)?;
        if !certificates.contains(&arn) {
            certificates.push(arn);
        }
    }
    if certificates.len() > MAX_CERTIFICATES {
        return Err(too_many("TooManyCertificates", "certificates for the load balancer"));
    }
    let shown: Vec<Value> = certificates.iter().map(|arn| json!({"CertificateArn": arn, "IsDefault": false})).collect();
    let region = call.regional();
    let listener = listener::find_mut(&mut region.elb, &of)?;
    listener.more_certificates.clone_from(&certificates);
    let balancer = listener.balancer.clone();
    tell(region, &balancer, &certificates);
    Ok(json!({"Certificates": shown}))
}

fn remove(call: &mut Call<'_>) -> Answer {
    let of = call.text("ListenerArn").to_owned();
    let listener = listener::find(&call.peek().elb, &of)?;
    let input = call.input.clone();
    let arns: Vec<&str> =
        list(&input["Certificates"]).iter().filter_map(|given| given["CertificateArn"].as_str()).collect();
    let default = listener.tls.as_ref().map(|tls| tls.certificate.as_str());
    let only_default =
        arns.iter().find(|arn| default == Some(**arn) && listener.more_certificates.iter().all(|own| own != **arn));
    if let Some(arn) = only_default {
        return Err(not_permitted(format!("Default certificate '{arn}' cannot be removed")));
    }
    let region = call.regional();
    let listener = listener::find_mut(&mut region.elb, &of)?;
    listener.more_certificates.retain(|own| !arns.contains(&own.as_str()));
    let balancer = listener.balancer.clone();
    tell(region, &balancer, &arns.iter().map(|arn| String::from(*arn)).collect::<Vec<_>>());
    nothing()
}
