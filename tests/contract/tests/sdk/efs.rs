//! EFS: file systems, mount targets, access points.

use crate::desk::{Desk, REGION};
use crate::refused;
use aws_sdk_efs::Client;
use aws_sdk_efs::operation::create_access_point::CreateAccessPointError;
use aws_sdk_efs::operation::create_file_system::CreateFileSystemError;
use aws_sdk_efs::operation::create_mount_target::CreateMountTargetError;
use aws_sdk_efs::operation::delete_file_system::DeleteFileSystemError;
use aws_sdk_efs::operation::delete_mount_target::DeleteMountTargetError;
use aws_sdk_efs::operation::describe_access_points::DescribeAccessPointsError;
use aws_sdk_efs::operation::describe_file_system_policy::DescribeFileSystemPolicyError;
use aws_sdk_efs::operation::describe_file_systems::DescribeFileSystemsError;
use aws_sdk_efs::operation::describe_replication_configurations::DescribeReplicationConfigurationsError;
use aws_sdk_efs::operation::put_file_system_policy::PutFileSystemPolicyError;
use aws_sdk_efs::types::{
    BackupPolicy, CreationInfo, LifeCycleState, LifecyclePolicy, PerformanceMode, PosixUser,
    ReplicationOverwriteProtection, RootDirectory, Status, Tag, ThroughputMode, TransitionToIaRules,
};

/// An available file system.
async fn file_system(desk: &Desk, efs: &Client) -> String {
    let tag = Tag::builder().key("Name").value("home").build().expect("a tag");
    let create = efs.create_file_system().creation_token("home").encrypted(true).tags(tag);
    let made = create.throughput_mode(ThroughputMode::Elastic).send().await.expect("a file system");
    assert_eq!((made.life_cycle_state(), made.name()), (&LifeCycleState::Creating, Some("home")));
    assert_eq!(made.performance_mode(), &PerformanceMode::GeneralPurpose);
    assert_eq!((made.encrypted(), made.owner_id()), (Some(true), "111122223333"));
    desk.wait(60).await;
    let shown = efs.describe_file_systems().creation_token("home").send().await.expect("file systems");
    let shown = &shown.file_systems()[0];
    assert_eq!((shown.life_cycle_state(), shown.creation_time()), (&LifeCycleState::Available, made.creation_time()));
    assert!(shown.size_in_bytes().is_some_and(|size| size.value() >= 6144), "{shown:?}");
    made.file_system_id().to_owned()
}

async fn group(desk: &Desk, name: &str) -> String {
    let ec2 = aws_sdk_ec2::Client::new(&desk.config);
    let made = ec2.create_security_group().group_name(name).description(name).vpc_id(&desk.net.vpc).send().await;
    desk.wait(10).await;
    made.expect("a group").group_id().expect("an id").to_owned()
}

async fn mount_target(desk: &Desk, efs: &Client, id: &str) -> String {
    let (one, other) = (group(desk, "one").await, group(desk, "other").await);
    let subnet = &desk.net.private_subnets[0];
    let made = efs.create_mount_target().file_system_id(id).subnet_id(subnet).security_groups(&one).send().await;
    let made = made.expect("a mount target");
    assert_eq!((made.life_cycle_state(), made.subnet_id()), (&LifeCycleState::Creating, subnet.as_str()));
    let name = format!("{REGION}a");
    assert_eq!((made.availability_zone_name(), made.vpc_id()), (Some(name.as_str()), Some(desk.net.vpc.as_str())));
    desk.wait(300).await;
    let shown = efs.describe_mount_targets().file_system_id(id).send().await.expect("mount targets");
    let shown = &shown.mount_targets()[0];
    assert_eq!(shown.life_cycle_state(), &LifeCycleState::Available);
    assert!(shown.ip_address().is_some() && shown.network_interface_id().is_some());
    let target = made.mount_target_id();
    efs.modify_mount_target_security_groups()
        .mount_target_id(target)
        .security_groups(&other)
        .send()
        .await
        .expect("set");
    let groups = efs.describe_mount_target_security_groups().mount_target_id(target).send().await.expect("groups");
    assert_eq!(groups.security_groups(), [other]);
    target.to_owned()
}

