//! EC2's refusals, each code and text once, and the kinds of resources with their ids.
//!
//! Codes are those of "Error codes for the Amazon EC2 API"; texts are as EC2 was observed to word them.

use crate::call::{Call, Refusal};
use crate::tags::TagFault;
use serde_json::Value;

/// A kind of resource that has ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `vpc-…`
    Vpc,
    /// `subnet-…`
    Subnet,
    /// `igw-…`
    InternetGateway,
    /// `nat-…`
    NatGateway,
    /// `eipalloc-…`
    Address,
    /// `rtb-…`
    RouteTable,
    /// `sg-…`
    Group,
    /// `sgr-…`
    Rule,
    /// `eni-…`
    Interface,
}

/// How EC2 speaks of a kind.
struct Words {
    prefix: &'static str,
    item: &'static str,
    malformed: &'static str,
    missing: &'static str,
    noun: &'static str,
}

const fn words(
    prefix: &'static str,
    item: &'static str,
    malformed: &'static str,
    missing: &'static str,
    noun: &'static str,
) -> Words {
    Words { prefix, item, malformed, missing, noun }
}

impl Kind {
    const ALL: [Self; 9] = [
        Self::Vpc,
        Self::Subnet,
        Self::InternetGateway,
        Self::NatGateway,
        Self::Address,
        Self::RouteTable,
        Self::Group,
        Self::Rule,
        Self::Interface,
    ];

    #[rustfmt::skip]
    const fn words(self) -> Words {
        match self {
            Self::Vpc => words("vpc", "ec2:vpc", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound", "vpc ID"),
            Self::Subnet => words("subnet", "ec2:subnet", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound", "subnet ID"),
            Self::InternetGateway => words("igw", "ec2:internet-gateway", "InvalidInternetGatewayId.Malformed", "InvalidInternetGatewayID.NotFound", "internetGateway ID"),
            Self::NatGateway => words("nat", "ec2:natgateway", "NatGatewayMalformed", "NatGatewayNotFound", "NatGateway"),
            Self::Address => words("eipalloc", "ec2:elastic-ip", "InvalidAllocationID.NotFound", "InvalidAllocationID.NotFound", "allocation ID"),
            Self::RouteTable => words("rtb", "ec2:route-table", "InvalidRouteTableId.Malformed", "InvalidRouteTableID.NotFound", "routeTable ID"),
            Self::Group => words("sg", "ec2:security-group", "InvalidGroupId.Malformed", "InvalidGroup.NotFound", "security group"),
            Self::Rule => words("sgr", "ec2:security-group-rule", "InvalidSecurityGroupRuleId.Malformed", "InvalidSecurityGroupRuleId.NotFound", "security group rule ID"),
            Self::Interface => words("eni", "ec2:network-interface", "InvalidNetworkInterfaceId.Malformed", "InvalidNetworkInterfaceID.NotFound", "networkInterface ID"),
        }
    }

    /// Prefix of its ids, without the hyphen.
    pub fn prefix(self) -> &'static str {
        self.words().prefix
    }

    /// Type in the tagging API's spelling, for example `ec2:security-group`.
    pub fn item(self) -> &'static str {
        self.words().item
    }

    /// Type in ARNs and tag specifications, for example `security-group`.
    pub fn resource_type(self) -> &'static str {
        self.words().item.trim_start_matches("ec2:")
    }

    /// The condition key that carries its ids.
    pub(super) fn condition(self) -> Option<&'static str> {
        match self {
            Self::Vpc => Some("ec2:VpcID"),
            Self::Subnet => Some("ec2:SubnetID"),
            Self::InternetGateway => Some("ec2:InternetGatewayID"),
            Self::RouteTable => Some("ec2:RouteTableID"),
            Self::Group => Some("ec2:SecurityGroupID"),
            Self::Interface => Some("ec2:NetworkInterfaceID"),
            Self::Address => Some("ec2:AllocationId"),
            Self::NatGateway | Self::Rule => None,
        }
    }

    /// The kind that an id names by its prefix.
    pub fn of(id: &str) -> Option<Self> {
        let (prefix, _) = id.split_once('-')?;
        Self::ALL.into_iter().find(|kind| kind.prefix() == prefix)
    }

    /// Refuses an id that no resource of this kind can have: prefix, then 8 or 17 hexadecimal digits.
    pub fn well_formed(self, id: &str) -> Result<(), Refusal> {
        let digits = id.strip_prefix(self.prefix()).and_then(|rest| rest.strip_prefix('-')).unwrap_or_default();
        let fits = matches!(digits.len(), 8 | 17) && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(()) } else { Err(self.malformed(id)) }
    }

    fn malformed(self, id: &str) -> Refusal {
        Refusal::new(self.words().malformed, format!("Invalid id: \"{id}\" (expecting \"{}-...\")", self.prefix()))
    }

    /// The refusal of an id that is well formed but names nothing.
    pub fn missing(self, id: &str) -> Refusal {
        let text = match self {
            Self::NatGateway => format!("NatGateway {id} was not found"),
            Self::Group => format!("The security group '{id}' does not exist"),
            _ => format!("The {} '{id}' does not exist", self.words().noun),
        };
        Refusal::new(self.words().missing, text)
    }
}

/// What every operation answers to `DryRun`.
pub(super) fn dry_run(call: &Call<'_>) -> Result<(), Refusal> {
    if call.input["DryRun"] == Value::Bool(true) {
        let text = "Request would have succeeded, but DryRun flag is set.";
        return Err(Refusal::new("DryRunOperation", text).status(412));
    }
    Ok(())
}

pub(super) fn invalid(text: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", text)
}

pub(super) fn missing_parameter(name: &str) -> Refusal {
    Refusal::new("MissingParameter", format!("The request must contain the parameter {name}"))
}

pub(super) fn combination(text: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterCombination", text)
}

pub(super) fn together(one: &str, other: &str) -> Refusal {
    combination(format!("The parameter {one} cannot be used with the parameter {other}"))
}

pub(super) fn no_default_vpc() -> Refusal {
    Refusal::new("VPCIdNotSpecified", "No default VPC for this user")
}

pub(super) fn other_network() -> Refusal {
    Refusal::new("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
}

pub(super) fn dependency(text: impl Into<String>) -> Refusal {
    Refusal::new("DependencyViolation", text)
}

pub(super) fn limit(code: &'static str, things: &str) -> Refusal {
    Refusal::new(code, format!("The maximum number of {things} has been reached."))
}

pub(super) fn bad_cidr(cidr: &str) -> Refusal {
    invalid(format!("CIDR block {cidr} is malformed"))
}

pub(super) fn bad_tags(fault: TagFault) -> Refusal {
    match fault {
        TagFault::TooMany => Refusal::new("TagLimitExceeded", "More than 50 tags specified"),
        TagFault::Duplicate(key) => invalid(format!("Duplicate tag key '{key}' specified.")),
        TagFault::Invalid(key) => invalid(format!("Tag key or value is not valid, key: '{key}'.")),
        TagFault::Reserved(_) => invalid("Tag keys starting with 'aws:' are reserved for internal use"),
    }
}
