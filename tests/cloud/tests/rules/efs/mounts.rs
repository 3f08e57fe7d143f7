//! What decides whether a task can mount.

use super::common::{Net, access_point, file_system, made, policy, role, target};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::efs::{self, Mount};
use jenkinsstack_cloud::world::{HOME_ACCOUNT, Place};
use serde_json::{Value, json};

/// A file system with a mount target in zone a and a task there.
struct Scene {
    lab: Lab,
    net: Net,
    file_system: String,
    task: String,
}

fn place() -> Place {
    Place { account: HOME_ACCOUNT.to_owned(), region: "eu-central-1".to_owned() }
}

impl Scene {
    async fn new(port: u16) -> Self {
        let lab = Lab::new();
        let net = Net::new(&lab, port).await;
        let file_system = file_system(&lab).await;
        let task = net.task(&lab);
        Self { lab, net, file_system, task }
    }

    /// One whose mount target is there and known by name.
    async fn ready(port: u16) -> Self {
        let scene = Self::new(port).await;
        target(&scene.lab, &scene.file_system, &scene.net.a, &scene.net.store);
        scene.lab.wait(240).await;
        scene
    }

    fn with(&self) -> Mount<'_> {
        Mount { file_system: &self.file_system, access_point: None, tls: true, role: None, interface: &self.task }
    }

    fn mount(&self, mount: &Mount<'_>) -> Result<(), String> {
        self.lab.cloud.with(|world| efs::mount(world, &place(), mount))
    }

    fn put_policy(&self, statements: Value) {
        let input = json!({"FileSystemId": self.file_system, "Policy": policy(statements)});
        self.lab.ok("efs", "PutFileSystemPolicy", input);
    }

    async fn home(&self, root: Value) -> String {
        let id = access_point(&self.lab, &self.file_system, "home", root);
        self.lab.wait(30).await;
        id
    }

    #[track_caller]
    fn denied(&self, mount: &Mount<'_>) {
        let text = self.mount(mount).expect_err("the mount is denied");
        assert!(text.contains("mount.nfs4: access denied by server while mounting 127.0.0.1:/"), "{text}");
    }
}

fn home() -> Value {
    json!({"Path": "/home", "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"}})
}

