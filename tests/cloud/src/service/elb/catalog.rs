//! What Elastic Load Balancing publishes: hosted zones of its names, security policies, limits.

use super::network::texts;
use super::refusal::no_policy;
use super::shared::page;
use crate::call::{Access, Answer, Call, Operation, Refusal, ask_any};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "DescribeSSLPolicies",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeSSLPolicies"),
        run: describe_policies,
    },
    Operation {
        name: "DescribeAccountLimits",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeAccountLimits"),
        run: describe_limits,
    },
];

/// The policy of an HTTPS listener that names none ("Security policies", User Guide for ALB).
pub(super) const DEFAULT_POLICY: &str = "ELBSecurityPolicy-2016-08";

/// Names and protocols of security policies, without the retired ones.
const POLICIES: &[(&str, &[&str])] = &[
    ("ELBSecurityPolicy-2016-08", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-FS-1-2-Res-2020-10", &["TLSv1.2"]),
    ("ELBSecurityPolicy-FS-1-2-Res-2019-08", &["TLSv1.2"]),
    ("ELBSecurityPolicy-FS-1-2-2019-08", &["TLSv1.2"]),
    ("ELBSecurityPolicy-FS-1-1-2019-08", &["TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-FS-2018-06", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-TLS-1-0-2015-04", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-TLS-1-1-2017-01", &["TLSv1.1", "TLSv1.2"]),
    ("ELBSecurityPolicy-TLS-1-2-2017-01", &["TLSv1.2"]),
    ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", &["TLSv1.2"]),
    ("ELBSecurityPolicy-TLS13-1-0-2021-06", &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-1-2021-06", &["TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", &["TLSv1.2", "TLSv1.3"]),
    ("ELBSecurityPolicy-TLS13-1-3-2021-06", &["TLSv1.3"]),
];

/// Default quotas ("Quotas for your Application Load Balancers").
const LIMITS: &[(&str, &str)] = &[
    ("application-load-balancers", "50"),
    ("target-groups", "3000"),
    ("targets-per-application-load-balancer", "1000"),
    ("target-groups-per-application-load-balancer", "100"),
    ("targets-per-target-group", "1000"),
    ("listeners-per-application-load-balancer", "50"),
    ("rules-per-application-load-balancer", "100"),
    ("certificates-per-application-load-balancer", "25"),
    ("condition-values-per-alb-rule", "5"),
    ("condition-wildcards-per-alb-rule", "6"),
    ("target-groups-per-action-on-application-load-balancer", "5"),
    ("target-id-registrations-per-application-load-balancer", "1000"),
];

/// Hosted zones of the names of Application Load Balancers ("Elastic Load Balancing endpoints and quotas", AWS General
/// Reference).
const HOSTED_ZONES: &[(&str, &str)] = &[
    ("ap-northeast-1", "Z14GRHDCWA56QT"),
    ("ap-northeast-2", "ZWKZPGTI48KDX"),
    ("ap-northeast-3", "Z5LXEXXYW11ES"),
    ("ap-south-1", "ZP97RAFLXTNZK"),
    ("ap-southeast-1", "Z1LMS91P8CMLE5"),
    ("ap-southeast-2", "Z1GM3OXH4ZPM65"),
    ("ca-central-1", "ZQSVJUPU6J1EY"),
    ("eu-central-1", "Z215JYRZR1TBD5"),
    ("eu-north-1", "Z23TAZ6LKFMNIO"),
    ("eu-west-1", "Z32O12XQLNTSW2"),
    ("eu-west-2", "ZHURV8PSTC4K8"),
    ("eu-west-3", "Z3Q77PNBQS71R4"),
    ("sa-east-1", "Z2P70J7HTTTPLU"),
    ("us-east-1", "Z35SXDOTRQ7X7K"),
    ("us-east-2", "Z3AADJGX6KTTL2"),
    ("us-west-1", "Z368ELLRRE2KJ0"),
    ("us-west-2", "Z1H1FL5HABSF5"),
];

/// The hosted zone of a region's load balancer names, if it is known here.
pub(super) fn hosted_zone(region: &str) -> Option<&'static str> {
    HOSTED_ZONES.iter().find(|(name, _)| *name == region).map(|(_, zone)| *zone)
}

/// Refuses a security policy that does not exist.
pub(super) fn check_policy(name: &str) -> Result<(), Refusal> {
    POLICIES.iter().any(|(known, _)| *known == name).then_some(()).ok_or_else(|| no_policy(name))
}

fn describe_policies(call: &mut Call<'_>) -> Answer {
    let names = texts(&call.input["Names"]);
    names.iter().try_for_each(|name| check_policy(name))?;
    let chosen = POLICIES.iter().filter(|(name, _)| names.is_empty() || names.iter().any(|asked| asked == name));
    let items = chosen.map(|(name, protocols)| (String::from(*name), policy(name, protocols))).collect();
    page(call, "SslPolicies", &format!("policies {names:?}"), items)
}

fn policy(name: &str, protocols: &[&str]) -> Value {
    json!({"Name": name, "SslProtocols": protocols, "SupportedLoadBalancerTypes": ["application", "network"]})
}

fn describe_limits(call: &mut Call<'_>) -> Answer {
    let items = LIMITS.iter().map(|(name, max)| (String::from(*name), json!({"Name": name, "Max": max}))).collect();
    page(call, "Limits", "limits", items)
}
