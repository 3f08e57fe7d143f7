//! What RegisterTaskDefinition refuses.

use super::common::{Stage, container};
use crate::rule;
use serde_json::{Value, json};

impl Stage {
    /// Registering with these changes is refused; the message.
    #[track_caller]
    fn unfit(&self, edit: impl FnOnce(&mut Value)) -> String {
        let mut input = self.definition();
        edit(&mut input);
        self.lab.refused("ecs", "RegisterTaskDefinition", input, "ClientException").message
    }

    /// Registering with these changes of the one container is refused; the message.
    #[track_caller]
    fn unfit_container(&self, changes: Value) -> String {
        self.unfit(|input| {
            for (member, value) in changes.as_object().expect("changes") {
                input["containerDefinitions"][0][member] = value.clone();
            }
        })
    }

    /// Registering with this volume, mounted, is refused.
    #[track_caller]
    fn unfit_volume(&self, efs: Value) {
        self.unfit(|input| mount(input, efs));
    }
}

fn mount(input: &mut Value, efs: Value) {
    input["volumes"] = json!([{"name": "home", "efsVolumeConfiguration": efs}]);
    let points = json!([{"sourceVolume": "home", "containerPath": "/var/jenkins_home"}]);
    input["containerDefinitions"][0]["mountPoints"] = points;
}

#[tokio::test(start_paused = true)]
async fn cpu_and_memory_are_a_pair_that_fargate_has() {
    rule!(
        "ECS",
        "A pair of CPU and memory that Fargate does not have is refused",
        "Amazon ECS API Reference, RegisterTaskDefinition, members cpu and memory"
    );
    let stage = Stage::new().await;
    for (cpu, memory) in
        [("256", "4096"), ("256", "1536"), ("1024", "1024"), ("1000", "2048"), ("8192", "17408"), ("16384", "131072")]
    {
        let message = stage.unfit(|input| (input["cpu"], input["memory"]) = (json!(cpu), json!(memory)));
        assert_eq!(
            message,
            format!(
                "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
            )
        );
    }
    for (cpu, memory) in
        [("256", "512"), ("0.5 vCPU", "4 GB"), ("4096", "30720"), ("8192", "20480"), ("16 vCPU", "120GB")]
    {
        stage.register(|input| (input["cpu"], input["memory"]) = (json!(cpu), json!(memory)));
    }
}

#[tokio::test(start_paused = true)]
async fn fargate_needs_size_and_network_mode() {
    rule!(
        "ECS",
        "Fargate needs cpu and memory of the task and the network mode awsvpc",
        "Amazon ECS Developer Guide, Amazon ECS task definition parameters for Fargate"
    );
    let stage = Stage::new().await;
    assert_eq!(
        stage.unfit(|input| input["cpu"] = Value::Null),
        "Fargate requires that 'cpu' be defined at the task level."
    );
    assert_eq!(
        stage.unfit(|input| input["memory"] = Value::Null),
        "Fargate requires that 'memory' be defined at the task level."
    );
    assert!(stage.unfit(|input| input["networkMode"] = json!("bridge")).contains("only supports network mode"));
    assert!(stage.unfit(|input| input["cpu"] = json!("one")).contains("'cpu'"));
}

#[tokio::test(start_paused = true)]
async fn containers_do_not_want_more_than_the_task_has() {
    rule!(
        "ECS",
        "Containers together want at most the CPU and memory of the task",
        "Amazon ECS API Reference, ContainerDefinition, members cpu and memory"
    );
    let stage = Stage::new().await;
    let message = stage.unfit_container(json!({"cpu": 2048}));
    assert_eq!(message, "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.");
    stage.unfit_container(json!({"memory": 4096}));
}

#[tokio::test(start_paused = true)]
async fn containers_have_unique_names_and_images() {
    rule!(
        "ECS",
        "A task definition has 1 to 10 containers with unique names and with images",
        "Amazon ECS API Reference, RegisterTaskDefinition, member containerDefinitions"
    );
    let stage = Stage::new().await;
    stage.unfit(|input| input["containerDefinitions"] = json!([]));
    stage.unfit(|input| input["containerDefinitions"] = json!([container("a"), container("a")]));
    stage.unfit(|input| input["containerDefinitions"] = (0..11).map(|n| container(&format!("c{n}"))).collect());
    stage.unfit_container(json!({"name": "a b"}));
    assert_eq!(stage.unfit_container(json!({"image": ""})), "Container.image should not be null or empty.");
}

