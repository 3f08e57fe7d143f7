//! The judge: it finds what is wrong, and only that.

use crate::stack::{CLIENT_SECRET, PASSWORD, REGION, Stack, cloud, oracle, scheme, text};
use jenkinsstack_cloud::Cloud;
use jenkinsstack_cloud::oracle::{Findings, Oracle, Owner};
use serde_json::{Value, json};
use std::time::Duration;

#[track_caller]
fn clean(findings: &Findings) {
    assert!(findings.is_clean(), "{findings}");
}

#[tokio::test(start_paused = true)]
async fn a_good_life_is_clean() {
    let (cloud, network) = cloud(1);
    let mut oracle = oracle(&cloud).living("prod", "ci/a");
    Stack::new(&cloud, &network, "a").build().await;
    oracle.rest(&cloud);
    Stack::new(&cloud, &network, "a").read().await;
    clean(&oracle.look(&cloud));
    let kinds: Vec<_> = oracle.owned(&cloud, "prod", "ci/a").into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&"ecs:service") && kinds.contains(&"iam:role"), "{kinds:?}");
    let healthy = cloud.ask(REGION, "elbv2", "DescribeTargetGroups", json!({})).expect("groups");
    let input = json!({"TargetGroupArn": healthy["TargetGroups"][0]["TargetGroupArn"]});
    let health = cloud.ask(REGION, "elbv2", "DescribeTargetHealth", input).expect("health");
    assert_eq!(health["TargetHealthDescriptions"][0]["TargetHealth"]["State"], "healthy");
}

#[tokio::test(start_paused = true)]
async fn two_things_for_one_resource_are_duplicates() {
    let (cloud, network) = cloud(1);
    let oracle = oracle(&cloud).living("prod", "ci/a");
    let stack = Stack::new(&cloud, &network, "a");
    for token in ["one", "two"] {
        stack.call("efs", "CreateFileSystem", json!({"CreationToken": token, "Tags": stack.tags("home")})).await;
    }
    let findings = oracle.look(&cloud);
    let duplicate = findings.duplicates.first().expect("a duplicate");
    assert_eq!((duplicate.resource.as_str(), duplicate.kind), ("home", "elasticfilesystem:file-system"));
    assert_eq!((duplicate.ids.len(), findings.duplicates.len()), (2, 1));
    clean(&oracle.clone().superseded("elasticfilesystem:file-system").look(&cloud));
    // What is on its way out is none.
    stack.wait(60).await;
    stack.call("efs", "DeleteFileSystem", json!({"FileSystemId": duplicate.ids[0]})).await;
    clean(&oracle.look(&cloud));
}

