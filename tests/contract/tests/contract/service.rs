//! What the driver of a service promises.

use crate::bench::Bench;
use crate::compute::{
    CLUSTER_NAME, FAMILY, SERVICE_NAME, Stage, cluster_id, cluster_node, definition_id, existing, service_id as id,
};
use jenkinsstack_aws::{Class, Deletion};
use jenkinsstack_cloud::faults::{Effect, Occurrence, Rule};
use jenkinsstack_cloud::service::ecs::Script;
use jenkinsstack_core::graph::{Graph, Node};
use jenkinsstack_core::input::{HasInputs, Input};
use jenkinsstack_core::kind::service::{Attempt, Exec, Told};
use jenkinsstack_core::kind::{Kind, Observed, State, service};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::plan::{Action, Blocker, Plan};
use serde_json::json;
use std::time::Duration;

/// Seconds that a deployment may take.
const DEPLOYED: u64 = 900;

fn observed(seen: &Seen) -> &service::Observed {
    let Observed::Service(service) = &seen.observed else { panic!("{seen:?}") };
    service
}

/// A stack that runs.
async fn running(stage: &Stage) -> (Graph, Seen) {
    let graph = stage.graph(stage.definition(|_| ()), stage.service(|_| ()));
    stage.run(&graph, DEPLOYED, Plan::settled).await;
    (graph, the_service(stage).await)
}

/// The one service, as a read shows it.
async fn the_service(stage: &Stage) -> Seen {
    let mut services = existing(&stage.bench, "ecs:service");
    let arn = services.pop().unwrap().arn;
    assert_eq!(services.len(), 0);
    read(&stage.bench, &arn).await.unwrap()
}

async fn read(bench: &Bench, arn: &str) -> Option<Seen> {
    bench.account.read(bench.target(&id()), Kind::Service, arn).await.unwrap()
}

/// The node with its inputs filled in, as the planner does it.
fn resolved(mut node: Node, seen: &[&Seen]) -> Node {
    node.desired.walk(&mut |input| {
        let Some(source) = input.source().cloned() else { return };
        let from = seen.iter().find(|seen| seen.node == source.node).unwrap();
        input.fill(&from.observed.outputs()[&source.output]).unwrap();
    });
    node
}