#[tokio::test(start_paused = true)]
async fn one_container_is_essential() {
    rule!(
        "ECS",
        "A task definition has at least one essential container",
        "Amazon ECS API Reference, ContainerDefinition, member essential"
    );
    Stage::new().await.unfit_container(json!({"essential": false}));
}

#[tokio::test(start_paused = true)]
async fn ports_of_host_and_container_are_the_same() {
    rule!(
        "ECS",
        "In network mode awsvpc the host port is absent or equals the container port",
        "Amazon ECS API Reference, PortMapping, member hostPort"
    );
    let stage = Stage::new().await;
    let message = stage.unfit_container(json!({"portMappings": [{"containerPort": 8080, "hostPort": 80}]}));
    assert_eq!(message, "When networkMode=awsvpc, the host ports and container ports in port mappings must match.");
    let message = stage.unfit_container(json!({"portMappings": [{"containerPort": 70000}]}));
    assert_eq!(message, "Invalid 'containerPort' setting for container 'jenkins'.");
}

#[tokio::test(start_paused = true)]
async fn awslogs_needs_its_options_and_an_execution_role() {
    rule!(
        "ECS",
        "The log driver awslogs needs group, region, on Fargate a stream prefix, and an execution role",
        "Amazon ECS Developer Guide, Send Amazon ECS logs to CloudWatch"
    );
    let stage = Stage::new().await;
    let log = |options: Value| json!({"logConfiguration": {"logDriver": "awslogs", "options": options}});
    let message = stage.unfit_container(log(json!({"awslogs-group": "/jenkins"})));
    assert_eq!(message, "Log driver awslogs requires options: awslogs-region, awslogs-group");
    let most = json!({"awslogs-group": "/jenkins", "awslogs-region": "eu-central-1"});
    stage.unfit_container(log(most.clone()));
    let mut all = most;
    all["awslogs-stream-prefix"] = json!("c");
    let message = stage.unfit(|input| {
        input["executionRoleArn"] = Value::Null;
        input["containerDefinitions"][0]["logConfiguration"] = log(all)["logConfiguration"].clone();
    });
    assert_eq!(message, "Fargate requires task definition to have execution role ARN to support log driver awslogs.");
    stage.unfit_container(json!({"logConfiguration": {"logDriver": "json-file"}}));
}

#[tokio::test(start_paused = true)]
async fn roles_are_arns() {
    rule!(
        "ECS",
        "taskRoleArn and executionRoleArn are ARNs of roles",
        "Amazon ECS API Reference, RegisterTaskDefinition, members taskRoleArn and executionRoleArn"
    );
    let stage = Stage::new().await;
    assert_eq!(stage.unfit(|input| input["taskRoleArn"] = json!("task")), "Role is not valid");
    stage.unfit(|input| input["executionRoleArn"] = json!("arn:aws:iam::111122223333:policy/p"));
}

