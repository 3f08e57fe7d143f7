//! What the lookup of a hosted zone promises.

use crate::bench::Bench;
use jenkinsstack_aws::lookup::Audience;
use jenkinsstack_cloud::faults::{Effect, Rule};
use jenkinsstack_core::id::VpcId;
use serde_json::json;
use std::time::Duration;

/// The host that is looked for.
const HOST: &str = "jenkins.ci.bytesource.internal";
/// Any age but zero.
const ANY: Duration = Duration::from_secs(600);

/// Makes a zone, private in a VPC or public.
fn make(bench: &Bench, name: &str, reference: &str, vpc: Option<&str>) {
    let mut input = json!({"Name": name, "CallerReference": reference});
    if let Some(vpc) = vpc {
        input["VPC"] = json!({"VPCRegion": "eu-central-1", "VPCId": vpc});
    }
    bench.by_hand("route53", "CreateHostedZone", input);
}

/// Name of the zone that an operator finds that knows nothing yet.
async fn found(bench: &Bench, audience: Audience<'_>) -> Option<String> {
    bench.restarted().await.hosted_zone(HOST, audience, ANY).await.map(|zone| zone.name)
}

#[tokio::test(start_paused = true)]
async fn the_longest_name_that_fits_is_found() {
    let bench = Bench::new().await;
    let seeded = bench.account.hosted_zone(HOST, Audience::Everybody, ANY).await.unwrap();
    assert_eq!((seeded.id, seeded.name.as_str()), (bench.network.hosted_zone_id.clone(), "bytesource.internal"));
    make(&bench, "other.bytesource.internal", "other", None);
    make(&bench, "ci.bytesource.internal", "one", None);
    assert_eq!(found(&bench, Audience::Everybody).await.as_deref(), Some("ci.bytesource.internal"));
    make(&bench, "ci.bytesource.internal", "two", None);
    assert_eq!(found(&bench, Audience::Everybody).await, None, "one of two would be a guess");
    assert_eq!(bench.account.hosted_zone("jenkins.example.com", Audience::Everybody, Duration::ZERO).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_private_zone_counts_inside_its_vpc() {
    let bench = Bench::new().await;
    make(&bench, "ci.bytesource.internal", "private", Some(&bench.network.vpc));
    let other = bench.by_hand("ec2", "CreateVpc", json!({"CidrBlock": "10.9.0.0/16"}))["Vpc"]["VpcId"].clone();
    make(&bench, "ci.bytesource.internal", "of another VPC", other.as_str());
    let inside: VpcId = bench.network.vpc.parse().unwrap();
    let outside: VpcId = "vpc-0123456789abcdef0".parse().unwrap();
    assert_eq!(found(&bench, Audience::Vpc(&inside)).await.as_deref(), Some("ci.bytesource.internal"));
    assert_eq!(found(&bench, Audience::Vpc(&outside)).await.as_deref(), Some("bytesource.internal"));
    assert_eq!(found(&bench, Audience::Everybody).await.as_deref(), Some("bytesource.internal"));
}

#[tokio::test(start_paused = true)]
async fn one_listing_serves_all_stacks_for_an_hour() {
    let bench = Bench::new().await;
    for (after, age, calls) in
        [(0, ANY, 1), (0, ANY, 0), (3500, ANY, 0), (0, Duration::ZERO, 1), (3500, ANY, 0), (200, ANY, 1)]
    {
        bench.wait(Duration::from_secs(after)).await;
        let (zone, made) = bench.counting(bench.account.hosted_zone(HOST, Audience::Everybody, age)).await;
        assert!(zone.is_some());
        assert_eq!(made, vec!["ListHostedZones".to_owned(); calls], "after {after} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_is_denied_is_no_error_and_not_asked_for_again() {
    let bench = Bench::new().await;
    let denied = Effect::Refuse { code: "AccessDenied".into(), status: 403, message: String::new() };
    bench.cloud.faults(|faults| faults.add(Rule::new(denied).operation("ListHostedZones")));
    for calls in [1, 0] {
        let (zone, made) = bench.counting(bench.account.hosted_zone(HOST, Audience::Everybody, ANY)).await;
        assert_eq!((zone, made.len()), (None, calls));
    }
}
