//! One account with room for many stacks.

use crate::life::REGION;
use anyhow::{Context as _, anyhow};
use jenkinsstack_cloud::Cloud;
use jenkinsstack_cloud::seed::Network;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_core::owner::Owner;
use serde_json::{Value, json};

/// What AWS has to raise before an account can hold a thousand stacks, by quota code: load balancers and security groups
/// in a region, roles in an account.
const RAISED: [(&str, u32); 3] = [("L-53DA6B97", 3000), ("L-E79EC296", 10_000), ("L-FE177D64", 5000)];
/// Public subnets with some four thousand addresses each.
const WIDE: [&str; 2] = ["10.0.16.0/20", "10.0.32.0/20"];

/// Makes room: raises quotas, and puts wide public subnets in the place of the small ones.
///
/// # Errors
/// When AWS refuses a subnet.
pub fn make_room(cloud: &Cloud, network: &Network) -> anyhow::Result<Network> {
    cloud.with(|world| {
        let raised = RAISED.map(|(code, value)| (code.to_owned(), value));
        world.account(HOME_ACCOUNT).raised.extend(raised);
    });
    let subnet = |zone: &str, block: &str| -> anyhow::Result<String> {
        let zone = format!("{REGION}{zone}");
        let made =
            call(cloud, "CreateSubnet", json!({"VpcId": network.vpc, "CidrBlock": block, "AvailabilityZone": zone}))?;
        let id = made.pointer("/Subnet/SubnetId").and_then(Value::as_str).context("no subnet id")?.to_owned();
        let table = call(
            cloud,
            "DescribeRouteTables",
            json!({"Filters": [
            {"Name": "association.subnet-id", "Values": [network.public_subnets.first()]}]}),
        )?;
        let table = table.pointer("/RouteTables/0/RouteTableId").and_then(Value::as_str).context("no route table")?;
        call(cloud, "AssociateRouteTable", json!({"SubnetId": id, "RouteTableId": table}))?;
        Ok(id)
    };
    let [first, second] = WIDE;
    Ok(Network { public_subnets: [subnet("a", first)?, subnet("b", second)?], ..network.clone() })
}

fn call(cloud: &Cloud, operation: &str, input: Value) -> anyhow::Result<Value> {
    let answer = cloud.ask(REGION, "ec2", operation, input);
    answer.map_err(|refusal| anyhow!("{operation}: {}: {}", refusal.code, refusal.message))
}

/// The owner of the n-th stack.
pub fn owner(cluster: &str, number: usize) -> Owner {
    Owner { cluster: cluster.to_owned(), namespace: "default".to_owned(), name: name(number) }
}

/// Name of the n-th stack.
pub fn name(number: usize) -> String {
    format!("jenkins-{number:04}")
}
