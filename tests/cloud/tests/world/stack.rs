//! A made-up owner of resources: a service with a home, a load balancer and all that these need, made by calls through
//! the door, so that there is something to judge.

use jenkinsstack_cloud::oracle::{Oracle, TagScheme};
use jenkinsstack_cloud::seed::{self, Network};
use jenkinsstack_cloud::{Cloud, Reply, Request, Settings};
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const PASSWORD: &str = "corre&t horse battery staple";
pub(crate) const CLIENT_SECRET: &str = "oidc-5f3a9c-client-secret";

/// Keys of a made-up owner's tags.
pub(crate) fn scheme() -> TagScheme {
    TagScheme { cluster: "own/cluster".into(), stack: "own/stack".into(), resource: "own/resource".into() }
}

/// A cloud with a network in it.
pub(crate) fn cloud(seed: u64) -> (Cloud, Network) {
    let cloud = Cloud::new(Settings { seed, ..Settings::default() }).expect("the API models are at hand");
    let network = cloud.with(|world| seed::network(world, REGION)).expect("a network");
    (cloud, network)
}

/// The judge of that cloud, before anything else is in it.
pub(crate) fn oracle(cloud: &Cloud) -> Oracle {
    Oracle::new(scheme(), cloud).secret("password", PASSWORD).secret("client secret", CLIENT_SECRET)
}

