//! What a task of Jenkins stands on, made by hand, and an operator's loop over a cluster, a task definition and a service.

use crate::bench::{Bench, CLUSTER, REGION};
use jenkinsstack_aws::Class;
use jenkinsstack_cloud::service::{Item, items};
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_core::arn::ClusterArn;
use jenkinsstack_core::check::check;
use jenkinsstack_core::graph::{Graph, Node, NodeId};
use jenkinsstack_core::input::{Input, Output};
use jenkinsstack_core::kind::service::{Exec, PublicIp};
use jenkinsstack_core::kind::task_definition::{Container, Home};
use jenkinsstack_core::kind::{Desired, cluster, service, task_definition};
use jenkinsstack_core::observed::{Seen, Snapshot};
use jenkinsstack_core::plan::{Action, Goal, Plan, plan};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const CLUSTER_NAME: &str = "jks-team-a-ci-cluster-0123456789";
pub(crate) const FAMILY: &str = "jks-team-a-ci-task-definition-0123456789";
pub(crate) const SERVICE_NAME: &str = "jks-team-a-ci-service-0123456789";
/// Uid that the bench's tags have.
pub(crate) const INSTALLATION: &str = "installation-1";
/// How often the state of the account is looked at.
const GLANCE: Duration = Duration::from_secs(1);

/// An account in which a task of Jenkins can run.
pub(crate) struct Stage {
    pub(crate) bench: Bench,
    pub(crate) file_system: String,
    pub(crate) access_point: String,
    pub(crate) group: String,
    pub(crate) target_group: String,
    pub(crate) execution_role: String,
    pub(crate) task_role: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub(crate) fn cluster_id() -> NodeId {
    NodeId::new("cluster")
}

pub(crate) fn definition_id() -> NodeId {
    NodeId::new("task-definition")
}

pub(crate) fn service_id() -> NodeId {
    NodeId::new("service")
}

/// The cluster as a stack wants it.
pub(crate) fn cluster_node(bench: &Bench) -> Node {
    let capacity_providers = ["FARGATE", "FARGATE_SPOT"].map(str::to_owned).into();
    bench.node(&cluster_id(), CLUSTER_NAME, Desired::Cluster(cluster::Desired { capacity_providers }))
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let bench = Bench::new().await;
        let (file_system, access_point, group) = home(&bench).await;
        let target_group = balancer(&bench, &group);
        let (execution_role, task_role) = (role(&bench, "execution"), role(&bench, "task"));
        bench.by_hand("logs", "CreateLogGroup", json!({"logGroupName": "/jenkinsstack/ci"}));
        bench.wait(Duration::from_secs(300)).await;
        Self { bench, file_system, access_point, group, target_group, execution_role, task_role }
    }

    /// The task definition as a stack wants it, with changes.
    pub(crate) fn definition(&self, edit: impl FnOnce(&mut task_definition::Desired)) -> Node {
        let mut desired = task_definition::Desired {
            cpu: 1024,
            memory: 2048,
            architecture: "X86_64".into(),
            ephemeral_storage: None,
            execution_role: Input::Known(self.execution_role.parse().unwrap()),
            task_role: Input::Known(self.task_role.parse().unwrap()),
            home: Home {
                file_system: Input::Known(self.file_system.parse().unwrap()),
                access_point: Input::Known(self.access_point.parse().unwrap()),
                path: "/var/jenkins_home".into(),
            },
            container: Container {
                name: "jenkins".into(),
                image: "jenkins/jenkins:lts".into(),
                port: 8080,
                environment: BTreeMap::from([("A".into(), "1".into())]),
                secrets: BTreeMap::new(),
                stop_timeout: 120,
                log_group: Input::Known("/jenkinsstack/ci".parse().unwrap()),
                log_region: REGION.into(),
            },
        };
        edit(&mut desired);
        self.bench.node(&definition_id(), FAMILY, Desired::TaskDefinition(desired))
    }

