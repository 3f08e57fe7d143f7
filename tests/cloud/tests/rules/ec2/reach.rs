//! What gets through: rules on both sides, routes, addresses.

use super::common::{group, ingress, subnet, tcp, tcp_group, text, vpc};
use super::interfaces::{of_service, place};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::seed;
use jenkinsstack_cloud::service::ec2::{self, NewInterface};
use serde_json::{Value, json};

struct Pair {
    lab: Lab,
    alb: String,
    controller: String,
    from: String,
    to: String,
}

impl Pair {
    async fn new() -> Self {
        let lab = Lab::new();
        let vpc = vpc(&lab);
        let subnet = subnet(&lab, &vpc, "10.0.0.0/24");
        let (alb, controller) = (group(&lab, &vpc, "alb").await, group(&lab, &vpc, "controller").await);
        let from = of_service(&lab, &subnet, &[&alb]).expect("an interface").id;
        let to = of_service(&lab, &subnet, &[&controller]).expect("an interface").id;
        Self { lab, alb, controller, from, to }
    }

    fn reaches(&self, port: u16) -> bool {
        self.lab.cloud.with(|world| ec2::reaches(world.at(&place()), &self.from, &self.to, port))
    }

    fn revoke_egress(&self) {
        let all = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
        self.lab.ok("ec2", "RevokeSecurityGroupEgress", json!({"GroupId": self.alb, "IpPermissions": all}));
    }

    fn egress(&self, permission: Value) {
        let input = json!({"GroupId": self.alb, "IpPermissions": [permission]});
        self.lab.ok("ec2", "AuthorizeSecurityGroupEgress", input);
    }
}

#[tokio::test(start_paused = true)]
async fn an_inbound_rule_opens_its_port_only() {
    rule!(
        "EC2",
        "Nothing reaches an interface but through an inbound rule for the port",
        "Amazon VPC User Guide, Security group rules"
    );
    let pair = Pair::new().await;
    assert!(!pair.reaches(8080));
    ingress(&pair.lab, &pair.controller, json!([tcp_group(8080, &pair.alb)]));
    assert!(pair.reaches(8080) && !pair.reaches(8081));
}

#[tokio::test(start_paused = true)]
async fn an_inbound_rule_names_its_peer() {
    rule!(
        "EC2",
        "An inbound rule opens to the members of its group or the addresses of its block only",
        "Amazon VPC User Guide, Security group referencing"
    );
    let pair = Pair::new().await;
    ingress(
        &pair.lab,
        &pair.controller,
        json!([tcp_group(8080, &pair.controller), tcp(8081, "10.0.0.0/24"), tcp(8082, "10.1.0.0/16")]),
    );
    assert!(!pair.reaches(8080) && pair.reaches(8081) && !pair.reaches(8082));
}

#[tokio::test(start_paused = true)]
async fn an_outbound_rule_is_needed_too() {
    rule!(
        "EC2",
        "The opening side needs an outbound rule; the answer needs none (stateful)",
        "Amazon VPC User Guide, Security groups"
    );
    let pair = Pair::new().await;
    ingress(&pair.lab, &pair.controller, json!([tcp_group(8080, &pair.alb), tcp_group(8081, &pair.alb)]));
    pair.revoke_egress();
    assert!(!pair.reaches(8080));
    pair.egress(tcp_group(8080, &pair.controller));
    assert!(pair.reaches(8080) && !pair.reaches(8081));
}

#[tokio::test(start_paused = true)]
async fn another_protocol_does_not_help() {
    rule!("EC2", "A rule for UDP does not let TCP through", "Amazon VPC User Guide, Security group rules");
    let pair = Pair::new().await;
    let mut udp = tcp_group(8080, &pair.alb);
    udp["IpProtocol"] = "udp".into();
    ingress(&pair.lab, &pair.controller, json!([udp]));
    assert!(!pair.reaches(8080));
}

fn internet(lab: &Lab, subnet: &str, groups: &[String], public_ip: bool) -> bool {
    let (subnet, groups) = (subnet.to_owned(), groups.to_vec());
    lab.cloud.with(|world| {
        let description = "task".to_owned();
        let new =
            NewInterface { subnet, groups, description, requester: "ecs", interface_type: "interface", public_ip };
        let made = ec2::create_interface(world, &place(), new).expect("an interface");
        ec2::reaches_internet(world.at(&place()), &made.id, 443)
    })
}

