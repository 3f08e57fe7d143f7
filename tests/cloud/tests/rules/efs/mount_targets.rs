//! Mount targets.

use super::common::{Net, access_point, call_with, file_system, group, made, subnet, target, text, young};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn described(lab: &Lab, id: &str) -> Value {
    lab.ok("efs", "DescribeMountTargets", json!({"MountTargetId": id}))["MountTargets"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_mount_target_takes_more_than_a_minute() {
    rule!(
        "EFS",
        "A new mount target has its address and interface at once and is available after a minute and more",
        "Amazon EFS API Reference, CreateMountTarget"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let id = file_system(&lab).await;
    let target = target(&lab, &id, &net.a, &net.store);
    let found = described(&lab, &target);
    assert_eq!(found["LifeCycleState"], "creating");
    assert_eq!(found["SubnetId"], net.a);
    assert_eq!(found["VpcId"], net.vpc);
    assert_eq!(found["AvailabilityZoneName"], "eu-central-1a");
    assert!(found["AvailabilityZoneId"].is_string());
    assert!(text(&found["IpAddress"]).starts_with("10.0.0."));
    lab.wait(60).await;
    assert_eq!(described(&lab, &target)["LifeCycleState"], "creating");
    lab.wait(70).await;
    assert_eq!(described(&lab, &target)["LifeCycleState"], "available");
}

#[tokio::test(start_paused = true)]
async fn a_mount_target_has_a_requester_managed_interface() {
    rule!(
        "EFS",
        "The interface of a mount target is managed by EFS and has the target's groups",
        "Amazon EFS API Reference, CreateMountTarget"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let id = file_system(&lab).await;
    let target = target(&lab, &id, &net.a, &net.store);
    let interface = described(&lab, &target)["NetworkInterfaceId"].clone();
    let found = lab.ok("ec2", "DescribeNetworkInterfaces", json!({"NetworkInterfaceIds": [interface]}));
    let found = &found["NetworkInterfaces"][0];
    assert_eq!(found["Description"], format!("EFS mount target for {id} ({target})"));
    assert_eq!(found["RequesterManaged"], true);
    assert_eq!(found["Groups"][0]["GroupId"], net.store);
    assert_eq!(found["PrivateIpAddress"], described(&lab, &target)["IpAddress"]);
}

#[tokio::test(start_paused = true)]
async fn a_mount_target_needs_an_available_file_system() {
    rule!(
        "EFS",
        "A mount target of a file system that is still creating is refused",
        "Amazon EFS API Reference, CreateMountTarget, IncorrectFileSystemLifeCycleState"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let input = json!({"FileSystemId": young(&lab, "home"), "SubnetId": net.a});
    lab.refused("efs", "CreateMountTarget", input, "IncorrectFileSystemLifeCycleState");
}

#[tokio::test(start_paused = true)]
async fn a_zone_has_one_mount_target_of_a_file_system() {
    rule!(
        "EFS",
        "A second mount target in a zone is refused, also in another subnet and while the first is being deleted",
        "Amazon EFS API Reference, CreateMountTarget, MountTargetConflict"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let id = file_system(&lab).await;
    let first = target(&lab, &id, &net.a, &net.store);
    let other = subnet(&lab, &net.vpc, "10.0.2.0/24", "a");
    for subnet in [&net.a, &other] {
        let input = json!({"FileSystemId": id, "SubnetId": subnet});
        let refusal = lab.refused("efs", "CreateMountTarget", input, "MountTargetConflict");
        assert_eq!(refusal.message, "mount target already exists in this AZ");
    }
    lab.ok("efs", "DeleteMountTarget", json!({"MountTargetId": first}));
    let again = json!({"FileSystemId": id, "SubnetId": other});
    lab.refused("efs", "CreateMountTarget", again.clone(), "MountTargetConflict");
    lab.wait(120).await;
    lab.ok("efs", "CreateMountTarget", again);
}

#[tokio::test(start_paused = true)]
async fn all_mount_targets_are_in_one_vpc() {
    rule!(
        "EFS",
        "A mount target in another VPC than the first is refused",
        "Amazon EFS API Reference, CreateMountTarget, MountTargetConflict"
    );
    let lab = Lab::new();
    let (net, other) = (Net::new(&lab, 2049).await, Net::new(&lab, 2049).await);
    let id = file_system(&lab).await;
    target(&lab, &id, &net.a, &net.store);
    let input = json!({"FileSystemId": id, "SubnetId": other.b});
    let refusal = lab.refused("efs", "CreateMountTarget", input, "MountTargetConflict");
    assert!(refusal.message.contains("not in the same VPC"), "{}", refusal.message);
}

#[tokio::test(start_paused = true)]
async fn a_one_zone_file_system_has_its_mount_target_there() {
    rule!(
        "EFS",
        "A mount target outside the zone of a One Zone file system is refused",
        "Amazon EFS API Reference, AvailabilityZonesMismatch"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let id = made(&lab, json!({"AvailabilityZoneName": "eu-central-1a"})).await;
    let input = json!({"FileSystemId": id, "SubnetId": net.b});
    lab.refused("efs", "CreateMountTarget", input, "AvailabilityZonesMismatch");
    target(&lab, &id, &net.a, &net.store);
}

#[tokio::test(start_paused = true)]
async fn a_subnet_must_exist() {
    rule!(
        "EFS",
        "A mount target in an unknown subnet is refused",
        "Amazon EFS API Reference, CreateMountTarget, SubnetNotFound"
    );
    let lab = Lab::new();
    let input = json!({"FileSystemId": file_system(&lab).await, "SubnetId": "subnet-0123456789abcdef0"});
    lab.refused("efs", "CreateMountTarget", input, "SubnetNotFound");
}

#[tokio::test(start_paused = true)]
async fn security_groups_must_be_of_the_vpc() {
    rule!(
        "EFS",
        "A security group that does not exist in the subnet's VPC is refused, when creating and when changing",
        "Amazon EFS API Reference, SecurityGroupNotFound"
    );
    let lab = Lab::new();
    let (net, other) = (Net::new(&lab, 2049).await, Net::new(&lab, 2049).await);
    let id = file_system(&lab).await;
    for stranger in ["sg-0123456789abcdef0", &other.store] {
        let input = json!({"FileSystemId": id, "SubnetId": net.a, "SecurityGroups": [stranger]});
        lab.refused("efs", "CreateMountTarget", input, "SecurityGroupNotFound");
    }
    let target = target(&lab, &id, &net.a, &net.store);
    lab.wait(130).await;
    let input = json!({"MountTargetId": target, "SecurityGroups": [other.store]});
    lab.refused("efs", "ModifyMountTargetSecurityGroups", input, "SecurityGroupNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_mount_target_has_at_most_five_groups() {
    rule!(
        "EFS",
        "More than five security groups of a mount target are refused",
        "Amazon EFS API Reference, SecurityGroupLimitExceeded; Amazon VPC quotas"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let groups: Vec<String> = (0..6).map(|number| group(&lab, &net.vpc, &format!("group-{number}"))).collect();
    lab.wait(10).await;
    let input = json!({"FileSystemId": file_system(&lab).await, "SubnetId": net.a, "SecurityGroups": groups});
    lab.refused("efs", "CreateMountTarget", input, "SecurityGroupLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn without_groups_a_mount_target_gets_the_default_group() {
    rule!(
        "EFS",
        "A mount target without security groups has the default group of its VPC",
        "Amazon EFS API Reference, CreateMountTarget"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let input = json!({"FileSystemId": file_system(&lab).await, "SubnetId": net.a});
    let target = text(&lab.ok("efs", "CreateMountTarget", input)["MountTargetId"]);
    let groups = lab.ok("efs", "DescribeMountTargetSecurityGroups", json!({"MountTargetId": target}));
    let filters = json!([{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "group-name", "Values": ["default"]}]);
    let default = lab.ok("ec2", "DescribeSecurityGroups", json!({"Filters": filters}));
    assert_eq!(groups["SecurityGroups"], json!([default["SecurityGroups"][0]["GroupId"]]));
}

#[tokio::test(start_paused = true)]
async fn groups_of_an_available_mount_target_are_replaced() {
    rule!(
        "EFS",
        "The security groups of a mount target, and so of its interface, are replaced as a whole",
        "Amazon EFS API Reference, ModifyMountTargetSecurityGroups"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let target = target(&lab, &file_system(&lab).await, &net.a, &net.store);
    lab.wait(130).await;
    let input = json!({"MountTargetId": target, "SecurityGroups": [net.tasks]});
    lab.ok("efs", "ModifyMountTargetSecurityGroups", input);
    let groups = lab.ok("efs", "DescribeMountTargetSecurityGroups", json!({"MountTargetId": target}));
    assert_eq!(groups["SecurityGroups"], json!([net.tasks]));
    let interface = described(&lab, &target)["NetworkInterfaceId"].clone();
    let interface = lab.ok("ec2", "DescribeNetworkInterfaces", json!({"NetworkInterfaceIds": [interface]}));
    assert_eq!(interface["NetworkInterfaces"][0]["Groups"][0]["GroupId"], net.tasks);
}

#[tokio::test(start_paused = true)]
async fn groups_wait_for_the_mount_target() {
    rule!(
        "EFS",
        "The security groups of a mount target that is not available can't be changed",
        "Amazon EFS API Reference, ModifyMountTargetSecurityGroups, IncorrectMountTargetState"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let target = target(&lab, &file_system(&lab).await, &net.a, &net.store);
    let input = json!({"MountTargetId": target, "SecurityGroups": [net.tasks]});
    lab.refused("efs", "ModifyMountTargetSecurityGroups", input, "IncorrectMountTargetState");
    lab.ok("efs", "DeleteMountTarget", json!({"MountTargetId": target}));
    let input = json!({"MountTargetId": target});
    lab.refused("efs", "DescribeMountTargetSecurityGroups", input, "IncorrectMountTargetState");
}

#[tokio::test(start_paused = true)]
async fn an_address_in_use_is_refused() {
    rule!(
        "EFS",
        "A mount target at an address that is in use is refused",
        "Amazon EFS API Reference, CreateMountTarget, IpAddressInUse"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let (first, second) = (file_system(&lab).await, made(&lab, json!({"CreationToken": "other"})).await);
    let address = described(&lab, &target(&lab, &first, &net.a, &net.store))["IpAddress"].clone();
    let input = json!({"FileSystemId": second, "SubnetId": net.a, "IpAddress": address});
    lab.refused("efs", "CreateMountTarget", input, "IpAddressInUse");
}

#[tokio::test(start_paused = true)]
async fn a_full_subnet_has_no_room() {
    rule!(
        "EFS",
        "A mount target in a subnet without free addresses is refused",
        "Amazon EFS API Reference, CreateMountTarget, NoFreeAddressesInSubnet"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let small = subnet(&lab, &net.vpc, "10.0.9.0/28", "a");
    for _ in 0..11 {
        lab.ok("ec2", "CreateNetworkInterface", json!({"SubnetId": small}));
    }
    let input = json!({"FileSystemId": file_system(&lab).await, "SubnetId": small});
    lab.refused("efs", "CreateMountTarget", input, "NoFreeAddressesInSubnet");
}

#[tokio::test(start_paused = true)]
async fn mount_targets_are_listed_by_one_thing() {
    rule!(
        "EFS",
        "Mount targets are listed by file system, access point or mount target, exactly one of them",
        "Amazon EFS API Reference, DescribeMountTargets"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let id = file_system(&lab).await;
    let point = access_point(&lab, &id, "home", json!({"Path": "/home"}));
    let targets = [target(&lab, &id, &net.a, &net.store), target(&lab, &id, &net.b, &net.store)];
    for input in [json!({"FileSystemId": id}), json!({"AccessPointId": point})] {
        let found = lab.ok("efs", "DescribeMountTargets", input);
        assert_eq!(found["MountTargets"].as_array().map(Vec::len), Some(targets.len()));
    }
    lab.refused("efs", "DescribeMountTargets", json!({}), "BadRequest");
    let two = json!({"FileSystemId": id, "MountTargetId": targets[0]});
    lab.refused("efs", "DescribeMountTargets", two, "BadRequest");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_mount_target_is_not_found() {
    rule!("EFS", "An unknown mount target is not found", "Amazon EFS API Reference, MountTargetNotFound");
    let lab = Lab::new();
    for operation in ["DescribeMountTargets", "DeleteMountTarget", "DescribeMountTargetSecurityGroups"] {
        let input = json!({"MountTargetId": "fsmt-0123456789abcdef0"});
        assert_eq!(lab.refused("efs", operation, input, "MountTargetNotFound").status, 404);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_mount_target_and_its_interface_go_late() {
    rule!(
        "EFS",
        "A deleted mount target is deleting for about a minute, and its interface holds the security group even longer",
        "Amazon EFS API Reference, DeleteMountTarget"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let target = target(&lab, &file_system(&lab).await, &net.a, &net.store);
    lab.wait(130).await;
    lab.ok("efs", "DeleteMountTarget", json!({"MountTargetId": target}));
    lab.wait(30).await;
    assert_eq!(described(&lab, &target)["LifeCycleState"], "deleting");
    let mut seconds = 0;
    while lab.call("efs", "DescribeMountTargets", json!({"MountTargetId": target})).is_ok() {
        assert!(seconds < 90, "the mount target is still there");
        lab.wait(1).await;
        seconds += 1;
    }
    lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": net.store}), "DependencyViolation");
    lab.wait(60).await;
    lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": net.store}));
}

#[tokio::test(start_paused = true)]
async fn a_mount_target_needs_permissions_of_ec2() {
    rule!(
        "EFS",
        "Creating a mount target also needs the permission to create a network interface in its subnet",
        "Amazon EFS API Reference, CreateMountTarget"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let input = json!({"FileSystemId": file_system(&lab).await, "SubnetId": net.a, "SecurityGroups": [net.store]});
    let may = |actions: Value| json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
    let poor = may(json!(["elasticfilesystem:*", "ec2:Describe*"]));
    let refusal = call_with(&lab, poor, "efs", "CreateMountTarget", input.clone()).await.expect_err("no permission");
    assert_eq!(refusal.code, "AccessDeniedException");
    assert!(refusal.message.contains("ec2:CreateNetworkInterface"), "{}", refusal.message);
    let rich = ["elasticfilesystem:*", "ec2:Describe*", "ec2:CreateNetworkInterface", "iam:CreateServiceLinkedRole"];
    call_with(&lab, may(json!(rich)), "efs", "CreateMountTarget", input).await.expect("permission");
}

#[tokio::test(start_paused = true)]
async fn the_first_mount_target_of_an_account_makes_the_linked_role() {
    rule!(
        "EFS",
        "The first mount target of an account also needs iam:CreateServiceLinkedRole; later ones find the role",
        "Amazon EFS User Guide, Using service-linked roles for Amazon EFS"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let home = file_system(&lab).await;
    let input = |subnet: &str| json!({"FileSystemId": home, "SubnetId": subnet, "SecurityGroups": [net.store]});
    let may = json!([{"Effect": "Allow", "Action": ["elasticfilesystem:*", "ec2:*"], "Resource": "*"}]);
    let refusal = call_with(&lab, may.clone(), "efs", "CreateMountTarget", input(&net.a)).await.expect_err("no role");
    assert_eq!(refusal.code, "AccessDeniedException");
    let role = "role/aws-service-role/elasticfilesystem.amazonaws.com/AWSServiceRoleForAmazonElasticFileSystem";
    assert!(refusal.message.contains("iam:CreateServiceLinkedRole") && refusal.message.contains(role), "{refusal:?}");
    lab.ok("efs", "CreateMountTarget", input(&net.a));
    lab.ok("iam", "GetRole", json!({"RoleName": "AWSServiceRoleForAmazonElasticFileSystem"}));
    call_with(&lab, may, "efs", "CreateMountTarget", input(&net.b)).await.expect("the role is there");
}
