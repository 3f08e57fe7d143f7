//! ACM: certificates and the records that prove their names.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_acm::Client;
use aws_sdk_acm::operation::add_tags_to_certificate::AddTagsToCertificateError;
use aws_sdk_acm::operation::delete_certificate::DeleteCertificateError;
use aws_sdk_acm::operation::describe_certificate::DescribeCertificateError;
use aws_sdk_acm::operation::request_certificate::RequestCertificateError;
use aws_sdk_acm::types::{CertificateStatus, RecordType, Tag, ValidationMethod};

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().expect("a tag")
}

pub(crate) async fn good_cases(desk: &Desk) {
    let acm = Client::new(&desk.config);
    let issued = acm.describe_certificate().certificate_arn(&desk.net.certificate_arn).send().await.expect("it");
    let issued = issued.certificate().expect("a certificate");
    assert_eq!(issued.status(), Some(&CertificateStatus::Issued));
    assert_eq!(issued.subject_alternative_names(), ["*.bytesource.internal", "bytesource.internal"]);
    assert!(issued.not_after() > issued.not_before());

    let request = acm.request_certificate().domain_name("ci.example.com").validation_method(ValidationMethod::Dns);
    let arn = request.tags(tag("team", "ci")).send().await.expect("a certificate");
    let arn = arn.certificate_arn().expect("an ARN");
    desk.wait(15).await;
    let waiting = acm.describe_certificate().certificate_arn(arn).send().await.expect("it");
    let option = &waiting.certificate().expect("a certificate").domain_validation_options()[0];
    let record = option.resource_record().expect("a record");
    assert_eq!((option.domain_name(), record.r#type()), ("ci.example.com", &RecordType::Cname));
    acm.add_tags_to_certificate().certificate_arn(arn).tags(tag("stack", "one")).send().await.expect("tagged");
    let tags = acm.list_tags_for_certificate().certificate_arn(arn).send().await.expect("tags");
    assert_eq!(tags.tags(), [tag("stack", "one"), tag("team", "ci")]);
    let mut pages = acm.list_certificates().max_items(1).into_paginator().send();
    let mut listed = Vec::new();
    while let Some(page) = pages.next().await {
        listed.extend(page.expect("a page").certificate_summary_list.unwrap_or_default());
    }
    assert_eq!(listed.len(), 2);
    acm.delete_certificate().certificate_arn(arn).send().await.expect("deleted");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let acm = Client::new(&desk.config);
    let describe = |arn: &str| acm.describe_certificate().certificate_arn(arn).send();
    let unknown = "arn:aws:acm:eu-central-1:111122223333:certificate/0123abcd-0123-4123-8123-0123456789ab";
    let error = refused!(describe(unknown), DescribeCertificateError::ResourceNotFoundException);
    assert!(error.message().is_some_and(|text| text.contains(unknown)), "{error}");
    let key = "arn:aws:acm:eu-central-1:111122223333:key/ci-certificates";
    refused!(describe(key), DescribeCertificateError::InvalidArnException);
    let names = (0..10).map(|n| format!("h{n}.example.com")).collect();
    let many = acm.request_certificate().domain_name("example.com").set_subject_alternative_names(Some(names)).send();
    refused!(many, RequestCertificateError::LimitExceededException);
    let arn = &desk.net.certificate_arn;
    let reserved = acm.add_tags_to_certificate().certificate_arn(arn).tags(tag("aws:x", "")).send();
    refused!(reserved, AddTagsToCertificateError::InvalidTagException);
    let user = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/ci/0123456789abcdef";
    desk.cloud.with(|world| {
        let place = jenkinsstack_cloud::world::Place {
            account: "111122223333".to_owned(),
            region: crate::desk::REGION.to_owned(),
        };
        jenkinsstack_cloud::service::acm::use_by(world.at(&place), arn, user);
    });
    refused!(acm.delete_certificate().certificate_arn(arn).send(), DeleteCertificateError::ResourceInUseException);
}
