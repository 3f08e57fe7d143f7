//! Set-up that the rules of EFS share.

use crate::lab::Lab;
use jenkinsstack_cloud::Answer;
use jenkinsstack_cloud::call::PrincipalKind;
use jenkinsstack_cloud::world::{HOME_ACCOUNT, root_key};
use serde_json::{Value, json};

/// Text of a member that must be there.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A file system that is still being created.
#[track_caller]
pub(crate) fn young(lab: &Lab, token: &str) -> String {
    text(&lab.ok("efs", "CreateFileSystem", json!({"CreationToken": token}))["FileSystemId"])
}

/// An available file system with further settings.
pub(crate) async fn made(lab: &Lab, settings: Value) -> String {
    let mut input = json!({"CreationToken": "home"});
    input.as_object_mut().expect("an object").extend(settings.as_object().expect("settings").clone());
    let id = text(&lab.ok("efs", "CreateFileSystem", input)["FileSystemId"]);
    lab.wait(30).await;
    id
}

/// An available file system.
pub(crate) async fn file_system(lab: &Lab) -> String {
    made(lab, json!({})).await
}

/// The file system as it is described.
#[track_caller]
pub(crate) fn described(lab: &Lab, id: &str) -> Value {
    lab.ok("efs", "DescribeFileSystems", json!({"FileSystemId": id}))["FileSystems"][0].clone()
}

/// A VPC with a subnet in each of two zones, a group for mount targets that lets NFS in from a group for tasks.
pub(crate) struct Net {
    pub(crate) vpc: String,
    pub(crate) a: String,
    pub(crate) b: String,
    pub(crate) store: String,
    pub(crate) tasks: String,
}

impl Net {
    /// One of them, with `port` open to the tasks.
    pub(crate) async fn new(lab: &Lab, port: u16) -> Self {
        let vpc = text(&lab.ok("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["Vpc"]["VpcId"]);
        let (a, b) = (subnet(lab, &vpc, "10.0.0.0/24", "a"), subnet(lab, &vpc, "10.0.1.0/24", "b"));
        let (store, tasks) = (group(lab, &vpc, "store"), group(lab, &vpc, "tasks"));
        lab.wait(10).await;
        let rule =
            json!([{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": tasks}]}]);
        lab.ok("ec2", "AuthorizeSecurityGroupIngress", json!({"GroupId": store, "IpPermissions": rule}));
        lab.wait(10).await;
        Self { vpc, a, b, store, tasks }
    }

    /// The network interface of a task in zone a.
    pub(crate) fn task(&self, lab: &Lab) -> String {
        let input = json!({"SubnetId": self.a, "Groups": [self.tasks]});
        text(&lab.ok("ec2", "CreateNetworkInterface", input)["NetworkInterface"]["NetworkInterfaceId"])
    }
}

/// A subnet in a zone.
#[track_caller]
pub(crate) fn subnet(lab: &Lab, vpc: &str, cidr: &str, zone: &str) -> String {
    let input = json!({"VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": format!("eu-central-1{zone}")});
    text(&lab.ok("ec2", "CreateSubnet", input)["Subnet"]["SubnetId"])
}

/// A security group; reads may not see it yet.
#[track_caller]
pub(crate) fn group(lab: &Lab, vpc: &str, name: &str) -> String {
    let input = json!({"VpcId": vpc, "GroupName": name, "Description": name});
    text(&lab.ok("ec2", "CreateSecurityGroup", input)["GroupId"])
}

/// A mount target that is still being created.
#[track_caller]
pub(crate) fn target(lab: &Lab, file_system: &str, subnet: &str, group: &str) -> String {
    let input = json!({"FileSystemId": file_system, "SubnetId": subnet, "SecurityGroups": [group]});
    text(&lab.ok("efs", "CreateMountTarget", input)["MountTargetId"])
}

/// An access point.
#[track_caller]
pub(crate) fn access_point(lab: &Lab, file_system: &str, token: &str, root: Value) -> String {
    let input = json!({"ClientToken": token, "FileSystemId": file_system, "RootDirectory": root});
    text(&lab.ok("efs", "CreateAccessPoint", input)["AccessPointId"])
}

/// A role that other services see.
pub(crate) async fn role(lab: &Lab, name: &str) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]});
    let input = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    let role = lab.ok("iam", "CreateRole", input);
    lab.wait(30).await;
    text(&role["Role"]["Arn"])
}

/// A call to EFS by a role that may do all of `actions`.
pub(crate) async fn call_as(lab: &Lab, actions: &str, operation: &str, input: Value) -> Answer {
    let may = json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
    call_with(lab, may, "efs", operation, input).await
}

/// A call by a role with these statements as its policy.
pub(crate) async fn call_with(lab: &Lab, may: Value, service: &str, operation: &str, input: Value) -> Answer {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "111122223333"}}]});
    let _ =
        lab.call("iam", "CreateRole", json!({"RoleName": "engineer", "AssumeRolePolicyDocument": trust.to_string()}));
    let may = policy(may);
    let input_policy = json!({"RoleName": "engineer", "PolicyName": "may", "PolicyDocument": may});
    lab.ok("iam", "PutRolePolicy", input_policy);
    lab.wait(30).await;
    let engineer = PrincipalKind::Role { role: "engineer".to_owned(), session: "test".to_owned() };
    let root = be(lab, engineer);
    let answer = lab.call(service, operation, input);
    be(lab, root);
    answer
}

/// Gives the lab's key to another principal of the account; returns the one that had it.
fn be(lab: &Lab, kind: PrincipalKind) -> PrincipalKind {
    lab.cloud.with(|world| {
        let key = world.keys.get_mut(&root_key(HOME_ACCOUNT)).expect("the lab's key");
        std::mem::replace(&mut key.principal.kind, kind)
    })
}

/// A policy of these statements.
pub(crate) fn policy(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}
