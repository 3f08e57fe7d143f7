//! Clusters.

use super::common::Stage;
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn described(lab: &Lab, name: &str) -> Value {
    lab.ok("ecs", "DescribeClusters", json!({"clusters": [name]}))
}

async fn cluster(lab: &Lab, input: Value) -> Value {
    let made = lab.ok("ecs", "CreateCluster", input)["cluster"].clone();
    lab.wait(10).await;
    made
}

/// An account in which ECS has its linked role, as clusters with capacity providers need it.
async fn used() -> Lab {
    let lab = Lab::new();
    lab.ok("iam", "CreateServiceLinkedRole", json!({"AWSServiceName": "ecs.amazonaws.com"}));
    lab.wait(30).await;
    lab
}

#[tokio::test(start_paused = true)]
async fn an_equal_repeat_of_create_answers_the_cluster() {
    rule!(
        "ECS",
        "CreateCluster with the arguments of an existing cluster answers that cluster",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let tags = |keys: [&str; 2]| json!(keys.map(|key| json!({"key": key, "value": "x"})));
    let made = cluster(&lab, json!({"clusterName": "ci", "tags": tags(["a", "b"])})).await;
    let again = lab.ok("ecs", "CreateCluster", json!({"clusterName": "ci", "tags": tags(["b", "a"])}));
    assert_eq!(again["cluster"]["clusterArn"], made["clusterArn"]);
    assert_eq!(made["clusterArn"], "arn:aws:ecs:eu-central-1:111122223333:cluster/ci");
    assert_eq!(lab.ok("ecs", "ListClusters", json!({}))["clusterArns"], json!([made["clusterArn"]]));
}

#[tokio::test(start_paused = true)]
async fn an_unequal_repeat_of_create_is_refused() {
    rule!(
        "ECS",
        "CreateCluster with other arguments than the existing cluster's is refused",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    cluster(&lab, json!({"clusterName": "ci"})).await;
    let other = json!({"clusterName": "ci", "tags": [{"key": "a", "value": "b"}]});
    let refusal = lab.refused("ecs", "CreateCluster", other, "InvalidParameterException");
    assert!(
        refusal.message.starts_with("Arguments on this idempotent request are inconsistent"),
        "{}",
        refusal.message
    );
}

#[tokio::test(start_paused = true)]
async fn a_cluster_without_a_name_is_the_default_one() {
    rule!(
        "ECS",
        "A cluster that is given no name is called default, and calls that name no cluster mean it",
        "Amazon ECS API Reference, CreateCluster, member clusterName"
    );
    let lab = Lab::new();
    assert_eq!(cluster(&lab, json!({})).await["clusterName"], "default");
    assert_eq!(lab.ok("ecs", "DescribeClusters", json!({}))["clusters"][0]["clusterName"], "default");
    assert_eq!(lab.ok("ecs", "ListServices", json!({}))["serviceArns"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_name_has_letters_digits_hyphens_and_underscores() {
    rule!(
        "ECS",
        "A cluster's name has at most 255 letters, digits, hyphens and underscores",
        "Amazon ECS API Reference, CreateCluster, member clusterName"
    );
    let lab = Lab::new();
    for name in ["a b".to_owned(), "ci.prod".to_owned(), "x".repeat(256)] {
        lab.refused("ecs", "CreateCluster", json!({"clusterName": name}), "InvalidParameterException");
    }
    cluster(&lab, json!({"clusterName": "x".repeat(255)})).await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_cluster_is_a_failure_and_not_an_error() {
    rule!(
        "ECS",
        "DescribeClusters answers an unknown cluster among failures with the reason MISSING",
        "Amazon ECS Developer Guide, API failure reasons"
    );
    let lab = Lab::new();
    let answer = described(&lab, "nowhere");
    assert_eq!(answer["clusters"], json!([]));
    let arn = "arn:aws:ecs:eu-central-1:111122223333:cluster/nowhere";
    assert_eq!(answer["failures"], json!([{"arn": arn, "reason": "MISSING"}]));
    lab.refused("ecs", "ListServices", json!({"cluster": "nowhere"}), "ClusterNotFoundException");
    lab.refused("ecs", "UpdateCluster", json!({"cluster": "nowhere"}), "ClusterNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn reads_may_miss_a_new_cluster() {
    rule!("ECS", "A new cluster may be missed by reads for up to two seconds", "observed behaviour (not documented)");
    let lab = Lab::new();
    let missed = |n: u64| {
        let name = format!("ci-{n}");
        lab.ok("ecs", "CreateCluster", json!({"clusterName": name}));
        described(&lab, &name)["failures"] != json!([])
    };
    assert!((0..5).map(missed).filter(|missed| *missed).count() > 0);
    lab.wait(2).await;
    assert!((0..5).all(|n| described(&lab, &format!("ci-{n}"))["failures"] == json!([])));
}

#[tokio::test(start_paused = true)]
async fn tags_and_settings_come_only_when_asked_for() {
    rule!(
        "ECS",
        "DescribeClusters leaves tags, settings and statistics empty unless include names them",
        "Amazon ECS API Reference, DescribeClusters, member include"
    );
    let lab = Lab::new();
    cluster(&lab, json!({"clusterName": "ci", "tags": [{"key": "a", "value": "b"}]})).await;
    let plain = described(&lab, "ci")["clusters"][0].clone();
    assert_eq!((&plain["tags"], &plain["settings"]), (&json!([]), &json!([])));
    let input = json!({"clusters": ["ci"], "include": ["TAGS", "SETTINGS", "STATISTICS"]});
    let full = lab.ok("ecs", "DescribeClusters", input)["clusters"][0].clone();
    assert_eq!(full["tags"], json!([{"key": "a", "value": "b"}]));
    assert_eq!(full["settings"], json!([{"name": "containerInsights", "value": "disabled"}]));
    assert_eq!(full["statistics"].as_array().map(Vec::len), Some(8));
}

#[tokio::test(start_paused = true)]
async fn container_insights_is_changed_in_place() {
    rule!(
        "ECS",
        "containerInsights is enabled, enhanced or disabled, and is changed in place",
        "Amazon ECS API Reference, ClusterSetting"
    );
    let lab = Lab::new();
    cluster(&lab, json!({"clusterName": "ci"})).await;
    let set = |value: &str| json!({"cluster": "ci", "settings": [{"name": "containerInsights", "value": value}]});
    lab.refused("ecs", "UpdateClusterSettings", set("on"), "InvalidParameterException");
    for operation in ["UpdateClusterSettings", "UpdateCluster"] {
        let changed = lab.ok("ecs", operation, set("enhanced"))["cluster"].clone();
        assert_eq!(changed["settings"][0]["value"], "enhanced");
    }
}

#[tokio::test(start_paused = true)]
async fn capacity_providers_must_exist_and_belong_to_the_cluster() {
    rule!(
        "ECS",
        "A cluster takes FARGATE and FARGATE_SPOT, and its default strategy names only its own",
        "Amazon ECS API Reference, PutClusterCapacityProviders"
    );
    let lab = used().await;
    let with = |providers: Value, strategy: Value| json!({"clusterName": "ci", "capacityProviders": providers, "defaultCapacityProviderStrategy": strategy});
    let item = |name: &str, weight: u64, base: u64| json!({"capacityProvider": name, "weight": weight, "base": base});
    let refused = [
        with(json!(["NOPE"]), json!([])),
        with(json!(["FARGATE"]), json!([item("FARGATE_SPOT", 1, 0)])),
        with(json!(["FARGATE"]), json!([item("FARGATE", 0, 0)])),
        with(json!(["FARGATE", "FARGATE_SPOT"]), json!([item("FARGATE", 1, 1), item("FARGATE_SPOT", 1, 1)])),
    ];
    for input in refused {
        lab.refused("ecs", "CreateCluster", input, "InvalidParameterException");
    }
    let made = cluster(&lab, with(json!(["FARGATE", "FARGATE_SPOT"]), json!([item("FARGATE", 1, 1)]))).await;
    assert_eq!(made["status"], "PROVISIONING");
    let found = described(&lab, "ci")["clusters"][0].clone();
    assert_eq!(
        (&found["status"], &found["capacityProviders"]),
        (&json!("ACTIVE"), &json!(["FARGATE", "FARGATE_SPOT"]))
    );
}

#[tokio::test(start_paused = true)]
async fn capacity_providers_are_replaced_one_change_at_a_time() {
    rule!(
        "ECS",
        "PutClusterCapacityProviders replaces the list, and is refused while an earlier change goes on",
        "Amazon ECS API Reference, PutClusterCapacityProviders, UpdateInProgressException"
    );
    let lab = Lab::new();
    cluster(&lab, json!({"clusterName": "ci"})).await;
    let put =
        |names: &[&str]| json!({"cluster": "ci", "capacityProviders": names, "defaultCapacityProviderStrategy": []});
    let changed = lab.ok("ecs", "PutClusterCapacityProviders", put(&["FARGATE"]))["cluster"].clone();
    assert_eq!(changed["attachmentsStatus"], "UPDATE_IN_PROGRESS");
    lab.refused("ecs", "PutClusterCapacityProviders", put(&[]), "UpdateInProgressException");
    lab.wait(10).await;
    let changed = lab.ok("ecs", "PutClusterCapacityProviders", put(&[]))["cluster"].clone();
    assert_eq!(changed["capacityProviders"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn capacity_providers_wait_until_the_cluster_is_active() {
    rule!(
        "ECS",
        "PutClusterCapacityProviders is refused while the cluster is PROVISIONING",
        "hashicorp/terraform-provider-aws, internal/service/ecs, retry on \"Cluster was not ACTIVE\""
    );
    let lab = used().await;
    lab.ok("ecs", "CreateCluster", json!({"clusterName": "ci", "capacityProviders": ["FARGATE"]}));
    lab.wait(2).await;
    let input = json!({"cluster": "ci", "capacityProviders": [], "defaultCapacityProviderStrategy": []});
    let refusal = lab.refused("ecs", "PutClusterCapacityProviders", input, "ClientException");
    assert_eq!(refusal.message, "Cluster was not ACTIVE.");
}

#[tokio::test(start_paused = true)]
async fn a_capacity_provider_in_use_stays() {
    rule!(
        "ECS",
        "A capacity provider that a service uses can't be removed from the cluster",
        "Amazon ECS API Reference, PutClusterCapacityProviders, ResourceInUseException"
    );
    let stage = Stage::new().await;
    let put =
        |names: &[&str]| json!({"cluster": "ci", "capacityProviders": names, "defaultCapacityProviderStrategy": []});
    stage.lab.ok("ecs", "PutClusterCapacityProviders", put(&["FARGATE"]));
    stage.lab.wait(10).await;
    let web = stage.create(|input| {
        input["launchType"] = Value::Null;
        input["capacityProviderStrategy"] = json!([{"capacityProvider": "FARGATE", "weight": 1}]);
    });
    assert_eq!((&web["launchType"], &web["capacityProviderStrategy"][0]["weight"]), (&Value::Null, &json!(1)));
    stage.lab.refused("ecs", "PutClusterCapacityProviders", put(&[]), "ResourceInUseException");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_cluster_is_inactive_and_vanishes_in_steps() {
    rule!(
        "ECS",
        "A deleted cluster is described as INACTIVE for a while; its name is free at once",
        "Amazon ECS API Reference, DeleteCluster"
    );
    let lab = Lab::new();
    cluster(&lab, json!({"clusterName": "ci"})).await;
    assert_eq!(lab.ok("ecs", "DeleteCluster", json!({"cluster": "ci"}))["cluster"]["status"], "INACTIVE");
    lab.refused("ecs", "DeleteCluster", json!({"cluster": "ci"}), "ClusterNotFoundException");
    let listed = || lab.ok("ecs", "ListClusters", json!({}))["clusterArns"].as_array().map_or(0, Vec::len);
    assert_eq!(listed(), 1);
    lab.wait(20).await;
    assert_eq!(listed(), 0);
    assert_eq!(described(&lab, "ci")["clusters"][0]["status"], "INACTIVE");
    lab.wait(3600).await;
    assert_eq!(described(&lab, "ci")["failures"][0]["reason"], "MISSING");
    cluster(&lab, json!({"clusterName": "ci", "tags": [{"key": "new", "value": "x"}]})).await;
    assert_eq!(described(&lab, "ci")["clusters"][0]["status"], "ACTIVE");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_with_capacity_providers_goes_by_deprovisioning() {
    rule!(
        "ECS",
        "A deleted cluster with capacity providers is DEPROVISIONING before it is INACTIVE",
        "Amazon ECS API Reference, Cluster, member status"
    );
    let lab = used().await;
    cluster(&lab, json!({"clusterName": "ci", "capacityProviders": ["FARGATE"]})).await;
    assert_eq!(lab.ok("ecs", "DeleteCluster", json!({"cluster": "ci"}))["cluster"]["status"], "DEPROVISIONING");
    lab.refused("ecs", "CreateCluster", json!({"clusterName": "ci"}), "ClientException");
    lab.wait(10).await;
    assert_eq!(described(&lab, "ci")["clusters"][0]["status"], "INACTIVE");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_with_services_stays() {
    rule!(
        "ECS",
        "A cluster with an ACTIVE or DRAINING service can't be deleted",
        "Amazon ECS API Reference, DeleteCluster, ClusterContainsServicesException"
    );
    let stage = Stage::new().await;
    stage.create(|_| ());
    stage.lab.refused("ecs", "DeleteCluster", json!({"cluster": "ci"}), "ClusterContainsServicesException");
    stage.lab.wait(60).await;
    stage.lab.ok("ecs", "DeleteService", json!({"cluster": "ci", "service": "web", "force": true}));
    stage.lab.refused("ecs", "DeleteCluster", json!({"cluster": "ci"}), "ClusterContainsServicesException");
    stage.lab.wait(120).await;
    stage.lab.ok("ecs", "DeleteCluster", json!({"cluster": "ci"}));
}

#[tokio::test(start_paused = true)]
async fn a_cluster_with_tasks_stays() {
    rule!(
        "ECS",
        "A cluster with a task that is not STOPPED can't be deleted",
        "Amazon ECS API Reference, DeleteCluster, ClusterContainsTasksException"
    );
    let stage = Stage::new().await;
    let task = stage.run(&stage.register(|_| ()));
    stage.lab.refused("ecs", "DeleteCluster", json!({"cluster": "ci"}), "ClusterContainsTasksException");
    stage.lab.wait(60).await;
    assert_eq!(described(&stage.lab, "ci")["clusters"][0]["runningTasksCount"], 1);
    stage.lab.ok("ecs", "StopTask", json!({"cluster": "ci", "task": task}));
    stage.lab.refused("ecs", "DeleteCluster", json!({"cluster": "ci"}), "ClusterContainsTasksException");
    stage.lab.wait(60).await;
    stage.lab.ok("ecs", "DeleteCluster", json!({"cluster": "ci"}));
}

#[tokio::test(start_paused = true)]
async fn clusters_are_listed_in_pages() {
    rule!(
        "ECS",
        "ListClusters pages with a token that is good for this listing only",
        "Amazon ECS API Reference, ListClusters"
    );
    let lab = Lab::new();
    for name in ["a", "b", "c"] {
        cluster(&lab, json!({"clusterName": name})).await;
    }
    let first = lab.ok("ecs", "ListClusters", json!({"maxResults": 2}));
    assert_eq!(first["clusterArns"].as_array().map(Vec::len), Some(2));
    let second = lab.ok("ecs", "ListClusters", json!({"maxResults": 2, "nextToken": first["nextToken"]}));
    assert_eq!(second["clusterArns"].as_array().map(Vec::len), Some(1));
    assert_eq!(second["nextToken"], Value::Null);
    lab.refused("ecs", "ListClusters", json!({"nextToken": "bogus"}), "InvalidParameterException");
    let other = json!({"cluster": "a", "nextToken": first["nextToken"]});
    lab.refused("ecs", "ListServices", other, "InvalidParameterException");
}
