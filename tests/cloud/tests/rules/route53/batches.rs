//! Change batches.

use super::{batch, change, changed, records, zone};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

/// Refuses a batch with a message that contains `text`.
#[track_caller]
fn invalid(lab: &Lab, zone: &str, changes: Value, text: &str) {
    let refusal = lab.refused("route53", "ChangeResourceRecordSets", batch(zone, changes), "InvalidChangeBatch");
    assert!(refusal.message.contains(text), "{}", refusal.message);
}

fn a(action: &str, address: &str) -> Value {
    change(action, "ci.example.com", "A", &[address])
}

fn alias(action: &str, zone: &str, target: &str) -> Value {
    json!({"Action": action, "ResourceRecordSet": {"Name": "ci.example.com", "Type": "A",
        "AliasTarget": {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": true}}})
}

#[tokio::test(start_paused = true)]
async fn create_does_not_overwrite() {
    rule!(
        "Route 53",
        "CREATE of an existing record is refused, UPSERT replaces it",
        "Amazon Route 53 API Reference, ChangeResourceRecordSets, InvalidChangeBatch"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    changed(&lab, &id, json!([a("CREATE", "192.0.2.1")]));
    let text = "Tried to create resource record set [name='ci.example.com.', type='A'] but it already exists";
    invalid(&lab, &id, json!([a("CREATE", "192.0.2.1")]), text);
    changed(&lab, &id, json!([a("UPSERT", "192.0.2.2")]));
    assert_eq!(records(&lab, &id).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn delete_needs_the_same_values() {
    rule!(
        "Route 53",
        "DELETE needs the record as it is: name, type, TTL and values in any order",
        "Amazon Route 53 API Reference, ChangeResourceRecordSets"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let two = |action: &str, values: &[&str]| change(action, "ci.example.com", "A", values);
    changed(&lab, &id, json!([two("CREATE", &["192.0.2.1", "192.0.2.2"])]));
    invalid(&lab, &id, json!([two("DELETE", &["192.0.2.1"])]), "do not match the current values");
    let mut other_ttl = two("DELETE", &["192.0.2.1", "192.0.2.2"]);
    other_ttl["ResourceRecordSet"]["TTL"] = 61.into();
    invalid(&lab, &id, json!([other_ttl]), "do not match the current values");
    changed(&lab, &id, json!([two("DELETE", &["192.0.2.2", "192.0.2.1"])]));
    invalid(&lab, &id, json!([two("DELETE", &["192.0.2.1"])]), "but it was not found");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_all_or_nothing() {
    rule!(
        "Route 53",
        "A batch is made as a whole or not at all",
        "Amazon Route 53 API Reference, ChangeResourceRecordSets"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let bad = change("DELETE", "none.example.com", "A", &["192.0.2.1"]);
    invalid(&lab, &id, json!([a("CREATE", "192.0.2.1"), bad]), "but it was not found");
    assert!(records(&lab, &id).is_empty());
}

#[tokio::test(start_paused = true)]
async fn changes_of_a_batch_follow_each_other() {
    rule!(
        "Route 53",
        "Within a batch a record can be deleted and made again as another type, but not deleted twice",
        "Amazon Route 53 API Reference, ChangeResourceRecordSets"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let cname = |action: &str| change(action, "ci.example.com", "CNAME", &["lb.example.org"]);
    changed(&lab, &id, json!([cname("CREATE")]));
    changed(&lab, &id, json!([cname("DELETE"), a("CREATE", "192.0.2.1")]));
    assert_eq!(records(&lab, &id), [("ci.example.com.".to_owned(), "A".to_owned())]);
    invalid(&lab, &id, json!([a("DELETE", "192.0.2.1"), a("DELETE", "192.0.2.1")]), "but it was not found");
}

#[tokio::test(start_paused = true)]
async fn names_come_back_normal() {
    rule!(
        "Route 53",
        "Names come back in lower case, with a trailing dot and octal escapes",
        "Amazon Route 53 Developer Guide, DNS domain name format"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    changed(&lab, &id, json!([change("CREATE", "*.CI.example.com", "A", &["192.0.2.1"])]));
    assert_eq!(records(&lab, &id)[0].0, "\\052.ci.example.com.");
    changed(&lab, &id, json!([change("DELETE", "\\052.ci.example.com.", "A", &["192.0.2.1"])]));
    assert!(records(&lab, &id).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_record_lies_in_its_zone() {
    rule!(
        "Route 53",
        "A record's name is the zone's or lies in it",
        "Amazon Route 53 API Reference, InvalidChangeBatch; text observed (not documented)"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    for name in ["ci.example.org", "notexample.com"] {
        invalid(
            &lab,
            &id,
            json!([change("CREATE", name, "A", &["192.0.2.1"])]),
            "is not permitted in zone example.com.",
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_cname_stands_alone() {
    rule!(
        "Route 53",
        "A CNAME stands alone at its name, and not at the apex",
        "Amazon Route 53 Developer Guide, Supported DNS record types, CNAME"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let cname = |name: &str| change("CREATE", name, "CNAME", &["lb.example.org"]);
    changed(&lab, &id, json!([a("CREATE", "192.0.2.1")]));
    invalid(&lab, &id, json!([cname("ci.example.com")]), "conflicts with other records");
    changed(&lab, &id, json!([cname("www.example.com")]));
    let beside = change("CREATE", "www.example.com", "TXT", &["\"x\""]);
    invalid(&lab, &id, json!([beside]), "conflicting RRSet of type CNAME");
    invalid(&lab, &id, json!([cname("example.com")]), "is not permitted at apex");
}

#[tokio::test(start_paused = true)]
async fn values_fit_their_type() {
    rule!(
        "Route 53",
        "Values fit their type: addresses, quoted text; no value twice",
        "Amazon Route 53 Developer Guide, Supported DNS record types; texts observed (not documented)"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let bad = |kind: &str, values: &[&str]| json!([change("CREATE", "x.example.com", kind, values)]);
    invalid(&lab, &id, bad("A", &["lb.example.org"]), "Value is not a valid IPv4 address");
    invalid(&lab, &id, bad("AAAA", &["192.0.2.1"]), "Value is not a valid IPv6 address");
    invalid(&lab, &id, bad("TXT", &["plain"]), "Value should be enclosed in quotation marks");
    invalid(&lab, &id, bad("A", &["192.0.2.1", "192.0.2.1"]), "Duplicate Resource Record");
}

#[tokio::test(start_paused = true)]
async fn a_record_has_values_or_an_alias() {
    rule!(
        "Route 53",
        "A record has TTL and values, or an alias target, not both",
        "Amazon Route 53 API Reference, ResourceRecordSet, InvalidInput"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let mut no_ttl = a("CREATE", "192.0.2.1");
    no_ttl["ResourceRecordSet"].as_object_mut().expect("a record").remove("TTL");
    let mut both = alias("CREATE", "Z215JYRZR1TBD5", "lb.eu-central-1.elb.amazonaws.com");
    both["ResourceRecordSet"]["TTL"] = 60.into();
    for change in [no_ttl, both] {
        lab.refused("route53", "ChangeResourceRecordSets", batch(&id, json!([change])), "InvalidInput");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alias_to_a_load_balancer_comes_back_normal() {
    rule!(
        "Route 53",
        "An alias to a load balancer has no TTL; its target comes back in lower case with a trailing dot",
        "Amazon Route 53 API Reference, AliasTarget"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let make = |action: &str| json!([alias(action, "Z215JYRZR1TBD5", "CI-1.eu-central-1.elb.amazonaws.com")]);
    changed(&lab, &id, make("CREATE"));
    let all =
        lab.ok("route53", "ListResourceRecordSets", json!({"HostedZoneId": id, "StartRecordName": "ci.example.com"}));
    let record = &all["ResourceRecordSets"][0];
    assert_eq!(record["AliasTarget"]["DNSName"], "ci-1.eu-central-1.elb.amazonaws.com.");
    assert!(record["TTL"].is_null());
    changed(&lab, &id, make("DELETE"));
}

#[tokio::test(start_paused = true)]
async fn an_alias_has_a_target() {
    rule!(
        "Route 53",
        "An alias targets an AWS service's name or an existing record of its own zone",
        "Amazon Route 53 API Reference, AliasTarget; texts observed (not documented)"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let own = json!([alias("CREATE", &id, "www.example.com")]);
    invalid(&lab, &id, own.clone(), "but that target was not found");
    changed(&lab, &id, json!([change("CREATE", "www.example.com", "A", &["192.0.2.1"])]));
    changed(&lab, &id, own);
    let foreign = json!([alias("UPSERT", "Z215JYRZR1TBD5", "www.example.org")]);
    invalid(&lab, &id, foreign, "does not lie within the target zone");
}

#[tokio::test(start_paused = true)]
async fn a_zone_keeps_its_own_records() {
    rule!(
        "Route 53",
        "The zone's own SOA and NS records can't be deleted",
        "Amazon Route 53 Developer Guide, NS and SOA records that Route 53 creates"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let all = lab.ok("route53", "ListResourceRecordSets", json!({"HostedZoneId": id}))["ResourceRecordSets"].clone();
    for record in all.as_array().expect("records") {
        invalid(&lab, &id, json!([{"Action": "DELETE", "ResourceRecordSet": record}]), "A HostedZone must contain");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_a_size() {
    rule!(
        "Route 53",
        "A batch has at most 1,000 values, UPSERT counting twice",
        "Amazon Route 53 Developer Guide, Quotas, ChangeResourceRecordSets"
    );
    let lab = Lab::new();
    let id = zone(&lab, "example.com");
    let many = |action: &str, count: u32| {
        json!((0..count).map(|n| change(action, &format!("h{n}.example.com"), "A", &["192.0.2.1"])).collect::<Vec<_>>())
    };
    invalid(&lab, &id, many("CREATE", 1001), "limit of 1000 exceeded");
    invalid(&lab, &id, many("UPSERT", 501), "limit of 1000 exceeded");
    changed(&lab, &id, many("UPSERT", 500));
}
