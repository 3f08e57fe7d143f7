//! Rules in the form of IpPermissions: how they are read, and authorizing, revoking and describing by them.

use super::filter;
use super::group::{self, on, plain};
use super::peer::{self, Peer};
use super::refuse::{self, Kind};
use super::rule::{self, Form, Ports, Rule};
use super::{Group, asks, operation, tag};
use crate::call::{Answer, Ask, Call, Operation, Refusal};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("AuthorizeSecurityGroupIngress", Write, |call| authorize_asks(call, false), |call| authorize(
        call, false
    )),
    operation!("AuthorizeSecurityGroupEgress", Write, |call| authorize_asks(call, true), |call| authorize(call, true)),
    operation!("RevokeSecurityGroupIngress", Write, |call| on(call, "RevokeSecurityGroupIngress"), |call| revoke(
        call, false
    )),
    operation!("RevokeSecurityGroupEgress", Write, |call| on(call, "RevokeSecurityGroupEgress"), |call| revoke(
        call, true
    )),
    operation!(
        "UpdateSecurityGroupRuleDescriptionsIngress",
        Write,
        |call| on(call, "UpdateSecurityGroupRuleDescriptionsIngress"),
        |call| update_descriptions(call, false)
    ),
    operation!(
        "UpdateSecurityGroupRuleDescriptionsEgress",
        Write,
        |call| on(call, "UpdateSecurityGroupRuleDescriptionsEgress"),
        |call| update_descriptions(call, true)
    ),
];

/// Rules of a group in one direction, for IPv4 and for IPv6 each ("Amazon VPC quotas").
pub(super) const MAX_RULES: usize = 60;

/// A rule as a request names it.
struct Wanted {
    form: Form,
    description: Option<String>,
}

fn authorize_asks(call: &Call<'_>, egress: bool) -> Vec<Ask> {
    let action = if egress { "AuthorizeSecurityGroupEgress" } else { "AuthorizeSecurityGroupIngress" };
    let mut asks = on(call, action);
    if call.input["TagSpecifications"].as_array().is_some_and(|list| !list.is_empty()) {
        asks.extend(asks::creates(call, action, Kind::Rule));
    }
    asks
}

fn authorize(call: &mut Call<'_>, egress: bool) -> Answer {
    let tags = tag::specified(call, Kind::Rule)?;
    let group = group::named(call)?.clone();
    let wanted = wanted(call, &group, egress)?;
    let state = &call.peek().ec2;
    free(rule::of(state, &group.id).map(|rule| &rule.form), wanted.iter().map(|wanted| &wanted.form))?;
    let mut rules = Vec::new();
    for Wanted { form, description } in wanted {
        rules.push(Rule { id: call.world.random.id("sgr"), group: group.id.clone(), form, description });
    }
    let region = call.regional();
    for rule in &rules {
        region.ec2.tag(&rule.id, tags.clone());
        region.ec2.rules.insert(rule.clone());
    }
    let shown: Vec<Value> = rules.iter().map(|rule| rule.describe(region)).collect();
    Ok(json!({"Return": true, "SecurityGroupRules": shown}))
}

/// Refuses rules that appear twice, exist, or are too many with those that exist.
pub(super) fn free<'r>(
    existing: impl Iterator<Item = &'r Form>,
    new: impl Iterator<Item = &'r Form>,
) -> Result<(), Refusal> {
    let existing: Vec<&Form> = existing.collect();
    let new: Vec<&Form> = new.collect();
    for (index, form) in new.iter().enumerate() {
        if new[..index].contains(form) {
            return Err(refuse::invalid("The same permission must not appear multiple times"));
        }
        if existing.contains(form) {
            let text = format!("the specified rule \"{}\" already exists", form.text());
            return Err(Refusal::new("InvalidPermission.Duplicate", text));
        }
    }
    for egress in [false, true] {
        let all = existing.iter().chain(&new).filter(|form| form.egress == egress).map(|form| form.peer.counts());
        let (v4, v6) = all.fold((0, 0), |sum, (v4, v6)| (sum.0 + usize::from(v4), sum.1 + usize::from(v6)));
        if v4.max(v6) > MAX_RULES {
            return Err(refuse::limit("RulesPerSecurityGroupLimitExceeded", "rules per security group"));
        }
    }
    Ok(())
}

