//! Security groups.

use super::filter::{self, Listing, Row};
use super::refuse::{self, Kind};
use super::rule::{self, Rule};
use super::{State, asks, operation, tag, vpc};
use crate::call::{Answer, Ask, Call, Operation, Refusal, ask_any};
use crate::clock::Time;
use crate::random::Random;
use crate::world::Region;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    operation!("CreateSecurityGroup", Write, create_asks, create_security_group),
    operation!("DescribeSecurityGroups", Read, |_| ask_any("ec2:DescribeSecurityGroups"), describe_security_groups),
    operation!("DeleteSecurityGroup", Write, |call| on(call, "DeleteSecurityGroup"), delete_security_group),
];

/// Security groups in a region ("Amazon VPC quotas").
pub(super) const MAX_GROUPS_PER_REGION: usize = 2500;

/// How late a new group is seen at most, in seconds: bounded here, unbounded on AWS ("Eventual consistency", Amazon EC2
/// Developer Guide).
const SEEN_LATE: f64 = 2.0;

const LISTING: Listing = Listing {
    kind: Some(Kind::Group),
    ids: "GroupIds",
    filters: "Filters",
    names: &[
        "description",
        "egress.ip-permission.cidr",
        "egress.ip-permission.from-port",
        "egress.ip-permission.group-id",
        "egress.ip-permission.group-name",
        "egress.ip-permission.ipv6-cidr",
        "egress.ip-permission.protocol",
        "egress.ip-permission.to-port",
        "egress.ip-permission.user-id",
        "group-id",
        "group-name",
        "ip-permission.cidr",
        "ip-permission.from-port",
        "ip-permission.group-id",
        "ip-permission.group-name",
        "ip-permission.ipv6-cidr",
        "ip-permission.protocol",
        "ip-permission.to-port",
        "ip-permission.user-id",
        "owner-id",
        "vpc-id",
    ],
    output: "SecurityGroups",
};

/// A security group.
#[derive(Clone, Debug)]
pub struct Group {
    /// `sg-…`.
    pub id: String,
    /// Name, unique in its VPC without regard to case.
    pub name: String,
    /// Description.
    pub description: String,
    /// VPC id.
    pub vpc: String,
    /// When reads and other services begin to see it.
    pub visible_at: Time,
}

impl Group {
    /// The default group of a new VPC.
    pub(super) fn default_of(random: &mut Random, vpc: &str, now: Time) -> Self {
        Self {
            id: random.id("sg"),
            name: "default".into(),
            description: "default VPC security group".into(),
            vpc: vpc.to_owned(),
            visible_at: now,
        }
    }

    /// Whether it came with its VPC and goes with it.
    pub fn is_default(&self) -> bool {
        self.name == "default"
    }

    /// As DescribeSecurityGroups shows it.
    pub fn describe(&self, region: &Region) -> Value {
        json!({
            "GroupId": self.id, "GroupName": self.name, "Description": self.description, "VpcId": self.vpc,
            "OwnerId": region.account, "SecurityGroupArn": region.arn("ec2", &format!("security-group/{}", self.id)),
            "IpPermissions": rule::permissions(region, &self.id, false),
            "IpPermissionsEgress": rule::permissions(region, &self.id, true),
            "Tags": tag::shown(&region.ec2, &self.id),
        })
    }

    fn row(&self, region: &Region) -> Row {
        let mut facts = vec![
            ("description", self.description.clone()),
            ("group-id", self.id.clone()),
            ("group-name", self.name.clone()),
            ("owner-id", region.account.clone()),
            ("vpc-id", self.vpc.clone()),
        ];
        for rule in rule::of(&region.ec2, &self.id) {
            facts.extend(rule.facts(region));
        }
        Row { id: self.id.clone(), tags: region.ec2.tags(&self.id), facts, shown: self.describe(region) }
    }
}

/// Refuses characters that neither names nor descriptions can have.
pub(super) fn plain(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    text.chars().count() <= 255 && text.chars().all(allowed)
}

/// The group of that id, seen or not yet seen by reads.
pub(super) fn existing<'s>(state: &'s State, id: &str) -> Result<&'s Group, Refusal> {
    Kind::Group.well_formed(id)?;
    state.groups.get(id).ok_or_else(|| Kind::Group.missing(id))
}

/// The group that a call names by `GroupId`, or by `GroupName`, which works in a default VPC only.
pub(super) fn named<'c>(call: &'c Call<'_>) -> Result<&'c Group, Refusal> {
    match (call.text("GroupId"), call.text("GroupName")) {
        ("", "") => Err(refuse::missing_parameter("GroupName or GroupId")),
        ("", _) => Err(refuse::no_default_vpc()),
        (id, "") => existing(&call.peek().ec2, id),
        (_, _) => Err(refuse::together("groupName", "groupId")),
    }
}

