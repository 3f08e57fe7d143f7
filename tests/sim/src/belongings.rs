//! What the user has on AWS before the stack comes, for specs that name it: made by the root key's own calls.

use crate::life::{Life, REGION};
use crate::spec::{self, owner};
use anyhow::{Context as _, anyhow};
use jenkinsstack_aws::permission::TAG_SHARED;
use jenkinsstack_cloud::seed::{self, Network};
use jenkinsstack_cloud::service::acm;
use jenkinsstack_cloud::world::{HOME_ACCOUNT, Place};
use serde_json::{Value, json};
use std::time::Duration;

/// By then everything that was made is there for everybody to see.
const SETTLED: Duration = Duration::from_secs(600);
/// A parameter of Systems Manager.
pub const PARAMETER: &str = "/jenkins/token";
/// Another one.
pub const OTHER_PARAMETER: &str = "/jenkins/other-token";

/// What a user may name in a spec, two of each, so that one can be changed for the other.
#[derive(Clone, Debug)]
pub struct Belongings {
    /// Another VPC with its subnets and its own certificate.
    pub elsewhere: Network,
    /// Subnets in a third zone of the stack's VPC: public, private.
    pub third_zone: [String; 2],
    /// Security groups in the stack's VPC.
    pub groups: [String; 2],
    /// ARNs of KMS keys.
    pub keys: [String; 2],
    /// ARNs of managed policies.
    pub policies: [String; 2],
    /// A second certificate for the stack's host.
    pub certificate: String,
    /// ARNs of listeners of one load balancer: HTTPS on 443 and on 8443, HTTP on 8080.
    pub listeners: [String; 3],
    /// ARNs of secrets that are shared with the operator: the first under AWS's key, the second under the first of `keys`.
    pub secrets: [String; 2],
    /// Names of clusters.
    pub clusters: [String; 2],
    /// File systems, each with a mount target in both private subnets.
    pub homes: [Home; 2],
}

/// A file system of the user's.
#[derive(Clone, Debug)]
pub struct Home {
    /// Its id.
    pub id: String,
    /// Access points.
    pub access_points: [String; 2],
}

impl Belongings {
    /// Makes them all and waits until they are settled.
    ///
    /// # Errors
    /// When the account refuses one.
    pub async fn bring(life: &Life) -> anyhow::Result<Self> {
        let maker = Maker { life };
        let refused = |refusal: jenkinsstack_cloud::Refusal| anyhow!("{}: {}", refusal.code, refusal.message);
        let elsewhere = life.cloud.with(|world| seed::network(world, REGION)).map_err(refused)?;
        maker.tag_networks(&elsewhere)?;
        let third_zone = maker.third_zone()?;
        let groups = [maker.group("database", 5432)?, maker.group("shared", 443)?];
        let keys = [maker.key("home")?, maker.key("logs")?];
        let policies = [maker.policy("deploy")?, maker.policy("report")?];
        let certificate = life.cloud.with(|world| {
            let place = Place { account: HOME_ACCOUNT.to_owned(), region: REGION.to_owned() };
            acm::issue(world.at(&place), &format!("jenkins.{}", seed::DOMAIN), &[])
        });
        let secrets = [maker.secret("oidc", None)?, maker.secret("oidc-encrypted", Some(&keys[0]))?];
        maker.parameters();
        let clusters = [maker.cluster("build")?, maker.cluster("tools")?];
        life.cloud.settle(SETTLED).await;
        let listeners = maker.listeners(&groups[1])?;
        let homes = [maker.home("one").await?, maker.home("two").await?];
        life.cloud.settle(SETTLED).await;
        tokio::time::sleep(SETTLED).await;
        Ok(Self { elsewhere, third_zone, groups, keys, policies, certificate, listeners, secrets, clusters, homes })
    }
}

struct Maker<'a> {
    life: &'a Life,
}

