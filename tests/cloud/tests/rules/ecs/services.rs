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
