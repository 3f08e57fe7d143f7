//! EC2: networks, security groups, interfaces, tags. Its errors have codes, but no types.

use crate::desk::{Desk, code};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::AttachmentStatus;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, AvailabilityZoneState, DomainType, Filter, IpPermission, IpRange, NatGatewayState,
    NetworkInterfaceStatus, ResourceType, SecurityGroupRuleDescription, SecurityGroupRuleRequest,
    SecurityGroupRuleUpdate, SubnetState, Tag, TagSpecification, UserIdGroupPair, VpcAttributeName, VpcState,
};

fn tagged(kind: ResourceType, name: &str) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).tags(tag("Name", name)).build()
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

fn yes() -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(true).build()
}

fn tcp(port: i32) -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
    IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port)
}

fn from_everywhere(port: i32) -> IpPermission {
    tcp(port).ip_ranges(IpRange::builder().cidr_ip("0.0.0.0/0").description("all").build()).build()
}

async fn vpc(ec2: &Client) -> String {
    let create = ec2.create_vpc().cidr_block("10.9.0.0/16").tag_specifications(tagged(ResourceType::Vpc, "ci"));
    let made = create.send().await.expect("a VPC");
    let made = made.vpc().expect("a VPC");
    assert_eq!(
        (made.cidr_block(), made.state(), made.is_default()),
        (Some("10.9.0.0/16"), Some(&VpcState::Pending), Some(false))
    );
    let id = made.vpc_id().expect("an id");
    ec2.modify_vpc_attribute().vpc_id(id).enable_dns_hostnames(yes()).send().await.expect("set");
    let shown = ec2.describe_vpc_attribute().vpc_id(id).attribute(VpcAttributeName::EnableDnsHostnames).send().await;
    assert_eq!(shown.expect("it").enable_dns_hostnames().and_then(|flag| flag.value()), Some(true));
    let found = ec2.describe_vpcs().filters(filter("tag:Name", "ci")).send().await.expect("VPCs");
    assert_eq!(found.vpcs().iter().map(|vpc| vpc.vpc_id()).collect::<Vec<_>>(), [Some(id)]);
    id.to_owned()
}

async fn subnet(ec2: &Client, vpc: &str) -> String {
    let zones = ec2.describe_availability_zones().send().await.expect("zones");
    let zone = &zones.availability_zones()[0];
    assert_eq!((zone.zone_name(), zone.state()), (Some("eu-central-1a"), Some(&AvailabilityZoneState::Available)));
    assert!(zone.zone_id().is_some_and(|id| id.starts_with("euc1-az")), "{zone:?}");
    let create = ec2.create_subnet().vpc_id(vpc).cidr_block("10.9.0.0/24").availability_zone("eu-central-1a");
    let made = create.send().await.expect("a subnet");
    let made = made.subnet().expect("a subnet");
    let id = made.subnet_id().expect("an id");
    assert_eq!(made.available_ip_address_count(), Some(251));
    ec2.modify_subnet_attribute().subnet_id(id).map_public_ip_on_launch(yes()).send().await.expect("set");
    let shown = ec2.describe_subnets().subnet_ids(id).send().await.expect("subnets");
    let shown = &shown.subnets()[0];
    assert_eq!((shown.state(), shown.map_public_ip_on_launch()), (Some(&SubnetState::Available), Some(true)));
    id.to_owned()
}