#[tokio::test(start_paused = true)]
async fn the_internet_needs_a_route_and_an_address() {
    rule!(
        "EC2",
        "From a public subnet only a public address reaches the internet, from a private one the NAT gateway does",
        "Amazon VPC User Guide, Internet gateways and NAT gateways"
    );
    let lab = Lab::new();
    let net = lab.cloud.with(|world| seed::network(world, "eu-central-1")).expect("a network");
    assert!(internet(&lab, &net.public_subnets[0], &[], true));
    assert!(!internet(&lab, &net.public_subnets[0], &[], false));
    assert!(internet(&lab, &net.private_subnets[0], &[], false));
    let alone = subnet(&lab, &net.vpc, "10.0.200.0/24");
    assert!(!internet(&lab, &alone, &[], true), "the main route table has the local route only");
}

#[tokio::test(start_paused = true)]
async fn the_internet_needs_an_outbound_rule() {
    rule!(
        "EC2",
        "Without an outbound rule to 0.0.0.0/0 for the port the internet is out of reach",
        "Amazon VPC User Guide, Security group rules"
    );
    let lab = Lab::new();
    let net = lab.cloud.with(|world| seed::network(world, "eu-central-1")).expect("a network");
    let id = group(&lab, &net.vpc, "task").await;
    let all = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
    lab.ok("ec2", "RevokeSecurityGroupEgress", json!({"GroupId": id, "IpPermissions": all}));
    let groups = [id.clone()];
    assert!(!internet(&lab, &net.private_subnets[0], &groups, false));
    lab.ok("ec2", "AuthorizeSecurityGroupEgress", json!({"GroupId": id, "IpPermissions": [tcp(443, "10.0.0.0/8")]}));
    assert!(!internet(&lab, &net.private_subnets[0], &groups, false));
    lab.ok("ec2", "AuthorizeSecurityGroupEgress", json!({"GroupId": id, "IpPermissions": [tcp(443, "0.0.0.0/0")]}));
    assert!(internet(&lab, &net.private_subnets[0], &groups, false));
}

#[tokio::test(start_paused = true)]
async fn a_pending_nat_gateway_passes_nothing() {
    rule!("EC2", "A NAT gateway passes traffic once it is available", "Amazon VPC User Guide, NAT gateways");
    let lab = Lab::new();
    let net = lab.cloud.with(|world| seed::network(world, "eu-central-1")).expect("a network");
    let address = lab.ok("ec2", "AllocateAddress", json!({}))["AllocationId"].clone();
    let nat = lab.ok("ec2", "CreateNatGateway", json!({"SubnetId": net.public_subnets[1], "AllocationId": address}));
    let alone = subnet(&lab, &net.vpc, "10.0.200.0/24");
    let table = lab.ok("ec2", "CreateRouteTable", json!({"VpcId": net.vpc}))["RouteTable"]["RouteTableId"].clone();
    let nat = text(&nat["NatGateway"]["NatGatewayId"]);
    lab.ok(
        "ec2",
        "CreateRoute",
        json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": nat}),
    );
    lab.ok("ec2", "AssociateRouteTable", json!({"RouteTableId": table, "SubnetId": alone}));
    assert!(!internet(&lab, &alone, &[], false));
    lab.wait(120).await;
    assert!(internet(&lab, &alone, &[], false));
}

#[tokio::test(start_paused = true)]
async fn clients_outside_are_admitted_by_address() {
    rule!(
        "EC2",
        "A client outside of the VPC is admitted by a rule for its address",
        "Amazon VPC User Guide, Security group rules"
    );
    let pair = Pair::new().await;
    let admits = |address: [u8; 4]| {
        pair.lab.cloud.with(|world| ec2::admits(world.at(&place()), &pair.from, address.into(), 443))
    };
    assert!(!admits([198, 51, 100, 7]));
    ingress(&pair.lab, &pair.alb, json!([tcp(443, "198.51.100.0/24")]));
    assert!(admits([198, 51, 100, 7]) && !admits([203, 0, 113, 7]));
}
