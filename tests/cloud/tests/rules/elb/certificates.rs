//! Certificates of listeners.

use super::common::{balancer_arn, certificate, listener_input, net, not_found, served, text, with};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn https(balancer: &str, certificates: Value) -> Value {
    with(listener_input(balancer, 443, not_found()), json!({"Protocol": "HTTPS", "Certificates": certificates}))
}

async fn secure(lab: &Lab) -> String {
    let net = net(lab).await;
    let balancer = balancer_arn(lab, &net, "ci");
    let made = lab.ok("elbv2", "CreateListener", https(&balancer, json!([{"CertificateArn": certificate()}])));
    text(&made["Listeners"][0]["ListenerArn"])
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
    let one = json!({"CertificateArn": certificate()});
    for certificates in [json!([]), json!([one, one]), json!([{"CertificateArn": certificate(), "IsDefault": true}])] {
        lab.refused("elbv2", "CreateListener", https(&balancer, certificates), "ValidationError");
    }
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
    for arn in [certificate().replace("eu-central-1", "us-east-1"), certificate().replace("0001", "ffff")] {
        let input = https(&balancer, json!([{"CertificateArn": arn}]));
        lab.refused("elbv2", "CreateListener", input, "CertificateNotFound");
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_certificate_is_listed_first() {
    rule!(
        "ELB",
        "DescribeListenerCertificates lists the default certificate with IsDefault",
        "Elastic Load Balancing API Reference, DescribeListenerCertificates"
    );
    let lab = Lab::new();
    let arn = secure(&lab).await;
    let shown = lab.ok("elbv2", "DescribeListenerCertificates", json!({"ListenerArn": arn}));
    assert_eq!(shown["Certificates"], json!([{"CertificateArn": certificate(), "IsDefault": true}]));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_added_once() {
    rule!(
        "ELB",
        "Adding a certificate that is in the list succeeds and changes nothing; the default one may be there twice",
        "Elastic Load Balancing API Reference, AddListenerCertificates, DescribeListenerCertificates"
    );
    let lab = Lab::new();
    let arn = secure(&lab).await;
    let input = json!({"ListenerArn": arn, "Certificates": [{"CertificateArn": certificate()}]});
    lab.ok("elbv2", "AddListenerCertificates", input.clone());
    lab.ok("elbv2", "AddListenerCertificates", input.clone());
    let shown = || lab.ok("elbv2", "DescribeListenerCertificates", json!({"ListenerArn": arn}))["Certificates"].clone();
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
    let arn = secure(&lab).await;
    let input = json!({"ListenerArn": arn, "Certificates": [{"CertificateArn": certificate()}]});
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
    let (_, _, arn) = served(&lab).await;
    let input = json!({"ListenerArn": arn, "Certificates": [{"CertificateArn": certificate()}]});
    lab.refused("elbv2", "AddListenerCertificates", input, "ValidationError");
}
