//! Health check settings of a target group, and which answers they accept.

use super::super::refusal::{configuration, validation};
use crate::call::Refusal;
use serde_json::{Value, json};

/// How the targets of a group are checked.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct HealthCheck {
    protocol: String,
    port: String,
    pub(in super::super) path: String,
    pub(in super::super) interval: u64,
    timeout: u64,
    pub(in super::super) healthy: u64,
    pub(in super::super) unhealthy: u64,
    pub(in super::super) matcher: Matcher,
}

/// HTTP codes that mean success, for example `200`, `200,202` or `200-299`.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Matcher(String);

impl HealthCheck {
    /// The defaults for a group whose protocol is HTTPS or HTTP (API Reference, CreateTargetGroup).
    pub(in super::super) fn default(https: bool) -> Self {
        Self {
            protocol: "HTTP".into(),
            port: "traffic-port".into(),
            path: "/".into(),
            interval: 30,
            timeout: if https { 10 } else { 6 },
            healthy: 5,
            unhealthy: 2,
            matcher: Matcher("200".into()),
        }
    }

    /// The settings with what a request changes.
    pub(in super::super) fn with(&self, input: &Value) -> Result<Self, Refusal> {
        let text = |member: &str, or: &str| input[member].as_str().unwrap_or(or).to_owned();
        let number = |member: &str, or: u64| input[member].as_u64().unwrap_or(or);
        if input["HealthCheckEnabled"] == false {
            return Err(configuration("Health checks must be enabled for target groups of instances and IP addresses"));
        }
        let changed = Self {
            protocol: text("HealthCheckProtocol", &self.protocol),
            port: text("HealthCheckPort", &self.port),
            path: text("HealthCheckPath", &self.path),
            interval: number("HealthCheckIntervalSeconds", self.interval),
            timeout: number("HealthCheckTimeoutSeconds", self.timeout),
            healthy: number("HealthyThresholdCount", self.healthy),
            unhealthy: number("UnhealthyThresholdCount", self.unhealthy),
            matcher: Matcher(input["Matcher"]["HttpCode"].as_str().unwrap_or(&self.matcher.0).to_owned()),
        };
        changed.check()?;
        Ok(changed)
    }

    fn check(&self) -> Result<(), Refusal> {
        let Self { protocol, port, path, interval, timeout, healthy: _, unhealthy: _, matcher } = self;
        if !matches!(protocol.as_str(), "HTTP" | "HTTPS") {
            return Err(configuration(format!("Health check protocol '{protocol}' must be one of 'HTTP, HTTPS'")));
        }
        if port != "traffic-port" && !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(validation(format!("Health check port '{port}' must be 'traffic-port' or a port")));
        }
        if !path.starts_with('/') {
            return Err(validation(format!("Health check path '{path}' must begin with a '/' character")));
        }
        if timeout >= interval {
            return Err(validation("Health check interval must be greater than the timeout."));
        }
        if matcher.ranges().is_none() {
            let Matcher(codes) = matcher;
            return Err(validation(format!("Health check matcher HTTP code '{codes}' must be within '200-499'")));
        }
        Ok(())
    }

    /// The port at which a target that gets traffic on `traffic` is checked.
    pub(in super::super) fn port_for(&self, traffic: u16) -> u16 {
        self.port.parse().unwrap_or(traffic)
    }

    /// Adds the settings to the description of a group.
    pub(super) fn describe(&self, shown: &mut Value) {
        let Self { protocol, port, path, interval, timeout, healthy, unhealthy, matcher } = self;
        let members = json!({
            "HealthCheckProtocol": protocol,
            "HealthCheckPort": port,
            "HealthCheckEnabled": true,
            "HealthCheckIntervalSeconds": interval,
            "HealthCheckTimeoutSeconds": timeout,
            "HealthyThresholdCount": healthy,
            "UnhealthyThresholdCount": unhealthy,
            "HealthCheckPath": path,
            "Matcher": {"HttpCode": matcher.0},
        });
        for (name, value) in members.as_object().into_iter().flatten() {
            shown[name] = value.clone();
        }
    }
}

impl Matcher {
    /// Whether an answer with this code means success.
    pub(in super::super) fn accepts(&self, code: u16) -> bool {
        self.ranges().is_some_and(|ranges| ranges.iter().any(|(low, high)| (*low..=*high).contains(&code)))
    }

    fn ranges(&self) -> Option<Vec<(u16, u16)>> {
        let code = |text: &str| text.trim().parse::<u16>().ok().filter(|code| (200..=499).contains(code));
        let range = |part: &str| match part.split_once('-') {
            Some((low, high)) => Some((code(low)?, code(high)?)),
            None => code(part).map(|code| (code, code)),
        };
        self.0.split(',').map(range).collect()
    }
}
