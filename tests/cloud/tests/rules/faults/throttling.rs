//! Token buckets: AWS's published rates, and the codes of each service.

use super::{answered, code, group, lab};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::faults::{Effect, Rates, Rule};
use jenkinsstack_cloud::service::SERVICES;
use serde_json::{Value, json};

fn throttled_lab() -> Lab {
    let lab = Lab::new();
    lab.cloud.faults(|faults| faults.throttle(Rates::Aws));
    lab
}

/// How many calls in a row pass before one is throttled.
fn passes(lab: &Lab, service: &str, operation: &str, input: &Value) -> usize {
    let throttled = |code: &str| ["RequestLimitExceeded", "Throttling", "ThrottlingException"].contains(&code);
    (0..1000).take_while(|_| !throttled(&code(&lab.cloud, service, operation, input.clone()))).count()
}

/// Code and status of every service's refusal of a call that is one too many, and where that is from.
const CODES: [(&str, &str, &str, u16); 13] = [
    // Model, ThrottlingException.
    ("acm", "ListCertificates", "ThrottlingException", 400),
    // "Request throttling for the Amazon EC2 API"; "Error codes for the Amazon EC2 API".
    ("ec2", "DescribeVpcs", "RequestLimitExceeded", 503),
    // "Request throttling for the Amazon ECS API".
    ("ecs", "ListClusters", "ThrottlingException", 400),
    // Model, ThrottlingException (429).
    ("efs", "DescribeFileSystems", "ThrottlingException", 429),
    // "Request throttling for the Elastic Load Balancing API" calls it ThrottlingException, which is what CloudTrail shows.
    // What clients are sent is `<Code>Throttling</Code>` with status 400: boto/boto3#3125, kops#3166.
    ("elbv2", "DescribeLoadBalancers", "Throttling", 400),
    // "Common Errors" of the query APIs.
    ("iam", "ListRoles", "Throttling", 400),
    // "Throttling AWS KMS requests".
    ("kms", "DescribeKey", "ThrottlingException", 400),
    // Model, ThrottlingException.
    ("logs", "DescribeLogGroups", "ThrottlingException", 400),
    // Model, ThrottledException.
    ("resourcegroupstaggingapi", "GetResources", "ThrottledException", 400),
    // Route 53 Developer Guide, "Quotas": "a Code element with a value of Throttling".
    ("route53", "ListHostedZones", "Throttling", 400),
    // "Common Errors" of the API reference.
    ("secretsmanager", "ListSecrets", "ThrottlingException", 400),
    // Model, TooManyRequestsException.
    ("service-quotas", "ListServiceQuotas", "TooManyRequestsException", 400),
    // "Common Errors" of the query APIs.
    ("sts", "GetCallerIdentity", "Throttling", 400),
];

#[tokio::test(start_paused = true)]
async fn each_service_has_its_code_for_too_many_calls() {
    rule!(
        "Faults",
        "A throttled call has the service's own code and status",
        "API models; Common Error Types and request throttling pages of each service; boto/boto3#3125 for ELB"
    );
    let lab = lab(Rule::new(Effect::Throttle));
    for (service, operation, code, status) in CODES {
        let refusal = answered(&lab.cloud, service, operation, json!({})).expect_err("a refusal");
        assert_eq!((refusal.code.as_ref(), refusal.status), (code, status), "{service}");
    }
    let told: Vec<_> = CODES.iter().map(|(service, ..)| *service).collect();
    assert!(SERVICES.iter().all(|service| told.contains(&service.model)));
}

#[tokio::test(start_paused = true)]
async fn elb_reads_share_forty_tokens() {
    rule!(
        "ELB",
        "Describe calls share a bucket of 40 tokens that refills by 10 a second",
        "Request throttling for the Elastic Load Balancing API"
    );
    let lab = throttled_lab();
    assert_eq!(passes(&lab, "elbv2", "DescribeLoadBalancers", &json!({})), 40);
    assert_eq!(passes(&lab, "elbv2", "DescribeTargetGroups", &json!({})), 0);
    lab.wait(1).await;
    assert_eq!(passes(&lab, "elbv2", "DescribeTargetGroups", &json!({})), 10);
    lab.wait(60).await;
    assert_eq!(passes(&lab, "elbv2", "DescribeLoadBalancers", &json!({})), 40);
}

#[tokio::test(start_paused = true)]
async fn ecs_lets_few_clusters_change() {
    rule!(
        "ECS",
        "Cluster modify actions share a bucket of 20 tokens that refills by 1 a second",
        "Request throttling for the Amazon ECS API"
    );
    let lab = throttled_lab();
    let cluster = json!({"clusterName": "ci"});
    assert_eq!(passes(&lab, "ecs", "CreateCluster", &cluster), 20);
    assert_eq!(passes(&lab, "ecs", "DeleteCluster", &json!({"cluster": "ci"})), 0);
    lab.wait(3).await;
    assert_eq!(passes(&lab, "ecs", "CreateCluster", &cluster), 3);
}

