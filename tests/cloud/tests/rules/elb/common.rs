//! Set-up that the rules of load balancing share.

use crate::lab::Lab;
use jenkinsstack_cloud::service::acm;
use jenkinsstack_cloud::world::Place;
use serde_json::{Value, json};

/// A VPC with an internet gateway, a subnet in each of two zones, and a security group.
pub(crate) struct Net {
    pub(crate) vpc: String,
    pub(crate) subnets: [String; 2],
    pub(crate) group: String,
}

/// Text of a member that must be there.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A subnet in a zone of eu-central-1.
#[track_caller]
pub(crate) fn subnet(lab: &Lab, vpc: &str, cidr: &str, zone: &str) -> String {
    let input = json!({"VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": format!("eu-central-1{zone}")});
    text(&lab.ok("ec2", "CreateSubnet", input)["Subnet"]["SubnetId"])
}

/// A security group that every read sees.
pub(crate) async fn security_group(lab: &Lab, vpc: &str, name: &str) -> String {
    let made = lab.ok("ec2", "CreateSecurityGroup", json!({"VpcId": vpc, "GroupName": name, "Description": name}));
    lab.wait(10).await;
    text(&made["GroupId"])
}

/// A VPC without a way to the internet, its subnets and its security group.
pub(crate) async fn closed_net(lab: &Lab) -> Net {
    let vpc = text(&lab.ok("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["Vpc"]["VpcId"]);
    let subnets = [subnet(lab, &vpc, "10.0.0.0/24", "a"), subnet(lab, &vpc, "10.0.1.0/24", "b")];
    let group = security_group(lab, &vpc, "balancer").await;
    Net { vpc, subnets, group }
}

/// A VPC whose main route table leads to the internet.
pub(crate) async fn net(lab: &Lab) -> Net {
    let net = closed_net(lab).await;
    let gateway = lab.ok("ec2", "CreateInternetGateway", json!({}))["InternetGateway"]["InternetGatewayId"].clone();
    lab.ok("ec2", "AttachInternetGateway", json!({"InternetGatewayId": gateway, "VpcId": net.vpc}));
    let filter = json!({"Filters": [{"Name": "vpc-id", "Values": [net.vpc]}]});
    let table = lab.ok("ec2", "DescribeRouteTables", filter)["RouteTables"][0]["RouteTableId"].clone();
    let route = json!({"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway});
    lab.ok("ec2", "CreateRoute", route);
    net
}

/// What creates an internet-facing load balancer.
pub(crate) fn balancer_input(net: &Net, name: &str) -> Value {
    json!({"Name": name, "Subnets": net.subnets, "SecurityGroups": [net.group]})
}

/// A load balancer, just created.
#[track_caller]
pub(crate) fn balancer(lab: &Lab, net: &Net, name: &str) -> Value {
    lab.ok("elbv2", "CreateLoadBalancer", balancer_input(net, name))["LoadBalancers"][0].clone()
}

/// ARN of a new load balancer.
#[track_caller]
pub(crate) fn balancer_arn(lab: &Lab, net: &Net, name: &str) -> String {
    text(&balancer(lab, net, name)["LoadBalancerArn"])
}

/// What creates a target group for addresses.
pub(crate) fn group_input(net: &Net, name: &str) -> Value {
    json!({"Name": name, "Protocol": "HTTP", "Port": 8080, "VpcId": net.vpc, "TargetType": "ip"})
}

/// ARN of a new target group.
#[track_caller]
pub(crate) fn group(lab: &Lab, net: &Net, name: &str) -> String {
    text(&lab.ok("elbv2", "CreateTargetGroup", group_input(net, name))["TargetGroups"][0]["TargetGroupArn"])
}

/// An object with some members replaced.
pub(crate) fn with(mut base: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        base[name] = value.clone();
    }
    base
}

/// The action that answers 404.
pub(crate) fn not_found() -> Value {
    json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}])
}

/// The action that forwards to a target group.
pub(crate) fn forward(group: &str) -> Value {
    json!([{"Type": "forward", "TargetGroupArn": group}])
}

/// A condition on the host.
pub(crate) fn host(host: &str) -> Value {
    json!([{"Field": "host-header", "HostHeaderConfig": {"Values": [host]}}])
}

/// What creates an HTTP listener.
pub(crate) fn listener_input(balancer: &str, port: u16, actions: Value) -> Value {
    json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": port, "DefaultActions": actions})
}

/// ARN of a new HTTP listener.
#[track_caller]
pub(crate) fn listener(lab: &Lab, balancer: &str, port: u16, actions: Value) -> String {
    let made = lab.ok("elbv2", "CreateListener", listener_input(balancer, port, actions));
    text(&made["Listeners"][0]["ListenerArn"])
}

/// What creates a rule.
pub(crate) fn rule_input(listener: &str, priority: u32, actions: Value) -> Value {
    let conditions = host("ci.example.com");
    json!({"ListenerArn": listener, "Priority": priority, "Conditions": conditions, "Actions": actions})
}

/// ARN of a new rule.
#[track_caller]
pub(crate) fn new_rule(lab: &Lab, listener: &str, priority: u32) -> String {
    let made = lab.ok("elbv2", "CreateRule", rule_input(listener, priority, not_found()));
    text(&made["Rules"][0]["RuleArn"])
}

/// A load balancer with one HTTP listener: their ARNs.
pub(crate) async fn served(lab: &Lab) -> (Net, String, String) {
    let net = net(lab).await;
    let balancer = balancer_arn(lab, &net, "ci");
    let listener = listener(lab, &balancer, 80, not_found());
    (net, balancer, listener)
}

/// ARN of a certificate that is issued.
pub(crate) fn certificate(lab: &Lab) -> String {
    let place = Place { account: "111122223333".into(), region: "eu-central-1".into() };
    lab.cloud.with(|world| acm::issue(world.at(&place), "ci.example.com", &[]))
}

/// ARNs of a new HTTPS listener and its certificate.
pub(crate) async fn secure(lab: &Lab) -> (String, String) {
    let net = net(lab).await;
    let balancer = balancer_arn(lab, &net, "ci");
    let own = certificate(lab);
    let tls = json!({"Protocol": "HTTPS", "Certificates": [{"CertificateArn": own}]});
    let made = lab.ok("elbv2", "CreateListener", with(listener_input(&balancer, 443, not_found()), tls));
    (text(&made["Listeners"][0]["ListenerArn"]), own)
}

/// ARN of a load balancer, target group, listener or rule that does not exist.
pub(crate) fn nothing(rest: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:{rest}")
}