/// A cluster and a task definition, and the service that goes with them, not yet made.
async fn unmade(stage: &Stage, edit: impl FnOnce(&mut service::Desired)) -> Node {
    let cluster = stage.bench.create(&cluster_id(), &cluster_node(&stage.bench)).await;
    let definition = stage.bench.create(&definition_id(), &stage.definition(|_| ())).await;
    stage.bench.wait(Duration::from_secs(30)).await;
    resolved(stage.service(edit), &[&cluster, &definition])
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let stage = Stage::new().await;
    let bench = &stage.bench;
    let node = unmade(&stage, |_| ()).await;
    let (made, mut calls) = bench.counting(bench.create(&id(), &node)).await;
    calls.sort();
    assert_eq!(calls, ["CreateService", "GetResources", "ListTasks", "ListTasks"]);
    assert_eq!((bench.fields(&made, &node), made.observed.state()), (Vec::new(), State::Settling("starting".into())));
    bench.wait(Duration::from_secs(600)).await;
    let (seen, calls) = bench.counting(bench.read(&id(), &made)).await;
    let seen = seen.unwrap();
    assert_eq!((seen.observed.state(), calls.as_slice()), (State::Ready, &["DescribeServices".to_owned()][..]));
    assert_eq!(bench.create(&id(), &node).await, seen, "create again");
    assert_eq!(bench.list(&id(), Kind::Service).await, std::slice::from_ref(&seen));
    let (deletion, calls) = bench.counting(bench.delete(&id(), &seen)).await;
    assert_eq!(deletion, Deletion::InProgress);
    assert_eq!(calls, ["DescribeServices", "DeleteService"]);
    let mut seconds = 0;
    while let Some(leaving) = bench.read(&id(), &seen).await {
        assert_eq!(leaving.observed.state(), State::Leaving);
        assert_eq!(bench.delete(&id(), &seen).await, Deletion::InProgress, "delete while it goes");
        assert_eq!(bench.create(&id(), &node).await.observed.state(), State::Leaving, "create while it goes");
        bench.wait(Duration::from_secs(2)).await;
        seconds += 2;
    }
    assert!((60..180).contains(&seconds), "the task drains for 60 s, and stops: {seconds} s");
    assert_eq!(existing(bench, "ecs:task").len(), 0);
    assert_eq!(bench.delete(&id(), &seen).await, Deletion::Gone, "delete again");
    assert_eq!(bench.list(&id(), Kind::Service).await, []);
    bench.create(&id(), &node).await;
    assert_eq!(existing(bench, "ecs:service").len(), 1, "the name is free again");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_where_it_should_be_may_have_a_task_that_is_not_healthy() {
    let stage = Stage::new().await;
    let (_, seen) = running(&stage).await;
    stage.bench.wait(Duration::from_secs(1200)).await;
    let told = |seen: &Seen| (seen.observed.state() == State::Ready, observed(seen).rollout.told);
    assert_eq!(told(&the_service(&stage).await), (true, Told::Healthy));
    let task = existing(&stage.bench, "ecs:task").pop().unwrap().arn;
    stage.bench.by_hand("ecs", "StopTask", json!({"cluster": CLUSTER_NAME, "task": task}));
    let mut ready = Vec::new();
    for _ in 0..1200 {
        stage.bench.wait(Duration::from_secs(1)).await;
        let now = read(&stage.bench, &seen.id()).await.unwrap();
        ready.extend(Some(told(&now)).filter(|(ready, _)| *ready).map(|(_, told)| told));
    }
    ready.dedup();
    let last = ready.split_off(ready.len() - 2);
    assert_eq!(last, [Told::Nothing, Told::Healthy], "a new task runs before it is healthy");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_one() {
    let stage = Stage::new().await;
    let node = unmade(&stage, |_| ()).await;
    let lost = Rule::new(Effect::Lose).operation("CreateService").occurs(Occurrence::First(1));
    stage.bench.cloud.faults(|faults| faults.add(lost));
    let seen = stage.bench.create(&id(), &node).await;
    assert_eq!(existing(&stage.bench, "ecs:service").len(), 1);
    assert_eq!(stage.bench.fields(&seen, &node), []);
}

#[tokio::test(start_paused = true)]
async fn what_others_have_is_left_alone() {
    let stage = Stage::new().await;
    let node = unmade(&stage, |_| ()).await;
    let input = json!({
        "cluster": CLUSTER_NAME,
        "serviceName": SERVICE_NAME,
        "taskDefinition": FAMILY,
        "desiredCount": 0,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": stage.bench.network.private_subnets}},
    });
    stage.bench.by_hand("ecs", "CreateService", input);
    let error = stage.bench.try_create(&id(), &node).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign, "{error}");
}

#[tokio::test(start_paused = true)]
async fn settings_that_need_no_task_are_changed_at_once() {
    let stage = Stage::new().await;
    let node = unmade(&stage, |_| ()).await;
    stage.bench.create(&id(), &node).await;
    stage.bench.wait(Duration::from_secs(600)).await;
    let seen = the_service(&stage).await;
    let by_hand = json!({
        "cluster": CLUSTER_NAME,
        "service": SERVICE_NAME,
        "desiredCount": 2,
        "deploymentConfiguration": {
            "minimumHealthyPercent": 50,
            "maximumPercent": 150,
            "deploymentCircuitBreaker": {"enable": true, "rollback": true},
            "alarms": {"alarmNames": ["theirs"], "enable": true, "rollback": true},
            "lifecycleHooks": [{
                "hookTargetArn": "arn:aws:lambda:eu-central-1:111122223333:function:theirs",
                "roleArn": "arn:aws:iam::111122223333:role/theirs",
                "lifecycleStages": ["POST_SCALE_UP"],
            }],
        },
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        "propagateTags": "TASK_DEFINITION",
        "enableECSManagedTags": false,
    });
    stage.bench.by_hand("ecs", "UpdateService", by_hand);
    stage.bench.by_hand("ecs", "UntagResource", json!({"resourceArn": seen.id(), "tagKeys": ["team"]}));
    let drifted = stage.bench.read(&id(), &seen).await.unwrap();
    let Observed::Service(drifted_service) = &drifted.observed else { panic!("{drifted:?}") };
    assert_eq!(drifted_service.percents, (50, 150));
    let mut wanted = node.clone();
    if let jenkinsstack_core::kind::Desired::Service(desired) = &mut wanted.desired {
        (desired.grace_period, desired.exec) = (900, Exec::Enabled);
    }
    let names = [
        "healthCheckGracePeriodSeconds",
        "enableExecuteCommand",
        "desiredCount",
        "deploymentPercents",
        "deploymentCircuitBreaker",
        "capacityProviderStrategy",
        "availabilityZoneRebalancing",
        "propagateTags",
        "enableECSManagedTags",
        "deploymentAlarms",
        "lifecycleHooks",
        "tags",
    ];
    let fields = stage.bench.fields(&drifted, &wanted);
    assert_eq!(fields.iter().map(|field| field.name).collect::<Vec<_>>(), names);
    let account = &stage.bench.account;
    let (now, calls) =
        stage.bench.counting(account.update(stage.bench.target(&id()), &drifted, &wanted, &fields)).await;
    assert_eq!(
        (stage.bench.fields(&now.unwrap(), &wanted), calls.as_slice()),
        (Vec::new(), &["TagResource".to_owned(), "UpdateService".to_owned()][..])
    );
    stage.bench.wait(Duration::from_secs(300)).await;
    let now = stage.bench.read(&id(), &seen).await.unwrap();
    assert_eq!((stage.bench.fields(&now, &wanted), now.observed.state()), (Vec::new(), State::Ready));
    let state = existing(&stage.bench, "ecs:service")[0].state.clone();
    assert_eq!(state["availabilityZoneRebalancing"], "DISABLED");
    assert_eq!((&state["propagateTags"], &state["enableECSManagedTags"]), (&json!("SERVICE"), &json!(true)));
}

/// Invariant 2, where somebody has switched to blue/green: another image would start beside the old one.
#[tokio::test(start_paused = true)]
async fn blue_green_by_hand_starts_no_second_task() {
    let stage = Stage::new().await;
    running(&stage).await;
    let mut balancers = existing(&stage.bench, "ecs:service")[0].state["loadBalancers"].clone();
    balancers[0]["advancedConfiguration"] = json!({
        "alternateTargetGroupArn": balancers[0]["targetGroupArn"],
        "productionListenerRule": "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener-rule/app/ci/1/2/3",
        "roleArn": "arn:aws:iam::111122223333:role/ecs",
    });
    // With a task wanted this call itself would start a second one.
    let by_hand = json!({
        "cluster": CLUSTER_NAME, "service": SERVICE_NAME, "desiredCount": 0, "loadBalancers": balancers,
        "deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5},
    });
    stage.bench.by_hand("ecs", "UpdateService", by_hand);
    stage.bench.wait(Duration::from_secs(300)).await;
    stage.bench.by_hand(
        "ecs",
        "UpdateService",
        json!({
            "cluster": CLUSTER_NAME, "service": SERVICE_NAME, "desiredCount": 1,
        }),
    );
    stage.bench.wait(Duration::from_secs(300)).await;
    let changed = stage.graph(
        stage.definition(|desired| desired.container.image = "jenkins/jenkins:2.555".into()),
        stage.service(|_| ()),
    );
    stage.run(&changed, DEPLOYED, Plan::settled).await;
    let state = existing(&stage.bench, "ecs:service")[0].state.clone();
    assert_eq!(state["deploymentConfiguration"]["strategy"], "ROLLING");
    assert_eq!(state["loadBalancers"][0].get("advancedConfiguration"), None);
}

/// Invariant 2: never two Jenkins controllers on one home. [`Stage::run`] looks all the while.
#[tokio::test(start_paused = true)]
async fn a_new_task_starts_when_the_old_one_has_stopped() {
    let stage = Stage::new().await;
    let slow = Script { term_after: Some(100.0), ..Script::default() };
    stage.bench.cloud.with(|world| world.scripts.set("jenkins/*", slow));
    let (_, seen) = running(&stage).await;
    let changed = stage.graph(
        stage.definition(|desired| desired.container.image = "jenkins/jenkins:2.555".into()),
        stage.service(|desired| drop(desired.subnets.pop_first())),
    );
    let plan =
        stage.run(&changed, 30, |plan| plan.waits.iter().any(|wait| matches!(wait.state, State::Pending(_)))).await;
    assert_eq!(plan.steps, [], "nothing is done while the old task stops");
    stage.run(&changed, DEPLOYED, Plan::settled).await;
    let now = the_service(&stage).await;
    assert_eq!((observed(&now).arn.as_str(), observed(&now).subnets.len()), (seen.id().as_str(), 1));
    assert!(observed(&now).task_definition.as_str().ends_with(":2"), "{now:?}");
    stage.bench.wait(Duration::from_secs(700)).await;
    let (plan, calls) = stage.bench.counting(stage.run(&changed, DEPLOYED, |_| true)).await;
    assert!(plan.settled(), "{plan:?}");
    let writes = ["Update", "Create", "Register", "Delete", "Tag", "Put"];
    assert!(!calls.iter().any(|call| writes.iter().any(|write| call.starts_with(write))), "{calls:?}");
}

/// Invariant 2, across a change of cluster.
#[tokio::test(start_paused = true)]
async fn another_cluster_gets_the_home_when_it_is_free() {
    let stage = Stage::new().await;
    let slow = Script { term_after: Some(100.0), ..Script::default() };
    stage.bench.cloud.with(|world| world.scripts.set("jenkins/*", slow));
    running(&stage).await;
    let other = stage.users_cluster("build");
    let moved =
        stage.graph(stage.definition(|_| ()), stage.service(|desired| desired.cluster = Input::Known(other.clone())));
    stage.run(&moved, DEPLOYED, Plan::settled).await;
    assert_eq!(observed(&the_service(&stage).await).cluster, other);
}

/// Invariant 2, when the operator that deleted the old service is gone and its listing shows nothing of it.
#[tokio::test(start_paused = true)]
async fn a_home_that_is_in_use_elsewhere_is_waited_for() {
    let stage = Stage::new().await;
    let slow = Script { term_after: Some(100.0), ..Script::default() };
    stage.bench.cloud.with(|world| world.scripts.set("jenkins/*", slow));
    let (_, seen) = running(&stage).await;
    let other = stage.users_cluster("build");
    let definition = read_definition(&stage).await;
    let node = resolved(stage.service(|desired| desired.cluster = Input::Known(other)), &[&definition]);
    stage.bench.wait(Duration::from_secs(60)).await;
    let error = stage.bench.try_create(&id(), &node).await.unwrap_err();
    assert_eq!(error.class, Class::NotYet, "while the old one runs: {error}");
    stage.bench.delete(&id(), &seen).await;
    let mut refused = 0;
    while let Err(error) = stage.bench.try_create(&id(), &node).await {
        assert_eq!(error.class, Class::NotYet, "{error}");
        stage.bench.wait(Duration::from_secs(2)).await;
        refused += 1;
    }
    assert!(refused > 50, "60 s to drain, 100 s to stop");
    stage.bench.wait(Duration::from_secs(600)).await;
    assert_eq!(existing(&stage.bench, "ecs:task").len(), 1);
}

/// Invariant 2: between the answers about running and about stopped tasks, a task changes from the one to the other.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_told_to_stop_meanwhile_is_counted() {
    let stage = Stage::new().await;
    let slow = Script { term_after: Some(100.0), ..Script::default() };
    stage.bench.cloud.with(|world| world.scripts.set("jenkins/*", slow));
    let (_, seen) = running(&stage).await;
    let none = json!({"cluster": CLUSTER_NAME, "service": SERVICE_NAME, "desiredCount": 0});
    stage.bench.by_hand("ecs", "UpdateService", none);
    let task = existing(&stage.bench, "ecs:task").pop().unwrap();
    assert_eq!(task.state["desiredStatus"], "RUNNING");
    let late = Rule::new(Effect::Reset).operation("ListTasks").resource("RUNNING").occurs(Occurrence::First(1));
    stage.bench.cloud.faults(|faults| faults.add(late));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        stage.bench.by_hand("ecs", "StopTask", json!({"cluster": CLUSTER_NAME, "task": task.arn}));
    };
    let arn = seen.id();
    let (read, ()) = tokio::join!(read(&stage.bench, &arn), stop);
    assert_eq!(observed(&read.unwrap()).rollout.left, 1);
}