/// One owner's resources in the making.
pub(crate) struct Stack<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) network: &'a Network,
    pub(crate) name: &'static str,
    /// How often each call is tried again.
    pub(crate) retries: u32,
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl<'a> Stack<'a> {
    pub(crate) fn new(cloud: &'a Cloud, network: &'a Network, name: &'static str) -> Self {
        Self { cloud, network, name, retries: 0 }
    }

    /// One call by the door; nothing if it fails.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        for _ in 0..=self.retries {
            let request = Request::root(REGION, service, operation, input.clone()).expect("a service");
            match self.cloud.call(request) {
                Reply::Answer(answer, delay) => {
                    tokio::time::sleep(delay).await;
                    match answer {
                        Ok(output) => return output,
                        Err(refusal) if self.retries == 0 => {
                            panic!("{operation}: {} {}", refusal.code, refusal.message)
                        }
                        Err(_) => {}
                    }
                }
                Reply::Reset | Reply::Silence => assert!(self.retries > 0, "{operation} was not answered"),
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        Value::Null
    }

    pub(crate) async fn wait(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        self.cloud.with(|_| ());
    }

    fn pairs(&self, resource: &str) -> [(&'static str, String); 3] {
        [("own/cluster", "prod".into()), ("own/stack", format!("ci/{}", self.name)), ("own/resource", resource.into())]
    }

    pub(crate) fn tags(&self, resource: &str) -> Value {
        self.pairs(resource).into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
    }

    pub(crate) fn lower_tags(&self, resource: &str) -> Value {
        self.pairs(resource).into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
    }

    pub(crate) fn map_tags(&self, resource: &str) -> Value {
        self.pairs(resource)
            .into_iter()
            .map(|(key, value)| (key.to_owned(), Value::from(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    pub(crate) fn named(&self, part: &str) -> String {
        format!("{}-{part}", self.name)
    }

    /// Everything, up to a service whose target is healthy; about sixty calls.
    pub(crate) async fn build(&self) {
        let group = self.group("service").await;
        self.open(&group, &[80, 443, 2049, 8080]).await;
        let logs = self.named("logs");
        self.call("logs", "CreateLogGroup", json!({"logGroupName": logs, "tags": self.map_tags("logs")})).await;
        self.call("logs", "PutRetentionPolicy", json!({"logGroupName": logs, "retentionInDays": 30})).await;
        let secret = json!({"Name": self.named("admin"), "SecretString": PASSWORD, "Tags": self.tags("admin"), "ClientRequestToken": format!("{:-<40}", self.name)});
        let secret = text(&self.call("secretsmanager", "CreateSecret", secret).await["ARN"]);
        let role = self.role("task").await;
        let (files, point) = self.home(&group).await;
        let target = self.balancer(&group).await;
        self.service(&group, &role, &secret, (&files, &point), &target).await;
        self.read().await;
    }

    pub(crate) async fn group(&self, resource: &str) -> String {
        let tags = json!([{"ResourceType": "security-group", "Tags": self.tags(resource)}]);
        let input = json!({"GroupName": self.named(resource), "Description": resource, "VpcId": self.network.vpc, "TagSpecifications": tags});
        let made = self.call("ec2", "CreateSecurityGroup", input).await;
        self.wait(4).await;
        text(&made["GroupId"])
    }

    pub(crate) async fn open(&self, group: &str, ports: &[u16]) {
        for port in ports {
            let range = json!([{"CidrIp": "10.0.0.0/16"}]);
            let rule = json!([{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": range}]);
            let input = json!({"GroupId": group, "IpPermissions": rule});
            self.call("ec2", "AuthorizeSecurityGroupIngress", input).await;
        }
    }

    pub(crate) async fn role(&self, resource: &str) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
        let name = self.named(resource);
        let input =
            json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string(), "Tags": self.tags(resource)});
        let made = self.call("iam", "CreateRole", input).await;
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["logs:*", "secretsmanager:GetSecretValue"], "Resource": "*"}]});
        let input = json!({"RoleName": name, "PolicyName": "all", "PolicyDocument": policy.to_string()});
        self.call("iam", "PutRolePolicy", input).await;
        self.wait(30).await;
        text(&made["Role"]["Arn"])
    }

    pub(crate) async fn home(&self, group: &str) -> (String, String) {
        let input = json!({"CreationToken": self.named("home"), "Encrypted": true, "Tags": self.tags("home")});
        let made = self.call("efs", "CreateFileSystem", input).await;
        let files = text(&made["FileSystemId"]);
        self.wait(60).await;
        for subnet in &self.network.private_subnets {
            let input = json!({"FileSystemId": files, "SubnetId": subnet, "SecurityGroups": [group]});
            self.call("efs", "CreateMountTarget", input).await;
        }
        let input = json!({"ClientToken": self.named("home"), "FileSystemId": files, "PosixUser": {"Uid": 1000, "Gid": 1000}, "RootDirectory": {"Path": "/home", "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"}}, "Tags": self.tags("point")});
        let point = text(&self.call("efs", "CreateAccessPoint", input).await["AccessPointId"]);
        self.wait(240).await;
        (files, point)
    }

    /// ARN of a target group behind a listener that asks who comes.
    pub(crate) async fn balancer(&self, group: &str) -> String {
        let input = json!({"Name": self.named("web"), "Subnets": self.network.public_subnets, "SecurityGroups": [group], "Tags": self.tags("web")});
        let made = self.call("elbv2", "CreateLoadBalancer", input).await;
        let balancer = made["LoadBalancers"][0]["LoadBalancerArn"].clone();
        let input = json!({"Name": self.named("targets"), "Protocol": "HTTP", "Port": 8080, "VpcId": self.network.vpc, "TargetType": "ip", "Tags": self.tags("targets")});
        let made = self.call("elbv2", "CreateTargetGroup", input).await;
        let target = text(&made["TargetGroups"][0]["TargetGroupArn"]);
        let oidc = json!({"Issuer": "https://idp.example", "AuthorizationEndpoint": "https://idp.example/a", "TokenEndpoint": "https://idp.example/t", "UserInfoEndpoint": "https://idp.example/u", "ClientId": "jenkins", "ClientSecret": CLIENT_SECRET});
        let actions = json!([
            {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": oidc},
            {"Type": "forward", "Order": 2, "TargetGroupArn": target},
        ]);
        let input = json!({"LoadBalancerArn": balancer, "Protocol": "HTTPS", "Port": 443, "Certificates": [{"CertificateArn": self.network.certificate_arn}], "DefaultActions": actions, "Tags": self.tags("listener")});
        self.call("elbv2", "CreateListener", input).await;
        target
    }

    async fn service(&self, group: &str, role: &str, secret: &str, home: (&str, &str), target: &str) {
        let cluster = self.named("cluster");
        self.call("ecs", "CreateCluster", json!({"clusterName": cluster, "tags": self.lower_tags("cluster")})).await;
        self.wait(60).await;
        let definition = self.definition(role, secret, home).await;
        let network =
            json!({"awsvpcConfiguration": {"subnets": self.network.private_subnets, "securityGroups": [group]}});
        let input = json!({
            "cluster": cluster, "serviceName": self.named("service"), "taskDefinition": definition, "desiredCount": 1,
            "launchType": "FARGATE", "networkConfiguration": network, "tags": self.lower_tags("service"),
            "deploymentConfiguration": {"minimumHealthyPercent": 0, "maximumPercent": 100},
            "loadBalancers": [{"targetGroupArn": target, "containerName": "web", "containerPort": 8080}],
            "healthCheckGracePeriodSeconds": 300,
        });
        self.call("ecs", "CreateService", input).await;
        self.wait(600).await;
    }

    pub(crate) async fn definition(&self, role: &str, secret: &str, (files, point): (&str, &str)) -> String {
        let volume = json!({"name": "home", "efsVolumeConfiguration": {"fileSystemId": files, "transitEncryption": "ENABLED", "authorizationConfig": {"accessPointId": point}}});
        let container = json!({
            "name": "web", "image": "jenkins/jenkins:lts", "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": "MODE", "value": "plain"}], "secrets": [{"name": "ADMIN", "valueFrom": secret}],
            "mountPoints": [{"sourceVolume": "home", "containerPath": "/home"}],
        });
        let input = json!({
            "family": self.named("web"), "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "1024", "memory": "2048", "taskRoleArn": role, "executionRoleArn": role, "volumes": [volume],
            "containerDefinitions": [container], "tags": self.lower_tags("definition"),
        });
        let made = self.call("ecs", "RegisterTaskDefinition", input).await;
        text(&made["taskDefinition"]["taskDefinitionArn"])
    }

    /// Another day: settings change and tasks are replaced.
    pub(crate) async fn change(&self) {
        let (cluster, service) = (self.named("cluster"), self.named("service"));
        let retention = json!({"logGroupName": self.named("logs"), "retentionInDays": 7});
        self.call("logs", "PutRetentionPolicy", retention).await;
        let update = json!({"cluster": cluster, "service": service, "forceNewDeployment": true});
        self.call("ecs", "UpdateService", update).await;
        self.wait(900).await;
        self.call("ecs", "UpdateService", json!({"cluster": cluster, "service": service, "desiredCount": 0})).await;
        self.wait(300).await;
        self.call("ecs", "DeleteService", json!({"cluster": cluster, "service": service, "force": true})).await;
        self.wait(300).await;
        self.call("ecs", "DeleteCluster", json!({"cluster": cluster})).await;
    }

    /// A look at everything, page by page.
    pub(crate) async fn read(&self) {
        let cluster = self.named("cluster");
        let reads = [
            ("sts", "GetCallerIdentity", json!({})),
            ("ec2", "DescribeSecurityGroups", json!({})),
            ("ec2", "DescribeSecurityGroupRules", json!({"MaxResults": 5})),
            ("ec2", "DescribeSubnets", json!({})),
            ("ec2", "DescribeVpcs", json!({})),
            ("ec2", "DescribeNetworkInterfaces", json!({})),
            ("efs", "DescribeFileSystems", json!({})),
            ("efs", "DescribeAccessPoints", json!({})),
            ("elbv2", "DescribeLoadBalancers", json!({})),
            ("elbv2", "DescribeTargetGroups", json!({})),
            ("iam", "ListRoles", json!({})),
            ("iam", "GetRole", json!({"RoleName": self.named("task")})),
            ("iam", "ListRolePolicies", json!({"RoleName": self.named("task")})),
            ("logs", "DescribeLogGroups", json!({})),
            ("secretsmanager", "ListSecrets", json!({})),
            ("secretsmanager", "GetSecretValue", json!({"SecretId": self.named("admin")})),
            ("ecs", "ListTasks", json!({"cluster": cluster})),
            ("ecs", "ListServices", json!({"cluster": cluster})),
            ("ecs", "DescribeClusters", json!({"clusters": [cluster]})),
            ("ecs", "DescribeServices", json!({"cluster": cluster, "services": [self.named("service")]})),
            ("ecs", "ListTaskDefinitions", json!({})),
            ("route53", "ListHostedZones", json!({})),
            ("acm", "ListCertificates", json!({})),
            ("resourcegroupstaggingapi", "GetResources", json!({})),
        ];
        for (service, operation, input) in reads {
            self.call(service, operation, input).await;
        }
    }
}