#[tokio::test(start_paused = true)]
async fn revisions_of_a_task_definition_supersede_each_other() {
    let (cloud, network) = cloud(1);
    let oracle = oracle(&cloud).living("prod", "ci/a");
    let stack = Stack::new(&cloud, &network, "a");
    stack.build().await;
    let role = text(&stack.call("iam", "GetRole", json!({"RoleName": "a-task"})).await["Role"]["Arn"]);
    let secret = text(&stack.call("secretsmanager", "DescribeSecret", json!({"SecretId": "a-admin"})).await["ARN"]);
    let files = stack.call("efs", "DescribeFileSystems", json!({})).await["FileSystems"][0]["FileSystemId"].clone();
    let point = stack.call("efs", "DescribeAccessPoints", json!({})).await["AccessPoints"][0]["AccessPointId"].clone();
    stack.definition(&role, &secret, (&text(&files), &text(&point))).await;
    assert_eq!(oracle.look(&cloud).duplicates.len(), 1);
    let oracle = oracle.superseded("ecs:task-definition");
    clean(&oracle.look(&cloud));
    let pictured = || {
        let picture = oracle.normal_state(&cloud);
        picture.as_array().into_iter().flatten().filter(|item| item["kind"] == "ecs:task-definition").count()
    };
    assert_eq!(pictured(), 2, "the same was made twice");
    stack.definition(&role, &secret, (&text(&files), "fsap-0123456789abcdef0")).await;
    assert_eq!(pictured(), 2, "the second is superseded by another");
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_owner_left_are_orphans() {
    let (cloud, network) = cloud(1);
    let mut oracle = oracle(&cloud).living("prod", "ci/a").living("prod", "ci/b");
    Stack::new(&cloud, &network, "a").build().await;
    Stack::new(&cloud, &network, "b").build().await;
    clean(&oracle.look(&cloud));
    oracle.died("prod", "ci/a");
    let orphans = oracle.look(&cloud).orphans;
    let dead = Owner { cluster: "prod".into(), stack: "ci/a".into() };
    let owned = orphans.iter().filter(|orphan| orphan.owner.as_ref() == Some(&dead)).count();
    assert_eq!(owned, oracle.owned(&cloud, "prod", "ci/a").len());
    // With what has no tags of its own, and hangs on it: two mount targets, their interfaces, those of the load
    // balancer and of the task, and the rules of the group.
    let count = |kind: &str| orphans.iter().filter(|orphan| orphan.kind == kind).count();
    assert_eq!(count("elasticfilesystem:mount-target"), 2);
    assert_eq!(count("ec2:network-interface"), 5);
    assert_eq!(count("ec2:security-group-rule"), 5);
    assert!(orphans.iter().all(|orphan| orphan.owner.as_ref().is_none_or(|owner| *owner == dead)));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_owns_is_an_orphan_unless_it_was_there_before() {
    let (cloud, network) = cloud(1);
    let mut oracle = oracle(&cloud);
    let stack = Stack::new(&cloud, &network, "a");
    stack.call("logs", "CreateLogGroup", json!({"logGroupName": "left"})).await;
    let orphans = oracle.look(&cloud).orphans;
    assert_eq!(orphans.len(), 1, "{orphans:?}");
    assert_eq!((orphans[0].kind, orphans[0].id.as_str(), &orphans[0].owner), ("logs:log-group", "left", &None));
    oracle.accept(&cloud);
    clean(&oracle.look(&cloud));
}

/// Things without owner, and the calls that change them.
struct Foreign {
    changes: Vec<(&'static str, &'static str, Value)>,
}

async fn foreign(cloud: &Cloud, network: &jenkinsstack_cloud::seed::Network) -> Foreign {
    let made =
        |service: &str, operation: &str, input: Value| cloud.ask(REGION, service, operation, input).expect("made");
    let group = json!({"GroupName": "theirs", "Description": "theirs", "VpcId": network.vpc});
    let group = made("ec2", "CreateSecurityGroup", group)["GroupId"].clone();
    let files = made("efs", "CreateFileSystem", json!({"CreationToken": "theirs"}))["FileSystemId"].clone();
    made("logs", "CreateLogGroup", json!({"logGroupName": "theirs"}));
    made("secretsmanager", "CreateSecret", json!({"Name": "theirs", "SecretString": "x"}));
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    made("iam", "CreateRole", json!({"RoleName": "theirs", "AssumeRolePolicyDocument": trust.to_string()}));
    let target = json!({"Name": "theirs", "Protocol": "HTTP", "Port": 80, "VpcId": network.vpc, "TargetType": "ip"});
    let target = made("elbv2", "CreateTargetGroup", target)["TargetGroups"][0]["TargetGroupArn"].clone();
    let balancer = made("elbv2", "CreateLoadBalancer", json!({"Name": "theirs", "Subnets": network.public_subnets}));
    let balancer = balancer["LoadBalancers"][0]["LoadBalancerArn"].clone();
    made("ecs", "CreateCluster", json!({"clusterName": "theirs"}));
    tokio::time::sleep(Duration::from_secs(300)).await;
    let point =
        made("efs", "CreateAccessPoint", json!({"ClientToken": "t", "FileSystemId": files}))["AccessPointId"].clone();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let rule = json!([{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]);
    let action = json!([{"Type": "forward", "TargetGroupArn": target}]);
    let policy =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]});
    let tags = json!([{"Key": "mine", "Value": "now"}]);
    Foreign {
        changes: vec![
            ("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": group, "IpPermissions": rule})),
            ("ec2", "CreateTags", json!({"Resources": [group], "Tags": tags})),
            ("ec2", "DeleteSecurityGroup", json!({"GroupId": group})),
            ("efs", "CreateMountTarget", json!({"FileSystemId": files, "SubnetId": network.private_subnets[0]})),
            ("efs", "PutBackupPolicy", json!({"FileSystemId": files, "BackupPolicy": {"Status": "ENABLED"}})),
            ("efs", "TagResource", json!({"ResourceId": files, "Tags": tags})),
            ("efs", "DeleteAccessPoint", json!({"AccessPointId": point})),
            ("logs", "PutRetentionPolicy", json!({"logGroupName": "theirs", "retentionInDays": 1})),
            ("logs", "DeleteLogGroup", json!({"logGroupName": "theirs"})),
            (
                "secretsmanager",
                "PutSecretValue",
                json!({"SecretId": "theirs", "SecretString": "y", "ClientRequestToken": "0123456789012345678901234567890123456789"}),
            ),
            ("secretsmanager", "DeleteSecret", json!({"SecretId": "theirs"})),
            (
                "iam",
                "PutRolePolicy",
                json!({"RoleName": "theirs", "PolicyName": "p", "PolicyDocument": policy.to_string()}),
            ),
            ("iam", "TagRole", json!({"RoleName": "theirs", "Tags": tags})),
            ("elbv2", "ModifyTargetGroup", json!({"TargetGroupArn": target, "HealthCheckPath": "/"})),
            ("elbv2", "AddTags", json!({"ResourceArns": [target], "Tags": tags})),
            (
                "elbv2",
                "CreateListener",
                json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": action}),
            ),
            ("elbv2", "DeleteLoadBalancer", json!({"LoadBalancerArn": balancer})),
            (
                "ecs",
                "PutClusterCapacityProviders",
                json!({"cluster": "theirs", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": []}),
            ),
            ("ecs", "DeleteCluster", json!({"cluster": "theirs"})),
        ],
    }
}

