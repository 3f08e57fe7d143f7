//! What the driver of a task definition promises.

use crate::bench::Calls;
use crate::compute::{FAMILY, Stage, definition_id as id, existing};
use jenkinsstack_aws::Class;
use jenkinsstack_cloud::faults::{Effect, Occurrence, Rule};
use jenkinsstack_core::input::Template;
use jenkinsstack_core::kind::task_definition;
use jenkinsstack_core::kind::{Desired, Kind, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::plan::TAGS;
use serde_json::{Value, json};
use std::time::Duration;

fn arn(seen: &Seen) -> &str {
    let Observed::TaskDefinition(definition) = &seen.observed else { panic!("{seen:?}") };
    definition.arn.as_str()
}

/// Numbers of the revisions in a state.
fn revisions(stage: &Stage, status: &str) -> Vec<u64> {
    let all = existing(&stage.bench, "ecs:task-definition");
    all.iter()
        .filter(|item| item.state["status"] == status)
        .map(|item| item.state["revision"].as_u64().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let stage = Stage::new().await;
    let calls = Calls {
        create: &["DescribeTaskDefinition", "RegisterTaskDefinition"],
        again: &["DescribeTaskDefinition"],
        read: &["DescribeTaskDefinition"],
        delete: &[
            "DescribeTaskDefinition",
            "ListTaskDefinitions",
            "ListTaskDefinitions",
            "DescribeTaskDefinition",
            "DeregisterTaskDefinition",
            "DeleteTaskDefinitions",
        ],
    };
    stage.bench.life(&id(), &stage.definition(|_| ()), &calls).await;
}

#[tokio::test(start_paused = true)]
async fn it_says_what_was_asked_for() {
    let stage = Stage::new().await;
    let secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:s-abcdef:::0123";
    let node = stage.definition(|desired| {
        desired.ephemeral_storage = Some(50);
        desired.architecture = "ARM64".into();
        desired.container.secrets.insert("TOKEN".into(), Template::text(secret));
    });
    stage.bench.create(&id(), &node).await;
    let state = existing(&stage.bench, "ecs:task-definition")[0].state.clone();
    for (path, value) in [
        ("/networkMode", json!("awsvpc")),
        ("/requiresCompatibilities", json!(["FARGATE"])),
        ("/cpu", json!("1024")),
        ("/memory", json!("2048")),
        ("/runtimePlatform", json!({"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"})),
        ("/ephemeralStorage/sizeInGiB", json!(50)),
        ("/volumes/0/efsVolumeConfiguration/transitEncryption", json!("ENABLED")),
        ("/volumes/0/efsVolumeConfiguration/authorizationConfig/iam", json!("ENABLED")),
        ("/volumes/0/efsVolumeConfiguration/authorizationConfig/accessPointId", json!(stage.access_point)),
        ("/containerDefinitions/0/essential", json!(true)),
        ("/containerDefinitions/0/portMappings/0/containerPort", json!(8080)),
        ("/containerDefinitions/0/environment", json!([{"name": "A", "value": "1"}])),
        ("/containerDefinitions/0/secrets", json!([{"name": "TOKEN", "valueFrom": secret}])),
        ("/containerDefinitions/0/stopTimeout", json!(120)),
        ("/containerDefinitions/0/mountPoints/0/containerPath", json!("/var/jenkins_home")),
        ("/containerDefinitions/0/ulimits/0/softLimit", json!(65535)),
        ("/containerDefinitions/0/linuxParameters/initProcessEnabled", json!(true)),
        ("/containerDefinitions/0/logConfiguration/options/mode", json!("non-blocking")),
        ("/containerDefinitions/0/logConfiguration/options/awslogs-group", json!("/jenkinsstack/ci")),
    ] {
        assert_eq!(state.pointer(path).unwrap_or(&Value::Null), &value, "{path} in {state:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_no_second_revision() {
    let stage = Stage::new().await;
    let node = stage.definition(|_| ());
    let lost = Rule::new(Effect::Lose).operation("RegisterTaskDefinition").occurs(Occurrence::First(1));
    stage.bench.cloud.faults(|faults| faults.add(lost));
    let error = stage.bench.try_create(&id(), &node).await.unwrap_err();
    assert_eq!(error.class, Class::Transient, "{error}");
    let seen = stage.bench.create(&id(), &node).await;
    assert_eq!(revisions(&stage, "ACTIVE"), [1]);
    assert_eq!(stage.bench.list(&id(), Kind::TaskDefinition).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn every_change_is_a_new_revision_and_old_ones_go() {
    let stage = Stage::new().await;
    let mut seen = stage.bench.create(&id(), &stage.definition(|_| ())).await;
    for round in 2..=7 {
        let node = stage.definition(|desired| desired.container.stop_timeout = 60 + round);
        seen = stage.bench.update(&id(), &seen, &node, &["container"]).await;
    }
    assert!(arn(&seen).ends_with(":7"), "{seen:?}");
    assert_eq!(revisions(&stage, "ACTIVE"), [3, 4, 5, 6, 7]);
    assert_eq!(
        stage.bench.list(&id(), Kind::TaskDefinition).await,
        std::slice::from_ref(&seen),
        "one node, however many revisions"
    );
    let mut node = stage.definition(|desired| desired.container.stop_timeout = 67);
    node.tags.insert("team".into(), "b".into());
    let seen = stage.bench.update(&id(), &seen, &node, &[TAGS]).await;
    assert!(arn(&seen).ends_with(":7"), "other tags need no other revision");
    stage.bench.delete(&id(), &seen).await;
    assert_eq!([revisions(&stage, "ACTIVE"), revisions(&stage, "INACTIVE")].concat(), [0; 0]);
}

/// A plan names the fields that differ, of a revision that was read; a listing does not tell them.
#[tokio::test(start_paused = true)]
async fn what_a_revision_says_is_read_back() {
    let stage = Stage::new().await;
    let full = |desired: &mut task_definition::Desired| {
        desired.ephemeral_storage = Some(50);
        desired.architecture = "ARM64".into();
        desired.container.secrets.insert("TOKEN".into(), Template::text("arn:aws:ssm:eu-central-1:1:parameter/a"));
    };
    let node = stage.definition(full);
    let made = stage.bench.create(&id(), &node).await;
    let read = stage.bench.read(&id(), &made).await.unwrap();
    let (Desired::TaskDefinition(wanted), Observed::TaskDefinition(read_back)) = (&node.desired, &read.observed) else {
        panic!("{read:?}")
    };
    assert_eq!(read_back.content.as_deref(), Some(wanted));
    let wider = stage.definition(|desired| {
        full(desired);
        desired.cpu = 2048;
        desired.container.environment.insert("A".into(), "b".into());
    });
    let names = |seen: &Seen| stage.bench.fields(seen, &wider).iter().map(|field| field.name).collect::<Vec<_>>();
    assert_eq!(names(&read), ["cpu", "container"]);
    assert_eq!(names(&stage.bench.list(&id(), Kind::TaskDefinition).await[0]), ["revision"]);
}

/// What an operator that was just started concludes while the tagging API shows things as they were.
#[tokio::test(start_paused = true)]
async fn stale_listings_do_no_harm() {
    let stage = Stage::new().await;
    let (first, second) = (stage.definition(|_| ()), stage.definition(|desired| desired.container.stop_timeout = 60));
    let seen = stage.bench.create(&id(), &first).await;
    stage.bench.list(&id(), Kind::TaskDefinition).await;
    let now = stage.bench.update(&id(), &seen, &second, &["container"]).await;
    // The old revision, as it is listed for a while: it differs, and the next look finds the new one.
    let fields = stage.bench.fields(&seen, &second);
    let found = stage.bench.account.update(stage.bench.target(&id()), &seen, &second, &fields).await.unwrap();
    assert_eq!((found, revisions(&stage, "ACTIVE")), (now.clone(), vec![1, 2]));
    // Deregistered by hand, all of them: still listed, and yet followed by a new one.
    for arn in existing(&stage.bench, "ecs:task-definition").iter().map(|item| item.arn.clone()) {
        stage.bench.by_hand("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": arn}));
    }
    let listed = stage.bench.list(&id(), Kind::TaskDefinition).await;
    assert_eq!(listed.len(), 1);
    let seen = stage.bench.update(&id(), &listed[0], &second, &["revision"]).await;
    assert!(arn(&seen).ends_with(":3"), "{seen:?}");
    stage.bench.delete(&id(), &seen).await;
    assert_eq!([revisions(&stage, "ACTIVE"), revisions(&stage, "INACTIVE")].concat(), [0; 0]);
    assert_eq!(stage.bench.list(&id(), Kind::TaskDefinition).await, []);
}

/// A deletion that was cut off between its calls leaves inactive revisions: they are found, and go.
#[tokio::test(start_paused = true)]
async fn what_a_cut_deletion_left_is_deleted() {
    let stage = Stage::new().await;
    let seen = stage.bench.create(&id(), &stage.definition(|_| ())).await;
    stage.bench.by_hand("ecs", "DeregisterTaskDefinition", json!({"taskDefinition": arn(&seen)}));
    let listed = stage.bench.list(&id(), Kind::TaskDefinition).await;
    assert_eq!(listed.len(), 1);
    stage.bench.delete(&id(), &listed[0]).await;
    assert_eq!(revisions(&stage, "INACTIVE"), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_others_registered_is_left_alone() {
    let stage = Stage::new().await;
    let input = json!({"family": FAMILY, "containerDefinitions": [{"name": "a", "image": "b", "memory": 128}]});
    stage.bench.by_hand("ecs", "RegisterTaskDefinition", input.clone());
    let error = stage.bench.try_create(&id(), &stage.definition(|_| ())).await.unwrap_err();
    assert_eq!(error.class, Class::Foreign, "{error}");
    let stage = Stage::new().await;
    let seen = stage.bench.create(&id(), &stage.definition(|_| ())).await;
    stage.bench.by_hand("ecs", "RegisterTaskDefinition", input);
    stage.bench.wait(Duration::from_secs(60)).await;
    assert_eq!(stage.bench.read(&id(), &seen).await.as_ref(), Some(&seen), "one by hand is passed over");
    stage.bench.delete(&id(), &seen).await;
    assert_eq!(revisions(&stage, "ACTIVE"), [2]);
}