fn root(path: &str) -> RootDirectory {
    let info = CreationInfo::builder().owner_uid(1000).owner_gid(1000).permissions("0755").build().expect("an owner");
    RootDirectory::builder().path(path).creation_info(info).build()
}

async fn access_point(desk: &Desk, efs: &Client, id: &str) -> String {
    let user = PosixUser::builder().uid(1000).gid(1000).build().expect("a user");
    let create = efs.create_access_point().client_token("home").file_system_id(id).posix_user(user);
    let made = create.root_directory(root("/home")).send().await.expect("an access point");
    desk.wait(60).await;
    let shown = efs.describe_access_points().file_system_id(id).send().await.expect("access points");
    let shown = &shown.access_points()[0];
    assert_eq!(shown.access_point_arn(), made.access_point_arn());
    assert_eq!(shown.root_directory().and_then(|root| root.path()), Some("/home"));
    assert_eq!(shown.posix_user().map(|user| (user.uid(), user.gid())), Some((1000, 1000)));
    assert_eq!(shown.life_cycle_state(), Some(&LifeCycleState::Available));
    made.access_point_id().expect("an id").to_owned()
}

async fn settings(desk: &Desk, efs: &Client, id: &str) {
    let update = efs.update_file_system().file_system_id(id).throughput_mode(ThroughputMode::Bursting);
    assert_eq!(update.send().await.expect("updated").throughput_mode(), Some(&ThroughputMode::Bursting));
    desk.wait(300).await;
    let protect = efs.update_file_system_protection().file_system_id(id);
    let protect = protect.replication_overwrite_protection(ReplicationOverwriteProtection::Disabled).send().await;
    let protection = protect.expect("updated").replication_overwrite_protection().cloned();
    assert_eq!(protection, Some(ReplicationOverwriteProtection::Disabled));
    let on = BackupPolicy::builder().status(Status::Enabled).build().expect("a policy");
    efs.put_backup_policy().file_system_id(id).backup_policy(on).send().await.expect("put");
    desk.wait(60).await;
    let backup = efs.describe_backup_policy().file_system_id(id).send().await.expect("a policy");
    assert_eq!(backup.backup_policy().map(|policy| policy.status()), Some(&Status::Enabled));
    let cold = LifecyclePolicy::builder().transition_to_ia(TransitionToIaRules::After30Days).build();
    let put = efs.put_lifecycle_configuration().file_system_id(id).lifecycle_policies(cold.clone()).send().await;
    assert_eq!(put.expect("put").lifecycle_policies(), std::slice::from_ref(&cold));
    let kept = efs.describe_lifecycle_configuration().file_system_id(id).send().await.expect("policies");
    assert_eq!(kept.lifecycle_policies(), [cold]);
}

fn policy(id: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "*"}},
            "Action": "elasticfilesystem:ClientMount",
            "Resource": "arn:aws:elasticfilesystem:{REGION}:111122223333:file-system/{id}"}}]}}"#
    )
}

async fn policies_and_tags(efs: &Client, id: &str) {
    let put = efs.put_file_system_policy().file_system_id(id).policy(policy(id)).send().await.expect("put");
    assert!(put.policy().is_some_and(|text| text.contains("ClientMount")), "{put:?}");
    let kept = efs.describe_file_system_policy().file_system_id(id).send().await.expect("a policy");
    assert_eq!((kept.policy(), kept.file_system_id()), (put.policy(), Some(id)));
    efs.delete_file_system_policy().file_system_id(id).send().await.expect("deleted");
    let tag = Tag::builder().key("stack").value("one").build().expect("a tag");
    efs.tag_resource().resource_id(id).tags(tag.clone()).send().await.expect("tagged");
    efs.untag_resource().resource_id(id).tag_keys("Name").send().await.expect("untagged");
    let tags = efs.list_tags_for_resource().resource_id(id).send().await.expect("tags");
    // Backup is on, and AWS notes that in a tag of its own.
    let own: Vec<_> = tags.tags().iter().filter(|tag| !tag.key().starts_with("aws:")).collect();
    assert_eq!(own, [&tag]);
}