#[tokio::test(start_paused = true)]
async fn writes_on_what_is_anothers_are_found() {
    let (cloud, network) = cloud(1);
    let foreign = foreign(&cloud, &network).await;
    let oracle = oracle(&cloud);
    let stack = Stack::new(&cloud, &network, "a");
    for (number, (service, operation, input)) in foreign.changes.into_iter().enumerate() {
        let mark = cloud.log(|log| log.total());
        stack.call(service, operation, input).await;
        stack.wait(60).await;
        let touches = oracle.look(&cloud).foreign;
        assert!(touches.iter().any(|touch| touch.number == mark + 1), "{number}: {service} {operation} is not found");
    }
}

#[tokio::test(start_paused = true)]
async fn reads_and_refused_writes_touch_nothing() {
    let (cloud, network) = cloud(1);
    foreign(&cloud, &network).await;
    let oracle = oracle(&cloud);
    Stack::new(&cloud, &network, "a").read_foreign().await;
    clean(&oracle.look(&cloud));
}

impl Stack<'_> {
    async fn read_foreign(&self) {
        self.call("logs", "DescribeLogGroups", json!({})).await;
        let again = Stack { retries: 1, ..Stack::new(self.cloud, self.network, self.name) };
        again.call("logs", "CreateLogGroup", json!({"logGroupName": "theirs"})).await;
        again.call("ec2", "DeleteVpc", json!({"VpcId": self.network.vpc})).await;
        // A new thing in a network of others leaves that network as it was; it has to be owned, and is gone again.
        let group = self.group("service").await;
        self.call("ec2", "DeleteSecurityGroup", json!({"GroupId": group})).await;
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_are_found_where_they_do_not_belong() {
    let (cloud, network) = cloud(1);
    let mut oracle = oracle(&cloud).living("prod", "ci/a");
    let stack = Stack::new(&cloud, &network, "a");
    stack.build().await;
    clean(&oracle.look(&cloud));
    oracle.accept(&cloud);
    let leaks = |operation: &str| {
        let leaks = oracle.look(&cloud).leaks;
        let here: Vec<_> =
            leaks.iter().filter(|leak| leak.place.contains(operation)).map(|leak| leak.secret.clone()).collect();
        here.first().cloned().unwrap_or_default()
    };
    let tag = json!([{"key": "note", "value": CLIENT_SECRET}]);
    let cluster = format!("arn:aws:ecs:{REGION}:111122223333:cluster/a-cluster");
    stack.call("ecs", "TagResource", json!({"resourceArn": cluster, "tags": tag})).await;
    assert_eq!(leaks("ecs:cluster a-cluster tag note"), "client secret");
    assert_eq!(leaks("TagResource input"), "client secret");
    let container = json!([{"name": "a", "image": "b", "memory": 128, "environment": [{"name": "C", "value": format!("pw={PASSWORD}")}]}]);
    stack.call("ecs", "RegisterTaskDefinition", json!({"family": "leaky", "containerDefinitions": container})).await;
    assert_eq!(leaks("RegisterTaskDefinition output"), "password");
    assert_eq!(leaks("ecs:task-definition leaky"), "password");
    // Not only as it is.
    let encode = |text: String| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let group = |name: &str| json!({"GroupName": name, "Description": "d", "VpcId": network.vpc});
    let tagged = |value: String| json!([{"ResourceType": "security-group", "Tags": [{"Key": "k", "Value": value}]}]);
    for (at, text) in
        [encode(CLIENT_SECRET.into()), encode(format!("user:{CLIENT_SECRET}")), encode(format!("x{CLIENT_SECRET}"))]
            .into_iter()
            .enumerate()
    {
        let mut input = group(&format!("g{at}"));
        input["TagSpecifications"] = tagged(text);
        let made = stack.call("ec2", "CreateSecurityGroup", input).await;
        assert_eq!(leaks(&format!("ec2:security-group {}", text_of(&made["GroupId"]))), "client secret");
    }
    let described = stack.call("secretsmanager", "UpdateSecret", json!({"SecretId": "a-admin", "Description": PASSWORD, "ClientRequestToken": "0123456789012345678901234567890123456789"})).await;
    assert!(described.is_object());
    assert_eq!(leaks("UpdateSecret input.Description"), "password");
}

fn text_of(value: &Value) -> String {
    text(value)
}

#[tokio::test(start_paused = true)]
async fn writes_at_rest_are_found() {
    let (cloud, network) = cloud(1);
    let mut oracle = oracle(&cloud).living("prod", "ci/a");
    let stack = Stack::new(&cloud, &network, "a");
    stack.build().await;
    oracle.rest(&cloud);
    stack.call("logs", "PutRetentionPolicy", json!({"logGroupName": "a-logs", "retentionInDays": 30})).await;
    let restless = oracle.look(&cloud).restless;
    assert_eq!(restless.len(), 1);
    assert!(restless[0].contains("PutRetentionPolicy"));
    // The test's own hand is not the program's.
    cloud
        .ask(REGION, "logs", "PutRetentionPolicy", json!({"logGroupName": "a-logs", "retentionInDays": 60}))
        .expect("ok");
    assert_eq!(oracle.look(&cloud).restless.len(), 1);
}

/// The state in which a life ends whose world was made from `seed`, with something done before it.
async fn end(seed: u64, before: bool, after: impl AsyncFnOnce(&Stack<'_>)) -> Value {
    let (cloud, network) = cloud(seed);
    let oracle = Oracle::new(scheme(), &cloud);
    let stack = Stack::new(&cloud, &network, "a");
    if before {
        // Other ids, other times, other revisions: nothing of that is in the picture.
        stack.definition(&stack.role("early").await, "s", ("fs-0123456789abcdef0", "fsap-0123456789abcdef0")).await;
        stack.call("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": "a-web:1"})).await;
        stack.call("iam", "DeleteRolePolicy", json!({"RoleName": "a-early", "PolicyName": "all"})).await;
        stack.call("iam", "DeleteRole", json!({"RoleName": "a-early"})).await;
        stack.wait(1234).await;
    }
    stack.build().await;
    after(&stack).await;
    stack.wait(3600).await;
    oracle.normal_state(&cloud)
}

