//! Revisions of task definitions.

use super::common::{Stage, text};
use crate::rule;
use serde_json::{Value, json};

impl Stage {
    #[track_caller]
    fn described(&self, name: &str) -> Value {
        self.lab.ok("ecs", "DescribeTaskDefinition", json!({"taskDefinition": name}))["taskDefinition"].clone()
    }

    #[track_caller]
    fn listed(&self, input: Value) -> Vec<String> {
        let answer = self.lab.ok("ecs", "ListTaskDefinitions", input);
        answer["taskDefinitionArns"].as_array().expect("a list").iter().map(text).collect()
    }

    fn retire(&self, arn: &str) -> Value {
        self.lab.ok("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": arn}))["taskDefinition"].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn every_registration_makes_a_revision() {
    rule!(
        "ECS",
        "RegisterTaskDefinition makes a new revision each time, equal or not",
        "Amazon ECS API Reference, TaskDefinition, member revision"
    );
    let stage = Stage::new().await;
    let arns = [stage.register(|_| ()), stage.register(|_| ())];
    assert_eq!(arns[0], "arn:aws:ecs:eu-central-1:111122223333:task-definition/jenkins:1");
    assert_eq!(arns[1], "arn:aws:ecs:eu-central-1:111122223333:task-definition/jenkins:2");
}