    /// The service as a stack wants it, in its own cluster and with its own task definition unless they are changed.
    pub(crate) fn service(&self, edit: impl FnOnce(&mut service::Desired)) -> Node {
        let mut desired = service::Desired {
            cluster: Input::from(&cluster_id(), Output::Arn),
            task_definition: Input::from(&definition_id(), Output::Arn),
            subnets: self.bench.network.private_subnets.iter().map(|id| id.parse().unwrap()).collect(),
            security_groups: vec![Input::Known(self.group.parse().unwrap())],
            public_ip: PublicIp::Disabled,
            target_group: Input::Known(self.target_group.parse().unwrap()),
            container: ("jenkins".into(), 8080),
            grace_period: 300,
            exec: Exec::Disabled,
            prerequisites: Vec::new(),
        };
        edit(&mut desired);
        self.bench.node(&service_id(), SERVICE_NAME, Desired::Service(desired))
    }

    /// A stack of a cluster, a task definition and a service.
    pub(crate) fn graph(&self, definition: Node, service: Node) -> Graph {
        let mut graph = Graph::default();
        graph.add(cluster_id(), cluster_node(&self.bench));
        graph.add(definition_id(), definition);
        graph.add(service_id(), service);
        graph
    }

    /// Does what the planner says until `done`, for at most so many seconds, and glances at the tasks all the while.
    pub(crate) async fn run(&self, graph: &Graph, seconds: u64, done: impl Fn(&Plan) -> bool) -> Plan {
        let work = async {
            loop {
                let plan = self.round(graph).await;
                if done(&plan) {
                    return plan;
                }
                self.bench.wait(Duration::from_secs(5)).await;
            }
        };
        tokio::select! {
            plan = work => plan,
            () = self.glance(seconds) => panic!("not done after {seconds} s: {:?}\n{:?}",
                existing(&self.bench, "ecs:service"), existing(&self.bench, "ecs:task")),
        }
    }

    /// One round: looks anew, then takes every step that can be taken and is not refused for now.
    async fn round(&self, graph: &Graph) -> Plan {
        let Bench { account, owner, .. } = &self.bench;
        let observation = account.observe(owner, Duration::from_secs(30)).await;
        let unread: Vec<String> = observation.errors.iter().map(ToString::to_string).collect();
        assert_eq!(unread, [""; 0]);
        let mut snapshot = observation.snapshot;
        for seen in snapshot.all().cloned().collect::<Vec<_>>() {
            match account.read(self.bench.target(&seen.node), seen.observed.kind(), &seen.id()).await.unwrap() {
                Some(now) => snapshot.see(now),
                None => snapshot.forget(&seen.node, &seen.id()),
            }
        }
        let plan = plan(graph, &snapshot, Goal::Run, INSTALLATION);
        check(&plan, &snapshot, Goal::Run, INSTALLATION).unwrap();
        for step in plan.ready() {
            let target = self.bench.target(&step.node);
            let seen = |id: &str| found(&snapshot, &step.node, id);
            let outcome = match (&step.action, &step.resolved) {
                (Action::Create { .. }, Some(node)) => account.create(target, node).await.map(drop),
                (Action::Update { id, fields }, Some(node)) => {
                    account.update(target, &seen(id), node, fields).await.map(drop)
                }
                (Action::Delete { id, .. }, _) => account.delete(target, &seen(id)).await.map(drop),
                other => panic!("{other:?}"),
            };
            if let Err(error) = outcome {
                assert!(matches!(error.class, Class::NotYet | Class::Conflict), "{error}");
            }
        }
        plan
    }

    /// Looks at the tasks every second: invariant 2, and more than it, since a container runs on after RUNNING.
    async fn glance(&self, seconds: u64) {
        for _ in 0..seconds {
            self.bench.wait(GLANCE).await;
            let tasks = existing(&self.bench, "ecs:task");
            let running: Vec<&Item> = tasks.iter().filter(|task| is_running(&task.state)).collect();
            assert!(running.len() < 2, "two controllers on one home: {running:#?}");
        }
    }