#[track_caller]
fn same(one: &Value, other: &Value) {
    let lines =
        |state: &Value| -> Vec<String> { state.as_array().into_iter().flatten().map(ToString::to_string).collect() };
    let (one, other) = (lines(one), lines(other));
    let lacks = |of: &[String], all: &[String]| {
        of.iter().filter(|line| !all.contains(line)).cloned().collect::<Vec<_>>().join("\n")
    };
    assert!(one == other, "only in one:\n{}\nonly in the other:\n{}", lacks(&one, &other), lacks(&other, &one));
}

#[tokio::test(start_paused = true)]
async fn two_lives_with_the_same_end_have_the_same_picture() {
    let one = end(1, false, async |_| ()).await;
    let other = end(2, true, async |_| ()).await;
    assert!(one.as_array().is_some_and(|items| items.len() > 30));
    same(&one, &other);
}

#[tokio::test(start_paused = true)]
async fn any_setting_that_differs_is_in_the_picture() {
    let one = end(1, false, async |_| ()).await;
    let other = |service: &'static str, operation: &'static str, input: Value| {
        end(1, false, async move |stack: &Stack<'_>| drop(stack.call(service, operation, input).await))
    };
    let retention = json!({"logGroupName": "a-logs", "retentionInDays": 7});
    assert_ne!(one, other("logs", "PutRetentionPolicy", retention).await);
    let tag = json!([{"Key": "k", "Value": "v"}]);
    assert_ne!(one, other("iam", "TagRole", json!({"RoleName": "a-task", "Tags": tag})).await);
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]});
    let policy = json!({"RoleName": "a-task", "PolicyName": "all", "PolicyDocument": policy.to_string()});
    assert_ne!(one, other("iam", "PutRolePolicy", policy).await);
    let service = json!({"cluster": "a-cluster", "service": "a-service", "desiredCount": 0});
    assert_ne!(one, other("ecs", "UpdateService", service).await);
    let secret = json!({"SecretId": "a-admin", "SecretString": "other", "ClientRequestToken": "0123456789012345678901234567890123456789"});
    assert_ne!(one, other("secretsmanager", "PutSecretValue", secret).await);
}
