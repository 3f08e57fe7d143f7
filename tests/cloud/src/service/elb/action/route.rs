//! The actions that answer: `forward`, `redirect`, `fixed-response`.

use super::super::network::list;
use super::super::refusal::{action, validation};
use crate::call::Refusal;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// At most this many target groups in one action (quota "Target groups per action on Application Load Balancers").
const MAX_GROUPS: usize = 5;
const CONTENT_TYPES: [&str; 5] = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

/// The action that answers a request.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Route {
    /// By a target of a group.
    Forward(Forward),
    /// By another URL.
    Redirect(Redirect),
    /// By the load balancer itself.
    Fixed(Fixed),
}

/// Target groups and how requests are spread over them.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Forward {
    pub(in super::super) groups: Vec<Tuple>,
    stickiness: bool,
    stickiness_seconds: Option<u64>,
}

/// One target group of a forward action.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Tuple {
    pub(in super::super) group: String,
    pub(in super::super) weight: u64,
}

/// Where a client is sent; parts may name the parts of the request, for example `#{host}`.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Redirect {
    pub(in super::super) protocol: String,
    pub(in super::super) port: String,
    pub(in super::super) host: String,
    pub(in super::super) path: String,
    pub(in super::super) query: String,
    pub(in super::super) status: String,
}

/// A response of the load balancer itself.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Fixed {
    pub(in super::super) status: String,
    content_type: Option<String>,
    body: Option<String>,
}

impl Route {
    /// Reads and checks the last action of a request.
    pub(super) fn read(step: &Value, https: bool) -> Result<Self, Refusal> {
        match step["Type"].as_str().unwrap_or_default() {
            "forward" => Forward::read(step).map(Self::Forward),
            "redirect" => Redirect::read(config(step, "RedirectConfig")?, https).map(Self::Redirect),
            "fixed-response" => Fixed::read(config(step, "FixedResponseConfig")?).map(Self::Fixed),
            kind => {
                let routing = "'forward', 'redirect' or 'fixed-response'";
                Err(action(format!("The last action must be of type {routing}, not '{kind}'")))
            }
        }
    }

    /// The action as a Describe operation shows it.
    pub(super) fn describe(&self) -> Value {
        match self {
            Self::Forward(forward) => forward.describe(),
            Self::Redirect(redirect) => redirect.describe(),
            Self::Fixed(fixed) => fixed.describe(),
        }
    }
}

fn config<'a>(step: &'a Value, member: &str) -> Result<&'a Value, Refusal> {
    let kind = step["Type"].as_str().unwrap_or_default();
    let missing = || action(format!("A {member} must be specified for actions of type '{kind}'"));
    Some(&step[member]).filter(|config| config.is_object()).ok_or_else(missing)
}

impl Forward {
    fn read(step: &Value) -> Result<Self, Refusal> {
        let config = &step["ForwardConfig"];
        let mut groups: Vec<Tuple> = list(&config["TargetGroups"]).iter().map(Tuple::read).collect();
        if let Some(group) = step["TargetGroupArn"].as_str() {
            match groups.as_slice() {
                [] => groups.push(Tuple { group: group.to_owned(), weight: 1 }),
                [only] if only.group == group => {}
                _ => {
                    return Err(action(
                        "You can specify both TargetGroupArn and ForwardConfig only for one target group",
                    ));
                }
            }
        }
        let distinct: BTreeSet<&str> = groups.iter().map(|tuple| tuple.group.as_str()).collect();
        if groups.is_empty() {
            return Err(validation("A target group ARN must be specified"));
        }
        if distinct.len() < groups.len() {
            return Err(action("A target group can be specified only once in an action"));
        }
        if groups.len() > MAX_GROUPS {
            return Err(action("You can specify up to '5' target groups in a forward action"));
        }
        if let Some(tuple) = groups.iter().find(|tuple| tuple.weight > 999) {
            return Err(validation(format!("Target group weight '{}' must be between 0 and 999", tuple.weight)));
        }
        let stickiness = config["TargetGroupStickinessConfig"]["Enabled"] == true;
        let stickiness_seconds = config["TargetGroupStickinessConfig"]["DurationSeconds"].as_u64();
        if stickiness && !stickiness_seconds.is_some_and(|seconds| (1..=604_800).contains(&seconds)) {
            return Err(validation("Stickiness duration must be between '1' and '604800' when stickiness is enabled"));
        }
        Ok(Self { groups, stickiness, stickiness_seconds })
    }

    fn describe(&self) -> Value {
        let groups: Vec<Value> =
            self.groups.iter().map(|tuple| json!({"TargetGroupArn": tuple.group, "Weight": tuple.weight})).collect();
        let mut stickiness = json!({"Enabled": self.stickiness});
        if let Some(seconds) = self.stickiness_seconds {
            stickiness["DurationSeconds"] = json!(seconds);
        }
        let config = json!({"TargetGroups": groups, "TargetGroupStickinessConfig": stickiness});
        let mut shown = json!({"Type": "forward", "ForwardConfig": config});
        if let [only] = self.groups.as_slice() {
            shown["TargetGroupArn"] = json!(only.group);
        }
        shown
    }
}

impl Tuple {
    fn read(value: &Value) -> Self {
        let group = value["TargetGroupArn"].as_str().unwrap_or_default().to_owned();
        Self { group, weight: value["Weight"].as_u64().unwrap_or(1) }
    }
}

impl Redirect {
    fn read(config: &Value, https: bool) -> Result<Self, Refusal> {
        let or = |member: &str, default: &str| config[member].as_str().unwrap_or(default).to_owned();
        let redirect = Self {
            protocol: or("Protocol", "#{protocol}"),
            port: or("Port", "#{port}"),
            host: or("Host", "#{host}"),
            path: or("Path", "/#{path}"),
            query: or("Query", "#{query}"),
            status: or("StatusCode", ""),
        };
        let Self { protocol, port, host, path, query: _, status: _ } = &redirect;
        if port != "#{port}" && !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(validation(format!("The redirect port '{port}' is not valid")));
        }
        if !path.starts_with('/') {
            return Err(validation(format!("The redirect path '{path}' must start with '/'")));
        }
        if https && protocol == "HTTP" {
            return Err(action("You cannot redirect HTTPS to HTTP"));
        }
        let unchanged = [protocol == "#{protocol}", port == "#{port}", host == "#{host}", path == "/#{path}"];
        if unchanged.into_iter().all(|unchanged| unchanged) {
            return Err(action(
                "You must modify at least one of protocol, hostname, port or path to avoid a redirect loop",
            ));
        }
        Ok(redirect)
    }

    fn describe(&self) -> Value {
        let Self { protocol, port, host, path, query, status } = self;
        let config = json!({
            "Protocol": protocol, "Port": port, "Host": host, "Path": path, "Query": query, "StatusCode": status,
        });
        json!({"Type": "redirect", "RedirectConfig": config})
    }
}

impl Fixed {
    fn read(config: &Value) -> Result<Self, Refusal> {
        let text = |member: &str| config[member].as_str().map(str::to_owned);
        let content_type = text("ContentType");
        if let Some(given) = content_type.as_deref().filter(|given| !CONTENT_TYPES.contains(given)) {
            return Err(validation(format!("The content type '{given}' is not valid for a fixed response")));
        }
        Ok(Self { status: text("StatusCode").unwrap_or_default(), content_type, body: text("MessageBody") })
    }

    fn describe(&self) -> Value {
        let Self { status, content_type, body } = self;
        let config = json!({"StatusCode": status, "ContentType": content_type, "MessageBody": body});
        json!({"Type": "fixed-response", "FixedResponseConfig": config})
    }
}