async fn routes(desk: &Desk, ec2: &Client, vpc: &str, subnet: &str) {
    let made = ec2.create_internet_gateway().send().await.expect("a gateway");
    let gateway = made.internet_gateway().and_then(|gateway| gateway.internet_gateway_id()).expect("an id").to_owned();
    ec2.attach_internet_gateway().internet_gateway_id(&gateway).vpc_id(vpc).send().await.expect("attached");
    let shown = ec2.describe_internet_gateways().internet_gateway_ids(&gateway).send().await.expect("gateways");
    assert_eq!(shown.internet_gateways()[0].attachments()[0].vpc_id(), Some(vpc));
    let made = ec2.create_route_table().vpc_id(vpc).send().await.expect("a table");
    let table = made.route_table().and_then(|table| table.route_table_id()).expect("an id").to_owned();
    let route = ec2.create_route().route_table_id(&table).destination_cidr_block("0.0.0.0/0").gateway_id(&gateway);
    assert_eq!(route.send().await.expect("a route").r#return(), Some(true));
    let association = ec2.associate_route_table().route_table_id(&table).subnet_id(subnet).send().await.expect("one");
    assert!(association.association_id().is_some_and(|id| id.starts_with("rtbassoc-")));
    let shown = ec2.describe_route_tables().filters(filter("association.subnet-id", subnet)).send().await.expect("it");
    let shown = &shown.route_tables()[0];
    assert!(shown.routes().iter().any(|route| route.gateway_id() == Some(gateway.as_str())), "{shown:?}");
    let address = ec2.allocate_address().domain(DomainType::Vpc).send().await.expect("an address");
    let nat = ec2.create_nat_gateway().subnet_id(subnet).allocation_id(address.allocation_id().expect("an id"));
    let made = nat.send().await.expect("a NAT gateway");
    let id = made.nat_gateway().and_then(|nat| nat.nat_gateway_id()).expect("an id").to_owned();
    desk.wait(180).await;
    let shown = ec2.describe_nat_gateways().nat_gateway_ids(&id).send().await.expect("NAT gateways");
    let shown = &shown.nat_gateways()[0];
    assert_eq!((shown.state(), shown.vpc_id()), (Some(&NatGatewayState::Available), Some(vpc)));
    assert_eq!(shown.nat_gateway_addresses()[0].public_ip(), address.public_ip());
}

async fn groups(desk: &Desk, ec2: &Client, vpc: &str) -> String {
    let create = ec2.create_security_group().group_name("ci").description("CI").vpc_id(vpc);
    let made = create.tag_specifications(tagged(ResourceType::SecurityGroup, "ci")).send().await.expect("a group");
    assert_eq!(made.tags(), [tag("Name", "ci")]);
    let id = made.group_id().expect("an id").to_owned();
    desk.wait(10).await;
    let pair = UserIdGroupPair::builder().group_id(&id).description("own").build();
    let ingress = ec2.authorize_security_group_ingress().group_id(&id).ip_permissions(from_everywhere(443));
    let ingress = ingress.ip_permissions(tcp(2049).user_id_group_pairs(pair).build()).send().await.expect("rules");
    let [one, other] = ingress.security_group_rules() else { panic!("{ingress:?}") };
    assert_eq!((one.cidr_ipv4(), one.is_egress(), one.from_port()), (Some("0.0.0.0/0"), Some(false), Some(443)));
    assert_eq!(other.referenced_group_info().and_then(|group| group.group_id()), Some(id.as_str()));
    ec2.authorize_security_group_egress()
        .group_id(&id)
        .ip_permissions(from_everywhere(443))
        .send()
        .await
        .expect("a rule");
    let shown = ec2.describe_security_groups().group_ids(&id).send().await.expect("groups");
    let shown = &shown.security_groups()[0];
    assert_eq!((shown.ip_permissions().len(), shown.ip_permissions_egress().len()), (2, 2));
    assert_eq!(
        shown.security_group_arn(),
        Some(format!("arn:aws:ec2:eu-central-1:111122223333:security-group/{id}").as_str())
    );
    rules(ec2, &id, one.security_group_rule_id().expect("an id")).await;
    id
}

async fn rules(ec2: &Client, group: &str, rule: &str) {
    let text = SecurityGroupRuleDescription::builder().security_group_rule_id(rule).description("office").build();
    let update = ec2.update_security_group_rule_descriptions_ingress().group_id(group);
    update.security_group_rule_descriptions(text).send().await.expect("updated");
    let update = ec2.update_security_group_rule_descriptions_egress().group_id(group);
    update.ip_permissions(from_everywhere(443)).send().await.expect("updated");
    let request = SecurityGroupRuleRequest::builder().ip_protocol("tcp").from_port(8443).to_port(8443);
    let request = request.cidr_ipv4("10.0.0.0/8").build();
    let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(rule).security_group_rule(request).build();
    ec2.modify_security_group_rules().group_id(group).security_group_rules(update).send().await.expect("modified");
    let shown = ec2.describe_security_group_rules().security_group_rule_ids(rule).send().await.expect("rules");
    let shown = &shown.security_group_rules()[0];
    assert_eq!((shown.from_port(), shown.cidr_ipv4()), (Some(8443), Some("10.0.0.0/8")));
    let revoke = ec2.revoke_security_group_ingress().group_id(group).security_group_rule_ids(rule).send().await;
    assert_eq!(revoke.expect("revoked").r#return(), Some(true));
    let revoke = ec2.revoke_security_group_egress().group_id(group).ip_permissions(from_everywhere(443)).send().await;
    let revoked = revoke.expect("revoked");
    assert_eq!((revoked.r#return(), revoked.revoked_security_group_rules().len()), (Some(true), 1));
}

async fn interfaces(ec2: &Client, subnet: &str, group: &str) {
    let create = ec2.create_network_interface().subnet_id(subnet).groups(group).description("ci");
    let made = create.send().await.expect("an interface");
    let made = made.network_interface().expect("an interface");
    let id = made.network_interface_id().expect("an id");
    assert!(made.private_ip_address().is_some_and(|ip| ip.starts_with("10.9.0.")) && made.mac_address().is_some());
    let found = ec2.describe_network_interfaces().filters(filter("group-id", group)).send().await.expect("interfaces");
    let [shown] = found.network_interfaces() else { panic!("{found:?}") };
    assert_eq!((shown.network_interface_id(), shown.status()), (Some(id), Some(&NetworkInterfaceStatus::Available)));
    ec2.delete_network_interface().network_interface_id(id).send().await.expect("deleted");
}

async fn tags(ec2: &Client, group: &str) {
    ec2.create_tags().resources(group).tags(tag("stack", "one")).send().await.expect("tagged");
    ec2.delete_tags().resources(group).tags(Tag::builder().key("Name").build()).send().await.expect("untagged");
    let tags = ec2.describe_tags().filters(filter("resource-id", group)).send().await.expect("tags");
    let [shown] = tags.tags() else { panic!("{tags:?}") };
    assert_eq!((shown.key(), shown.resource_type()), (Some("stack"), Some(&ResourceType::SecurityGroup)));
}

async fn delete(ec2: &Client) {
    let made = ec2.create_vpc().cidr_block("10.8.0.0/16").send().await.expect("a VPC");
    let vpc = made.vpc().and_then(|vpc| vpc.vpc_id()).expect("an id");
    let made = ec2.create_subnet().vpc_id(vpc).cidr_block("10.8.0.0/24").send().await.expect("a subnet");
    ec2.delete_subnet().set_subnet_id(made.subnet.and_then(|subnet| subnet.subnet_id)).send().await.expect("deleted");
    let made = ec2.create_internet_gateway().send().await.expect("a gateway");
    let gateway = made.internet_gateway().and_then(|gateway| gateway.internet_gateway_id()).expect("an id");
    ec2.attach_internet_gateway().internet_gateway_id(gateway).vpc_id(vpc).send().await.expect("attached");
    let shown = ec2.describe_internet_gateways().internet_gateway_ids(gateway).send().await.expect("gateways");
    // AWS's model says `attached`, AWS says `available`.
    let state = shown.internet_gateways()[0].attachments()[0].state().map(AttachmentStatus::as_str);
    assert_eq!(state, Some("available"));
    ec2.detach_internet_gateway().internet_gateway_id(gateway).vpc_id(vpc).send().await.expect("detached");
    ec2.delete_internet_gateway().internet_gateway_id(gateway).send().await.expect("deleted");
    ec2.delete_vpc().vpc_id(vpc).send().await.expect("deleted");
}

pub(crate) async fn good_cases(desk: &Desk) {
    let ec2 = Client::new(&desk.config);
    let vpc = vpc(&ec2).await;
    let subnet = subnet(&ec2, &vpc).await;
    routes(desk, &ec2, &vpc, &subnet).await;
    let group = groups(desk, &ec2, &vpc).await;
    interfaces(&ec2, &subnet, &group).await;
    tags(&ec2, &group).await;
    ec2.delete_security_group().group_id(group).send().await.expect("deleted");
    delete(&ec2).await;
}

#[tokio::test(start_paused = true)]
async fn refusals_have_codes() {
    let desk = Desk::new();
    let ec2 = Client::new(&desk.config);
    let vpc = &desk.net.vpc;
    let create = |name: &str| ec2.create_security_group().group_name(name).description("CI").vpc_id(vpc).send();
    let made = create("ci").await.expect("a group");
    let id = made.group_id().expect("an id");
    desk.wait(10).await;
    assert_eq!(code(create("ci").await), "InvalidGroup.Duplicate");
    let allow = || ec2.authorize_security_group_ingress().group_id(id).ip_permissions(from_everywhere(443)).send();
    allow().await.expect("a rule");
    assert_eq!(code(allow().await), "InvalidPermission.Duplicate");
    let revoke = ec2.revoke_security_group_ingress().group_id(id).ip_permissions(from_everywhere(80)).send();
    assert_eq!(code(revoke.await), "InvalidPermission.NotFound");
    let subnet = &desk.net.private_subnets[0];
    ec2.create_network_interface().subnet_id(subnet).groups(id).send().await.expect("an interface");
    assert_eq!(code(ec2.delete_security_group().group_id(id).send().await), "DependencyViolation");
    assert_eq!(code(ec2.delete_vpc().vpc_id(vpc).send().await), "DependencyViolation");
    let unknown = ec2.describe_vpcs().vpc_ids("vpc-0123456789abcdef0").send();
    assert_eq!(code(unknown.await), "InvalidVpcID.NotFound");
    let overlapping = ec2.create_subnet().vpc_id(vpc).cidr_block("10.0.0.0/24").send();
    assert_eq!(code(overlapping.await), "InvalidSubnet.Conflict");
    let dry = ec2.create_vpc().cidr_block("10.7.0.0/16").dry_run(true).send();
    assert_eq!(code(dry.await), "DryRunOperation");
}

#[tokio::test(start_paused = true)]
async fn an_interface_of_a_service_is_not_detached() {
    let desk = Desk::new();
    let ec2 = Client::new(&desk.config);
    let shown = ec2.describe_network_interfaces().filters(filter("vpc-id", &desk.net.vpc)).send().await.expect("it");
    let nat = shown.network_interfaces().iter().find(|one| one.requester_managed() == Some(true)).expect("one");
    let attachment = nat.attachment().and_then(|attachment| attachment.attachment_id()).expect("an attachment");
    let detach = ec2.detach_network_interface().attachment_id(attachment).force(true).send();
    assert_eq!(code(detach.await), "OperationNotPermitted");
}
