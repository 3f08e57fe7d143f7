//! Target groups. Everything but the health check, the attributes and the tags is fixed when one is made.

mod health_check;

use super::attributes::{self, Attributes};
use super::network::{self, texts};
use super::refusal::{duplicate, no_group, not_here, too_many, validation};
use super::shared::{arn, ask_create, ask_member, check_name, page, tags};
use super::target::Target;
use super::{State, Usage, balancer};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::tags::Tags;
pub(super) use health_check::HealthCheck;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Target groups a region (quota "Target groups per Region").
const MAX_GROUPS: usize = 3000;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateTargetGroup", access: Access::Write, asks: ask_to_create, run: create },
    Operation {
        name: "DescribeTargetGroups",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeTargetGroups"),
        run: describe,
    },
    Operation {
        name: "ModifyTargetGroup",
        access: Access::Write,
        asks: |call| ask_member(call, "ModifyTargetGroup", "TargetGroupArn"),
        run: modify,
    },
    Operation {
        name: "DeleteTargetGroup",
        access: Access::Write,
        asks: |call| ask_member(call, "DeleteTargetGroup", "TargetGroupArn"),
        run: delete,
    },
    Operation {
        name: "DescribeTargetGroupAttributes",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeTargetGroupAttributes"),
        run: describe_attributes,
    },
    Operation {
        name: "ModifyTargetGroupAttributes",
        access: Access::Write,
        asks: |call| ask_member(call, "ModifyTargetGroupAttributes", "TargetGroupArn"),
        run: modify_attributes,
    },
];

/// A target group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) vpc: String,
    pub(super) port: u16,
    fixed: Fixed,
    pub(super) check: HealthCheck,
    attributes: Attributes,
    pub(super) targets: BTreeMap<(String, u16), Target>,
    pub(super) tags: Tags,
}

/// Further settings that never change.
#[derive(Clone, Debug, PartialEq)]
struct Fixed {
    protocol: String,
    version: String,
    target_type: String,
    address_type: String,
}

impl Group {
    fn describe(&self, usage: &Usage<'_>) -> Value {
        let mut shown = json!({
            "TargetGroupArn": self.arn,
            "TargetGroupName": self.name,
            "Protocol": self.fixed.protocol,
            "ProtocolVersion": self.fixed.version,
            "Port": self.port,
            "VpcId": self.vpc,
            "TargetType": self.fixed.target_type,
            "IpAddressType": self.fixed.address_type,
            "LoadBalancerArns": usage.get(self.arn.as_str()).cloned().unwrap_or_default(),
        });
        self.check.describe(&mut shown);
        shown
    }

    /// The description with the attributes.
    pub(super) fn reveal(&self, usage: &Usage<'_>) -> Value {
        let mut shown = self.describe(usage);
        shown["Attributes"] = attributes::describe(attributes::GROUP, &self.attributes);
        shown
    }

    /// What its targets are.
    pub(super) fn target_type(&self) -> &str {
        &self.fixed.target_type
    }

    /// Whether its targets are registered by address.
    pub(super) fn is_by_address(&self) -> bool {
        self.target_type() == "ip"
    }

    /// Seconds that a target drains.
    pub(super) fn drain_seconds(&self) -> u64 {
        let value = attributes::value(attributes::GROUP, &self.attributes, "deregistration_delay.timeout_seconds");
        value.parse().unwrap_or_default()
    }

    fn equals(&self, other: &Self) -> bool {
        let settings = |group: &Self| (group.vpc.clone(), group.port, group.check.clone(), group.tags.clone());
        settings(self) == settings(other) && self.fixed == other.fixed
    }
}

/// The target group of an ARN.
pub(super) fn find<'s>(state: &'s State, arn: &str) -> Result<&'s Group, Refusal> {
    state.groups.get(arn).ok_or_else(|| no_group(arn))
}

/// The target group of an ARN, to change.
pub(super) fn find_mut<'s>(state: &'s mut State, arn: &str) -> Result<&'s mut Group, Refusal> {
    state.groups.get_mut(arn).ok_or_else(|| no_group(arn))
}

fn ask_to_create(call: &Call<'_>) -> Vec<Ask> {
    let about = arn(call, &format!("targetgroup/{}/*", call.text("Name")));
    ask_create(call, "CreateTargetGroup", &about, &about)
}

fn create(call: &mut Call<'_>) -> Answer {
    let mut group = read(call)?;
    let state = &call.peek().elb;
    if let Some(existing) = state.groups.values().find(|existing| existing.name == group.name) {
        if existing.equals(&group) {
            return Ok(json!({"TargetGroups": [existing.describe(&state.usage())]}));
        }
        return Err(duplicate("DuplicateTargetGroupName", "target group", &group.name));
    }
    if state.groups.len() >= MAX_GROUPS {
        return Err(too_many("TooManyTargetGroups", "target groups"));
    }
    let id = call.world.random.hex(16);
    group.arn = arn(call, &format!("targetgroup/{}/{id}", group.name));
    let shown = group.describe(&Usage::new());
    call.regional().elb.groups.insert(group.arn.clone(), group);
    Ok(json!({"TargetGroups": [shown]}))
}

