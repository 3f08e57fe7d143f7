//! Services: from creation to a steady state, and to their end.

use super::common::{Stage, messages, said};
use crate::rule;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_service_places_its_task_and_comes_to_a_steady_state() {
    rule!(
        "ECS",
        "A service is ready when its one deployment is PRIMARY and COMPLETED and as many tasks run as it wants",
        "Amazon ECS API Reference, Deployment, members status and rolloutState"
    );
    let stage = Stage::new().await;
    let made = stage.create(|_| ());
    assert_eq!(
        (&made["status"], &made["runningCount"], &made["pendingCount"]),
        (&json!("ACTIVE"), &json!(0), &json!(0))
    );
    assert_eq!(made["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(stage.until(30, |stage| stage.web()["pendingCount"] == 1).await, "{}", stage.web());
    assert!(stage.until(90, |stage| stage.web()["runningCount"] == 1).await, "{}", stage.web());
    assert_eq!(stage.web()["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert!(stage.until(60, |stage| stage.web()["deployments"][0]["rolloutState"] == "COMPLETED").await);
    let web = stage.web();
    assert_eq!(web["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(web["deployments"][0]["status"], "PRIMARY");
    let id = web["deployments"][0]["id"].as_str().expect("an id");
    assert_eq!(web["deployments"][0]["rolloutStateReason"], format!("ECS deployment {id} completed."));
    let told = messages(&web);
    assert_eq!(told.first().map(String::as_str), Some("(service web) has reached a steady state."));
    assert_eq!(told.get(1), Some(&format!("(service web) (deployment {id}) deployment completed.")));
    assert!(said(&web, "(service web) has started 1 tasks: (task "), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_service_comes_back_with_defaults_filled_in() {
    rule!(
        "ECS",
        "A service comes back with defaults: LATEST, 100/200 percent, no grace, no breaker, NONE, rebalancing",
        "Amazon ECS API Reference, CreateService"
    );
    let stage = Stage::new().await;
    let web = stage.create(|input| input["deploymentConfiguration"] = json!(null));
    let configuration = &web["deploymentConfiguration"];
    assert_eq!((&configuration["minimumHealthyPercent"], &configuration["maximumPercent"]), (&json!(100), &json!(200)));
    assert_eq!(configuration["deploymentCircuitBreaker"]["enable"], false);
    assert_eq!((&web["platformVersion"], &web["launchType"]), (&json!("LATEST"), &json!("FARGATE")));
    assert_eq!((&web["propagateTags"], &web["healthCheckGracePeriodSeconds"]), (&json!("NONE"), &json!(0)));
    assert_eq!(
        (&web["schedulingStrategy"], &web["availabilityZoneRebalancing"]),
        (&json!("REPLICA"), &json!("ENABLED"))
    );
    assert_eq!(web["deployments"][0]["platformVersion"], "1.4.0");
    assert_eq!(web["serviceArn"], "arn:aws:ecs:eu-central-1:111122223333:service/ci/web");
    assert_eq!(web["clusterArn"], "arn:aws:ecs:eu-central-1:111122223333:cluster/ci");
    let network = &web["networkConfiguration"]["awsvpcConfiguration"];
    assert_eq!(network["subnets"], json!(stage.subnets));
}

#[tokio::test(start_paused = true)]
async fn rebalancing_is_on_only_where_it_can_be() {
    rule!(
        "ECS",
        "Availability zone rebalancing needs a maximumPercent above 100, and is on by default where it can be",
        "observed behaviour (not documented)"
    );
    let stage = Stage::new().await;
    let mut input = stage.service(&stage.register(|_| ()));
    input["availabilityZoneRebalancing"] = json!("ENABLED");
    let refusal = stage.lab.refused("ecs", "CreateService", input, "InvalidParameterException");
    assert_eq!(refusal.message, "AvailabilityZoneRebalancing does not support maximumPercent <= 100");
    assert_eq!(stage.create(|_| ())["availabilityZoneRebalancing"], "DISABLED");
}

#[tokio::test(start_paused = true)]
async fn a_name_in_use_is_refused() {
    rule!(
        "ECS",
        "A second service of the same name is refused as not idempotent",
        "observed behaviour (not documented)"
    );
    let stage = Stage::new().await;
    stage.create(|_| ());
    let input = stage.service("jenkins");
    let refusal = stage.lab.refused("ecs", "CreateService", input, "InvalidParameterException");
    assert_eq!(refusal.message, "Creation of service was not idempotent.");
}

#[tokio::test(start_paused = true)]
async fn the_same_token_with_the_same_request_answers_the_service() {
    rule!(
        "ECS",
        "CreateService with a token and request used before answers that service, with another request it is refused",
        "Amazon ECS API Reference, CreateService, member clientToken"
    );
    let stage = Stage::new().await;
    let mut input = stage.service(&stage.register(|_| ()));
    input["clientToken"] = json!("token-1");
    let first = stage.lab.ok("ecs", "CreateService", input.clone());
    let again = stage.lab.ok("ecs", "CreateService", input.clone());
    assert_eq!(again["service"]["deployments"][0]["id"], first["service"]["deployments"][0]["id"]);
    input["desiredCount"] = json!(2);
    stage.lab.refused("ecs", "CreateService", input.clone(), "InvalidParameterException");
    input["serviceName"] = json!("other");
    stage.lab.refused("ecs", "CreateService", input, "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn a_service_is_deleted_at_zero_or_by_force() {
    rule!(
        "ECS",
        "A service that wants tasks is deleted only by force",
        "Amazon ECS API Reference, DeleteService, member force"
    );
    let stage = Stage::new().await;
    stage.create(|_| ());
    stage.lab.wait(120).await;
    let delete = json!({"cluster": "ci", "service": "web"});
    let refusal = stage.lab.refused("ecs", "DeleteService", delete.clone(), "InvalidParameterException");
    assert_eq!(refusal.message, "The service cannot be stopped while it is scaled above 0.");
    stage.update(json!({"desiredCount": 0}));
    assert_eq!(stage.lab.ok("ecs", "DeleteService", delete)["service"]["status"], "DRAINING");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_service_drains_and_is_inactive_once_its_tasks_stop() {
    rule!(
        "ECS",
        "A deleted service is DRAINING until its tasks are STOPPING, then INACTIVE, and no longer listed",
        "Amazon ECS API Reference, DeleteService"
    );
    let stage = Stage::new().await;
    stage.create(|_| ());
    stage.lab.wait(120).await;
    stage.script(jenkinsstack_cloud::service::ecs::Script::default());
    let delete = json!({"cluster": "ci", "service": "web", "force": true});
    let gone = stage.lab.ok("ecs", "DeleteService", delete.clone())["service"].clone();
    assert_eq!(
        (&gone["status"], &gone["desiredCount"], &gone["runningCount"]),
        (&json!("DRAINING"), &json!(0), &json!(1))
    );
    assert_eq!(stage.lab.ok("ecs", "ListServices", json!({"cluster": "ci"}))["serviceArns"], json!([]));
    assert_eq!(stage.lab.ok("ecs", "DeleteService", delete.clone())["service"]["status"], "DRAINING");
    let refusal = stage.lab.refused("ecs", "CreateService", stage.service("jenkins"), "InvalidParameterException");
    assert_eq!(refusal.message, "Unable to Start a service that is still Draining.");
    let update = json!({"cluster": "ci", "service": "web", "desiredCount": 1});
    stage.lab.refused("ecs", "UpdateService", update.clone(), "ServiceNotActiveException");
    assert!(stage.until(60, |stage| stage.web()["status"] == "INACTIVE").await);
    assert_ne!(stage.tasks("STOPPED")[0]["lastStatus"], "RUNNING");
    assert_eq!(stage.web()["deployments"], json!([]));
    stage.lab.refused("ecs", "UpdateService", update, "ServiceNotActiveException");
    stage.lab.refused("ecs", "DeleteService", delete, "ServiceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn an_inactive_name_is_free() {
    rule!(
        "ECS",
        "The name of an INACTIVE service is free for a new one",
        "Amazon ECS API Reference, CreateService, member serviceName"
    );
    let stage = Stage::new().await;
    let first = stage.create(|input| input["desiredCount"] = json!(0));
    stage.lab.ok("ecs", "DeleteService", json!({"cluster": "ci", "service": "web"}));
    assert!(stage.until(30, |stage| stage.web()["status"] == "INACTIVE").await);
    let second = stage.create(|_| ());
    assert_ne!(first["deployments"][0]["id"], second["deployments"][0]["id"]);
    assert!(stage.until(120, |stage| stage.web()["runningCount"] == 1).await);
}

#[tokio::test(start_paused = true)]
async fn an_inactive_service_vanishes() {
    rule!(
        "ECS",
        "An INACTIVE service is described for a while and is MISSING then",
        "Amazon ECS API Reference, DeleteService"
    );
    let stage = Stage::new().await;
    stage.create(|input| input["desiredCount"] = json!(0));
    stage.lab.ok("ecs", "DeleteService", json!({"cluster": "ci", "service": "web"}));
    stage.lab.wait(60).await;
    assert_eq!(stage.web()["status"], "INACTIVE");
    stage.lab.wait(3600).await;
    let answer = stage.lab.ok("ecs", "DescribeServices", json!({"cluster": "ci", "services": ["web"]}));
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
}

#[tokio::test(start_paused = true)]
async fn services_are_described_ten_at_a_time() {
    rule!(
        "ECS",
        "DescribeServices takes up to 10 services by name or ARN, and answers unknown ones among failures",
        "Amazon ECS API Reference, DescribeServices, member services"
    );
    let stage = Stage::new().await;
    let web = stage.create(|_| ());
    let input = json!({"cluster": "ci", "services": [web["serviceArn"], "nowhere"]});
    let answer = stage.lab.ok("ecs", "DescribeServices", input);
    assert_eq!(answer["services"][0]["serviceName"], "web");
    assert_eq!(
        answer["failures"],
        json!([{"arn": "arn:aws:ecs:eu-central-1:111122223333:service/ci/nowhere", "reason": "MISSING"}])
    );
    let many: Vec<String> = (0..11).map(|n| format!("s{n}")).collect();
    let input = json!({"cluster": "ci", "services": many});
    stage.lab.refused("ecs", "DescribeServices", input, "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn tags_of_a_service_come_only_when_asked_for() {
    rule!(
        "ECS",
        "DescribeServices answers tags only with include TAGS",
        "Amazon ECS API Reference, DescribeServices, member include"
    );
    let stage = Stage::new().await;
    let tags = json!([{"key": "a", "value": "b"}]);
    assert_eq!(stage.create(|input| input["tags"] = tags.clone())["tags"], tags);
    assert_eq!(stage.web()["tags"], json!(null));
    let input = json!({"cluster": "ci", "services": ["web"], "include": ["TAGS"]});
    assert_eq!(stage.lab.ok("ecs", "DescribeServices", input)["services"][0]["tags"], tags);
}

#[tokio::test(start_paused = true)]
async fn services_are_listed_ten_on_a_page() {
    rule!(
        "ECS",
        "ListServices gives 10 services a page unless asked otherwise",
        "Amazon ECS API Reference, ListServices, member maxResults"
    );
    let stage = Stage::new().await;
    stage.register(|_| ());
    for n in 0..11 {
        let mut input = stage.service("jenkins");
        (input["serviceName"], input["desiredCount"]) = (json!(format!("s{n}")), json!(0));
        stage.lab.ok("ecs", "CreateService", input);
    }
    let first = stage.lab.ok("ecs", "ListServices", json!({"cluster": "ci"}));
    assert_eq!(first["serviceArns"].as_array().map(Vec::len), Some(10));
    let rest = stage.lab.ok("ecs", "ListServices", json!({"cluster": "ci", "nextToken": first["nextToken"]}));
    assert_eq!(rest["serviceArns"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_steady_service_says_nothing_more() {
    rule!(
        "ECS",
        "At most 100 events are kept, newest first, and a steady service adds none",
        "Amazon ECS API Reference, Service, member events"
    );
    let stage = Stage::new().await;
    stage.create(|_| ());
    stage.lab.wait(180).await;
    let told = messages(&stage.web());
    stage.lab.wait(7200).await;
    assert_eq!(messages(&stage.web()), told);
    let times: Vec<f64> =
        stage.web()["events"].as_array().expect("events").iter().filter_map(|e| e["createdAt"].as_f64()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b));
}