    /// ARN of a cluster that the user has, which runs Fargate tasks.
    pub(crate) fn users_cluster(&self, name: &str) -> ClusterArn {
        let made = self.bench.by_hand("ecs", "CreateCluster", json!({"clusterName": name}));
        text(&made["cluster"]["clusterArn"]).parse().unwrap()
    }
}

fn found(snapshot: &Snapshot, node: &NodeId, id: &str) -> Seen {
    snapshot.of(node).iter().find(|seen| seen.id() == id).cloned().unwrap()
}

/// Whether a process of the task may write.
fn is_running(task: &Value) -> bool {
    let containers = task["containers"].as_array().unwrap();
    task["lastStatus"] == "RUNNING" || containers.iter().any(|container| container["lastStatus"] == "RUNNING")
}

/// What exists of a kind, in the tagging API's spelling.
pub(crate) fn existing(bench: &Bench, kind: &str) -> Vec<Item> {
    let all = bench.cloud.with(|world| items(world.peek(HOME_ACCOUNT, REGION)));
    all.into_iter().filter(|item| item.kind == kind).collect()
}

/// A file system with mount targets in both zones, an access point, and a group that everything goes through.
async fn home(bench: &Bench) -> (String, String, String) {
    let input = json!({"VpcId": bench.network.vpc, "GroupName": "all", "Description": "all"});
    let group = text(&bench.by_hand("ec2", "CreateSecurityGroup", input)["GroupId"]);
    let file_system = text(&bench.by_hand("efs", "CreateFileSystem", json!({"CreationToken": "home"}))["FileSystemId"]);
    bench.wait(Duration::from_secs(60)).await;
    let rule = |port: u16| json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]});
    let rules = [80, 2049, 8080].map(rule);
    bench.by_hand("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": group, "IpPermissions": rules}));
    for subnet in &bench.network.private_subnets {
        let input = json!({"FileSystemId": file_system, "SubnetId": subnet, "SecurityGroups": [group]});
        bench.by_hand("efs", "CreateMountTarget", input);
    }
    let input = json!({
        "ClientToken": "home",
        "FileSystemId": file_system,
        "PosixUser": {"Uid": 1000, "Gid": 1000},
        "RootDirectory": {
            "Path": "/jenkins",
            "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"},
        },
    });
    let access_point = text(&bench.by_hand("efs", "CreateAccessPoint", input)["AccessPointId"]);
    (file_system, access_point, group)
}

/// A load balancer that forwards to a target group on port 8080; the group's ARN.
fn balancer(bench: &Bench, group: &str) -> String {
    let input = json!({
        "Name": "jenkins",
        "Protocol": "HTTP",
        "Port": 8080,
        "VpcId": bench.network.vpc,
        "TargetType": "ip",
        "HealthCheckPath": "/login",
    });
    let target = text(&bench.by_hand("elbv2", "CreateTargetGroup", input)["TargetGroups"][0]["TargetGroupArn"]);
    let attributes = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}]);
    bench.by_hand("elbv2", "ModifyTargetGroupAttributes", json!({"TargetGroupArn": target, "Attributes": attributes}));
    let input = json!({"Name": "ci", "Subnets": bench.network.public_subnets, "SecurityGroups": [group]});
    let made = bench.by_hand("elbv2", "CreateLoadBalancer", input);
    let listener = json!({
        "LoadBalancerArn": made["LoadBalancers"][0]["LoadBalancerArn"],
        "Protocol": "HTTP",
        "Port": 80,
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": target}],
    });
    bench.by_hand("elbv2", "CreateListener", listener);
    target
}

/// A role for tasks that may do everything.
fn role(bench: &Bench, name: &str) -> String {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"},
    });
    let path = format!("/jenkinsstack/{CLUSTER}/");
    let input = json!({"RoleName": name, "Path": path, "AssumeRolePolicyDocument": trust.to_string()});
    let arn = text(&bench.by_hand("iam", "CreateRole", input)["Role"]["Arn"]);
    let all = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let input = json!({"RoleName": name, "PolicyName": "all", "PolicyDocument": all.to_string()});
    bench.by_hand("iam", "PutRolePolicy", input);
    arn
}
