//! Attributes of load balancers, target groups and listeners: which keys there are, their defaults and their values.

use super::network::list;
use super::refusal::{configuration, validation};
use crate::call::Refusal;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The attributes that were set, by key.
pub(super) type Attributes = BTreeMap<String, String>;

/// One key that a kind of resource has.
pub(super) struct Key {
    name: &'static str,
    default: &'static str,
    values: Values,
}

/// What an attribute's value may be.
enum Values {
    Flag,
    Range(u32, u32),
    /// 0, which is off, or a range.
    OffOrRange(u32, u32),
    /// `off` or a number from 1 up to this.
    OffOr(u32),
    OneOf(&'static [&'static str]),
    Text,
    /// A flag that can't be changed from its default.
    Fixed,
}

const fn key(name: &'static str, default: &'static str, values: Values) -> Key {
    Key { name, default, values }
}

/// Keys of an Application Load Balancer (Elastic Load Balancing API Reference, LoadBalancerAttribute).
pub(super) const BALANCER: &[Key] = &[
    key("access_logs.s3.enabled", "false", Values::Flag),
    key("access_logs.s3.bucket", "", Values::Text),
    key("access_logs.s3.prefix", "", Values::Text),
    key("health_check_logs.s3.enabled", "false", Values::Flag),
    key("health_check_logs.s3.bucket", "", Values::Text),
    key("health_check_logs.s3.prefix", "", Values::Text),
    key("idle_timeout.timeout_seconds", "60", Values::Range(1, 4000)),
    key("deletion_protection.enabled", "false", Values::Flag),
    key("routing.http2.enabled", "true", Values::Flag),
    key("routing.http.drop_invalid_header_fields.enabled", "false", Values::Flag),
    key("routing.http.xff_client_port.enabled", "false", Values::Flag),
    key("routing.http.preserve_host_header.enabled", "false", Values::Flag),
    key("routing.http.xff_header_processing.mode", "append", Values::OneOf(&["append", "preserve", "remove"])),
    key("load_balancing.cross_zone.enabled", "true", Values::Fixed),
    key("routing.http.desync_mitigation_mode", "defensive", Values::OneOf(&["monitor", "defensive", "strictest"])),
    key("client_keep_alive.seconds", "3600", Values::Range(60, 604_800)),
    key("waf.fail_open.enabled", "false", Values::Flag),
    key("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", Values::Flag),
    key("zonal_shift.config.enabled", "false", Values::Flag),
    key("connection_logs.s3.enabled", "false", Values::Flag),
    key("connection_logs.s3.bucket", "", Values::Text),
    key("connection_logs.s3.prefix", "", Values::Text),
    key("ipv6.deny_all_igw_traffic", "false", Values::Flag),
];

/// Keys of a target group of an Application Load Balancer (API Reference, TargetGroupAttribute).
pub(super) const GROUP: &[Key] = &[
    key("stickiness.enabled", "false", Values::Flag),
    key("deregistration_delay.timeout_seconds", "300", Values::Range(0, 3600)),
    key("stickiness.type", "lb_cookie", Values::OneOf(&["lb_cookie", "app_cookie"])),
    key("stickiness.lb_cookie.duration_seconds", "86400", Values::Range(1, 604_800)),
    key("stickiness.app_cookie.cookie_name", "", Values::Text),
    key("stickiness.app_cookie.duration_seconds", "86400", Values::Range(1, 604_800)),
    key("slow_start.duration_seconds", "0", Values::OffOrRange(30, 900)),
    key(
        "load_balancing.algorithm.type",
        "round_robin",
        Values::OneOf(&["round_robin", "least_outstanding_requests", "weighted_random"]),
    ),
    key("load_balancing.algorithm.anomaly_mitigation", "off", Values::OneOf(&["on", "off"])),
    key(
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        Values::OneOf(&["true", "false", "use_load_balancer_configuration"]),
    ),
    key("target_group_health.dns_failover.minimum_healthy_targets.count", "1", Values::OffOr(1000)),
    key("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", Values::OffOr(100)),
    key("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", Values::Range(1, 1000)),
    key("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", Values::OffOr(100)),
];

/// Keys of a listener of an Application Load Balancer that have a value from the start (API Reference,
/// ListenerAttribute). The operations here only read them.
pub(super) const LISTENER: &[Key] = &[key("routing.http.response.server.enabled", "true", Values::Flag)];

/// The value of a key.
pub(super) fn value<'a>(table: &'a [Key], set: &'a Attributes, name: &str) -> &'a str {
    let default = || table.iter().find(|key| key.name == name).map_or("", |key| key.default);
    set.get(name).map_or_else(default, String::as_str)
}

/// All keys with their values, as a Describe operation shows them.
pub(super) fn describe(table: &[Key], set: &Attributes) -> Value {
    table.iter().map(|key| json!({"Key": key.name, "Value": value(table, set, key.name)})).collect()
}

/// The attributes after a request to change some of them; `kind` is how messages call the resource.
pub(super) fn change(table: &[Key], kind: &str, set: &Attributes, request: &Value) -> Result<Attributes, Refusal> {
    let mut changed = set.clone();
    let mut seen = BTreeSet::new();
    for pair in list(request) {
        let (name, wanted) = (text(&pair["Key"]), text(&pair["Value"]));
        if !seen.insert(name) {
            return Err(validation(format!("Attribute key '{name}' has been specified more than once")));
        }
        let Some(key) = table.iter().find(|key| key.name == name) else {
            return Err(validation(format!("{kind} attribute key '{name}' is not recognized")));
        };
        key.check(kind, wanted)?;
        changed.insert(name.to_owned(), wanted.to_owned());
    }
    check_logs(table, &changed)?;
    Ok(changed)
}

impl Key {
    fn check(&self, kind: &str, value: &str) -> Result<(), Refusal> {
        let number = value.parse::<u32>().ok();
        let within = |low: u32, high: u32| number.is_some_and(|number| (low..=high).contains(&number));
        let allowed = match &self.values {
            Values::Flag => matches!(value, "true" | "false"),
            Values::Range(low, high) => within(*low, *high),
            Values::OffOrRange(low, high) => value == "0" || within(*low, *high),
            Values::OffOr(high) => value == "off" || within(1, *high),
            Values::OneOf(values) => values.contains(&value),
            Values::Text => true,
            Values::Fixed if value != self.default => {
                let Self { name, default, .. } = self;
                return Err(configuration(format!("{kind} attribute '{name}' must be '{default}'")));
            }
            Values::Fixed => true,
        };
        let name = self.name;
        if allowed { Ok(()) } else { Err(validation(format!("{kind} attribute '{name}' has no value '{value}'"))) }
    }
}

/// Logs need a bucket.
fn check_logs(table: &[Key], set: &Attributes) -> Result<(), Refusal> {
    for logs in ["access_logs", "connection_logs", "health_check_logs"] {
        let on = value(table, set, &format!("{logs}.s3.enabled")) == "true";
        if on && value(table, set, &format!("{logs}.s3.bucket")).is_empty() {
            return Err(configuration(format!("The attribute '{logs}.s3.bucket' must be set to enable the logs")));
        }
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