#[tokio::test(start_paused = true)]
async fn a_mount_needs_a_mount_target() {
    rule!(
        "EFS",
        "A file system's name does not resolve in a zone without an available mount target",
        "Amazon EFS User Guide, Mounting EFS file systems"
    );
    let scene = Scene::new(2049).await;
    let unresolved = || {
        let text = scene.mount(&scene.with()).expect_err("no mount target");
        let host = format!("Failed to resolve \"{}.efs.eu-central-1.amazonaws.com\"", scene.file_system);
        assert!(text.contains(&host), "{text}");
    };
    unresolved();
    target(&scene.lab, &scene.file_system, &scene.net.b, &scene.net.store);
    scene.lab.wait(240).await;
    unresolved();
    target(&scene.lab, &scene.file_system, &scene.net.a, &scene.net.store);
    unresolved();
    scene.lab.wait(240).await;
    assert_eq!(scene.mount(&scene.with()), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_mount_needs_the_port_of_nfs() {
    rule!(
        "EFS",
        "A mount times out where the security groups do not let port 2049 through",
        "Amazon EFS User Guide, Using VPC security groups"
    );
    let scene = Scene::ready(2050).await;
    let text = scene.mount(&scene.with()).expect_err("the port is closed");
    assert!(text.contains("mount.nfs4: Connection timed out"), "{text}");
    let rule = json!([{"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "UserIdGroupPairs": [{"GroupId": scene.net.tasks}]}]);
    let input = json!({"GroupId": scene.net.store, "IpPermissions": rule});
    scene.lab.ok("ec2", "AuthorizeSecurityGroupIngress", input);
    scene.lab.wait(30).await;
    assert_eq!(scene.mount(&scene.with()), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_access_point_must_be_of_the_file_system() {
    rule!(
        "EFS",
        "A mount through an access point of another file system, or a deleted one, is denied",
        "Amazon EFS User Guide, Working with access points"
    );
    let scene = Scene::ready(2049).await;
    let point = scene.home(home()).await;
    assert_eq!(scene.mount(&Mount { access_point: Some(&point), ..scene.with() }), Ok(()));
    scene.denied(&Mount { access_point: Some("fsap-0123456789abcdef0"), ..scene.with() });
    scene.lab.ok("efs", "DeleteAccessPoint", json!({"AccessPointId": point}));
    scene.denied(&Mount { access_point: Some(&point), ..scene.with() });
}

#[tokio::test(start_paused = true)]
async fn a_missing_root_directory_is_made_only_with_creation_info() {
    rule!(
        "EFS",
        "A root directory that does not exist is made by the first mount if there is creation info, else the mount fails",
        "Amazon EFS API Reference, RootDirectory, CreationInfo"
    );
    let scene = Scene::ready(2049).await;
    let bare = scene.home(json!({"Path": "/home"})).await;
    let bare = Mount { access_point: Some(&bare), ..scene.with() };
    scene.denied(&bare);
    let maker = access_point(&scene.lab, &scene.file_system, "maker", home());
    scene.lab.wait(30).await;
    assert_eq!(scene.mount(&Mount { access_point: Some(&maker), ..scene.with() }), Ok(()));
    scene.lab.cloud.with(|world| efs::mounted(world.at(&place()), &maker));
    assert_eq!(scene.mount(&bare), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn data_outlives_the_access_point() {
    rule!("EFS", "Deleting an access point deletes no data", "Amazon EFS User Guide, Deleting access points");
    let scene = Scene::ready(2049).await;
    let point = scene.home(home()).await;
    let write = |world: &mut jenkinsstack_cloud::World| {
        let region = world.at(&place());
        efs::mounted(region, &point);
        let root = efs::root_directory(region, &point).expect("a root").to_owned();
        efs::write_marker(region, &scene.file_system, &root, "first start");
    };
    scene.lab.cloud.with(write);
    scene.lab.ok("efs", "DeleteAccessPoint", json!({"AccessPointId": point}));
    scene.lab.wait(30).await;
    let bare = access_point(&scene.lab, &scene.file_system, "again", json!({"Path": "/home"}));
    scene.lab.wait(30).await;
    assert_eq!(scene.mount(&Mount { access_point: Some(&bare), ..scene.with() }), Ok(()));
    let text =
        scene.lab.cloud.with(|world| efs::marker(world.at(&place()), &scene.file_system, "/home").map(str::to_owned));
    assert_eq!(text.as_deref(), Some("first start"));
}

#[tokio::test(start_paused = true)]
async fn without_a_policy_everyone_mounts() {
    rule!(
        "EFS",
        "Without a file system policy every client that reaches a mount target may mount and write",
        "Amazon EFS User Guide, Default EFS file system policy"
    );
    let scene = Scene::ready(2049).await;
    let plain = Mount { tls: false, ..scene.with() };
    assert_eq!(scene.mount(&plain), Ok(()));
    assert!(scene.lab.cloud.with(|world| efs::writable(world, &place(), &plain)));
}

#[tokio::test(start_paused = true)]
async fn a_policy_closes_the_file_system_to_others() {
    rule!(
        "EFS",
        "With a policy for a role, only that role mounts, and only with its credentials",
        "Amazon EFS User Guide, Using IAM to control file system data access"
    );
    let scene = Scene::ready(2049).await;
    let (jenkins, other) = (role(&scene.lab, "jenkins").await, role(&scene.lab, "other").await);
    scene.put_policy(
        json!([{"Effect": "Allow", "Principal": {"AWS": jenkins}, "Action": "elasticfilesystem:ClientMount",
        "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}}]),
    );
    let by = Mount { role: Some(&jenkins), ..scene.with() };
    assert_eq!(scene.mount(&by), Ok(()));
    assert!(!scene.lab.cloud.with(|world| efs::writable(world, &place(), &by)));
    scene.denied(&Mount { role: Some(&other), ..scene.with() });
    scene.denied(&scene.with());
}

#[tokio::test(start_paused = true)]
async fn a_role_made_again_is_another_role() {
    rule!(
        "EFS",
        "A role that was deleted and made again mounts only once the policy was put again",
        "IAM User Guide, AWS JSON policy elements: Principal"
    );
    let scene = Scene::ready(2049).await;
    let jenkins = role(&scene.lab, "jenkins").await;
    let statements =
        json!([{"Effect": "Allow", "Principal": {"AWS": jenkins}, "Action": "elasticfilesystem:ClientMount"}]);
    scene.put_policy(statements.clone());
    scene.lab.ok("iam", "DeleteRole", json!({"RoleName": "jenkins"}));
    role(&scene.lab, "jenkins").await;
    let by = Mount { role: Some(&jenkins), ..scene.with() };
    scene.denied(&by);
    scene.put_policy(statements);
    assert_eq!(scene.mount(&by), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_disabled_key_closes_the_file_system() {
    rule!(
        "EFS",
        "A file system whose KMS key is disabled can't be mounted",
        "Amazon EFS User Guide, Managing encryption keys for encrypted file systems"
    );
    let lab = Lab::new();
    let net = Net::new(&lab, 2049).await;
    let key = lab.ok("kms", "CreateKey", json!({}))["KeyMetadata"]["KeyId"].clone();
    let file_system = made(&lab, json!({"Encrypted": true, "KmsKeyId": key})).await;
    let task = net.task(&lab);
    target(&lab, &file_system, &net.a, &net.store);
    lab.wait(240).await;
    let scene = Scene { lab, net, file_system, task };
    assert_eq!(scene.mount(&scene.with()), Ok(()));
    scene.lab.ok("kms", "DisableKey", json!({"KeyId": key}));
    scene.denied(&scene.with());
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_require_tls() {
    rule!(
        "EFS",
        "A policy that denies without TLS denies a mount without TLS",
        "Amazon EFS User Guide, Resource-based policy examples, Enforce in-transit encryption for all clients"
    );
    let scene = Scene::ready(2049).await;
    scene.put_policy(json!([
        {"Effect": "Allow", "Principal": "*", "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]},
        {"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]));
    assert_eq!(scene.mount(&scene.with()), Ok(()));
    let text = scene.mount(&Mount { tls: false, ..scene.with() }).expect_err("no TLS");
    assert!(text.contains("access denied by server"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_require_an_access_point() {
    rule!(
        "EFS",
        "A policy that allows one access point denies every other way",
        "Amazon EFS User Guide, Using access points in IAM policies"
    );
    let scene = Scene::ready(2049).await;
    let point = scene.home(home()).await;
    let other = access_point(&scene.lab, &scene.file_system, "other", home());
    scene.lab.wait(30).await;
    let arn = format!("arn:aws:elasticfilesystem:eu-central-1:111122223333:access-point/{point}");
    scene.put_policy(json!([{"Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:Client*",
        "Condition": {"StringEquals": {"elasticfilesystem:AccessPointArn": arn}}}]));
    assert_eq!(scene.mount(&Mount { access_point: Some(&point), ..scene.with() }), Ok(()));
    scene.denied(&Mount { access_point: Some(&other), ..scene.with() });
    scene.denied(&scene.with());
}