impl Maker<'_> {
    fn ask(&self, model: &str, operation: &str, input: Value) -> anyhow::Result<Value> {
        self.life.by_hand(model, operation, input)
    }

    /// The text at `path` of an answer.
    fn made(&self, model: &str, operation: &str, input: Value, path: &str) -> anyhow::Result<String> {
        let answer = self.ask(model, operation, input)?;
        let text = answer.pointer(path).and_then(Value::as_str);
        text.map(str::to_owned).with_context(|| format!("{operation} gave no {path}"))
    }

    /// Tags by which a spec finds the networks: `site`, and `tier` for what is only in the first zone.
    fn tag_networks(&self, elsewhere: &Network) -> anyhow::Result<()> {
        let here = &self.life.network;
        for (network, site) in [(here, "here"), (elsewhere, "there")] {
            self.tag(std::slice::from_ref(&network.vpc), "site", site)?;
        }
        self.tag(&here.public_subnets, "tier", "front")?;
        self.tag(&here.private_subnets, "tier", "back")
    }

    fn tag(&self, ids: &[String], key: &str, value: &str) -> anyhow::Result<()> {
        self.ask("ec2", "CreateTags", json!({"Resources": ids, "Tags": [{"Key": key, "Value": value}]}))?;
        Ok(())
    }

    /// A public and a private subnet, with the routes of the others.
    fn third_zone(&self) -> anyhow::Result<[String; 2]> {
        let network = &self.life.network;
        let front = self.subnet("10.0.2.0/24", &network.public_subnets[0], "wide-front")?;
        let back = self.subnet("10.0.160.0/20", &network.private_subnets[0], "wide-back")?;
        let both = |old: &[String; 2], new: &String| [old[0].clone(), new.clone()];
        self.tag(&both(&network.public_subnets, &front), "wide", "front")?;
        self.tag(&both(&network.private_subnets, &back), "wide", "back")?;
        Ok([front, back])
    }

    fn subnet(&self, cidr: &str, like: &str, name: &str) -> anyhow::Result<String> {
        let input = json!({
            "VpcId": self.life.network.vpc, "CidrBlock": cidr, "AvailabilityZone": format!("{REGION}c"),
            "TagSpecifications": [{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": name}]}],
        });
        let id = self.made("ec2", "CreateSubnet", input, "/Subnet/SubnetId")?;
        let filters = json!([{"Name": "association.subnet-id", "Values": [like]}]);
        let table =
            self.made("ec2", "DescribeRouteTables", json!({"Filters": filters}), "/RouteTables/0/RouteTableId")?;
        self.ask("ec2", "AssociateRouteTable", json!({"RouteTableId": table, "SubnetId": id}))?;
        Ok(id)
    }

    /// A group that lets its VPC in on one port.
    fn group(&self, name: &str, port: u16) -> anyhow::Result<String> {
        let input = json!({"GroupName": name, "Description": name, "VpcId": self.life.network.vpc});
        let id = self.made("ec2", "CreateSecurityGroup", input, "/GroupId")?;
        let permission = json!([{
            "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/16"}],
        }]);
        self.ask("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": id, "IpPermissions": permission}))?;
        Ok(id)
    }

    fn key(&self, description: &str) -> anyhow::Result<String> {
        self.made("kms", "CreateKey", json!({"Description": description}), "/KeyMetadata/Arn")
    }

    fn policy(&self, name: &str) -> anyhow::Result<String> {
        let statement =
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{name}/*")});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        self.made("iam", "CreatePolicy", json!({"PolicyName": name, "PolicyDocument": document}), "/Policy/Arn")
    }

    /// A secret with two keys, which the user shares with the operator.
    fn secret(&self, name: &str, key: Option<&str>) -> anyhow::Result<String> {
        let value = json!({"clientSecret": spec::CLIENT_SECRET, "other": spec::OTHER_SECRET}).to_string();
        let mut input = json!({
            "Name": name, "SecretString": value, "ClientRequestToken": format!("{name:-<32}"),
            "Tags": [{"Key": TAG_SHARED, "Value": owner().cluster}],
        });
        if let Some(key) = key {
            input["KmsKeyId"] = json!(key);
        }
        self.made("secretsmanager", "CreateSecret", input, "/ARN")
    }

    fn parameters(&self) {
        self.life.cloud.with(|world| {
            let place = Place { account: HOME_ACCOUNT.to_owned(), region: REGION.to_owned() };
            let names = [PARAMETER, OTHER_PARAMETER].map(|name| name.trim_start_matches('/').to_owned());
            world.at(&place).ecs.parameters.extend(names);
        });
    }

    fn cluster(&self, name: &str) -> anyhow::Result<String> {
        self.ask("ecs", "CreateCluster", json!({"clusterName": name, "capacityProviders": ["FARGATE"]}))?;
        Ok(name.to_owned())
    }

    fn listeners(&self, group: &str) -> anyhow::Result<[String; 3]> {
        let subnets = &self.life.network.public_subnets;
        let input = json!({"Name": "shared", "Subnets": subnets, "SecurityGroups": [group]});
        let balancer = self.made("elbv2", "CreateLoadBalancer", input, "/LoadBalancers/0/LoadBalancerArn")?;
        let listener = |port: u16, encrypted: bool| {
            let answer = json!({"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}});
            let mut input = json!({
                "LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": port, "DefaultActions": [answer],
            });
            if encrypted {
                input["Protocol"] = json!("HTTPS");
                input["Certificates"] = json!([{"CertificateArn": self.life.network.certificate_arn}]);
            }
            self.made("elbv2", "CreateListener", input, "/Listeners/0/ListenerArn")
        };
        Ok([listener(443, true)?, listener(8443, true)?, listener(8080, false)?])
    }

    async fn home(&self, name: &str) -> anyhow::Result<Home> {
        let input = json!({"CreationToken": name, "Encrypted": true});
        let id = self.made("efs", "CreateFileSystem", input, "/FileSystemId")?;
        let group = self.group(&format!("home-{name}"), 2049)?;
        self.life.cloud.settle(SETTLED).await;
        for subnet in &self.life.network.private_subnets {
            let input = json!({"FileSystemId": id, "SubnetId": subnet, "SecurityGroups": [group]});
            self.ask("efs", "CreateMountTarget", input)?;
        }
        let point = |path: &str| {
            let input = json!({
                "FileSystemId": id, "ClientToken": format!("{name}{path}"), "PosixUser": {"Uid": 1000, "Gid": 1000},
                "RootDirectory": {
                    "Path": path, "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0750"},
                },
            });
            self.made("efs", "CreateAccessPoint", input, "/AccessPointId")
        };
        let access_points = [point("/jenkins")?, point("/spare")?];
        Ok(Home { id, access_points })
    }
}
