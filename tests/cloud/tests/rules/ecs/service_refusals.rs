//! What CreateService and UpdateService refuse.

use super::common::{Stage, balancers, container, group, text};
use crate::rule;
use serde_json::{Value, json};

impl Stage {
    /// CreateService with these changes is refused; the message.
    #[track_caller]
    fn unfit_service(&self, code: &str, edit: impl FnOnce(&mut Value)) -> String {
        let definition = self.register(|_| ());
        let mut input = self.service(&definition);
        edit(&mut input);
        self.lab.refused("ecs", "CreateService", input, code).message
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_group_needs_a_load_balancer() {
    rule!("ECS", "A service's target group must be used by a listener", "observed behaviour (not documented)");
    let stage = Stage::new().await;
    let target = stage.target_group("lonely");
    let message = stage.unfit_service("InvalidParameterException", |input| input["loadBalancers"] = balancers(&target));
    assert_eq!(
        message,
        format!("The target group with targetGroupArn {target} does not have an associated load balancer.")
    );
    let gone = target.replace("lonely", "nowhere");
    let message = stage.unfit_service("InvalidParameterException", |input| input["loadBalancers"] = balancers(&gone));
    assert!(message.starts_with("Unable to assume role and validate the specified targetGroupArn."), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_target_group_gets_a_port_that_a_container_has() {
    rule!(
        "ECS",
        "loadBalancers name a container and a port of the task definition",
        "Amazon ECS API Reference, LoadBalancer, members containerName and containerPort"
    );
    let stage = Stage::new().await;
    let target = stage.balancer().await;
    let with = |container: &str, port: u16| json!([{"targetGroupArn": target, "containerName": container, "containerPort": port}]);
    let message =
        stage.unfit_service("InvalidParameterException", |input| input["loadBalancers"] = with("nginx", 8080));
    assert_eq!(message, "The container nginx does not exist in the task definition.");
    let message =
        stage.unfit_service("InvalidParameterException", |input| input["loadBalancers"] = with("jenkins", 50000));
    assert_eq!(message, "The container jenkins did not have a container port 50000 defined.");
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_must_be_active() {
    rule!(
        "ECS",
        "A service takes a task definition that is there and ACTIVE",
        "Amazon ECS API Reference, DeregisterTaskDefinition"
    );
    let stage = Stage::new().await;
    assert_eq!(
        stage.unfit_service("ClientException", |input| input["taskDefinition"] = json!("nowhere")),
        "TaskDefinition not found."
    );
    let old = stage.register(|_| ());
    stage.lab.ok("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": old}));
    let message = stage.unfit_service("ClientException", |input| input["taskDefinition"] = json!(old));
    assert_eq!(message, "TaskDefinition is inactive");
    stage.unfit_service("InvalidParameterException", |input| input["taskDefinition"] = Value::Null);
}

#[tokio::test(start_paused = true)]
async fn subnets_and_groups_must_exist_in_one_vpc() {
    rule!(
        "ECS",
        "A service's subnets and security groups exist and belong to one VPC",
        "Amazon ECS API Reference, AwsVpcConfiguration"
    );
    let stage = Stage::new().await;
    let vpc =
        |subnets: Value, groups: Value| json!({"awsvpcConfiguration": {"subnets": subnets, "securityGroups": groups}});
    let refused = |network: Value| {
        stage.unfit_service("InvalidParameterException", |input| input["networkConfiguration"] = network)
    };
    let nothing = json!(["subnet-0123456789abcdef0"]);
    assert!(refused(vpc(nothing, json!([]))).ends_with("does not exist (ErrorCode: InvalidSubnetID.NotFound)"));
    let nobody = json!(["sg-0123456789abcdef0"]);
    assert!(refused(vpc(json!(stage.subnets), nobody)).ends_with("does not exist (ErrorCode: InvalidGroup.NotFound)"));
    let made = stage.lab.ok("ec2", "CreateVpc", json!({"CidrBlock": "10.1.0.0/16"}));
    let other = group(&stage.lab, made["Vpc"]["VpcId"].as_str().expect("an id"), "other", &[80]).await;
    assert!(refused(vpc(json!(stage.subnets), json!([other]))).contains("same VPC"));
    assert!(refused(vpc(json!([]), json!([]))).contains("subnets"));
    assert!(refused(vpc(json!(stage.subnets), json!(vec![stage.group.clone(); 6]))).contains("securityGroups"));
    assert_eq!(refused(Value::Null), "Network Configuration must be provided when networkMode 'awsvpc' is specified.");
}

#[tokio::test(start_paused = true)]
async fn percentages_leave_room_for_a_deployment() {
    rule!(
        "ECS",
        "minimumHealthyPercent and maximumPercent can't both be 100, nor the maximum below the minimum",
        "observed behaviour (not documented)"
    );
    let stage = Stage::new().await;
    for (low, high) in [(100, 100), (100, 50), (0, 0)] {
        stage.unfit_service("InvalidParameterException", |input| {
            input["deploymentConfiguration"] = json!({"minimumHealthyPercent": low, "maximumPercent": high});
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_launch_type_excludes_a_strategy() {
    rule!(
        "ECS",
        "A launch type and a capacity provider strategy exclude each other",
        "Amazon ECS API Reference, CreateService, member launchType"
    );
    let stage = Stage::new().await;
    let strategy = json!([{"capacityProvider": "FARGATE", "weight": 1}]);
    stage.unfit_service("InvalidParameterException", |input| input["capacityProviderStrategy"] = strategy.clone());
    let message = stage.unfit_service("InvalidParameterException", |input| {
        input["launchType"] = Value::Null;
        input["capacityProviderStrategy"] = strategy;
    });
    assert!(message.contains("not associated with the cluster"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn platform_versions_must_exist_and_be_able() {
    rule!(
        "ECS",
        "A platform version exists and can do what the task definition needs",
        "Amazon ECS API Reference, CreateService, PlatformUnknownException and PlatformTaskDefinitionIncompatibilityException"
    );
    let stage = Stage::new().await;
    stage.unfit_service("PlatformUnknownException", |input| input["platformVersion"] = json!("9.9.9"));
    let big = stage.register(|input| input["ephemeralStorage"] = json!({"sizeInGiB": 50}));
    stage.unfit_service("PlatformTaskDefinitionIncompatibilityException", |input| {
        (input["platformVersion"], input["taskDefinition"]) = (json!("1.3.0"), json!(big));
    });
}

#[tokio::test(start_paused = true)]
async fn fargate_runs_only_what_asked_for_it() {
    rule!(
        "ECS",
        "Launch type FARGATE takes a task definition that requires FARGATE",
        "observed behaviour (not documented)"
    );
    let stage = Stage::new().await;
    let other = stage.register(|input| input["requiresCompatibilities"] = json!([]));
    let message = stage.unfit_service("InvalidParameterException", |input| input["taskDefinition"] = json!(other));
    assert_eq!(message, "Task definition does not support launch_type FARGATE.");
}

#[tokio::test(start_paused = true)]
async fn a_replica_service_says_how_many() {
    rule!(
        "ECS",
        "A REPLICA service says its desired count; Fargate has no DAEMON services",
        "Amazon ECS API Reference, CreateService, members desiredCount and schedulingStrategy"
    );
    let stage = Stage::new().await;
    stage.unfit_service("InvalidParameterException", |input| input["desiredCount"] = Value::Null);
    stage.unfit_service("InvalidParameterException", |input| input["desiredCount"] = json!(-1));
    stage.unfit_service("InvalidParameterException", |input| input["schedulingStrategy"] = json!("DAEMON"));
}

#[tokio::test(start_paused = true)]
async fn service_names_and_tokens_have_their_form() {
    rule!(
        "ECS",
        "A service's name has letters, digits, hyphens and underscores, a token at most 36 visible characters",
        "Amazon ECS API Reference, CreateService, members serviceName and clientToken"
    );
    let stage = Stage::new().await;
    stage.unfit_service("InvalidParameterException", |input| input["serviceName"] = json!("a.b"));
    stage.unfit_service("InvalidParameterException", |input| input["clientToken"] = json!("x".repeat(37)));
    stage.unfit_service("InvalidParameterException", |input| input["clientToken"] = json!("a b"));
    stage.unfit_service("ClusterNotFoundException", |input| input["cluster"] = json!("nowhere"));
}

#[tokio::test(start_paused = true)]
async fn updates_are_checked_like_creations() {
    rule!(
        "ECS",
        "UpdateService refuses an unknown service, an INACTIVE task definition and one that lost the target's container",
        "Amazon ECS API Reference, UpdateService"
    );
    let stage = Stage::new().await;
    let target = stage.balancer().await;
    stage.create(|input| input["loadBalancers"] = balancers(&target));
    let update = |member: &str, value: Value| json!({"cluster": "ci", "service": "web", member: value});
    stage.lab.refused(
        "ecs",
        "UpdateService",
        json!({"cluster": "ci", "service": "nowhere"}),
        "ServiceNotFoundException",
    );
    let old = stage.register(|_| ());
    stage.lab.ok("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": old}));
    stage.lab.refused("ecs", "UpdateService", update("taskDefinition", json!(old)), "ClientException");
    let renamed = stage.containers(json!([container("other")]));
    stage.lab.refused("ecs", "UpdateService", update("taskDefinition", json!(renamed)), "InvalidParameterException");
    stage.lab.refused("ecs", "UpdateService", update("platformVersion", json!("9.9.9")), "PlatformUnknownException");
    let both = json!({"minimumHealthyPercent": 100, "maximumPercent": 100});
    stage.lab.refused("ecs", "UpdateService", update("deploymentConfiguration", both), "InvalidParameterException");
    assert_eq!(stage.web()["deployments"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_target_group_of_instances_takes_no_tasks() {
    rule!(
        "ECS",
        "A target group of the target type instance is refused for tasks with awsvpc",
        "Amazon ECS Developer Guide, Use an Application Load Balancer; terraform-provider-aws#11723"
    );
    let stage = Stage::new().await;
    stage.balancer().await;
    let input = json!({"Name": "machines", "Protocol": "HTTP", "Port": 8080, "VpcId": stage.vpc});
    let made = stage.lab.ok("elbv2", "CreateTargetGroup", input);
    let target = text(&made["TargetGroups"][0]["TargetGroupArn"]);
    let message = stage.unfit_service("InvalidParameterException", |input| input["loadBalancers"] = balancers(&target));
    assert_eq!(
        message,
        format!(
            "The provided target group {target} has target type instance, which is incompatible with the awsvpc network \
             mode specified in the task definition."
        )
    );
}

#[tokio::test(start_paused = true)]
async fn commands_need_a_task_role() {
    rule!(
        "ECS",
        "A service with enableExecuteCommand needs a task definition with a task role, when created and when updated",
        "aws/aws-cli#6242; Amazon ECS Developer Guide, Monitor Amazon ECS containers with ECS Exec"
    );
    let stage = Stage::new().await;
    let bare = stage.register(|input| input["taskRoleArn"] = Value::Null);
    let message = stage.unfit_service("InvalidParameterException", |input| {
        (input["taskDefinition"], input["enableExecuteCommand"]) = (json!(bare), json!(true));
    });
    assert!(message.starts_with("The service couldn't be created because a valid taskRoleArn"), "{message}");
    stage.create(|input| input["taskDefinition"] = json!(bare));
    let input = json!({"cluster": "ci", "service": "web", "enableExecuteCommand": true});
    let message = stage.lab.refused("ecs", "UpdateService", input, "InvalidParameterException").message;
    assert!(message.starts_with("The service couldn't be updated because a valid taskRoleArn"), "{message}");
}
