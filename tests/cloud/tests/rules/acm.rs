//! Rules of `acm`.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

use super::route53::{change, changed, zone};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::acm::{self, Status};
use jenkinsstack_cloud::world::{HOME_ACCOUNT, Place, Region};
use serde_json::{Value, json};

fn request(lab: &Lab, input: Value) -> Value {
    lab.ok("acm", "RequestCertificate", input)["CertificateArn"].clone()
}

fn dns(domain: &str) -> Value {
    json!({"DomainName": domain, "ValidationMethod": "DNS"})
}

fn described(lab: &Lab, arn: &Value) -> Value {
    lab.ok("acm", "DescribeCertificate", json!({"CertificateArn": arn}))["Certificate"].clone()
}

fn here<T>(lab: &Lab, look: impl FnOnce(&mut Region) -> T) -> T {
    let place = Place { account: HOME_ACCOUNT.to_owned(), region: "eu-central-1".to_owned() };
    lab.cloud.with(|world| look(world.at(&place)))
}

/// Puts the record that proves the certificate's `index`th name into the zone.
fn prove(lab: &Lab, zone: &str, certificate: &Value, index: usize) {
    let record = &certificate["DomainValidationOptions"][index]["ResourceRecord"];
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    changed(lab, zone, json!([change("UPSERT", &text(&record["Name"]), "CNAME", &[&text(&record["Value"])])]));
}