/// The group that a create call asks for, checked, without its ARN.
fn read(call: &mut Call<'_>) -> Result<Group, Refusal> {
    let name = call.text("Name").to_owned();
    check_name("target group", &name)?;
    let fixed = read_fixed(&call.input)?;
    let port = call.input["Port"].as_u64().and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or_else(|| validation("A port must be specified"))?;
    let vpc = call.text("VpcId").to_owned();
    if vpc.is_empty() {
        return Err(validation("A VPC ID must be specified"));
    }
    let check = HealthCheck::default(fixed.protocol == "HTTPS").with(&call.input)?;
    let tags = tags(call)?;
    let place = call.regional().place();
    if !network::vpc_exists(call.world, &place, &vpc) {
        return Err(validation(format!("The VPC ID '{vpc}' is not found")));
    }
    let (attributes, targets) = (Attributes::new(), BTreeMap::new());
    Ok(Group { arn: String::new(), name, vpc, port, fixed, check, attributes, targets, tags })
}

fn read_fixed(input: &Value) -> Result<Fixed, Refusal> {
    let or = |member: &str, default: &str| input[member].as_str().unwrap_or(default).to_owned();
    let fixed = Fixed {
        protocol: or("Protocol", ""),
        version: or("ProtocolVersion", "HTTP1"),
        target_type: or("TargetType", "instance"),
        address_type: or("IpAddressType", "ipv4"),
    };
    let Fixed { protocol, version, target_type, address_type: _ } = &fixed;
    match (target_type.as_str(), protocol.as_str()) {
        ("lambda" | "alb", _) => Err(not_here(&format!("The target type '{target_type}'"))),
        (_, "") => Err(validation("A protocol must be specified")),
        (_, "HTTP" | "HTTPS") => match version.as_str() {
            "HTTP1" | "HTTP2" => Ok(fixed),
            "GRPC" => Err(not_here("The protocol version 'GRPC'")),
            _ => Err(validation(format!("Protocol version '{version}' must be one of 'HTTP1, HTTP2, GRPC'"))),
        },
        _ => Err(not_here(&format!("A target group with protocol '{protocol}'"))),
    }
}

fn describe(call: &mut Call<'_>) -> Answer {
    let (arns, names) = (texts(&call.input["TargetGroupArns"]), texts(&call.input["Names"]));
    let of = call.text("LoadBalancerArn");
    if [arns.is_empty(), names.is_empty(), of.is_empty()].iter().filter(|empty| !**empty).count() > 1 {
        return Err(validation("You can specify only one of load balancer ARN, target group ARNs and names"));
    }
    let state = &call.peek().elb;
    let named = |name: &String| state.groups.values().find(|group| &group.name == name).ok_or_else(|| no_group(name));
    let chosen: Vec<&Group> = if !arns.is_empty() {
        arns.iter().map(|arn| find(state, arn)).collect::<Result<_, _>>()?
    } else if !names.is_empty() {
        names.iter().map(named).collect::<Result<_, _>>()?
    } else if !of.is_empty() {
        balancer::find(state, of)?;
        state.groups.values().filter(|group| state.users(&group.arn).contains(of)).collect()
    } else {
        state.groups.values().collect()
    };
    let usage = state.usage();
    let items = chosen.iter().map(|group| (group.arn.clone(), group.describe(&usage))).collect();
    page(call, "TargetGroups", &format!("target groups {arns:?} {names:?} {of}"), items)
}

fn modify(call: &mut Call<'_>) -> Answer {
    let arn = call.text("TargetGroupArn").to_owned();
    let check = find(&call.peek().elb, &arn)?.check.with(&call.input)?;
    let state = &mut call.regional().elb;
    find_mut(state, &arn)?.check = check;
    Ok(json!({"TargetGroups": [find(state, &arn)?.describe(&state.usage())]}))
}

fn delete(call: &mut Call<'_>) -> Answer {
    let arn = call.text("TargetGroupArn").to_owned();
    if !call.peek().elb.users(&arn).is_empty() {
        let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(Refusal::new("ResourceInUse", message));
    }
    call.regional().elb.groups.remove(&arn);
    nothing()
}

fn describe_attributes(call: &mut Call<'_>) -> Answer {
    let group = find(&call.peek().elb, call.text("TargetGroupArn"))?;
    Ok(json!({"Attributes": attributes::describe(attributes::GROUP, &group.attributes)}))
}

fn modify_attributes(call: &mut Call<'_>) -> Answer {
    let arn = call.text("TargetGroupArn").to_owned();
    let set = &find(&call.peek().elb, &arn)?.attributes;
    let changed = attributes::change(attributes::GROUP, "Target group", set, &call.input["Attributes"])?;
    let shown = attributes::describe(attributes::GROUP, &changed);
    find_mut(&mut call.regional().elb, &arn)?.attributes = changed;
    Ok(json!({"Attributes": shown}))
}
