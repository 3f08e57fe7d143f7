//! The network that a user of this operator brings along, made by the services' own operations.

use crate::call::{Answer, Call, Principal, PrincipalKind, Refusal};
use crate::service::ecs::VCPU_QUOTA;
use crate::service::iam::linked;
use crate::service::{Service, acm, ec2, route53};
use crate::world::{HOME_ACCOUNT, Place, World};
use serde_json::{Value, json};
use std::sync::Arc;

/// The domain of the certificate and of the hosted zone.
pub const DOMAIN: &str = "bytesource.internal";

/// Fargate vCPUs of an account that has been used for long.
const RAISED_VCPUS: u32 = 4000;

/// What [`network`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// VPC id; 10.0.0.0/16 with DNS support and hostnames.
    pub vpc: String,
    /// Two subnets in two zones that lead to the internet gateway.
    pub public_subnets: [String; 2],
    /// Two subnets in the same zones that lead to a NAT gateway.
    pub private_subnets: [String; 2],
    /// An issued certificate for `*.bytesource.internal` and `bytesource.internal`.
    pub certificate_arn: String,
    /// Hosted zone id of `bytesource.internal`.
    pub hosted_zone_id: String,
}

/// Lets the home account be one that is in use: the roles that services make at need are there, and more than a new
/// account's few tasks may run.
pub fn settle(world: &mut World) {
    linked::settle(world, HOME_ACCOUNT);
    world.account(HOME_ACCOUNT).raised.insert(VCPU_QUOTA.to_owned(), RAISED_VCPUS);
}

/// Makes a network in the home account, and lets it be one that is in use. Refused like any other calls, for example for a sixth VPC.
pub fn network(world: &mut World, region: &str) -> Result<Network, Refusal> {
    settle(world);
    let mut maker = Maker { world, region };
    let vpc = maker.vpc()?;
    let zones = [format!("{region}a"), format!("{region}b")];
    let public_subnets =
        [maker.subnet(&vpc, "10.0.0.0/24", &zones[0], true)?, maker.subnet(&vpc, "10.0.1.0/24", &zones[1], true)?];
    let private_subnets = [
        maker.subnet(&vpc, "10.0.128.0/20", &zones[0], false)?,
        maker.subnet(&vpc, "10.0.144.0/20", &zones[1], false)?,
    ];
    let internet = maker.internet_gateway(&vpc)?;
    maker.routes(&vpc, "jenkins-public", json!({"GatewayId": internet}), &public_subnets)?;
    let nat = maker.nat_gateway(&public_subnets[0])?;
    maker.routes(&vpc, "jenkins-private", json!({"NatGatewayId": nat}), &private_subnets)?;
    let hosted_zone_id = maker.hosted_zone()?;
    let place = Place { account: HOME_ACCOUNT.to_owned(), region: region.to_owned() };
    let certificate_arn = acm::issue(world.at(&place), &format!("*.{DOMAIN}"), &[DOMAIN]);
    Ok(Network { vpc, public_subnets, private_subnets, certificate_arn, hosted_zone_id })
}

struct Maker<'w> {
    world: &'w mut World,
    region: &'w str,
}