/// The question about the group that a call names.
pub(super) fn on(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![asks::on(call, action, Kind::Group, call.text("GroupId"))]
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = asks::creates(call, "CreateSecurityGroup", Kind::Group);
    asks.push(asks::on(call, "CreateSecurityGroup", Kind::Vpc, call.text("VpcId")));
    asks
}

fn create_security_group(call: &mut Call<'_>) -> Answer {
    let tags = tag::specified(call, Kind::Group)?;
    let (name, description) = words(call)?;
    if call.text("VpcId").is_empty() {
        return Err(refuse::no_default_vpc());
    }
    let vpc = vpc::named(call)?.id.clone();
    let state = &call.peek().ec2;
    if state.groups.values().any(|group| group.vpc == vpc && group.name.eq_ignore_ascii_case(&name)) {
        let text = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(Refusal::new("InvalidGroup.Duplicate", text));
    }
    if state.groups.len() >= call.quota("L-E79EC296", MAX_GROUPS_PER_REGION) {
        return Err(refuse::limit("SecurityGroupLimitExceeded", "security groups"));
    }
    let random = &mut call.world.random;
    let late = random.seconds(0.0, SEEN_LATE) * u32::from(random.below(2) == 0);
    let group = Group { id: random.id("sg"), name, description, vpc, visible_at: call.now + late };
    let everything = Rule::allow_all_egress(random, &group.id);
    let region = call.regional();
    region.ec2.tag(&group.id, tags);
    region.ec2.rules.insert(everything);
    let answer = json!({
        "GroupId": group.id, "Tags": tag::shown(&region.ec2, &group.id),
        "SecurityGroupArn": region.arn("ec2", &format!("security-group/{}", group.id)),
    });
    region.ec2.groups.insert(group.id.clone(), group);
    Ok(answer)
}

/// The name and description of a new group.
fn words(call: &Call<'_>) -> Result<(String, String), Refusal> {
    let (name, description) = (call.text("GroupName").trim_end(), call.text("Description"));
    for (member, text) in [("GroupName", name), ("GroupDescription", description)] {
        if text.is_empty() {
            return Err(refuse::missing_parameter(member));
        }
        if !plain(text) {
            let reason =
                "Valid values are up to 255 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
            return Err(refuse::invalid(format!("Value ({text}) for parameter {member} is invalid. {reason}")));
        }
    }
    if name.to_ascii_lowercase().starts_with("sg-") {
        let text = format!("Invalid value '{name}' for groupName. Group names may not be in the format sg-*.");
        return Err(refuse::invalid(text));
    }
    if name.eq_ignore_ascii_case("default") {
        let text = format!("Cannot use reserved security group name: {name}");
        return Err(Refusal::new("InvalidGroup.Reserved", text));
    }
    Ok((name.to_owned(), description.to_owned()))
}

fn describe_security_groups(call: &mut Call<'_>) -> Answer {
    if let Some(name) = filter::texts(&call.input["GroupNames"]).first() {
        let text = format!("The security group '{name}' does not exist in default VPC");
        return Err(Refusal::new("InvalidGroup.NotFound", text));
    }
    let region = call.peek();
    let seen = region.ec2.groups.values().filter(|group| group.visible_at <= call.now);
    let rows = seen.map(|group| group.row(region)).collect();
    filter::list(call, &LISTING, rows)
}

fn delete_security_group(call: &mut Call<'_>) -> Answer {
    let group = named(call)?;
    let (id, name) = (group.id.clone(), &group.name);
    if group.is_default() {
        let text = format!("the specified group: \"{id}\" name: \"{name}\" cannot be deleted by a user");
        return Err(Refusal::new("CannotDelete", text));
    }
    if held(&call.peek().ec2, &id) {
        return Err(refuse::dependency(format!("resource {id} has a dependent object")));
    }
    let state = &mut call.regional().ec2;
    for rule in state.rules.remove_under(&id) {
        state.tags.remove(&rule.id);
    }
    state.groups.remove(&id);
    state.tags.remove(&id);
    Ok(json!({"Return": true, "GroupId": id}))
}

/// Whether an interface has the group, or another group's rule refers to it.
fn held(state: &State, id: &str) -> bool {
    state.interfaces.values().any(|eni| eni.groups.iter().any(|group| group == id))
        || state.rules.values().any(|rule| rule.group != id && rule.form.peer.group() == Some(id))
}