#[tokio::test(start_paused = true)]
async fn secrets_need_an_execution_role() {
    rule!(
        "ECS",
        "Secrets and images of ECR need an execution role",
        "Amazon ECS Developer Guide, Amazon ECS task execution IAM role"
    );
    let stage = Stage::new().await;
    let secret =
        json!([{"name": "A", "valueFrom": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a-Ab1Cd2"}]);
    let message = stage.unfit(|input| {
        input["executionRoleArn"] = Value::Null;
        input["containerDefinitions"][0]["secrets"] = secret;
    });
    assert_eq!(
        message,
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
    );
    let message = stage.unfit(|input| {
        input["executionRoleArn"] = Value::Null;
        input["containerDefinitions"][0]["image"] = json!("111122223333.dkr.ecr.eu-central-1.amazonaws.com/jenkins:1");
    });
    assert_eq!(message, "Fargate requires task definition to have execution role ARN to support ECR images.");
}

#[tokio::test(start_paused = true)]
async fn a_secret_shares_its_name_with_nothing() {
    rule!(
        "ECS",
        "A secret's name is not that of another secret or variable of the container",
        "observed behaviour (not documented)"
    );
    let stage = Stage::new().await;
    let secret = |from: &str| json!({"name": "TOKEN", "valueFrom": from});
    let message =
        stage.unfit_container(json!({"environment": [{"name": "TOKEN", "value": "x"}], "secrets": [secret("token")]}));
    assert!(
        message.starts_with("The secret name must be unique and not shared with any new or existing environment"),
        "{message}"
    );
    stage.unfit_container(json!({"secrets": [secret("a"), secret("b")]}));
    stage.unfit_container(json!({"secrets": [secret("arn:aws:s3:::bucket")]}));
}

#[tokio::test(start_paused = true)]
async fn an_access_point_is_mounted_at_its_root_with_tls() {
    rule!(
        "ECS",
        "An EFS volume with an access point has no other root directory and transit encryption",
        "Amazon ECS API Reference, EFSAuthorizationConfig, member accessPointId"
    );
    let stage = Stage::new().await;
    let with = |root: &str, tls: &str| {
        json!({
            "fileSystemId": "fs-0123456789abcdef0",
            "rootDirectory": root,
            "transitEncryption": tls,
            "authorizationConfig": {"accessPointId": "fsap-0123456789abcdef0"},
        })
    };
    stage.unfit_volume(with("/home", "ENABLED"));
    stage.unfit_volume(with("/", "DISABLED"));
    stage.register(|input| mount(input, with("/", "ENABLED")));
}

#[tokio::test(start_paused = true)]
async fn iam_on_efs_needs_tls_and_a_task_role() {
    rule!(
        "ECS",
        "An EFS volume with IAM authorization needs transit encryption and a task role",
        "Amazon ECS API Reference, EFSAuthorizationConfig, member iam"
    );
    let stage = Stage::new().await;
    let with = |tls: Value| {
        json!({
            "fileSystemId": "fs-0123456789abcdef0",
            "transitEncryption": tls,
            "authorizationConfig": {"iam": "ENABLED"},
        })
    };
    stage.unfit_volume(with(Value::Null));
    stage.unfit(|input| {
        input["taskRoleArn"] = Value::Null;
        mount(input, with(json!("ENABLED")));
    });
}

#[tokio::test(start_paused = true)]
async fn mounts_name_volumes() {
    rule!(
        "ECS",
        "A mount point names a volume of the task definition, and volume names are unique",
        "Amazon ECS API Reference, MountPoint, member sourceVolume"
    );
    let stage = Stage::new().await;
    let message = stage.unfit_container(json!({"mountPoints": [{"sourceVolume": "home", "containerPath": "/home"}]}));
    assert_eq!(message, "Unknown volume 'home'.");
    stage.unfit(|input| input["volumes"] = json!([{"name": "a"}, {"name": "a"}]));
    stage.unfit(|input| input["volumes"] = json!([{"name": "a", "host": {"sourcePath": "/srv"}}]));
}

#[tokio::test(start_paused = true)]
async fn depends_on_names_a_container_without_a_cycle() {
    rule!(
        "ECS",
        "dependsOn names other containers of the task definition and makes no cycle",
        "Amazon ECS API Reference, ContainerDefinition, member dependsOn"
    );
    let stage = Stage::new().await;
    let on = |name: &str, other: &str| {
        let mut container = container(name);
        container["dependsOn"] = json!([{"containerName": other, "condition": "START"}]);
        container
    };
    let message = stage.unfit(|input| input["containerDefinitions"] = json!([on("a", "b")]));
    assert_eq!(message, "Cannot depend on container + 'b' because it does not exist");
    stage.unfit(|input| input["containerDefinitions"] = json!([on("a", "b"), on("b", "a")]));
    stage.unfit(|input| input["containerDefinitions"] = json!([on("a", "a")]));
}

#[tokio::test(start_paused = true)]
async fn conditions_fit_what_is_depended_on() {
    rule!(
        "ECS",
        "SUCCESS and COMPLETE need a container that is not essential, HEALTHY one with a health check",
        "Amazon ECS API Reference, ContainerDependency, member condition"
    );
    let stage = Stage::new().await;
    for (condition, part) in [
        ("SUCCESS", "cannot be an essential"),
        ("COMPLETE", "cannot be an essential"),
        ("HEALTHY", "must have health check"),
    ] {
        let message = stage.unfit(|input| {
            input["containerDefinitions"] = json!([container("a"), container("b")]);
            input["containerDefinitions"][0]["dependsOn"] = json!([{"containerName": "b", "condition": condition}]);
        });
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn timeouts_are_two_seconds_to_two_minutes() {
    rule!(
        "ECS",
        "startTimeout and stopTimeout are 2 to 120 seconds on Fargate",
        "Amazon ECS API Reference, ContainerDefinition, members startTimeout and stopTimeout"
    );
    let stage = Stage::new().await;
    for (member, value) in [("stopTimeout", 1), ("stopTimeout", 121), ("startTimeout", 1), ("startTimeout", 121)] {
        stage.unfit_container(json!({member: value}));
    }
    stage.register(|input| input["containerDefinitions"][0]["stopTimeout"] = json!(120));
}

#[tokio::test(start_paused = true)]
async fn health_checks_keep_their_ranges() {
    rule!(
        "ECS",
        "A health check has a command, interval 5-300, timeout 2-60, retries 1-10, start period 0-300",
        "Amazon ECS API Reference, HealthCheck"
    );
    let stage = Stage::new().await;
    let check = |member: &str, value: Value| {
        let mut check = json!({"command": ["CMD-SHELL", "curl -f http://localhost:8080/login"]});
        check[member] = value;
        json!({"healthCheck": check})
    };
    let bad = [
        ("command", json!(["curl"])),
        ("command", json!(["CMD"])),
        ("interval", json!(4)),
        ("interval", json!(301)),
        ("timeout", json!(61)),
        ("retries", json!(11)),
        ("startPeriod", json!(301)),
    ];
    for (member, value) in bad {
        let message = stage.unfit_container(check(member, value));
        assert!(message.contains(member), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_disk_of_a_task_has_21_to_200_gib() {
    rule!(
        "ECS",
        "Ephemeral storage that is asked for has 21 to 200 GiB",
        "Amazon ECS API Reference, EphemeralStorage, member sizeInGiB"
    );
    let stage = Stage::new().await;
    for size in [20, 201] {
        stage.unfit(|input| input["ephemeralStorage"] = json!({"sizeInGiB": size}));
    }
    stage.register(|input| input["ephemeralStorage"] = json!({"sizeInGiB": 21}));
}

#[tokio::test(start_paused = true)]
async fn family_names_have_letters_digits_hyphens_and_underscores() {
    rule!(
        "ECS",
        "A family's name has at most 255 letters, digits, hyphens and underscores",
        "Amazon ECS API Reference, RegisterTaskDefinition, member family"
    );
    let stage = Stage::new().await;
    stage.unfit(|input| input["family"] = json!("jenkins:1"));
    stage.unfit(|input| input["family"] = json!("x".repeat(256)));
}

#[tokio::test(start_paused = true)]
async fn fargate_has_no_privileged_containers() {
    rule!(
        "ECS",
        "Fargate runs no privileged containers",
        "Amazon ECS API Reference, ContainerDefinition, member privileged"
    );
    Stage::new().await.unfit_container(json!({"privileged": true}));
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_has_64_kib() {
    rule!(
        "ECS",
        "A task definition of more than 65,536 bytes is refused",
        "Amazon ECS Developer Guide, service quotas, Task definition size limit; amazon-ecs-developer-guide#149"
    );
    let stage = Stage::new().await;
    let variable = |length: usize| json!([{"name": "CONFIGURATION", "value": "x".repeat(length)}]);
    stage.register(|input| input["containerDefinitions"][0]["environment"] = variable(60_000));
    let mut input = stage.definition();
    input["containerDefinitions"][0]["environment"] = variable(65_536);
    let refusal = stage.lab.refused("ecs", "RegisterTaskDefinition", input, "ClientException");
    assert!(refusal.message.ends_with("Max allowed length is '65536' bytes."), "{}", refusal.message);
}
