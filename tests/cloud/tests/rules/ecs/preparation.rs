//! What a task needs before its containers start.

use super::common::{Stage, group, said, text};
use crate::rule;
use jenkinsstack_cloud::service::{ecs::Script, efs};
use jenkinsstack_cloud::world::{HOME_ACCOUNT, Place};
use serde_json::{Value, json};

impl Stage {
    /// A task of that definition runs into its end; how it stopped.
    async fn broken(&self, definition: &str) -> String {
        let arn = self.run(definition);
        self.ends(&arn).await
    }

    async fn ends(&self, arn: &str) -> String {
        assert!(self.until(300, |stage| stage.task(arn)["lastStatus"] == "STOPPED").await, "{}", self.task(arn));
        let task = self.task(arn);
        assert_eq!((&task["stopCode"], &task["startedAt"]), (&json!("TaskFailedToStart"), &Value::Null));
        text(&task["stoppedReason"])
    }

    fn secret(&self, value_from: &str) -> String {
        self.register(|input| {
            input["containerDefinitions"][0]["secrets"] = json!([{"name": "TOKEN", "valueFrom": value_from}]);
        })
    }

    fn logging(&self, group: &str) -> String {
        let options = json!({"awslogs-group": group, "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "c"});
        self.register(|input| {
            input["containerDefinitions"][0]["logConfiguration"] = json!({"logDriver": "awslogs", "options": options});
        })
    }

    /// A file system with mount targets in both subnets, and an access point; their ids.
    async fn home(&self) -> (String, String) {
        let made = self.lab.ok("efs", "CreateFileSystem", json!({"CreationToken": "home", "Encrypted": true}));
        let id = text(&made["FileSystemId"]);
        self.lab.wait(60).await;
        for subnet in &self.subnets {
            let input = json!({"FileSystemId": id, "SubnetId": subnet, "SecurityGroups": [self.group]});
            self.lab.ok("efs", "CreateMountTarget", input);
        }
        let point = json!({
            "ClientToken": "home",
            "FileSystemId": id,
            "PosixUser": {"Uid": 1000, "Gid": 1000},
            "RootDirectory": {
                "Path": "/home",
                "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1000, "Permissions": "0755"},
            },
        });
        let point = text(&self.lab.ok("efs", "CreateAccessPoint", point)["AccessPointId"]);
        self.lab.wait(300).await;
        (id, point)
    }

    fn mounting(&self, (file_system, point): &(String, String)) -> String {
        self.register(|input| {
            input["volumes"] = json!([{"name": "home", "efsVolumeConfiguration": {
                "fileSystemId": file_system,
                "transitEncryption": "ENABLED",
                "authorizationConfig": {"accessPointId": point, "iam": "ENABLED"},
            }}]);
            let mounts = json!([{"sourceVolume": "home", "containerPath": "/var/jenkins_home"}]);
            input["containerDefinitions"][0]["mountPoints"] = mounts;
        })
    }
}

const NO_SECRET: &str = "ResourceInitializationError: unable to pull secrets or registry auth: ";

#[tokio::test(start_paused = true)]
async fn a_missing_image_stops_the_task() {
    rule!(
        "ECS",
        "A task whose image the registry does not have stops with CannotPullContainerError",
        "Amazon ECS Developer Guide, CannotPullContainer task errors in Amazon ECS"
    );
    let stage = Stage::new().await;
    stage.script(Script::missing());
    let reason = stage.broken(&stage.register(|_| ())).await;
    assert!(reason.starts_with("CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/jenkins/jenkins:lts: "), "{reason}");
    let task = stage.tasks("STOPPED")[0].clone();
    assert_eq!((text(&task["containers"][0]["reason"]), &task["containers"][0]["exitCode"]), (reason, &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_registry_needs_a_route() {
    rule!(
        "ECS",
        "A task without a public address or NAT, or without egress on 443, can't pull its image",
        "Amazon ECS Developer Guide, CannotPullContainer task errors in Amazon ECS"
    );
    let stage = Stage::new().await;
    let definition = stage.register(|_| ());
    let mut input = stage.run_input(&definition);
    input["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] = json!("DISABLED");
    let arn = text(&stage.lab.ok("ecs", "RunTask", input)["tasks"][0]["taskArn"]);
    stage.lab.wait(2).await;
    let reason = stage.ends(&arn).await;
    assert!(reason.starts_with("CannotPullContainerError") && reason.ends_with("i/o timeout"), "{reason}");
    let closed = group(&stage.lab, &stage.vpc, "closed", &[80]).await;
    let egress = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
    stage.lab.ok("ec2", "RevokeSecurityGroupEgress", json!({"GroupId": closed, "IpPermissions": egress}));
    let mut input = stage.run_input(&definition);
    input["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"] = json!([closed]);
    let arn = text(&stage.lab.ok("ecs", "RunTask", input)["tasks"][0]["taskArn"]);
    stage.lab.wait(2).await;
    assert!(stage.ends(&arn).await.starts_with("CannotPullContainerError"));
}

#[tokio::test(start_paused = true)]
async fn secrets_must_be_there_and_readable() {
    rule!(
        "ECS",
        "A task stops with ResourceInitializationError unless its execution role reads the secret, its key and value",
        "Amazon ECS Developer Guide, ResourceInitializationError errors"
    );
    let stage = Stage::new().await;
    let made = stage.lab.ok(
        "secretsmanager",
        "CreateSecret",
        json!({"Name": "ci/token", "SecretString": "{\"user\": \"admin\"}"}),
    );
    let arn = text(&made["ARN"]);
    stage.lab.wait(10).await;
    let good = stage.run(&stage.secret(&format!("{arn}:user::")));
    stage.lab.wait(60).await;
    assert_eq!(stage.task(&good)["lastStatus"], "RUNNING");
    let reason = stage.broken(&stage.secret(&format!("{arn}:password::"))).await;
    assert_eq!(reason, format!("{NO_SECRET}retrieved secret from Secrets Manager did not contain json key password"));
    let gone = arn.replace("token", "nowhere");
    let reason = stage.broken(&stage.secret(&gone)).await;
    assert!(reason.starts_with(NO_SECRET) && reason.contains("ResourceNotFoundException"), "{reason}");
    stage.lab.ok("iam", "DeleteRolePolicy", json!({"RoleName": "execution", "PolicyName": "p"}));
    stage.lab.wait(60).await;
    let reason = stage.broken(&stage.secret(&arn)).await;
    assert!(
        reason.contains("assumed-role/execution/")
            && reason.contains("is not authorized to perform: secretsmanager:GetSecretValue"),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn parameters_must_be_there_and_readable() {
    rule!(
        "ECS",
        "A task stops with ResourceInitializationError unless its parameter exists and its execution role may read it",
        "Amazon ECS Developer Guide, Pass Systems Manager parameters through Amazon ECS environment variables"
    );
    let stage = Stage::new().await;
    stage.lab.cloud.with(|world| {
        let place = Place { account: HOME_ACCOUNT.to_owned(), region: "eu-central-1".to_owned() };
        world.at(&place).ecs.parameters.insert("jenkins/token".to_owned());
    });
    let named = |name: &str| stage.secret(&format!("arn:aws:ssm:eu-central-1:111122223333:parameter/{name}"));
    let reason = stage.broken(&named("jenkins/token")).await;
    assert!(reason.contains("is not authorized to perform: ssm:GetParameters"), "{reason}");
    stage.allow("execution", json!(["logs:*", "ssm:GetParameters"]));
    stage.lab.wait(30).await;
    let good = stage.run(&named("jenkins/token"));
    assert!(stage.until(300, |stage| stage.task(&good)["lastStatus"] == "RUNNING").await);
    let reason = stage.broken(&named("jenkins/none")).await;
    assert!(reason.contains("invalid parameters"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_log_group_must_be_there_and_writable() {
    rule!(
        "ECS",
        "A task stops with ResourceInitializationError unless its log group is there and its execution role writes to it",
        "Amazon ECS Developer Guide, ResourceInitializationError errors"
    );
    let stage = Stage::new().await;
    let reason = stage.broken(&stage.logging("/nowhere")).await;
    assert!(reason.starts_with("ResourceInitializationError: failed to validate logger args: "), "{reason}");
    assert!(reason.contains("ResourceNotFoundException: The specified log group does not exist."), "{reason}");
    stage.lab.ok("iam", "DeleteRolePolicy", json!({"RoleName": "execution", "PolicyName": "p"}));
    stage.lab.wait(60).await;
    let reason = stage.broken(&stage.logging("/jenkins")).await;
    assert!(reason.contains("is not authorized to perform: logs:CreateLogStream"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_home_is_mounted_through_its_access_point() {
    rule!(
        "ECS",
        "A task mounts an EFS volume through its access point, and what it writes stays for the next task",
        "Amazon ECS Developer Guide, Use Amazon EFS volumes with Amazon ECS"
    );
    let stage = Stage::new().await;
    stage.script(Script { marker: Some("jobs".to_owned()), ..Script::default() });
    let home = stage.home().await;
    let arn = stage.run(&stage.mounting(&home));
    stage.lab.wait(60).await;
    assert_eq!(stage.task(&arn)["lastStatus"], "RUNNING");
    let found = stage
        .lab
        .cloud
        .with(|world| efs::marker(world.peek("111122223333", "eu-central-1"), &home.0, "/home").map(str::to_owned));
    assert_eq!(found.as_deref(), Some("jobs"));
}

#[tokio::test(start_paused = true)]
async fn the_first_mount_makes_the_root_directory() {
    rule!(
        "ECS",
        "The root directory of an access point is made by the first task that mounts it, and is there for others then",
        "Amazon EFS User Guide, Enforcing a root directory with an access point"
    );
    let stage = Stage::new().await;
    let home = stage.home().await;
    let bare = json!({"ClientToken": "bare", "FileSystemId": home.0, "RootDirectory": {"Path": "/home"}});
    let bare = (home.0.clone(), text(&stage.lab.ok("efs", "CreateAccessPoint", bare)["AccessPointId"]));
    stage.lab.wait(30).await;
    let (making, finding) = (stage.mounting(&home), stage.mounting(&bare));
    assert!(stage.broken(&finding).await.contains("access denied by server"));
    stage.run(&making);
    stage.lab.wait(60).await;
    let found = stage.run(&finding);
    stage.lab.wait(60).await;
    assert_eq!(stage.task(&found)["lastStatus"], "RUNNING");
}

#[tokio::test(start_paused = true)]
async fn a_closed_nfs_port_stops_the_task() {
    rule!(
        "ECS",
        "A task that can't reach a mount target on 2049 stops with ResourceInitializationError",
        "Amazon ECS Developer Guide, ResourceInitializationError errors"
    );
    let stage = Stage::new().await;
    let home = stage.home().await;
    let rule = json!([{"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
    stage.lab.ok("ec2", "RevokeSecurityGroupIngress", json!({"GroupId": stage.group, "IpPermissions": rule}));
    let reason = stage.broken(&stage.mounting(&home)).await;
    assert!(
        reason.starts_with("ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: "),
        "{reason}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_system_policy_must_let_the_task_role_mount() {
    rule!(
        "ECS",
        "With IAM authorization the file system policy and the task role decide whether the volume is mounted",
        "Amazon EFS User Guide, Using IAM to control access to file systems"
    );
    let stage = Stage::new().await;
    let home = stage.home().await;
    let policy = |role: &str| {
        json!({"FileSystemId": home.0, "Policy": json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": role}, "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], "Resource": "*"}],
    }).to_string()})
    };
    stage.lab.ok("efs", "PutFileSystemPolicy", policy(&stage.execution_role));
    let definition = stage.mounting(&home);
    let reason = stage.broken(&definition).await;
    assert!(reason.contains("access denied by server"), "{reason}");
    stage.lab.ok("efs", "PutFileSystemPolicy", policy(&stage.task_role));
    let arn = stage.run(&definition);
    stage.lab.wait(60).await;
    assert_eq!(stage.task(&arn)["lastStatus"], "RUNNING");
}

#[tokio::test(start_paused = true)]
async fn a_service_says_why_its_tasks_do_not_start() {
    rule!(
        "ECS",
        "A service says that it was unable to place a task, with the reason for which the task stopped",
        "Amazon ECS Developer Guide, Viewing Amazon ECS service event messages"
    );
    let stage = Stage::new().await;
    let broken = stage.logging("/nowhere");
    stage.create(|input| input["taskDefinition"] = json!(broken));
    stage.lab.wait(120).await;
    let web = stage.web();
    assert!(
        said(&web, "(service web) was unable to place a task. Reason: ResourceInitializationError: failed to validate"),
        "{}",
        web["events"]
    );
    assert!(web["deployments"][0]["failedTasks"].as_u64() > Some(0));
}