#[tokio::test(start_paused = true)]
async fn a_new_certificate_is_seen_late() {
    rule!(
        "ACM",
        "A new certificate is unknown to reads for some seconds, and its records come later still",
        "AWS Certificate Manager API Reference, RequestCertificate"
    );
    let lab = Lab::new();
    let arn = request(&lab, dns("ci.example.com"));
    let read = json!({"CertificateArn": arn});
    lab.refused("acm", "DescribeCertificate", read, "ResourceNotFoundException");
    lab.wait(10).await;
    let shown = described(&lab, &arn);
    assert_eq!(shown["Status"], "PENDING_VALIDATION");
    assert_eq!(shown["DomainValidationOptions"][0]["ResourceRecord"]["Type"], "CNAME");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_issued_when_its_names_are_proven() {
    rule!(
        "ACM",
        "A certificate is issued some minutes after the records of all its names are in public DNS",
        "AWS Certificate Manager User Guide, DNS validation"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let mut input = dns("ci.example.com");
    input["SubjectAlternativeNames"] = json!(["www.example.com"]);
    let arn = request(&lab, input);
    lab.wait(10).await;
    let shown = described(&lab, &arn);
    prove(&lab, &id, &shown, 0);
    lab.wait(1800).await;
    assert_eq!(described(&lab, &arn)["Status"], "PENDING_VALIDATION");
    prove(&lab, &id, &shown, 1);
    lab.wait(300).await;
    let issued = described(&lab, &arn);
    assert_eq!(
        (&issued["Status"], &issued["DomainValidationOptions"][1]["ValidationStatus"]),
        (&json!("ISSUED"), &json!("SUCCESS"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_private_zone_proves_nothing() {
    rule!(
        "ACM",
        "Records in a private hosted zone prove nothing",
        "AWS Certificate Manager User Guide, DNS validation"
    );
    let lab = Lab::new();
    let vpc = lab.ok("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["Vpc"]["VpcId"].clone();
    let input =
        json!({"Name": "example.com", "CallerReference": "x", "VPC": {"VPCRegion": "eu-central-1", "VPCId": vpc}});
    let id = lab.ok("route53", "CreateHostedZone", input)["HostedZone"]["Id"].as_str().expect("an id").to_owned();
    let arn = request(&lab, dns("ci.example.com"));
    lab.wait(10).await;
    prove(&lab, &id, &described(&lab, &arn), 0);
    lab.wait(1800).await;
    assert_eq!(described(&lab, &arn)["Status"], "PENDING_VALIDATION");
}

#[tokio::test(start_paused = true)]
async fn a_proof_stays_the_same() {
    rule!(
        "ACM",
        "The record of a name is the same in every certificate of the account, and a wildcard shares its parent's",
        "AWS Certificate Manager User Guide, DNS validation"
    );
    let lab = Lab::new();
    let one = request(&lab, dns("example.com"));
    let other = request(
        &lab,
        json!({"DomainName": "*.example.com", "SubjectAlternativeNames": ["other.com"], "ValidationMethod": "DNS"}),
    );
    lab.wait(10).await;
    let record =
        |arn: &Value, index: usize| described(&lab, arn)["DomainValidationOptions"][index]["ResourceRecord"].clone();
    assert_eq!(record(&one, 0), record(&other, 0));
    assert_ne!(record(&other, 0), record(&other, 1));
}

#[tokio::test(start_paused = true)]
async fn a_kept_record_proves_the_next_certificate() {
    rule!(
        "ACM",
        "A record that was kept proves a later certificate without another change",
        "AWS Certificate Manager User Guide, DNS validation"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let first = request(&lab, dns("ci.example.com"));
    lab.wait(10).await;
    prove(&lab, &id, &described(&lab, &first), 0);
    lab.wait(300).await;
    lab.ok("acm", "DeleteCertificate", json!({"CertificateArn": first}));
    let second = request(&lab, dns("ci.example.com"));
    assert_ne!(first, second);
    lab.wait(300).await;
    assert_eq!(described(&lab, &second)["Status"], "ISSUED");
}

#[tokio::test(start_paused = true)]
async fn validation_ends_after_three_days() {
    rule!(
        "ACM",
        "A certificate that is not validated within 72 hours has timed out",
        "AWS Certificate Manager User Guide, DNS validation"
    );
    let lab = Lab::new();
    let arn = request(&lab, dns("ci.example.com"));
    lab.wait(72 * 3600 - 1).await;
    assert_eq!(described(&lab, &arn)["Status"], "PENDING_VALIDATION");
    lab.wait(1).await;
    assert_eq!(described(&lab, &arn)["Status"], "VALIDATION_TIMED_OUT");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_good_for_an_hour() {
    rule!(
        "ACM",
        "A request repeated with its token answers with the same certificate for one hour, then with another",
        "RequestCertificateRequest$IdempotencyToken"
    );
    let lab = Lab::new();
    let input = json!({"DomainName": "ci.example.com", "ValidationMethod": "DNS", "IdempotencyToken": "abc123"});
    let first = request(&lab, input.clone());
    lab.wait(3599).await;
    assert_eq!(request(&lab, input.clone()), first);
    lab.wait(1).await;
    assert_ne!(request(&lab, input), first);
    assert_ne!(request(&lab, dns("a.example.com")), request(&lab, dns("a.example.com")));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_has_ten_names() {
    rule!(
        "ACM",
        "A certificate has at most ten names, the first of at most 64 characters",
        "AWS Certificate Manager User Guide, Quotas; RequestCertificateRequest$DomainName"
    );
    let lab = Lab::new();
    let names: Vec<String> = (0..10).map(|n| format!("h{n}.example.com")).collect();
    let mut input = dns("ci.example.com");
    input["SubjectAlternativeNames"] = json!(names);
    lab.refused("acm", "RequestCertificate", input.clone(), "LimitExceededException");
    input["SubjectAlternativeNames"] = json!(names[1..]);
    request(&lab, input);
    let long = format!("{}.example.com", "a".repeat(60));
    lab.refused("acm", "RequestCertificate", dns(&long), "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn a_used_certificate_stays() {
    rule!(
        "ACM",
        "A certificate can't be deleted while a load balancer uses it",
        "AWS Certificate Manager API Reference, DeleteCertificate, ResourceInUseException"
    );
    let lab = Lab::new();
    let arn = here(&lab, |region| acm::issue(region, "ci.example.com", &[]));
    let user = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/ci/0123456789abcdef";
    here(&lab, |region| acm::use_by(region, &arn, user));
    assert_eq!(described(&lab, &json!(arn))["InUseBy"], json!([user]));
    let input = json!({"CertificateArn": arn});
    lab.refused("acm", "DeleteCertificate", input.clone(), "ResourceInUseException");
    here(&lab, |region| acm::unuse(region, &arn, user));
    lab.ok("acm", "DeleteCertificate", input.clone());
    lab.refused("acm", "DeleteCertificate", input, "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn a_malformed_arn_is_refused() {
    rule!(
        "ACM",
        "An ARN of something else is refused, one of an unknown certificate is not found",
        "AWS Certificate Manager API Reference, InvalidArnException, ResourceNotFoundException"
    );
    let lab = Lab::new();
    let bucket = json!({"CertificateArn": "arn:aws:acm:eu-central-1:111122223333:key/ci-certificates"});
    lab.refused("acm", "DescribeCertificate", bucket, "InvalidArnException");
    let unknown = json!({"CertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/0123abcd"});
    lab.refused("acm", "DescribeCertificate", unknown, "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn only_small_rsa_keys_are_listed() {
    rule!(
        "ACM",
        "ListCertificates lists RSA_1024 and RSA_2048 keys only, unless key types are asked for",
        "AWS Certificate Manager API Reference, Filters, keyTypes"
    );
    let lab = Lab::new();
    let mut input = dns("ec.example.com");
    input["KeyAlgorithm"] = "EC_prime256v1".into();
    let ec = request(&lab, input);
    let rsa = request(&lab, dns("rsa.example.com"));
    lab.wait(10).await;
    let list = |input: Value| {
        let found = lab.ok("acm", "ListCertificates", input)["CertificateSummaryList"].clone();
        found.as_array().expect("a list").iter().map(|one| one["CertificateArn"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(list(json!({})), std::slice::from_ref(&rsa));
    assert_eq!(list(json!({"Includes": {"keyTypes": ["EC_prime256v1"]}})), [ec]);
    assert_eq!(list(json!({"CertificateStatuses": ["ISSUED"]})), Vec::<Value>::new());
    assert_eq!(list(json!({"CertificateStatuses": ["PENDING_VALIDATION"]})), [rsa]);
}

#[tokio::test(start_paused = true)]
async fn certificates_come_in_pages() {
    rule!(
        "ACM",
        "Certificates come in pages; a token that is not one is refused",
        "AWS Certificate Manager API Reference, ListCertificates"
    );
    let lab = Lab::new();
    for index in 0..3 {
        here(&lab, |region| acm::issue(region, &format!("h{index}.example.com"), &[]));
    }
    let first = lab.ok("acm", "ListCertificates", json!({"MaxItems": 2}));
    assert_eq!(first["CertificateSummaryList"].as_array().map(Vec::len), Some(2));
    let rest = lab.ok("acm", "ListCertificates", json!({"MaxItems": 2, "NextToken": first["NextToken"]}));
    assert_eq!((rest["CertificateSummaryList"].as_array().map(Vec::len), &rest["NextToken"]), (Some(1), &Value::Null));
    lab.refused("acm", "ListCertificates", json!({"NextToken": "junk"}), "ValidationException");
}

#[tokio::test(start_paused = true)]
async fn tags_are_given_and_added() {
    rule!(
        "ACM",
        "Tags come with the request or later; at most 50, none beginning with aws:",
        "AWS Certificate Manager API Reference, AddTagsToCertificate, TooManyTagsException, InvalidTagException"
    );
    let lab = Lab::new();
    let mut input = dns("ci.example.com");
    input["Tags"] = json!([{"Key": "team", "Value": "ci"}]);
    let arn = request(&lab, input);
    lab.wait(10).await;
    let add = |tags: Value| json!({"CertificateArn": arn, "Tags": tags});
    lab.ok("acm", "AddTagsToCertificate", add(json!([{"Key": "stack", "Value": "one"}])));
    let tags = lab.ok("acm", "ListTagsForCertificate", json!({"CertificateArn": arn}))["Tags"].clone();
    assert_eq!(tags, json!([{"Key": "stack", "Value": "one"}, {"Key": "team", "Value": "ci"}]));
    let many: Vec<Value> = (0..49).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
    lab.refused("acm", "AddTagsToCertificate", add(json!(many)), "TooManyTagsException");
    lab.refused("acm", "AddTagsToCertificate", add(json!([{"Key": "aws:x", "Value": ""}])), "InvalidTagException");
}

#[tokio::test(start_paused = true)]
async fn the_status_is_known_to_other_services() {
    rule!(
        "ACM",
        "Other services see whether a certificate is issued",
        "AWS Certificate Manager User Guide, Certificate statuses"
    );
    let lab = Lab::new();
    let issued = here(&lab, |region| acm::issue(region, "*.example.com", &["example.com"]));
    let waiting = request(&lab, dns("ci.example.com"));
    let status = |arn: &str| here(&lab, |region| acm::status(region, arn));
    assert_eq!(status(&issued), Some(Status::Issued));
    assert_eq!(status(waiting.as_str().expect("an ARN")), Some(Status::PendingValidation));
    assert_eq!(status("arn:aws:acm:eu-central-1:111122223333:certificate/none"), None);
}