fn revoke(call: &mut Call<'_>, egress: bool) -> Answer {
    let group = group::named(call)?.clone();
    let ids = filter::texts(&call.input["SecurityGroupRuleIds"]);
    let doomed = if ids.is_empty() {
        matching(call, &group, egress)?.into_iter().map(|(id, _)| id).collect()
    } else if call.input["IpPermissions"].is_array() || call.input["IpProtocol"].is_string() {
        return Err(refuse::together("securityGroupRuleIds", "ipPermissions"));
    } else {
        for id in &ids {
            rule::member(&call.peek().ec2, &group.id, id, Some(egress))?;
        }
        ids
    };
    let region = call.regional();
    let mut revoked = Vec::new();
    for id in doomed {
        if let Some(rule) = region.ec2.rules.remove(&id) {
            region.ec2.tags.remove(&id);
            revoked.push(rule.describe_revoked(region));
        }
    }
    Ok(json!({"Return": true, "RevokedSecurityGroupRules": revoked, "UnknownIpPermissions": []}))
}

/// Ids of the existing rules that the request names by their values, with the descriptions it gives; all must exist.
fn matching(call: &Call<'_>, group: &Group, egress: bool) -> Result<Vec<(String, Option<String>)>, Refusal> {
    let mut found = Vec::new();
    for Wanted { form, description } in wanted(call, group, egress)? {
        let Some(rule) = rule::of(&call.peek().ec2, &group.id).find(|rule| rule.form == form) else {
            let text = "The specified rule does not exist in this security group.";
            return Err(Refusal::new("InvalidPermission.NotFound", text));
        };
        found.push((rule.id.clone(), description));
    }
    Ok(found)
}

fn update_descriptions(call: &mut Call<'_>, egress: bool) -> Answer {
    let group = group::named(call)?.clone();
    let by_id = call.input["SecurityGroupRuleDescriptions"].as_array().cloned().unwrap_or_default();
    let changes = if by_id.is_empty() {
        matching(call, &group, egress)?
    } else if call.input["IpPermissions"].is_array() {
        return Err(refuse::together("securityGroupRuleDescriptions", "ipPermissions"));
    } else {
        let mut changes = Vec::new();
        for entry in &by_id {
            let id = entry["SecurityGroupRuleId"].as_str().unwrap_or_default();
            rule::member(&call.peek().ec2, &group.id, id, Some(egress))?;
            changes.push((id.to_owned(), description(&entry["Description"])?));
        }
        changes
    };
    let rules = &mut call.regional().ec2.rules;
    for (id, description) in changes {
        if let Some(rule) = rules.get_mut(&id) {
            rule.description = description;
        }
    }
    Ok(json!({"Return": true}))
}

/// The rules that the request names: by IpPermissions, or by the older members for a single one.
fn wanted(call: &Call<'_>, group: &Group, egress: bool) -> Result<Vec<Wanted>, Refusal> {
    let input = &call.input;
    let single = json!([{
        "IpProtocol": input["IpProtocol"], "FromPort": input["FromPort"], "ToPort": input["ToPort"],
        "IpRanges": [{"CidrIp": input["CidrIp"]}],
    }]);
    let permissions = match input["IpPermissions"].as_array() {
        Some(permissions) if !permissions.is_empty() => permissions,
        _ if input["IpProtocol"].is_string() => single.as_array().ok_or_else(no_rule)?,
        _ => return Err(no_rule()),
    };
    let mut wanted = Vec::new();
    for permission in permissions {
        wanted.extend(one_permission(call, group, egress, permission)?);
    }
    Ok(wanted)
}

fn no_rule() -> Refusal {
    refuse::missing_parameter("ipPermissions")
}

fn one_permission(call: &Call<'_>, group: &Group, egress: bool, given: &Value) -> Result<Vec<Wanted>, Refusal> {
    let protocol = protocol(&given["IpProtocol"])?;
    let ports = ports(&protocol, &given["FromPort"], &given["ToPort"])?;
    let mut wanted = Vec::new();
    let mut add = |peer: Peer, source: &Value| -> Result<(), Refusal> {
        let form = Form { egress, protocol: protocol.clone(), ports, peer };
        wanted.push(Wanted { form, description: description(&source["Description"])? });
        Ok(())
    };
    let list = |member: &str| given[member].as_array().map(Vec::as_slice).unwrap_or_default();
    for source in list("IpRanges") {
        add(Peer::v4(source["CidrIp"].as_str().unwrap_or_default())?, source)?;
    }
    for source in list("Ipv6Ranges") {
        add(Peer::v6(source["CidrIpv6"].as_str().unwrap_or_default())?, source)?;
    }
    for source in list("UserIdGroupPairs") {
        let id = peer::pair_id(source, &call.principal.account)?;
        add(Peer::group_beside(&call.peek().ec2, &group.id, &id)?, source)?;
    }
    if let Some(source) = list("PrefixListIds").first() {
        return Err(Peer::prefix_list(source["PrefixListId"].as_str().unwrap_or_default()));
    }
    if wanted.is_empty() {
        return Err(refuse::missing_parameter("ipRanges"));
    }
    Ok(wanted)
}

