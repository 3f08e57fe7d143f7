//! What the driver of a secret promises.

use crate::bench::{Bench, Calls, REGION};
use jenkinsstack_aws::{Class, Deletion};
use jenkinsstack_cloud::service::secrets;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::kind::{Desired, Kind, secret};
use jenkinsstack_core::secret::{Fingerprinter, SecretValue};
use serde_json::json;
use std::time::Duration;

const NAME: &str = "jenkinsstack/prod/team-a/ci/ADMIN_PASSWORD";

fn id() -> NodeId {
    NodeId::new("secret/ADMIN_PASSWORD")
}

fn desired(value: &str) -> secret::Desired {
    let value = SecretValue::new(value);
    let fingerprint = Fingerprinter::new("key").of("ADMIN_PASSWORD", &value);
    secret::Desired { description: "Jenkins team-a/ci: ADMIN_PASSWORD".into(), value, fingerprint, kms_key: None }
}

fn node(bench: &Bench, value: &str) -> Node {
    bench.node(&id(), NAME, Desired::Secret(desired(value)))
}

fn value(bench: &Bench) -> Option<String> {
    bench.cloud.with(|world| secrets::value_of(world.peek(HOME_ACCOUNT, REGION), NAME).map(str::to_owned))
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let bench = Bench::new().await;
    let calls = Calls {
        create: &["CreateSecret"],
        again: &["CreateSecret"],
        read: &["DescribeSecret"],
        delete: &["DescribeSecret", "DeleteSecret"],
    };
    bench.life(&id(), &node(&bench, "hunter2"), &calls).await;
}

#[tokio::test(start_paused = true)]
async fn survives_a_lost_answer() {
    let bench = Bench::new().await;
    bench.lose(&id(), &node(&bench, "hunter2"), "CreateSecret").await;
    assert_eq!(value(&bench).as_deref(), Some("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn changes() {
    let bench = Bench::new().await;
    let seen = bench.create(&id(), &node(&bench, "hunter2")).await;
    let seen = bench.update(&id(), &seen, &node(&bench, "hunter3"), &["fingerprint"]).await;
    assert_eq!(value(&bench).as_deref(), Some("hunter3"));
    let mut wanted = node(&bench, "hunter3");
    wanted.tags.insert("team".into(), "b".into());
    wanted.desired = Desired::Secret(secret::Desired { description: "another".into(), ..desired("hunter3") });
    let seen = bench.update(&id(), &seen, &wanted, &["description", "tags"]).await;
    assert_eq!(bench.list(&id(), Kind::Secret).await, std::slice::from_ref(&seen));
    let back = node(&bench, "hunter3");
    let seen = bench.update(&id(), &seen, &back, &["description", "tags"]).await;
    assert_eq!(bench.list(&id(), Kind::Secret).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn an_earlier_value_comes_back() {
    let bench = Bench::new().await;
    let mut seen = bench.create(&id(), &node(&bench, "one")).await;
    for next in ["two", "one", "three", "two", "one"] {
        seen = bench.update(&id(), &seen, &node(&bench, next), &["fingerprint"]).await;
        assert_eq!(value(&bench).as_deref(), Some(next));
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_somebody_else_wrote_is_written_over() {
    let bench = Bench::new().await;
    let wanted = node(&bench, "hunter2");
    bench.create(&id(), &wanted).await;
    bench.by_hand("secretsmanager", "PutSecretValue", json!({"SecretId": NAME, "SecretString": "theirs"}));
    let seen = bench.list(&id(), Kind::Secret).await.remove(0);
    bench.update(&id(), &seen, &wanted, &["fingerprint"]).await;
    assert_eq!(value(&bench).as_deref(), Some("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_scheduled_for_deletion_is_restored() {
    let bench = Bench::new().await;
    bench.create(&id(), &node(&bench, "hunter2")).await;
    bench.by_hand("secretsmanager", "DeleteSecret", json!({"SecretId": NAME}));
    let seen = bench.list(&id(), Kind::Secret).await.remove(0);
    let seen = bench.update(&id(), &seen, &node(&bench, "hunter3"), &["deleted", "fingerprint"]).await;
    assert_eq!(value(&bench).as_deref(), Some("hunter3"));
    // The same where the listing did not show it.
    bench.by_hand("secretsmanager", "DeleteSecret", json!({"SecretId": NAME}));
    assert_eq!(bench.create(&id(), &node(&bench, "hunter3")).await, seen);
    assert_eq!(value(&bench).as_deref(), Some("hunter3"));
}

#[tokio::test(start_paused = true)]
async fn one_that_was_just_deleted_is_made_anew() {
    let bench = Bench::new().await;
    let node = node(&bench, "hunter2");
    let seen = bench.create(&id(), &node).await;
    assert_eq!(bench.delete(&id(), &seen).await, Deletion::Gone);
    let error = bench.try_create(&id(), &node).await.unwrap_err();
    assert_eq!(error.class, Class::NotYet, "{error}");
    bench.wait(Duration::from_secs(60)).await;
    bench.create(&id(), &node).await;
    assert_eq!(value(&bench).as_deref(), Some("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_one_is_refused() {
    for deleted in [false, true] {
        let bench = Bench::new().await;
        bench.by_hand("secretsmanager", "CreateSecret", json!({"Name": NAME, "SecretString": "theirs"}));
        if deleted {
            bench.by_hand("secretsmanager", "DeleteSecret", json!({"SecretId": NAME}));
        }
        let error = bench.try_create(&id(), &node(&bench, "hunter2")).await.unwrap_err();
        assert_eq!(error.class, Class::Foreign, "{error}");
        assert_eq!(bench.list(&id(), Kind::Secret).await, []);
        assert_eq!(value(&bench).as_deref(), (!deleted).then_some("theirs"));
    }
}

#[tokio::test(start_paused = true)]
async fn its_value_stays_out_of_errors_and_listings() {
    let bench = Bench::new().await;
    bench.by_hand("secretsmanager", "CreateSecret", json!({"Name": NAME, "SecretString": "theirs"}));
    let error = bench.try_create(&id(), &node(&bench, "hunter2")).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let bench = Bench::new().await;
    let seen = bench.create(&id(), &node(&bench, "hunter2")).await;
    assert!(!format!("{seen:?} {}", serde_json::to_string(&seen).unwrap()).contains("hunter2"));
}
