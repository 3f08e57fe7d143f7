//! Set-up that the rules of ECS share: a network, a cluster, roles, and what goes with them.

use crate::lab::Lab;
use jenkinsstack_cloud::service::ecs::Script;
use serde_json::{Value, json};

/// The image of the container under test.
pub(crate) const IMAGE: &str = "jenkins/jenkins:lts";

/// An account with a VPC that reaches the internet, a cluster `ci`, a task role and an execution role.
pub(crate) struct Stage {
    pub(crate) lab: Lab,
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<String>,
    pub(crate) group: String,
    pub(crate) task_role: String,
    pub(crate) execution_role: String,
}

/// Text of a member that must be there.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// Messages of a service's events, newest first.
pub(crate) fn messages(service: &Value) -> Vec<String> {
    service["events"].as_array().into_iter().flatten().map(|event| text(&event["message"])).collect()
}

/// Whether an event of the service contains a text.
pub(crate) fn said(service: &Value, part: &str) -> bool {
    messages(service).iter().any(|message| message.contains(part))
}

/// One container as small as it can be.
pub(crate) fn container(name: &str) -> Value {
    json!({"name": name, "image": IMAGE, "portMappings": [{"containerPort": 8080}]})
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let lab = Lab::new();
        let vpc = text(&lab.ok("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["Vpc"]["VpcId"]);
        for flag in ["EnableDnsHostnames", "EnableDnsSupport"] {
            lab.ok("ec2", "ModifyVpcAttribute", json!({"VpcId": vpc, flag: {"Value": true}}));
        }
        let gateway = text(&lab.ok("ec2", "CreateInternetGateway", json!({}))["InternetGateway"]["InternetGatewayId"]);
        lab.ok("ec2", "AttachInternetGateway", json!({"VpcId": vpc, "InternetGatewayId": gateway}));
        let tables = lab.ok("ec2", "DescribeRouteTables", json!({"Filters": [{"Name": "vpc-id", "Values": [vpc]}]}));
        let route = json!({
            "RouteTableId": tables["RouteTables"][0]["RouteTableId"],
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": gateway,
        });
        lab.ok("ec2", "CreateRoute", route);
        let subnets = [("10.0.1.0/24", "eu-central-1a"), ("10.0.2.0/24", "eu-central-1b")]
            .map(|(cidr, zone)| {
                let input = json!({"VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": zone});
                text(&lab.ok("ec2", "CreateSubnet", input)["Subnet"]["SubnetId"])
            })
            .to_vec();
        let stage = Self {
            group: group(&lab, &vpc, "jenkins", &[8080, 2049, 80]).await,
            task_role: role(&lab, "task"),
            execution_role: role(&lab, "execution"),
            lab,
            vpc,
            subnets,
        };
        stage.allow("execution", json!(["logs:*", "secretsmanager:GetSecretValue"]));
        stage.lab.ok("logs", "CreateLogGroup", json!({"logGroupName": "/jenkins"}));
        stage.lab.ok("ecs", "CreateCluster", json!({"clusterName": "ci"}));
        stage.lab.wait(30).await;
        stage
    }

    /// Gives a role a policy.
    pub(crate) fn allow(&self, role: &str, actions: Value) {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        });
        let input = json!({"RoleName": role, "PolicyName": "p", "PolicyDocument": policy.to_string()});
        self.lab.ok("iam", "PutRolePolicy", input);
    }

    /// What containers of the image under test do.
    pub(crate) fn script(&self, script: Script) {
        self.lab.cloud.with(|world| world.scripts.set("jenkins/*", script));
    }

    /// `NetworkConfiguration` of tasks with public addresses.
    pub(crate) fn network(&self) -> Value {
        json!({"awsvpcConfiguration": {
            "subnets": self.subnets,
            "securityGroups": [self.group],
            "assignPublicIp": "ENABLED",
        }})
    }

    /// A request for a task definition that is as small as it can be.
    pub(crate) fn definition(&self) -> Value {
        json!({
            "family": "jenkins",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "1024",
            "memory": "2048",
            "taskRoleArn": self.task_role,
            "executionRoleArn": self.execution_role,
            "containerDefinitions": [container("jenkins")],
        })
    }

    /// Registers a task definition with changes; its ARN.
    #[track_caller]
    pub(crate) fn register(&self, edit: impl FnOnce(&mut Value)) -> String {
        let mut input = self.definition();
        edit(&mut input);
        text(&self.lab.ok("ecs", "RegisterTaskDefinition", input)["taskDefinition"]["taskDefinitionArn"])
    }

    /// A task definition with these containers; its ARN.
    #[track_caller]
    pub(crate) fn containers(&self, containers: Value) -> String {
        self.register(|input| input["containerDefinitions"] = containers)
    }

    /// A request for a service `web` of one task that is stopped before the next is started.
    pub(crate) fn service(&self, definition: &str) -> Value {
        json!({
            "cluster": "ci",
            "serviceName": "web",
            "taskDefinition": definition,
            "desiredCount": 1,
            "launchType": "FARGATE",
            "networkConfiguration": self.network(),
            "deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100},
        })
    }

    /// Creates the service with changes.
    #[track_caller]
    pub(crate) fn create(&self, edit: impl FnOnce(&mut Value)) -> Value {
        let definition = self.register(|_| ());
        let mut input = self.service(&definition);
        edit(&mut input);
        self.lab.ok("ecs", "CreateService", input)["service"].clone()
    }

    /// Changes the service.
    #[track_caller]
    pub(crate) fn update(&self, mut input: Value) -> Value {
        input["cluster"] = json!("ci");
        input["service"] = json!("web");
        self.lab.ok("ecs", "UpdateService", input)["service"].clone()
    }

    /// The service as it is.
    #[track_caller]
    pub(crate) fn web(&self) -> Value {
        let answer = self.lab.ok("ecs", "DescribeServices", json!({"cluster": "ci", "services": ["web"]}));
        answer["services"][0].clone()
    }

    /// Tasks that are wanted `RUNNING` or `STOPPED`, oldest first.
    #[track_caller]
    pub(crate) fn tasks(&self, desired: &str) -> Vec<Value> {
        let list = self.lab.ok("ecs", "ListTasks", json!({"cluster": "ci", "desiredStatus": desired}));
        if list["taskArns"] == json!([]) {
            return Vec::new();
        }
        let input = json!({"cluster": "ci", "tasks": list["taskArns"]});
        let mut tasks = self.lab.ok("ecs", "DescribeTasks", input)["tasks"].as_array().cloned().expect("tasks");
        tasks.sort_by(|a, b| a["createdAt"].as_f64().partial_cmp(&b["createdAt"].as_f64()).expect("times"));
        tasks
    }

    /// Runs one task of a definition; its ARN.
    #[track_caller]
    pub(crate) fn run(&self, definition: &str) -> String {
        let input = self.run_input(definition);
        text(&self.lab.ok("ecs", "RunTask", input)["tasks"][0]["taskArn"])
    }

    /// A request to run one task.
    pub(crate) fn run_input(&self, definition: &str) -> Value {
        json!({
            "cluster": "ci",
            "taskDefinition": definition,
            "launchType": "FARGATE",
            "networkConfiguration": self.network(),
        })
    }

    /// A task as it is.
    #[track_caller]
    pub(crate) fn task(&self, arn: &str) -> Value {
        self.lab.ok("ecs", "DescribeTasks", json!({"cluster": "ci", "tasks": [arn]}))["tasks"][0].clone()
    }

    /// Lets time pass in steps until something holds, for at most so many seconds; whether it came to hold.
    pub(crate) async fn until(&self, seconds: u64, mut holds: impl FnMut(&Self) -> bool) -> bool {
        for _ in 0..seconds {
            if holds(self) {
                return true;
            }
            self.lab.wait(1).await;
        }
        holds(self)
    }

    /// A load balancer with a listener on port 80 that forwards to a target group on port 8080; the group's ARN.
    pub(crate) async fn balancer(&self) -> String {
        let target = self.target_group("jenkins");
        let input = json!({"Name": "ci", "Subnets": self.subnets, "SecurityGroups": [self.group]});
        let made = self.lab.ok("elbv2", "CreateLoadBalancer", input);
        let listener = json!({
            "LoadBalancerArn": made["LoadBalancers"][0]["LoadBalancerArn"],
            "Protocol": "HTTP",
            "Port": 80,
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": target}],
        });
        self.lab.ok("elbv2", "CreateListener", listener);
        self.lab.wait(240).await;
        target
    }

    /// A target group on port 8080 that is checked every 10 seconds and drains for 20.
    pub(crate) fn target_group(&self, name: &str) -> String {
        let input = json!({
            "Name": name,
            "Protocol": "HTTP",
            "Port": 8080,
            "VpcId": self.vpc,
            "TargetType": "ip",
            "HealthCheckPath": "/login",
            "HealthCheckIntervalSeconds": 10,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
        });
        let arn = text(&self.lab.ok("elbv2", "CreateTargetGroup", input)["TargetGroups"][0]["TargetGroupArn"]);
        let attributes = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": "20"}]);
        let input = json!({"TargetGroupArn": arn, "Attributes": attributes});
        self.lab.ok("elbv2", "ModifyTargetGroupAttributes", input);
        arn
    }
}

/// `loadBalancers` of a service.
pub(crate) fn balancers(target: &str) -> Value {
    json!([{"targetGroupArn": target, "containerName": "jenkins", "containerPort": 8080}])
}

/// A security group that lets everyone in on some ports.
pub(crate) async fn group(lab: &Lab, vpc: &str, name: &str, ports: &[u16]) -> String {
    let input = json!({"VpcId": vpc, "GroupName": name, "Description": name});
    let id = text(&lab.ok("ec2", "CreateSecurityGroup", input)["GroupId"]);
    let everyone = json!([{"CidrIp": "0.0.0.0/0"}]);
    let rule = |port: &u16| json!({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": everyone});
    let rules: Vec<Value> = ports.iter().map(rule).collect();
    lab.wait(3).await;
    lab.ok("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": id, "IpPermissions": rules}));
    id
}

/// A role for tasks.
pub(crate) fn role(lab: &Lab, name: &str) -> String {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }],
    });
    let input = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    text(&lab.ok("iam", "CreateRole", input)["Role"]["Arn"])
}
