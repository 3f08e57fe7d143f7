//! Rules of security groups: their normal form, how they are shown, and the operations on rules by id.

use super::filter::{self, Listing, Row};
use super::group;
use super::peer::Peer;
use super::refuse::{self, Kind};
use super::{Group, State, asks, operation, permission, tag};
use crate::call::{Answer, Ask, Call, Operation, Refusal, ask_any};
use crate::indexed::Filed;
use crate::random::Random;
use crate::world::Region;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[Operation] = &[
    operation!(
        "DescribeSecurityGroupRules",
        Read,
        |_| ask_any("ec2:DescribeSecurityGroupRules"),
        describe_security_group_rules
    ),
    operation!("ModifySecurityGroupRules", Write, modify_asks, modify_security_group_rules),
];

const LISTING: Listing = Listing {
    kind: Some(Kind::Rule),
    ids: "SecurityGroupRuleIds",
    filters: "Filters",
    names: &["group-id", "security-group-rule-id"],
    output: "SecurityGroupRules",
};

/// One rule: one direction, one protocol, one range of ports, one peer.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `sgr-…`.
    pub id: String,
    /// The group it belongs to.
    pub group: String,
    /// What it lets through.
    pub form: Form,
    /// Description.
    pub description: Option<String>,
}

/// First and last port, or ICMP type and code.
pub type Ports = Option<(i64, i64)>;

/// What makes two rules of one group the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    /// Outbound.
    pub egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or a protocol number.
    pub protocol: String,
    /// First and last port, or ICMP type and code; none for protocols without.
    pub ports: Ports,
    /// The other side.
    pub peer: Peer,
}

impl Form {
    /// Whether TCP to `port` fits.
    pub fn lets_tcp(&self, port: u16) -> bool {
        match self.ports {
            Some((from, to)) => self.protocol == "tcp" && (from..=to).contains(&i64::from(port)),
            None => self.protocol == "-1" || self.protocol == "6",
        }
    }

    /// As the text of `InvalidPermission.Duplicate` names it.
    pub(super) fn text(&self) -> String {
        let peer = self.peer.text();
        match self.ports {
            Some((from, to)) => {
                let protocol = self.protocol.to_ascii_uppercase();
                format!("peer: {peer}, {protocol}, from port: {from}, to port: {to}, ALLOW")
            }
            None if self.protocol == "-1" => format!("peer: {peer}, ALL, ALLOW"),
            None => format!("peer: {peer}, {}, ALLOW", self.protocol),
        }
    }
}

impl Rule {
    /// The rule that lets everything out of a new group ("Default security groups", Amazon VPC User Guide).
    pub(super) fn allow_all_egress(random: &mut Random, group: &str) -> Self {
        let everywhere = Peer::V4(ipnet::Ipv4Net::default());
        let form = Form { egress: true, protocol: "-1".into(), ports: None, peer: everywhere };
        Self { id: random.id("sgr"), group: group.to_owned(), form, description: None }
    }

    /// The rules of a VPC's default group: everything out, everything in from its own members.
    pub(super) fn of_default_group(random: &mut Random, group: &Group) -> [Self; 2] {
        let members = Peer::Group(group.id.clone());
        let form = Form { egress: false, protocol: "-1".into(), ports: None, peer: members };
        let inward = Self { id: random.id("sgr"), group: group.id.clone(), form, description: None };
        [Self::allow_all_egress(random, &group.id), inward]
    }

    /// As DescribeSecurityGroupRules shows it; a rule without ports has -1 for both.
    pub fn describe(&self, region: &Region) -> Value {
        let (from, to) = self.form.ports.unwrap_or((-1, -1));
        let mut shown = json!({
            "SecurityGroupRuleId": self.id, "GroupId": self.group, "GroupOwnerId": region.account,
            "IsEgress": self.form.egress, "IpProtocol": self.form.protocol, "FromPort": from, "ToPort": to,
            "Description": self.description, "Tags": tag::shown(&region.ec2, &self.id),
            "SecurityGroupRuleArn": region.arn("ec2", &format!("security-group-rule/{}", self.id)),
        });
        match &self.form.peer {
            Peer::V4(net) => shown["CidrIpv4"] = net.to_string().into(),
            Peer::V6(net) => shown["CidrIpv6"] = net.to_string().into(),
            Peer::Group(id) => {
                let vpc = region.ec2.groups.get(id).map(|group| &group.vpc);
                shown["ReferencedGroupInfo"] = json!({"GroupId": id, "UserId": region.account, "VpcId": vpc});
            }
        }
        shown
    }

    /// As the answer of a revocation shows it.
    pub(super) fn describe_revoked(&self, region: &Region) -> Value {
        let mut shown = self.describe(region);
        let referenced = shown["ReferencedGroupInfo"]["GroupId"].take();
        if let Some(members) = shown.as_object_mut() {
            for absent in ["GroupOwnerId", "ReferencedGroupInfo", "Tags", "SecurityGroupRuleArn"] {
                members.remove(absent);
            }
            members.insert("ReferencedGroupId".into(), referenced);
        }
        shown
    }