/// The rule that ModifySecurityGroupRules puts in the place of `old`.
pub(super) fn from_request(call: &Call<'_>, old: &Rule, given: &Value) -> Result<Rule, Refusal> {
    let protocol = protocol(&given["IpProtocol"])?;
    let ports = ports(&protocol, &given["FromPort"], &given["ToPort"])?;
    let member = |name: &str| given[name].as_str();
    let sources = ["CidrIpv4", "CidrIpv6", "ReferencedGroupId", "PrefixListId"];
    if sources.iter().filter(|name| member(name).is_some()).count() != 1 {
        let text = "Exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId must be specified.";
        return Err(refuse::combination(text));
    }
    let peer = match (member("CidrIpv4"), member("CidrIpv6"), member("ReferencedGroupId")) {
        (Some(cidr), _, _) => Peer::v4(cidr)?,
        (_, Some(cidr), _) => Peer::v6(cidr)?,
        (_, _, Some(id)) => Peer::group_beside(&call.peek().ec2, &old.group, id)?,
        _ => return Err(Peer::prefix_list(member("PrefixListId").unwrap_or_default())),
    };
    let form = Form { egress: old.form.egress, protocol, ports, peer };
    Ok(Rule { id: old.id.clone(), group: old.group.clone(), form, description: description(&given["Description"])? })
}

fn description(given: &Value) -> Result<Option<String>, Refusal> {
    let Some(text) = given.as_str().filter(|text| !text.is_empty()) else { return Ok(None) };
    if plain(text) {
        return Ok(Some(text.to_owned()));
    }
    let text = "Invalid rule description. Valid descriptions are strings less than 256 characters from the following \
                set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
    Err(refuse::invalid(text))
}

/// A protocol's name where it has one here, else its number.
fn protocol(given: &Value) -> Result<String, Refusal> {
    let text = given.as_str().unwrap_or_default().to_ascii_lowercase();
    let name = match text.as_str() {
        "" => return Err(refuse::missing_parameter("ipProtocol")),
        "-1" | "all" => "-1",
        "tcp" | "6" => "tcp",
        "udp" | "17" => "udp",
        "icmp" | "1" => "icmp",
        "icmpv6" | "58" => "icmpv6",
        number if number.parse::<u8>().is_ok() => number,
        _ => return Err(refuse::invalid(format!("Invalid value '{text}' for IP protocol. Unknown protocol."))),
    };
    Ok(name.to_owned())
}

/// The ports of TCP and UDP, type and code of ICMP; other protocols drop what is given.
fn ports(protocol: &str, from: &Value, to: &Value) -> Result<Ports, Refusal> {
    let given = from.as_i64().zip(to.as_i64());
    match (protocol, given) {
        ("tcp" | "udp", Some((from, to))) => {
            let fits = (0..=65535).contains(&from) && (from..=65535).contains(&to);
            let text = format!("Invalid TCP/UDP port range ({from}:{to})");
            if fits { Ok(Some((from, to))) } else { Err(refuse::invalid(text)) }
        }
        ("tcp" | "udp", None) => {
            let text = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
            Err(refuse::invalid(text))
        }
        ("icmp" | "icmpv6", Some((kind, code))) => {
            let fits = (-1..=255).contains(&kind) && (-1..=255).contains(&code) && (kind != -1 || code == -1);
            let text = format!("ICMP code ({code}) or type ({kind}) out of range");
            if fits { Ok(Some((kind, code))) } else { Err(refuse::invalid(text)) }
        }
        ("icmpv6", None) => Ok(Some((-1, -1))),
        ("icmp", None) => Err(refuse::missing_parameter("fromPort")),
        _ => Ok(None),
    }
}
