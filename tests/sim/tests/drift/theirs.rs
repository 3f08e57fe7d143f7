//! What others add is theirs, and so is what lost the tags of its owner: a fresh look leaves both alone.

use jenkinsstack_aws::Class;
use jenkinsstack_core::plan::Goal;
use jenkinsstack_sim::wanted::wanted;
use jenkinsstack_sim::{Stage, spec};
use serde_json::json;
use std::time::Duration;

/// By then every listing shows what was done.
const SEEN: Duration = Duration::from_secs(600);

#[tokio::test(start_paused = true)]
async fn what_others_add_is_left_alone() {
    let mut stage = Stage::set().await.unwrap();
    let spec = spec::reference(&stage.life.network);
    let sight = stage.live(&stage.life.operator().await.unwrap(), &spec).await.unwrap();
    let arn = |node: &str| sight.node(node).unwrap().arn.clone();
    let id = |node: &str| sight.node(node).unwrap().id.clone();
    let tag = json!([{"Key": "their-tag", "Value": "theirs"}]);
    let by_hand = |model: &str, operation: &str, input| stage.life.by_hand(model, operation, input).unwrap();
    by_hand("elbv2", "AddTags", json!({"ResourceArns": [arn("load-balancer"), arn("rule")], "Tags": tag}));
    by_hand("ec2", "CreateTags", json!({"Resources": [id("controller-security-group")], "Tags": tag}));
    by_hand("efs", "TagResource", json!({"ResourceId": id("file-system"), "Tags": tag}));
    by_hand("iam", "TagRole", json!({"RoleName": id("task-role"), "Tags": tag}));
    let answer = json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}});
    let condition = json!({"Field": "host-header", "HostHeaderConfig": {"Values": ["theirs.bytesource.internal"]}});
    let rule = json!({
        "ListenerArn": arn("listener"), "Priority": 500, "Conditions": [condition], "Actions": [answer],
    });
    by_hand("elbv2", "CreateRule", rule);
    by_hand("iam", "CreateRole", json!({"RoleName": "theirs", "AssumeRolePolicyDocument": trust()}));
    stage.oracle.accept(&stage.life.cloud);
    let before = stage.oracle.normal_state(&stage.life.cloud);
    tokio::time::sleep(SEEN).await;
    let operator = stage.life.operator().await.unwrap();
    stage.rests(&operator, &spec).await.unwrap();
    assert!(stage.oracle.normal_state(&stage.life.cloud) == before, "something of theirs changed");
}

fn trust() -> String {
    let statement =
        json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[tokio::test(start_paused = true)]
async fn what_lost_its_owner_is_not_taken_back_in_silence() {
    let stage = Stage::set().await.unwrap();
    let spec = spec::reference(&stage.life.network);
    let operator = stage.life.operator().await.unwrap();
    let logs = stage.live(&operator, &spec).await.unwrap().node("log-group").unwrap().clone();
    let keys = ["jenkinsstack.io/cluster", "jenkinsstack.io/stack"];
    let input = json!({"resourceArn": logs.arn.trim_end_matches(":*"), "tagKeys": keys});
    stage.life.by_hand("logs", "UntagResource", input).unwrap();
    let named = json!({"logGroupName": logs.id, "retentionInDays": 1});
    stage.life.by_hand("logs", "PutRetentionPolicy", named).unwrap();
    let before = stage.oracle.normal_state(&stage.life.cloud);
    tokio::time::sleep(SEEN).await;
    let operator = stage.life.operator().await.unwrap();
    let graph = wanted(&operator, &stage.cluster, &spec).await.unwrap();
    let outcome = stage.life.pass(&operator, &graph, Goal::Run, Duration::ZERO).await.unwrap();
    let told = outcome.failures.iter().any(|failure| failure.error.class == Class::Foreign);
    assert!(told, "{}", jenkinsstack_sim::life::picture(&outcome));
    assert!(stage.oracle.normal_state(&stage.life.cloud) == before, "it was changed");
}

/// Subnets of a zone share a mount target, and a load balancer stands in one of them. Which id sorts first is no reason to
/// move either: a mount target that goes takes the home from under Jenkins.
#[tokio::test(start_paused = true)]
async fn a_subnet_that_joins_moves_nothing() {
    let mut stage = Stage::set().await.unwrap();
    let spec = spec::reference(&stage.life.network);
    let operator = stage.life.operator().await.unwrap();
    let before = stage.live(&operator, &spec).await.unwrap();
    let network = stage.life.network.clone();
    let front = joined(&stage, &network.public_subnets[0], "kubernetes.io/role/elb", 96);
    let back = joined(&stage, &network.private_subnets[0], "kubernetes.io/role/internal-elb", 97);
    assert!(front.iter().any(|id| *id < network.public_subnets[0]), "{front:?}");
    assert!(back.iter().any(|id| *id < network.private_subnets[0]), "{back:?}");
    stage.oracle.accept(&stage.life.cloud);
    tokio::time::sleep(SEEN).await;
    let operator = stage.life.operator().await.unwrap();
    let mark = stage.life.cloud.log(|log| log.mark());
    let now = stage.live(&operator, &spec).await.unwrap();
    for node in ["load-balancer", "mount-target/eu-central-1a"] {
        assert_eq!(now.node(node), before.node(node), "{node}");
    }
    let wrote = |operation: &str| {
        stage.life.cloud.log(|log| log.writes_since(&mark).any(|record| record.operation == operation))
    };
    assert!(!wrote("SetSubnets") && !wrote("DeleteMountTarget"));
    assert!(wrote("UpdateService"), "Jenkins may run in the new subnets");
    stage.rests(&operator, &spec).await.unwrap();
}

/// Subnets in the zone and with the routes of another one, found by a tag.
fn joined(stage: &Stage, like: &str, key: &str, net: u8) -> Vec<String> {
    let by_hand = |operation: &str, input| stage.life.by_hand("ec2", operation, input).unwrap();
    let table = json!({"Filters": [{"Name": "association.subnet-id", "Values": [like]}]});
    let table = by_hand("DescribeRouteTables", table)["RouteTables"][0]["RouteTableId"].clone();
    let place = |at: u8| {
        let subnet = json!({
            "VpcId": stage.life.network.vpc, "CidrBlock": format!("10.0.{net}.{}/27", at * 32),
            "AvailabilityZone": "eu-central-1a",
            "TagSpecifications": [{"ResourceType": "subnet", "Tags": [{"Key": key, "Value": "1"}]}],
        });
        let id = by_hand("CreateSubnet", subnet)["Subnet"]["SubnetId"].as_str().unwrap().to_owned();
        by_hand("AssociateRouteTable", json!({"RouteTableId": table, "SubnetId": id}));
        id
    };
    (0..8).map(place).collect()
}
