//! What others have in the account and a stack may be told to use: a listener, a cluster, further subnets.

use jenkinsstack_cloud::Cloud;
use jenkinsstack_cloud::seed::Network;
use jenkinsstack_core::desired::{Context, ExistingListener};
use jenkinsstack_sim::life::REGION;
use serde_json::{Value, json};
use std::time::Duration;

/// What others have.
#[derive(Clone, Debug)]
pub(crate) struct Theirs {
    /// ARN of an HTTPS listener.
    pub(crate) listener: String,
    /// Security group of its load balancer.
    group: String,
    /// ARN of a cluster.
    cluster: String,
    /// Private subnets beside those of the network, in the same zones.
    pub(crate) subnets: [String; 2],
}

impl Theirs {
    /// Makes it, by the test's own hand.
    pub(crate) async fn make(cloud: &Cloud, network: &Network) -> Self {
        let ask = |service: &str, operation: &str, input: Value| cloud.ask(REGION, service, operation, input).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let group = json!({"GroupName": "theirs", "Description": "theirs", "VpcId": network.vpc});
        let group = text(&ask("ec2", "CreateSecurityGroup", group)["GroupId"]);
        // New groups are seen late.
        tokio::time::sleep(Duration::from_secs(60)).await;
        let balancer = json!({"Name": "theirs", "Subnets": network.public_subnets, "SecurityGroups": [group], "Type": "application"});
        let balancer = ask("elbv2", "CreateLoadBalancer", balancer);
        let nothing = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
        let listener = json!({
            "LoadBalancerArn": balancer["LoadBalancers"][0]["LoadBalancerArn"], "Protocol": "HTTPS", "Port": 443,
            "Certificates": [{"CertificateArn": network.certificate_arn}], "DefaultActions": nothing,
        });
        let listener = text(&ask("elbv2", "CreateListener", listener)["Listeners"][0]["ListenerArn"]);
        let cluster = text(&ask("ecs", "CreateCluster", json!({"clusterName": "theirs"}))["cluster"]["clusterArn"]);
        let table = json!({"Filters": [{"Name": "association.subnet-id", "Values": [network.private_subnets[0]]}]});
        let table = ask("ec2", "DescribeRouteTables", table)["RouteTables"][0]["RouteTableId"].clone();
        let subnets = [("10.0.160.0/20", "a"), ("10.0.176.0/20", "b")].map(|(cidr, zone)| {
            let zone = format!("{REGION}{zone}");
            let subnet = json!({"VpcId": network.vpc, "CidrBlock": cidr, "AvailabilityZone": zone});
            let subnet = text(&ask("ec2", "CreateSubnet", subnet)["Subnet"]["SubnetId"]);
            ask("ec2", "AssociateRouteTable", json!({"RouteTableId": table, "SubnetId": subnet}));
            subnet
        });
        Self { listener, group, cluster, subnets }
    }

    /// What the operator would have looked up of it.
    pub(crate) fn look_up(&self, context: &mut Context) {
        let groups = [self.group.parse().unwrap()].into();
        context.existing_listener =
            Some(ExistingListener { arn: self.listener.parse().unwrap(), security_groups: groups });
        context.existing_cluster = Some(self.cluster.parse().unwrap());
    }
}
