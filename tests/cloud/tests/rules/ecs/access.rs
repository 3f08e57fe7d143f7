//! What ECS asks of IAM.

use super::common::Stage;
use crate::iam::{call_as, granted};
use crate::rule;
use serde_json::{Value, json};

const PREFIX: &str = "arn:aws:ecs:eu-central-1:111122223333";

/// A statement that allows actions on a resource under a condition.
fn allow(actions: Value, resource: &str, condition: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource, "Condition": condition})
}

impl Stage {
    /// A key with these statements.
    fn key(&self, name: &str, statements: Value) -> String {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        granted(&self.lab, "111122223333", name, &policy)
    }

    /// Whether the key may do it; a denial is AWS's.
    #[track_caller]
    fn may(&self, key: &str, operation: &str, input: Value) -> bool {
        match call_as(&self.lab, key, "ecs", operation, input) {
            Ok(_) => true,
            Err(refusal) => {
                assert_eq!(refusal.code, "AccessDeniedException", "{}", refusal.message);
                false
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn registering_passes_both_roles() {
    rule!(
        "ECS",
        "RegisterTaskDefinition needs iam:PassRole to ecs-tasks.amazonaws.com on both roles",
        "Amazon ECS Developer Guide, IAM roles for Amazon ECS"
    );
    let stage = Stage::new().await;
    let register = allow(json!("ecs:RegisterTaskDefinition"), "*", json!({}));
    let to = |service: &str| json!({"StringEquals": {"iam:PassedToService": service}});
    let pass = |role: &str, service: &str| allow(json!("iam:PassRole"), role, to(service));
    let tasks = "ecs-tasks.amazonaws.com";
    let cases = [
        (json!([register]), false),
        (json!([register, pass(&stage.task_role, tasks)]), false),
        (json!([register, pass("*", "ec2.amazonaws.com")]), false),
        (json!([register, pass(&stage.task_role, tasks), pass(&stage.execution_role, tasks)]), true),
    ];
    for (number, (statements, allowed)) in cases.into_iter().enumerate() {
        let key = stage.key(&format!("operator-{number}"), statements);
        assert_eq!(stage.may(&key, "RegisterTaskDefinition", stage.definition()), allowed, "{number}");
    }
}

#[tokio::test(start_paused = true)]
async fn tags_in_a_create_call_are_asked_for_too() {
    rule!(
        "ECS",
        "Tags in a create call need ecs:TagResource, with ecs:CreateAction naming that call",
        "Amazon ECS Developer Guide, Grant permission to tag resources on creation"
    );
    let stage = Stage::new().await;
    let create = allow(json!("ecs:CreateCluster"), "*", json!({}));
    let tag =
        |action: &str| allow(json!("ecs:TagResource"), "*", json!({"StringEquals": {"ecs:CreateAction": action}}));
    let input = |name: &str, tags: Value| json!({"clusterName": name, "tags": tags});
    let tags = json!([{"key": "stack", "value": "a"}]);
    let plain = stage.key("plain", json!([create]));
    assert!(stage.may(&plain, "CreateCluster", input("a", json!([]))));
    assert!(!stage.may(&plain, "CreateCluster", input("b", tags.clone())));
    let other = stage.key("other", json!([create, tag("CreateService")]));
    assert!(!stage.may(&other, "CreateCluster", input("b", tags.clone())));
    let tagger = stage.key("tagger", json!([create, tag("CreateCluster")]));
    assert!(stage.may(&tagger, "CreateCluster", input("b", tags)));
}

#[tokio::test(start_paused = true)]
async fn tags_in_the_request_are_conditions() {
    rule!(
        "ECS",
        "aws:RequestTag and aws:TagKeys hold what a create call brings",
        "Service Authorization Reference, Amazon Elastic Container Service, CreateService"
    );
    let stage = Stage::new().await;
    let definition = stage.register(|_| ());
    let owned = json!({"StringEquals": {"aws:RequestTag/stack": "a"}});
    let key = stage.key("owner", json!([allow(json!(["ecs:CreateService", "ecs:TagResource"]), "*", owned)]));
    let mut input = stage.service(&definition);
    assert!(!stage.may(&key, "CreateService", input.clone()));
    input["tags"] = json!([{"key": "stack", "value": "b"}]);
    assert!(!stage.may(&key, "CreateService", input.clone()));
    input["tags"] = json!([{"key": "stack", "value": "a"}]);
    assert!(stage.may(&key, "CreateService", input));
}

#[tokio::test(start_paused = true)]
async fn tags_of_the_resource_are_conditions() {
    rule!(
        "ECS",
        "aws:ResourceTag holds the tags of the cluster, service or task that a call changes",
        "Service Authorization Reference, Amazon Elastic Container Service, UpdateService"
    );
    let stage = Stage::new().await;
    let web = stage.create(|_| ());
    let owned = json!({"StringEquals": {"aws:ResourceTag/stack": "a"}});
    let key = stage.key("owner", json!([allow(json!("ecs:*"), "*", owned)]));
    let update = json!({"cluster": "ci", "service": "web", "desiredCount": 0});
    let delete = json!({"cluster": "ci"});
    assert!(!stage.may(&key, "UpdateService", update.clone()));
    assert!(!stage.may(&key, "DeleteCluster", delete));
    let tag = json!({"resourceArn": web["serviceArn"], "tags": [{"key": "stack", "value": "a"}]});
    assert!(!stage.may(&key, "TagResource", tag.clone()));
    stage.lab.ok("ecs", "TagResource", tag.clone());
    assert!(stage.may(&key, "UpdateService", update));
    assert!(stage.may(&key, "TagResource", tag));
}

#[tokio::test(start_paused = true)]
async fn the_cluster_is_a_condition() {
    rule!(
        "ECS",
        "ecs:cluster holds the ARN of the cluster of a service or task",
        "Service Authorization Reference, Amazon Elastic Container Service, condition key ecs:cluster"
    );
    let stage = Stage::new().await;
    let definition = stage.register(|_| ());
    let within = |cluster: &str| json!({"ArnEquals": {"ecs:cluster": format!("{PREFIX}:cluster/{cluster}")}});
    let actions = json!(["ecs:CreateService", "ecs:DescribeServices", "ecs:ListTasks", "ecs:ListServices"]);
    let (ours, theirs) = (
        stage.key("ours", json!([allow(actions.clone(), "*", within("ci"))])),
        stage.key("theirs", json!([allow(actions, "*", within("other"))])),
    );
    let calls = [
        ("CreateService", stage.service(&definition)),
        ("DescribeServices", json!({"cluster": "ci", "services": ["web"]})),
        ("ListTasks", json!({"cluster": "ci"})),
        ("ListServices", json!({"cluster": "ci"})),
    ];
    for (operation, input) in calls {
        assert!(!stage.may(&theirs, operation, input.clone()), "{operation}");
        assert!(stage.may(&ours, operation, input), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn running_a_task_passes_its_roles() {
    rule!(
        "ECS",
        "RunTask needs iam:PassRole on the roles of the definition and of the overrides",
        "Service Authorization Reference, Amazon Elastic Container Service, RunTask, dependent actions"
    );
    let stage = Stage::new().await;
    let definition = stage.register(|_| ());
    let run = allow(json!("ecs:RunTask"), &definition, json!({}));
    let pass = |roles: Value| json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": roles});
    let own = json!([stage.task_role, stage.execution_role]);
    let (bare, full) = (stage.key("bare", json!([run])), stage.key("full", json!([run, pass(own)])));
    let mut input = stage.run_input(&definition);
    assert!(!stage.may(&bare, "RunTask", input.clone()));
    assert!(stage.may(&full, "RunTask", input.clone()));
    input["overrides"] = json!({"taskRoleArn": "arn:aws:iam::111122223333:role/admin"});
    assert!(!stage.may(&full, "RunTask", input));
}

#[tokio::test(start_paused = true)]
async fn reads_of_task_definitions_are_about_everything() {
    rule!(
        "ECS",
        "Describing, listing and deregistering task definitions have no resource-level permissions",
        "Service Authorization Reference, Amazon Elastic Container Service"
    );
    let stage = Stage::new().await;
    let arn = stage.register(|_| ());
    let actions = json!(["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:DeregisterTaskDefinition"]);
    let narrow = stage.key("narrow", json!([allow(actions.clone(), &arn, json!({}))]));
    let wide = stage.key("wide", json!([allow(actions, "*", json!({}))]));
    for (operation, input) in [
        ("DescribeTaskDefinition", json!({"taskDefinition": arn})),
        ("ListTaskDefinitions", json!({})),
        ("DeregisterTaskDefinition", json!({"taskDefinition": arn})),
    ] {
        assert!(!stage.may(&narrow, operation, input.clone()), "{operation}");
        assert!(stage.may(&wide, operation, input), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_denial_names_action_and_resource() {
    rule!(
        "ECS",
        "A denied call is AccessDeniedException and names caller, action and resource",
        "AWS Identity and Access Management User Guide, Troubleshoot access denied error messages"
    );
    let stage = Stage::new().await;
    let key = stage.key("nobody", json!([allow(json!("ecs:ListClusters"), "*", json!({}))]));
    let denied = call_as(&stage.lab, &key, "ecs", "DeleteCluster", json!({"cluster": "ci"})).expect_err("denied");
    assert_eq!(denied.code, "AccessDeniedException");
    assert!(denied.message.contains("assumed-role/nobody/"), "{}", denied.message);
    assert!(
        denied
            .message
            .contains(&format!("is not authorized to perform: ecs:DeleteCluster on resource: {PREFIX}:cluster/ci")),
        "{}",
        denied.message
    );
}