pub(crate) async fn good_cases(desk: &Desk) {
    let efs = Client::new(&desk.config);
    let id = file_system(desk, &efs).await;
    let target = mount_target(desk, &efs, &id).await;
    let point = access_point(desk, &efs, &id).await;
    settings(desk, &efs, &id).await;
    policies_and_tags(&efs, &id).await;
    let replications = efs.describe_replication_configurations().send().await.expect("a list");
    assert!(replications.replications().is_empty());
    efs.delete_access_point().access_point_id(point).send().await.expect("deleted");
    efs.delete_mount_target().mount_target_id(target).send().await.expect("deleted");
    desk.wait(600).await;
    efs.delete_file_system().file_system_id(id).send().await.expect("deleted");
    desk.wait(600).await;
    assert!(efs.describe_file_systems().send().await.expect("file systems").file_systems().is_empty());
}

#[tokio::test(start_paused = true)]
async fn refusals_name_what_they_are_about() {
    let desk = Desk::new();
    let efs = Client::new(&desk.config);
    let id = file_system(&desk, &efs).await;
    let again = efs.create_file_system().creation_token("home").encrypted(false).send();
    let error = refused!(again, CreateFileSystemError::FileSystemAlreadyExists);
    assert_eq!((error.file_system_id(), error.error_code()), (id.as_str(), "FileSystemAlreadyExists"));
    assert!(error.message().is_some(), "{error}");
    let point = access_point(&desk, &efs, &id).await;
    let other = efs.create_access_point().client_token("home").file_system_id(&id).root_directory(root("/other"));
    let error = refused!(other.send(), CreateAccessPointError::AccessPointAlreadyExists);
    assert_eq!((error.access_point_id(), error.error_code()), (point.as_str(), "AccessPointAlreadyExists"));
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let efs = Client::new(&desk.config);
    let unknown = efs.describe_file_systems().file_system_id("fs-0123456789abcdef0").send();
    let error = refused!(unknown, DescribeFileSystemsError::FileSystemNotFound);
    assert_eq!(error.error_code(), "FileSystemNotFound");
    let unknown = efs.describe_access_points().access_point_id("fsap-0123456789abcdef0").send();
    refused!(unknown, DescribeAccessPointsError::AccessPointNotFound);
    let unknown = efs.delete_mount_target().mount_target_id("fsmt-0123456789abcdef0").send();
    refused!(unknown, DeleteMountTargetError::MountTargetNotFound);
    let id = file_system(&desk, &efs).await;
    let none = efs.describe_file_system_policy().file_system_id(&id).send();
    refused!(none, DescribeFileSystemPolicyError::PolicyNotFound);
    let none = efs.describe_replication_configurations().file_system_id(&id).send();
    refused!(none, DescribeReplicationConfigurationsError::ReplicationNotFound);
    let broken = efs.put_file_system_policy().file_system_id(&id).policy("{}").send();
    refused!(broken, PutFileSystemPolicyError::InvalidPolicyException);
    let mount = |subnet: &str| efs.create_mount_target().file_system_id(&id).subnet_id(subnet).send();
    refused!(mount("subnet-0123456789abcdef0"), CreateMountTargetError::SubnetNotFound);
    mount(&desk.net.private_subnets[0]).await.expect("a mount target");
    desk.wait(300).await;
    refused!(mount(&desk.net.public_subnets[0]), CreateMountTargetError::MountTargetConflict);
    let held = efs.delete_file_system().file_system_id(&id).send();
    assert_eq!(refused!(held, DeleteFileSystemError::FileSystemInUse).error_code(), "FileSystemInUse");
}