impl Maker<'_> {
    fn ask(&mut self, service: &Service, operation: &str, input: Value) -> Answer {
        let unknown = || Refusal::new("InvalidAction", format!("There is no operation {operation}"));
        let operation = service.operation(operation).ok_or_else(unknown)?;
        let principal = Principal { account: HOME_ACCOUNT.to_owned(), kind: PrincipalKind::Root };
        let now = self.world.now;
        let input = Arc::new(input);
        (operation.run)(&mut Call { world: self.world, principal, region: self.region.to_owned(), input, now })
    }

    fn ec2(&mut self, operation: &str, input: Value) -> Answer {
        self.ask(&ec2::SERVICE, operation, input)
    }

    fn vpc(&mut self) -> Result<String, Refusal> {
        let tags = tags("vpc", "jenkins", None);
        let made = self.ec2("CreateVpc", json!({"CidrBlock": "10.0.0.0/16", "TagSpecifications": tags}))?;
        let vpc = text(&made["Vpc"]["VpcId"]);
        for attribute in ["EnableDnsSupport", "EnableDnsHostnames"] {
            self.ec2("ModifyVpcAttribute", json!({"VpcId": vpc, attribute: {"Value": true}}))?;
        }
        Ok(vpc)
    }

    fn subnet(&mut self, vpc: &str, cidr: &str, zone: &str, public: bool) -> Result<String, Refusal> {
        let (word, role) = match public {
            true => ("public", "kubernetes.io/role/elb"),
            false => ("private", "kubernetes.io/role/internal-elb"),
        };
        let tags = tags("subnet", &format!("jenkins-{word}-{zone}"), Some(role));
        let input = json!({"VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": zone, "TagSpecifications": tags});
        let made = self.ec2("CreateSubnet", input)?;
        let id = text(&made["Subnet"]["SubnetId"]);
        if public {
            self.ec2("ModifySubnetAttribute", json!({"SubnetId": id, "MapPublicIpOnLaunch": {"Value": true}}))?;
        }
        Ok(id)
    }

    fn internet_gateway(&mut self, vpc: &str) -> Result<String, Refusal> {
        let tags = tags("internet-gateway", "jenkins", None);
        let made = self.ec2("CreateInternetGateway", json!({"TagSpecifications": tags}))?;
        let id = text(&made["InternetGateway"]["InternetGatewayId"]);
        self.ec2("AttachInternetGateway", json!({"InternetGatewayId": id, "VpcId": vpc}))?;
        Ok(id)
    }

    /// A NAT gateway that was made long ago: it is available at once.
    fn nat_gateway(&mut self, subnet: &str) -> Result<String, Refusal> {
        let address = self.ec2("AllocateAddress", json!({"Domain": "vpc"}))?;
        let tags = tags("natgateway", "jenkins", None);
        let input = json!({"SubnetId": subnet, "AllocationId": address["AllocationId"], "TagSpecifications": tags});
        let made = self.ec2("CreateNatGateway", input)?;
        let id = text(&made["NatGateway"]["NatGatewayId"]);
        let place = Place { account: HOME_ACCOUNT.to_owned(), region: self.region.to_owned() };
        ec2::happen(self.world, &place, ec2::Event::NatAvailable(id.clone()));
        Ok(id)
    }

    fn routes(&mut self, vpc: &str, name: &str, target: Value, subnets: &[String]) -> Result<(), Refusal> {
        let input = json!({"VpcId": vpc, "TagSpecifications": tags("route-table", name, None)});
        let table = self.ec2("CreateRouteTable", input)?["RouteTable"]["RouteTableId"].clone();
        let mut route = json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"});
        if let (Some(route), Some(target)) = (route.as_object_mut(), target.as_object()) {
            route.extend(target.clone());
        }
        self.ec2("CreateRoute", route)?;
        for subnet in subnets {
            self.ec2("AssociateRouteTable", json!({"RouteTableId": table, "SubnetId": subnet}))?;
        }
        Ok(())
    }

    /// Hosted zones are global: another region of this account may have made it already.
    fn hosted_zone(&mut self) -> Result<String, Refusal> {
        let known = self.ask(&route53::SERVICE, "ListHostedZonesByName", json!({"DNSName": DOMAIN}))?;
        let first = &known["HostedZones"][0];
        if first["Name"] == format!("{DOMAIN}.") {
            return Ok(bare(&first["Id"]));
        }
        let input = json!({"Name": DOMAIN, "CallerReference": "seed"});
        let made = self.ask(&route53::SERVICE, "CreateHostedZone", input)?;
        Ok(bare(&made["HostedZone"]["Id"]))
    }
}

fn tags(kind: &str, name: &str, role: Option<&str>) -> Value {
    let mut tags = vec![json!({"Key": "Name", "Value": name})];
    tags.extend(role.map(|role| json!({"Key": role, "Value": "1"})));
    json!([{"ResourceType": kind, "Tags": tags}])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn bare(id: &Value) -> String {
    text(id).trim_start_matches("/hostedzone/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SEEDED_EPOCH;
    use std::collections::BTreeSet;

    #[test]
    fn the_network_is_ready_to_use() {
        let mut world = World::new(7, SEEDED_EPOCH);
        let net = network(&mut world, "eu-central-1").expect("a network");
        let state = &world.peek(HOME_ACCOUNT, "eu-central-1").ec2;
        assert!(state.vpcs[&net.vpc].dns_support && state.vpcs[&net.vpc].dns_hostnames);
        for (subnets, role) in [(&net.public_subnets, "elb"), (&net.private_subnets, "internal-elb")] {
            let zones: BTreeSet<&str> = subnets.iter().map(|id| state.subnets[id].zone.as_str()).collect();
            assert_eq!(zones.len(), 2);
            assert!(subnets.iter().all(|id| state.tags(id)[&format!("kubernetes.io/role/{role}")] == "1"));
        }
        let certificate = &world.peek(HOME_ACCOUNT, "eu-central-1").acm.certificates[&net.certificate_arn];
        assert_eq!(certificate.names, ["*.bytesource.internal", "bytesource.internal"]);
        assert_eq!(certificate.status, acm::Status::Issued);
        assert_eq!(world.accounts[HOME_ACCOUNT].route53.zones[&net.hosted_zone_id].name, "bytesource.internal.");
    }

    #[test]
    fn two_regions_share_the_hosted_zone() {
        let mut world = World::new(7, SEEDED_EPOCH);
        let one = network(&mut world, "eu-central-1").expect("a network");
        let other = network(&mut world, "eu-west-1").expect("a network");
        assert_eq!(one.hosted_zone_id, other.hosted_zone_id);
    }
}
