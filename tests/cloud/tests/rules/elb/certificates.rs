//! Certificates of listeners.

use super::common::{balancer_arn, certificate, listener_input, net, not_found, secure, served, with};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn https(balancer: &str, certificates: Value) -> Value {
    with(listener_input(balancer, 443, not_found()), json!({"Protocol": "HTTPS", "Certificates": certificates}))
}

#[tokio::test(start_paused = true)]
async fn https_needs_one_certificate() {
    rule!(
        "ELB",
        "An HTTPS listener needs exactly one certificate, and IsDefault is not given",
        "CreateListenerInput$Certificates; the codes are observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let balancer = balancer_arn(&lab, &net, "ci");
    let one = json!({"CertificateArn": certificate(&lab)});
    let marked = with(one.clone(), json!({"IsDefault": true}));
    for certificates in [json!([]), json!([one, one]), json!([marked])] {
        lab.refused("elbv2", "CreateListener", https(&balancer, certificates), "ValidationError");
    }
    lab.ok("elbv2", "CreateListener", https(&balancer, json!([one])));
}

#[tokio::test(start_paused = true)]
async fn the_certificate_must_exist_here() {
    rule!(
        "ELB",
        "A certificate that does not exist, or is of another region, is refused",
        "CreateListener, CertificateNotFound"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let balancer = balancer_arn(&lab, &net, "ci");
    let own = certificate(&lab);
    let gone = "arn:aws:acm:eu-central-1:111122223333:certificate/00000000-0000-4000-a000-000000000001";
    for arn in [own.replace("eu-central-1", "us-east-1"), gone.to_owned()] {
        let input = https(&balancer, json!([{"CertificateArn": arn}]));
        lab.refused("elbv2", "CreateListener", input, "CertificateNotFound");
    }
}

#[tokio::test(start_paused = true)]
async fn the_certificate_must_be_issued() {
    rule!("ELB", "A certificate that waits for validation is refused", "observed behaviour (not documented)");
    let lab = Lab::new();
    let net = net(&lab).await;
    let balancer = balancer_arn(&lab, &net, "ci");
    let request = json!({"DomainName": "ci.example.com", "ValidationMethod": "DNS"});
    let arn = lab.ok("acm", "RequestCertificate", request)["CertificateArn"].clone();
    lab.wait(30).await;
    let input = https(&balancer, json!([{"CertificateArn": arn}]));
    lab.refused("elbv2", "CreateListener", input, "UnsupportedCertificate");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_in_use_is_held() {
    rule!(
        "ELB",
        "A listener's certificate shows the load balancer in InUseBy until the listener is gone or has another one",
        "CertificateDetail$InUseBy; DeleteCertificate, ResourceInUseException"
    );
    let lab = Lab::new();
    let (listener, own) = secure(&lab).await;
    let users = |arn: &str| {
        lab.ok("acm", "DescribeCertificate", json!({"CertificateArn": arn}))["Certificate"]["InUseBy"].clone()
    };
    assert_eq!(users(&own).as_array().map(Vec::len), Some(1));
    lab.refused("acm", "DeleteCertificate", json!({"CertificateArn": own}), "ResourceInUseException");
    let other = certificate(&lab);
    let modify = json!({"ListenerArn": listener, "Certificates": [{"CertificateArn": other}]});
    lab.ok("elbv2", "ModifyListener", modify);
    assert_eq!((users(&own), users(&other).as_array().map(Vec::len)), (json!([]), Some(1)));
    lab.ok("elbv2", "DeleteListener", json!({"ListenerArn": listener}));
    lab.ok("acm", "DeleteCertificate", json!({"CertificateArn": other}));
}

#[tokio::test(start_paused = true)]
async fn the_default_certificate_is_listed_first() {
    rule!(
        "ELB",
        "DescribeListenerCertificates lists the default certificate with IsDefault",
        "Elastic Load Balancing API Reference, DescribeListenerCertificates"
    );
    let lab = Lab::new();
    let (listener, own) = secure(&lab).await;
    let other = certificate(&lab);
    let add = json!({"ListenerArn": listener, "Certificates": [{"CertificateArn": other}]});
    lab.ok("elbv2", "AddListenerCertificates", add);
    let shown = lab.ok("elbv2", "DescribeListenerCertificates", json!({"ListenerArn": listener}));
    let both = json!([{"CertificateArn": own, "IsDefault": true}, {"CertificateArn": other, "IsDefault": false}]);
    assert_eq!(shown["Certificates"], both);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_added_once() {
    rule!(
        "ELB",
        "Adding a certificate that is in the list succeeds and changes nothing; the default one may be there twice",
        "Elastic Load Balancing API Reference, AddListenerCertificates, DescribeListenerCertificates"
    );
    let lab = Lab::new();
    let (listener, own) = secure(&lab).await;
    let input = json!({"ListenerArn": listener, "Certificates": [{"CertificateArn": own}]});
    lab.ok("elbv2", "AddListenerCertificates", input.clone());
    lab.ok("elbv2", "AddListenerCertificates", input.clone());
    let describe = json!({"ListenerArn": listener});
    let shown = || lab.ok("elbv2", "DescribeListenerCertificates", describe.clone())["Certificates"].clone();
    assert_eq!(shown().as_array().map(Vec::len), Some(2));
    assert_eq!(shown()[1]["IsDefault"], false);
    lab.ok("elbv2", "RemoveListenerCertificates", input);
    assert_eq!(shown().as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn the_default_certificate_is_not_removed() {
    rule!(
        "ELB",
        "The default certificate is replaced by ModifyListener, never removed",
        "RemoveListenerCertificates, OperationNotPermitted"
    );
    let lab = Lab::new();
    let (listener, own) = secure(&lab).await;
    let input = json!({"ListenerArn": listener, "Certificates": [{"CertificateArn": own}]});
    lab.refused("elbv2", "RemoveListenerCertificates", input, "OperationNotPermitted");
}

#[tokio::test(start_paused = true)]
async fn http_listeners_have_no_certificates() {
    rule!(
        "ELB",
        "A certificate is not added to an HTTP listener",
        "AddListenerCertificatesInput$ListenerArn; the code is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let (_, _, listener) = served(&lab).await;
    let input = json!({"ListenerArn": listener, "Certificates": [{"CertificateArn": certificate(&lab)}]});
    lab.refused("elbv2", "AddListenerCertificates", input, "ValidationError");
}