#[tokio::test(start_paused = true)]
async fn ecs_reads_have_buckets_of_their_own() {
    rule!(
        "ECS",
        "Cluster reads (50 tokens, 20 a second) and service reads (100 tokens, 20 a second) have buckets of their own",
        "Request throttling for the Amazon ECS API"
    );
    let lab = throttled_lab();
    lab.ok("ecs", "CreateCluster", json!({"clusterName": "default"}));
    assert_eq!(passes(&lab, "ecs", "DescribeClusters", &json!({})), 50);
    assert_eq!(passes(&lab, "ecs", "ListServices", &json!({})), 100);
    lab.wait(1).await;
    assert_eq!(passes(&lab, "ecs", "ListClusters", &json!({})), 20);
}

#[tokio::test(start_paused = true)]
async fn ec2_counts_each_operation_for_itself() {
    rule!(
        "EC2",
        "Each API action has its own bucket: 100 tokens and 20 a second for reads, 50 and 5 for changes",
        "Request throttling for the Amazon EC2 API, Request token limits"
    );
    let lab = throttled_lab();
    assert_eq!(passes(&lab, "ec2", "DescribeVpcs", &json!({})), 100);
    assert_eq!(passes(&lab, "ec2", "DescribeSubnets", &json!({})), 100);
    assert_eq!(passes(&lab, "ec2", "CreateVpc", &json!({"CidrBlock": "10.0.0.0/16"})), 50);
    lab.wait(1).await;
    assert_eq!(passes(&lab, "ec2", "DescribeVpcs", &json!({})), 20);
    assert_eq!(passes(&lab, "ec2", "CreateVpc", &json!({"CidrBlock": "10.0.0.0/16"})), 5);
}

#[tokio::test(start_paused = true)]
async fn ec2_wants_filters_or_pages() {
    rule!(
        "EC2",
        "DescribeSecurityGroups without filter or page size draws from a smaller bucket (50 tokens, 10 a second)",
        "Request throttling for the Amazon EC2 API, Unfiltered and unpaginated non-mutating actions"
    );
    let lab = throttled_lab();
    assert_eq!(passes(&lab, "ec2", "DescribeSecurityGroups", &json!({})), 50);
    assert_eq!(passes(&lab, "ec2", "DescribeSecurityGroups", &json!({"MaxResults": 5})), 100);
}

#[tokio::test(start_paused = true)]
async fn accounts_and_regions_have_buckets_of_their_own() {
    rule!("Faults", "A bucket belongs to one account in one region", "Request throttling for the Amazon ECS API");
    let lab = throttled_lab();
    assert_eq!(passes(&lab, "ecs", "ListClusters", &json!({})), 50);
    let elsewhere = |region: &str, account: &str| {
        lab.cloud.with(|world| world.account(account).id.clone());
        let mut request = jenkinsstack_cloud::Request::root(region, "ecs", "ListClusters", json!({})).expect("ecs");
        request.credential.access_key = jenkinsstack_cloud::world::root_key(account);
        matches!(lab.cloud.call(request), jenkinsstack_cloud::Reply::Answer(Ok(_), _))
    };
    assert!(!elsewhere("eu-central-1", "111122223333"));
    assert!(elsewhere("eu-west-1", "111122223333"));
    assert!(elsewhere("eu-central-1", "444455556666"));
}

#[tokio::test(start_paused = true)]
async fn route53_lets_five_calls_a_second_pass() {
    rule!(
        "Route 53",
        "All calls of an account share 5 a second",
        "Amazon Route 53 Developer Guide, Quotas, Frequency of Amazon Route 53 API requests"
    );
    let lab = throttled_lab();
    assert_eq!(passes(&lab, "route53", "ListHostedZones", &json!({})), 5);
    lab.wait(1).await;
    assert_eq!(passes(&lab, "route53", "ListHostedZones", &json!({})), 5);
}

#[tokio::test(start_paused = true)]
async fn log_groups_are_made_ten_a_second() {
    rule!("CloudWatch Logs", "CreateLogGroup passes 10 times a second", "observed behaviour (not documented)");
    let lab = throttled_lab();
    assert_eq!(passes(&lab, "logs", "CreateLogGroup", &group("a")), 10);
    assert_eq!(passes(&lab, "logs", "DescribeLogGroups", &json!({})), 10);
    lab.wait(1).await;
    assert_eq!(passes(&lab, "logs", "CreateLogGroup", &group("a")), 10);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_throttled_unless_it_is_asked_for() {
    rule!("Faults", "Throttling is off until it is switched on", "this cloud's own rule");
    assert_eq!(passes(&Lab::new(), "route53", "ListHostedZones", &json!({})), 1000);
}

#[tokio::test(start_paused = true)]
async fn every_call_can_be_throttled_twice() {
    rule!("Faults", "Every call can be throttled twice before it passes", "this cloud's own rule");
    let lab = Lab::new();
    lab.cloud.faults(|faults| faults.throttle_each(2));
    for name in ["a", "b"] {
        let codes: Vec<_> = (0..3).map(|_| code(&lab.cloud, "logs", "CreateLogGroup", group(name))).collect();
        assert_eq!(codes, ["ThrottlingException", "ThrottlingException", "ok"]);
    }
}