#[tokio::test(start_paused = true)]
async fn defaults_are_filled_in() {
    rule!(
        "ECS",
        "A task definition comes back with defaults filled in: essential, protocol, host port, cpu, empty lists",
        "Amazon ECS API Reference, ContainerDefinition and PortMapping"
    );
    let stage = Stage::new().await;
    stage.register(|input| (input["cpu"], input["memory"]) = (json!("1 vCPU"), json!("2GB")));
    let found = stage.described("jenkins");
    assert_eq!((&found["cpu"], &found["memory"], &found["status"]), (&json!("1024"), &json!("2048"), &json!("ACTIVE")));
    assert_eq!(found["compatibilities"], json!(["EC2", "FARGATE"]));
    assert_eq!((&found["volumes"], &found["placementConstraints"]), (&json!([]), &json!([])));
    let container = &found["containerDefinitions"][0];
    assert_eq!((&container["essential"], &container["cpu"]), (&json!(true), &json!(0)));
    assert_eq!(container["portMappings"], json!([{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]));
    for member in ["environment", "mountPoints", "volumesFrom", "systemControls"] {
        assert_eq!(container[member], json!([]), "{member}");
    }
    assert_eq!(container["secrets"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn health_check_defaults_are_filled_in() {
    rule!(
        "ECS",
        "A health check comes back with interval 30, timeout 5 and retries 3",
        "Amazon ECS API Reference, HealthCheck"
    );
    let stage = Stage::new().await;
    stage.register(|input| input["containerDefinitions"][0]["healthCheck"] = json!({"command": ["CMD", "true"]}));
    let check = stage.described("jenkins")["containerDefinitions"][0]["healthCheck"].clone();
    assert_eq!(check, json!({"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}));
}

#[tokio::test(start_paused = true)]
async fn efs_volumes_come_back_with_a_root_directory() {
    rule!(
        "ECS",
        "An EFS volume without a root directory comes back with /",
        "Amazon ECS API Reference, EFSVolumeConfiguration, member rootDirectory"
    );
    let stage = Stage::new().await;
    stage.register(|input| {
        input["volumes"] = json!([{"name": "home", "efsVolumeConfiguration": {"fileSystemId": "fs-0123456789abcdef0"}}])
    });
    let volume = stage.described("jenkins")["volumes"][0]["efsVolumeConfiguration"].clone();
    assert_eq!(volume, json!({"fileSystemId": "fs-0123456789abcdef0", "rootDirectory": "/"}));
}

#[tokio::test(start_paused = true)]
async fn the_order_of_the_environment_is_not_kept() {
    rule!(
        "ECS",
        "Environment variables come back in an order of AWS's own, with all of their values",
        "hashicorp/terraform-provider-aws, internal/service/ecs, ordering of container definitions"
    );
    let stage = Stage::new().await;
    let names = ["A", "B", "C", "D", "E", "F"];
    let given: Value = names.iter().map(|name| json!({"name": name, "value": "x"})).collect();
    stage.register(|input| input["containerDefinitions"][0]["environment"] = given.clone());
    let found = stage.described("jenkins")["containerDefinitions"][0]["environment"].clone();
    assert_ne!(found, given);
    assert_eq!(found.as_array().map(Vec::len), Some(6));
}

#[tokio::test(start_paused = true)]
async fn a_family_names_its_newest_active_revision() {
    rule!(
        "ECS",
        "A family without a revision names its newest ACTIVE revision",
        "Amazon ECS API Reference, DescribeTaskDefinition, member taskDefinition"
    );
    let stage = Stage::new().await;
    stage.register(|_| ());
    let second = stage.register(|_| ());
    assert_eq!(stage.described("jenkins")["revision"], 2);
    stage.retire(&second);
    assert_eq!(stage.described("jenkins")["revision"], 1);
    assert_eq!(stage.described("jenkins:2")["status"], "INACTIVE");
    assert_eq!(stage.described(&second)["revision"], 2);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_revision_is_a_client_exception() {
    rule!(
        "ECS",
        "DescribeTaskDefinition refuses an unknown family or revision with ClientException",
        "observed behaviour (not documented)"
    );
    let stage = Stage::new().await;
    stage.register(|_| ());
    for name in ["nowhere", "jenkins:9", "arn:aws:ecs:eu-central-1:111122223333:task-definition/jenkins:9"] {
        let refusal =
            stage.lab.refused("ecs", "DescribeTaskDefinition", json!({"taskDefinition": name}), "ClientException");
        assert_eq!(refusal.message, "Unable to describe task definition.");
    }
}

#[tokio::test(start_paused = true)]
async fn tags_of_a_revision_come_only_when_asked_for() {
    rule!(
        "ECS",
        "DescribeTaskDefinition answers tags only with include TAGS",
        "Amazon ECS API Reference, DescribeTaskDefinition, member include"
    );
    let stage = Stage::new().await;
    let tags = json!([{"key": "a", "value": "b"}]);
    stage.register(|input| input["tags"] = tags.clone());
    let plain = stage.lab.ok("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "jenkins"}));
    assert_eq!(plain["tags"], Value::Null);
    let full = stage.lab.ok("ecs", "DescribeTaskDefinition", json!({"taskDefinition": "jenkins", "include": ["TAGS"]}));
    assert_eq!(full["tags"], tags);
}

#[tokio::test(start_paused = true)]
async fn revisions_are_listed_by_whole_family_names() {
    rule!(
        "ECS",
        "ListTaskDefinitions takes familyPrefix as a whole name and lists ACTIVE revisions in order",
        "Amazon ECS API Reference, ListTaskDefinitions, members familyPrefix, status and sort"
    );
    let stage = Stage::new().await;
    let arns: Vec<String> = (0..11).map(|_| stage.register(|_| ())).collect();
    stage.register(|input| input["family"] = json!("jenkins-agent"));
    assert_eq!(stage.listed(json!({"familyPrefix": "jenk"})), Vec::<String>::new());
    assert_eq!(stage.listed(json!({"familyPrefix": "jenkins"})), arns);
    let mut reversed = arns.clone();
    reversed.reverse();
    assert_eq!(stage.listed(json!({"familyPrefix": "jenkins", "sort": "DESC"})), reversed);
    stage.retire(&arns[3]);
    assert_eq!(stage.listed(json!({"familyPrefix": "jenkins", "status": "INACTIVE"})), vec![arns[3].clone()]);
    assert_eq!(stage.listed(json!({"familyPrefix": "jenkins"})).len(), 10);
}

#[tokio::test(start_paused = true)]
async fn descending_pages_neither_repeat_nor_skip() {
    rule!(
        "ECS",
        "Pages of a descending list of revisions go on where the page before ended",
        "Amazon ECS API Reference, ListTaskDefinitions, member nextToken"
    );
    let stage = Stage::new().await;
    let arns: Vec<String> = (0..3).map(|_| stage.register(|_| ())).collect();
    let first = stage.lab.ok("ecs", "ListTaskDefinitions", json!({"sort": "DESC", "maxResults": 2}));
    stage.register(|_| ());
    let rest = json!({"sort": "DESC", "maxResults": 2, "nextToken": first["nextToken"]});
    assert_eq!(stage.listed(rest), vec![arns[0].clone()]);
    let other = json!({"sort": "ASC", "nextToken": first["nextToken"]});
    stage.lab.refused("ecs", "ListTaskDefinitions", other, "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn families_are_listed_by_prefix_and_state() {
    rule!(
        "ECS",
        "ListTaskDefinitionFamilies filters by prefix; a family without ACTIVE revisions is INACTIVE",
        "Amazon ECS API Reference, ListTaskDefinitionFamilies, member status"
    );
    let stage = Stage::new().await;
    let arn = stage.register(|_| ());
    stage.register(|input| input["family"] = json!("jenkins-agent"));
    stage.retire(&arn);
    let families = |input: Value| stage.lab.ok("ecs", "ListTaskDefinitionFamilies", input)["families"].clone();
    assert_eq!(families(json!({"familyPrefix": "jenk"})), json!(["jenkins", "jenkins-agent"]));
    assert_eq!(families(json!({"status": "ACTIVE"})), json!(["jenkins-agent"]));
    assert_eq!(families(json!({"status": "INACTIVE"})), json!(["jenkins"]));
}

#[tokio::test(start_paused = true)]
async fn deregistering_and_deleting_need_a_revision() {
    rule!(
        "ECS",
        "DeregisterTaskDefinition needs family and revision, and again answers the INACTIVE revision",
        "Amazon ECS API Reference, DeregisterTaskDefinition, member taskDefinition"
    );
    let stage = Stage::new().await;
    let arn = stage.register(|_| ());
    stage.lab.refused(
        "ecs",
        "DeregisterTaskDefinition",
        json!({"taskDefinition": "jenkins"}),
        "InvalidParameterException",
    );
    stage.lab.refused("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": "jenkins:7"}), "ClientException");
    let first = stage.retire(&arn);
    assert_eq!(first["status"], "INACTIVE");
    stage.lab.wait(5).await;
    assert_eq!(stage.retire(&arn)["deregisteredAt"], first["deregisteredAt"]);
}

#[tokio::test(start_paused = true)]
async fn only_inactive_revisions_are_deleted() {
    rule!(
        "ECS",
        "DeleteTaskDefinitions deletes up to 10 INACTIVE revisions and answers the others among failures",
        "Amazon ECS API Reference, DeleteTaskDefinitions"
    );
    let stage = Stage::new().await;
    let (kept, gone) = (stage.register(|_| ()), stage.register(|_| ()));
    stage.retire(&gone);
    let answer = stage.lab.ok("ecs", "DeleteTaskDefinitions", json!({"taskDefinitions": [kept, gone, "jenkins"]}));
    assert_eq!(answer["taskDefinitions"][0]["status"], "DELETE_IN_PROGRESS");
    assert_eq!(answer["failures"].as_array().map(Vec::len), Some(2));
    assert!(text(&answer["failures"][0]["reason"]).contains("still in ACTIVE status"));
    let many: Vec<String> = (0..11).map(|n| format!("jenkins:{n}")).collect();
    stage.lab.refused("ecs", "DeleteTaskDefinitions", json!({"taskDefinitions": many}), "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn revision_numbers_are_not_given_again() {
    rule!(
        "ECS",
        "A deleted revision goes away, and the family counts on from where it was",
        "Amazon ECS Developer Guide, Deleting an Amazon ECS task definition revision"
    );
    let stage = Stage::new().await;
    let arn = stage.register(|_| ());
    stage.retire(&arn);
    stage.lab.ok("ecs", "DeleteTaskDefinitions", json!({"taskDefinitions": [arn]}));
    stage.lab.wait(700).await;
    stage.lab.refused("ecs", "DescribeTaskDefinition", json!({"taskDefinition": arn}), "ClientException");
    assert!(stage.register(|_| ()).ends_with("jenkins:2"));
}

#[tokio::test(start_paused = true)]
async fn a_revision_in_use_stays_until_nothing_uses_it() {
    rule!(
        "ECS",
        "A deleted revision is DELETE_IN_PROGRESS as long as a service or task uses it",
        "Amazon ECS API Reference, DeleteTaskDefinitions"
    );
    let stage = Stage::new().await;
    let web = stage.create(|_| ());
    let arn = text(&web["taskDefinition"]);
    stage.lab.wait(120).await;
    stage.retire(&arn);
    stage.lab.ok("ecs", "DeleteTaskDefinitions", json!({"taskDefinitions": [arn]}));
    stage.lab.wait(2000).await;
    assert_eq!(stage.described(&arn)["status"], "DELETE_IN_PROGRESS");
    assert_eq!(stage.web()["runningCount"], 1);
    stage.lab.ok("ecs", "DeleteService", json!({"cluster": "ci", "service": "web", "force": true}));
    stage.lab.wait(2000).await;
    stage.lab.refused("ecs", "DescribeTaskDefinition", json!({"taskDefinition": arn}), "ClientException");
}