    /// What the filters of DescribeSecurityGroups see of it.
    pub(super) fn facts(&self, region: &Region) -> Vec<(&'static str, String)> {
        let pick = |inward: &'static str, outward: &'static str| if self.form.egress { outward } else { inward };
        let mut facts =
            vec![(pick("ip-permission.protocol", "egress.ip-permission.protocol"), self.form.protocol.clone())];
        if let Some((from, to)) = self.form.ports {
            facts.push((pick("ip-permission.from-port", "egress.ip-permission.from-port"), from.to_string()));
            facts.push((pick("ip-permission.to-port", "egress.ip-permission.to-port"), to.to_string()));
        }
        match &self.form.peer {
            Peer::V4(net) => facts.push((pick("ip-permission.cidr", "egress.ip-permission.cidr"), net.to_string())),
            Peer::V6(net) => {
                facts.push((pick("ip-permission.ipv6-cidr", "egress.ip-permission.ipv6-cidr"), net.to_string()));
            }
            Peer::Group(id) => {
                let name = region.ec2.groups.get(id).map(|group| group.name.clone()).unwrap_or_default();
                facts.push((pick("ip-permission.group-id", "egress.ip-permission.group-id"), id.clone()));
                facts.push((pick("ip-permission.group-name", "egress.ip-permission.group-name"), name));
                facts.push((pick("ip-permission.user-id", "egress.ip-permission.user-id"), region.account.clone()));
            }
        }
        facts
    }
}

impl Filed for Rule {
    fn id(&self) -> &str {
        &self.id
    }

    fn under(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.group.as_str())
    }
}

/// The rules of a group.
pub(super) fn of<'s>(state: &'s State, group: &str) -> impl Iterator<Item = &'s Rule> {
    state.rules.under(group)
}

/// The rules of a group in one direction as IpPermissions: one for all peers of the same protocol and ports.
pub(super) fn permissions(region: &Region, group: &str, egress: bool) -> Vec<Value> {
    let mut grouped: BTreeMap<(&str, Ports), Vec<&Rule>> = BTreeMap::new();
    for rule in of(&region.ec2, group).filter(|rule| rule.form.egress == egress) {
        grouped.entry((&rule.form.protocol, rule.form.ports)).or_default().push(rule);
    }
    grouped.into_iter().map(|((protocol, ports), rules)| permission(region, protocol, ports, &rules)).collect()
}

fn permission(region: &Region, protocol: &str, ports: Ports, rules: &[&Rule]) -> Value {
    let (mut v4, mut v6, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for rule in rules {
        let description = &rule.description;
        match &rule.form.peer {
            Peer::V4(net) => v4.push(json!({"CidrIp": net.to_string(), "Description": description})),
            Peer::V6(net) => v6.push(json!({"CidrIpv6": net.to_string(), "Description": description})),
            Peer::Group(id) => {
                groups.push(json!({"GroupId": id, "UserId": region.account, "Description": description}));
            }
        }
    }
    json!({
        "IpProtocol": protocol, "FromPort": ports.map(|p| p.0), "ToPort": ports.map(|p| p.1), "IpRanges": v4,
        "Ipv6Ranges": v6, "UserIdGroupPairs": groups, "PrefixListIds": [],
    })
}

fn describe_security_group_rules(call: &mut Call<'_>) -> Answer {
    let region = call.peek();
    let row = |rule: &Rule| Row {
        id: rule.id.clone(),
        tags: region.ec2.tags(&rule.id),
        facts: vec![("group-id", rule.group.clone()), ("security-group-rule-id", rule.id.clone())],
        shown: rule.describe(region),
    };
    let rows = region.ec2.rules.values().map(row).collect();
    filter::list(call, &LISTING, rows)
}

fn modify_asks(call: &Call<'_>) -> Vec<Ask> {
    let updates = call.input["SecurityGroupRules"].as_array().into_iter().flatten();
    let ids = updates.filter_map(|update| update["SecurityGroupRuleId"].as_str());
    let mut asks: Vec<Ask> = ids.map(|id| asks::on(call, "ModifySecurityGroupRules", Kind::Rule, id)).collect();
    asks.extend(group::on(call, "ModifySecurityGroupRules"));
    asks
}

/// A rule of this group, in this direction if one is given.
pub(super) fn member<'s>(state: &'s State, group: &str, id: &str, egress: Option<bool>) -> Result<&'s Rule, Refusal> {
    Kind::Rule.well_formed(id)?;
    let rule = state.rules.get(id).filter(|rule| rule.group == group);
    rule.filter(|rule| egress.is_none_or(|egress| rule.form.egress == egress)).ok_or_else(|| Kind::Rule.missing(id))
}

/// Replaces whole rules; their ids, tags and directions stay.
fn modify_security_group_rules(call: &mut Call<'_>) -> Answer {
    let group = group::named(call)?.id.clone();
    let updates = call.input["SecurityGroupRules"].as_array().cloned().unwrap_or_default();
    let state = &call.peek().ec2;
    let mut changed: BTreeMap<String, Rule> = BTreeMap::new();
    for update in &updates {
        let id = update["SecurityGroupRuleId"].as_str().unwrap_or_default();
        let old = member(state, &group, id, None)?;
        let new = permission::from_request(call, old, &update["SecurityGroupRule"])?;
        if changed.insert(id.to_owned(), new).is_some() {
            return Err(refuse::invalid(format!("The rule '{id}' must not appear multiple times")));
        }
    }
    let kept = of(state, &group).filter(|rule| !changed.contains_key(&rule.id)).map(|rule| &rule.form);
    permission::free(kept, changed.values().map(|rule| &rule.form))?;
    let rules = &mut call.regional().ec2.rules;
    changed.into_values().for_each(|rule| rules.insert(rule));
    Ok(json!({"Return": true}))
}