async fn read_definition(stage: &Stage) -> Seen {
    let target = stage.bench.target(&definition_id()).node.clone();
    let read = stage.bench.account.read(stage.bench.target(&target), Kind::TaskDefinition, FAMILY).await;
    read.unwrap().unwrap()
}

fn failure(plan: &Plan) -> Option<&str> {
    plan.blocked.iter().find_map(|blocked| match &blocked.by {
        Blocker::Failed { why } => Some(why.as_str()),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_recovers_with_another_spec() {
    let stage = Stage::new().await;
    stage.bench.cloud.with(|world| world.scripts.set("jenkins/jenkins:none", Script::missing()));
    let (good, _) = running(&stage).await;
    let bad = stage.graph(
        stage.definition(|desired| desired.container.image = "jenkins/jenkins:none".into()),
        stage.service(|_| ()),
    );
    let plan = stage.run(&bad, 2 * DEPLOYED, |plan| failure(plan).is_some()).await;
    let why = failure(&plan).unwrap();
    assert!(why.contains("circuit breaker") && why.contains("CannotPullContainerError"), "{why}");
    assert!(!why.contains("(task"), "the same problem reads the same each time: {why}");
    stage.run(&good, DEPLOYED, Plan::settled).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_recovers_by_itself() {
    let stage = Stage::new().await;
    stage.bench.cloud.with(|world| world.scripts.set("jenkins/*", Script::missing()));
    let graph = stage.graph(stage.definition(|_| ()), stage.service(|_| ()));
    stage.run(&graph, 2 * DEPLOYED, |plan| failure(plan).is_some()).await;
    let retried = |plan: &Plan| plan.steps.iter().any(|step| matches!(step.action, Action::Update { .. }));
    let (_, calls) = stage.bench.counting(stage.run(&graph, 620, retried)).await;
    assert!(!calls.contains(&"RegisterTaskDefinition".to_owned()), "{calls:?}");
    stage.run(&graph, 2 * DEPLOYED, |plan| failure(plan).is_some()).await;
    stage.bench.cloud.with(|world| world.scripts.clear());
    stage.run(&graph, 2 * DEPLOYED, Plan::settled).await;
    let now = the_service(&stage).await;
    assert_eq!(observed(&now).rollout.attempt, Attempt::Current);
    assert_eq!(existing(&stage.bench, "ecs:task-definition").len(), 1);
}

/// The newest revision was deregistered by hand, an older one was not: listings can't tell, but the refusal does.
#[tokio::test(start_paused = true)]
async fn a_revision_that_was_deregistered_is_looked_at_again() {
    let stage = Stage::new().await;
    let bench = &stage.bench;
    unmade(&stage, |_| ()).await;
    let wanted = stage.definition(|desired| desired.container.stop_timeout = 60);
    let first = read_definition(&stage).await;
    let second = bench.update(&definition_id(), &first, &wanted, &["container"]).await;
    bench.by_hand("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": format!("{FAMILY}:2")}));
    assert_eq!(bench.list(&definition_id(), Kind::TaskDefinition).await, std::slice::from_ref(&second));
    let cluster = bench.create(&cluster_id(), &cluster_node(bench)).await;
    let node = resolved(stage.service(|_| ()), &[&cluster, &second]);
    let error = bench.try_create(&id(), &node).await.unwrap_err();
    assert_eq!(error.class, Class::NotYet, "{error}");
    let observation = bench.account.observe(&bench.owner, Duration::from_secs(3600)).await;
    assert_eq!(
        observation.snapshot.of(&definition_id()),
        std::slice::from_ref(&first),
        "the next plan registers another"
    );
    let third = bench.update(&definition_id(), &first, &wanted, &["container"]).await;
    bench.create(&id(), &resolved(stage.service(|_| ()), &[&cluster, &third])).await;
}
