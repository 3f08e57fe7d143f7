//! Route 53: zones, records and changes.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_route53::Client;
use aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError;
use aws_sdk_route53::operation::create_hosted_zone::CreateHostedZoneError;
use aws_sdk_route53::operation::get_change::GetChangeError;
use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneError;
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};

fn record(name: &str) -> aws_sdk_route53::types::builders::ResourceRecordSetBuilder {
    ResourceRecordSet::builder().name(name).r#type(RrType::A)
}

fn batch(action: ChangeAction, record: ResourceRecordSet) -> ChangeBatch {
    let change = Change::builder().action(action).resource_record_set(record).build().expect("a change");
    ChangeBatch::builder().changes(change).build().expect("a batch")
}

fn address(name: &str) -> ResourceRecordSet {
    let value = ResourceRecord::builder().value("192.0.2.1").build().expect("a value");
    record(name).ttl(60).resource_records(value).build().expect("a record")
}

pub(crate) async fn good_cases(desk: &Desk) {
    let route53 = Client::new(&desk.config);
    let made = route53.create_hosted_zone().name("example.com").caller_reference("one").send().await.expect("a zone");
    let zone = made.hosted_zone().expect("a zone");
    assert!(zone.id().starts_with("/hostedzone/Z") && made.location().starts_with("https://"), "{made:?}");
    assert_eq!(made.delegation_set().map(|set| set.name_servers().len()), Some(4));
    // The SDK takes the prefix off by itself.
    let shown = route53.get_hosted_zone().id(zone.id()).send().await.expect("a zone");
    let shown = shown.hosted_zone().expect("a zone");
    assert_eq!((shown.name(), shown.resource_record_set_count()), ("example.com.", Some(2)));

    let alias = AliasTarget::builder().hosted_zone_id("Z215JYRZR1TBD5").evaluate_target_health(true);
    let alias = alias.dns_name("CI-1.eu-central-1.elb.amazonaws.com").build().expect("a target");
    let alias = record("ci.example.com").alias_target(alias).build().expect("a record");
    let change = |batch| route53.change_resource_record_sets().hosted_zone_id(zone.id()).change_batch(batch).send();
    let changed = change(batch(ChangeAction::Upsert, alias)).await.expect("a change");
    let changed = changed.change_info().expect("a change");
    assert_eq!(changed.status(), &ChangeStatus::Pending);
    desk.wait(120).await;
    let change_now = route53.get_change().id(changed.id()).send().await.expect("a change");
    assert_eq!(change_now.change_info().map(|change| change.status()), Some(&ChangeStatus::Insync));
    change(batch(ChangeAction::Create, address("*.example.com"))).await.expect("a change");

    let records = route53.list_resource_record_sets().hosted_zone_id(zone.id()).send().await.expect("records");
    let names: Vec<_> = records.resource_record_sets().iter().map(|record| (record.name(), record.r#type())).collect();
    let wild = ("\\052.example.com.", &RrType::A);
    assert!(names.contains(&wild) && names.contains(&("ci.example.com.", &RrType::A)), "{names:?}");
    let target = records.resource_record_sets().iter().find_map(|record| record.alias_target()).expect("an alias");
    assert_eq!(target.dns_name(), "ci-1.eu-central-1.elb.amazonaws.com.");
    let zones = route53.list_hosted_zones().send().await.expect("zones");
    assert_eq!((zones.hosted_zones().len(), zones.is_truncated()), (2, false));
    let by_name = route53.list_hosted_zones_by_name().dns_name("example.com").max_items(1).send().await.expect("zones");
    assert_eq!(by_name.hosted_zones().first().map(|zone| zone.name()), Some("example.com."));
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let route53 = Client::new(&desk.config);
    let create = |name: &str| route53.create_hosted_zone().name(name).caller_reference("one").send();
    let made = create("example.com").await.expect("a zone");
    let error = refused!(create("example.com"), CreateHostedZoneError::HostedZoneAlreadyExists);
    assert!(error.message().is_some(), "{error}");
    refused!(create("com"), CreateHostedZoneError::InvalidDomainName);
    refused!(route53.get_hosted_zone().id("Z00000").send(), GetHostedZoneError::NoSuchHostedZone);
    refused!(route53.get_change().id("C00000").send(), GetChangeError::NoSuchChange);
    let zone = made.hosted_zone().expect("a zone").id();
    let delete = batch(ChangeAction::Delete, address("none.example.com"));
    let delete = route53.change_resource_record_sets().hosted_zone_id(zone).change_batch(delete).send();
    let error = refused!(delete, ChangeResourceRecordSetsError::InvalidChangeBatch);
    let [text] = error.messages() else { panic!("{error:?}") };
    assert!(text.contains("but it was not found"), "{text}");
}
