//! Hosted zones and listings.

use super::{change, changed, records, zone};
use crate::lab::Lab;
use crate::rule;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_zone_comes_with_two_records() {
    rule!(
        "Route 53",
        "A new zone has an NS record with four servers and an SOA record",
        "Amazon Route 53 Developer Guide, NS and SOA records that Route 53 creates"
    );
    let lab = Lab::new();
    let id = zone(&lab, "Example.com");
    let shown = lab.ok("route53", "GetHostedZone", json!({"Id": id}));
    assert_eq!(
        (&shown["HostedZone"]["Name"], &shown["HostedZone"]["ResourceRecordSetCount"]),
        (&json!("example.com."), &json!(2))
    );
    assert_eq!(shown["HostedZone"]["Id"], format!("/hostedzone/{id}"));
    let all = lab.ok("route53", "ListResourceRecordSets", json!({"HostedZoneId": id}))["ResourceRecordSets"].clone();
    assert_eq!((&all[0]["Type"], &all[1]["Type"]), (&json!("NS"), &json!("SOA")));
    assert_eq!(all[0]["ResourceRecords"].as_array().map(Vec::len), Some(4));
}

#[tokio::test(start_paused = true)]
async fn an_id_may_carry_its_prefix() {
    rule!(
        "Route 53",
        "A zone id is known with and without /hostedzone/; an unknown one is refused with HTTP status 404",
        "Amazon Route 53 API Reference, NoSuchHostedZone"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    lab.ok("route53", "GetHostedZone", json!({"Id": format!("/hostedzone/{id}")}));
    let refusal = lab.refused("route53", "GetHostedZone", json!({"Id": "Z0000"}), "NoSuchHostedZone");
    assert_eq!(refusal.status, 404);
    lab.refused("route53", "ListResourceRecordSets", json!({"HostedZoneId": "Z0000"}), "NoSuchHostedZone");
}

#[tokio::test(start_paused = true)]
async fn a_caller_reference_is_good_once() {
    rule!(
        "Route 53",
        "A caller reference makes one zone; the same name may have several zones",
        "Amazon Route 53 API Reference, CreateHostedZone, HostedZoneAlreadyExists"
    );
    let lab = Lab::new();
    let input = |reference: &str| json!({"Name": "example.com", "CallerReference": reference});
    lab.ok("route53", "CreateHostedZone", input("one"));
    let refusal = lab.refused("route53", "CreateHostedZone", input("one"), "HostedZoneAlreadyExists");
    assert_eq!(refusal.status, 409);
    lab.ok("route53", "CreateHostedZone", input("two"));
}

#[tokio::test(start_paused = true)]
async fn top_level_domains_are_refused() {
    rule!(
        "Route 53",
        "A zone can't be made for a top-level domain or a name with labels over 63 characters",
        "Amazon Route 53 API Reference, CreateHostedZone, InvalidDomainName"
    );
    let lab = Lab::new();
    for name in ["com", &format!("{}.com", "a".repeat(64))] {
        let input = json!({"Name": name, "CallerReference": "x"});
        lab.refused("route53", "CreateHostedZone", input, "InvalidDomainName");
    }
}

#[tokio::test(start_paused = true)]
async fn a_private_zone_needs_a_vpc() {
    rule!(
        "Route 53",
        "A private zone has a VPC that exists, and no other zone of its name there",
        "Amazon Route 53 API Reference, CreateHostedZone, InvalidVPCId, ConflictingDomainExists"
    );
    let lab = Lab::new();
    let vpc = lab.ok("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["Vpc"]["VpcId"].clone();
    let input = |reference: &str, vpc: serde_json::Value| {
        json!({"Name": "ci.internal", "CallerReference": reference,
        "VPC": {"VPCRegion": "eu-central-1", "VPCId": vpc}})
    };
    let unknown = input("a", json!("vpc-0123456789abcdef0"));
    lab.refused("route53", "CreateHostedZone", unknown, "InvalidVPCId");
    let made = lab.ok("route53", "CreateHostedZone", input("b", vpc.clone()));
    assert_eq!(made["HostedZone"]["Config"]["PrivateZone"], true);
    lab.refused("route53", "CreateHostedZone", input("c", vpc), "ConflictingDomainExists");
}

#[tokio::test(start_paused = true)]
async fn zones_by_name_begin_at_a_name() {
    rule!(
        "Route 53",
        "ListHostedZonesByName begins at the name in the order of reversed labels; it does not mean equality",
        "Amazon Route 53 API Reference, ListHostedZonesByName"
    );
    let lab = Lab::new();
    for name in ["b.example.com", "example.com", "a.org", "example.net"] {
        zone(&lab, name);
    }
    let names = |input: serde_json::Value| {
        let zones = lab.ok("route53", "ListHostedZonesByName", input)["HostedZones"].clone();
        zones.as_array().expect("zones").iter().map(|zone| zone["Name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(json!({})), ["example.com.", "b.example.com.", "example.net.", "a.org."]);
    assert_eq!(names(json!({"DNSName": "a.example.com"})), ["b.example.com.", "example.net.", "a.org."]);
    let page = lab.ok("route53", "ListHostedZonesByName", json!({"MaxItems": "2"}));
    assert_eq!((&page["IsTruncated"], &page["NextDNSName"]), (&json!(true), &json!("example.net.")));
    lab.refused("route53", "ListHostedZonesByName", json!({"HostedZoneId": "Z1"}), "InvalidInput");
}

#[tokio::test(start_paused = true)]
async fn zones_come_in_pages() {
    rule!(
        "Route 53",
        "Zones come in pages that begin at a marker; MaxItems is text",
        "Amazon Route 53 API Reference, ListHostedZones"
    );
    let lab = Lab::new();
    for name in ["a.com", "b.com", "c.com"] {
        zone(&lab, name);
    }
    let first = lab.ok("route53", "ListHostedZones", json!({"MaxItems": "2"}));
    assert_eq!((first["HostedZones"].as_array().map(Vec::len), &first["MaxItems"]), (Some(2), &json!("2")));
    let rest = lab.ok("route53", "ListHostedZones", json!({"MaxItems": "2", "Marker": first["NextMarker"]}));
    assert_eq!((rest["HostedZones"].as_array().map(Vec::len), &rest["IsTruncated"]), (Some(1), &json!(false)));
    lab.refused("route53", "ListHostedZones", json!({"MaxItems": "0"}), "InvalidInput");
}

#[tokio::test(start_paused = true)]
async fn records_are_listed_by_reversed_labels() {
    rule!(
        "Route 53",
        "Records are listed by reversed labels, then by type",
        "Amazon Route 53 API Reference, ListResourceRecordSets"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let create = |name: &str, kind: &str, value: &str| change("CREATE", name, kind, &[value]);
    changed(
        &lab,
        &id,
        json!([
            create("z.example.com", "A", "192.0.2.1"),
            create("a.z.example.com", "A", "192.0.2.1"),
            create("b.example.com", "TXT", "\"x\""),
            create("b.example.com", "A", "192.0.2.1")
        ]),
    );
    let pair = |name: &str, kind: &str| (name.to_owned(), kind.to_owned());
    let expected = [
        pair("b.example.com.", "A"),
        pair("b.example.com.", "TXT"),
        pair("z.example.com.", "A"),
        pair("a.z.example.com.", "A"),
    ];
    assert_eq!(records(&lab, &id), expected);
}

#[tokio::test(start_paused = true)]
async fn a_listing_begins_at_a_record_and_goes_on() {
    rule!(
        "Route 53",
        "A listing begins at a name and type but does not end there, so the caller compares; a type needs a name",
        "Amazon Route 53 API Reference, ListResourceRecordSets"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let create = |name: &str| change("CREATE", name, "A", &["192.0.2.1"]);
    changed(&lab, &id, json!([create("a.example.com"), create("c.example.com")]));
    let input =
        json!({"HostedZoneId": id, "StartRecordName": "b.example.com", "StartRecordType": "A", "MaxItems": "1"});
    let found = lab.ok("route53", "ListResourceRecordSets", input);
    assert_eq!(found["ResourceRecordSets"][0]["Name"], "c.example.com.");
    let input = json!({"HostedZoneId": id, "StartRecordType": "A"});
    lab.refused("route53", "ListResourceRecordSets", input, "InvalidInput");
    let page = lab.ok("route53", "ListResourceRecordSets", json!({"HostedZoneId": id, "MaxItems": "3"}));
    assert_eq!((&page["IsTruncated"], &page["NextRecordName"]), (&json!(true), &json!("c.example.com.")));
}

#[tokio::test(start_paused = true)]
async fn a_change_spreads_within_a_minute() {
    rule!(
        "Route 53",
        "A change is PENDING, then INSYNC within 60 seconds; an unknown change is refused",
        "Amazon Route 53 API Reference, GetChange, NoSuchChange"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let info = changed(&lab, &id, json!([change("CREATE", "a.example.com", "A", &["192.0.2.1"])]));
    assert_eq!(info["Status"], "PENDING");
    let status = || lab.ok("route53", "GetChange", json!({"Id": info["Id"]}))["ChangeInfo"]["Status"].clone();
    assert_eq!(status(), "PENDING");
    lab.wait(60).await;
    assert_eq!(status(), "INSYNC");
    lab.refused("route53", "GetChange", json!({"Id": "C0000"}), "NoSuchChange");
}
