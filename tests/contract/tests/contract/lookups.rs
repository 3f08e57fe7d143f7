//! What the stacks of an account share: one listing, and the answers about what they refer to.

use crate::bench::Bench;
use crate::front;
use jenkinsstack_cloud::faults::{Effect, Faults, Rule};
use jenkinsstack_core::kind::Kind;
use serde_json::json;
use std::time::Duration;

const AGE: Duration = Duration::from_secs(300);

#[tokio::test(start_paused = true)]
async fn stacks_that_wait_for_a_listing_that_fails_fail_together_and_not_for_long() {
    let bench = Bench::new().await;
    bench.cloud.faults(|faults| faults.add(Rule::new(Effect::Throttle).operation("GetResources")));
    let looks = (0..20).map(|_| bench.account.observe(&bench.owner, AGE));
    let (outcomes, calls) = bench.counting(futures::future::join_all(looks)).await;
    assert!(outcomes.iter().all(|outcome| outcome.snapshot.unread.contains(&Kind::Role)));
    assert!(calls.len() <= 4, "the attempts of one call: {calls:?}");
    bench.cloud.faults(Faults::clear);
    bench.wait(Duration::from_secs(5)).await;
    let outcome = bench.account.observe(&bench.owner, AGE).await;
    assert!(
        outcome.errors.is_empty(),
        "a listing with a hole in it is not kept for its whole age: {:?}",
        outcome.errors
    );
    let (_, calls) = bench.counting(bench.account.observe(&bench.owner, AGE)).await;
    assert_eq!(calls, Vec::<String>::new(), "and a whole one is");
}

#[tokio::test(start_paused = true)]
async fn what_stacks_refer_to_is_asked_for_once() {
    let bench = Bench::new().await;
    let listener = front::listener_by_hand(&bench).await;
    bench.by_hand("ecs", "CreateCluster", json!({"clusterName": "shared"}));
    let home = bench.by_hand("efs", "CreateFileSystem", json!({"CreationToken": "shared"}));
    let home = home["FileSystemId"].as_str().unwrap().to_owned();
    let tags = json!([{"Key": "jenkinsstack.io/shared-with", "Value": crate::bench::CLUSTER}]);
    let secret =
        bench.by_hand("secretsmanager", "CreateSecret", json!({"Name": "oidc", "SecretString": "s", "Tags": tags}));
    let secret = secret["ARN"].as_str().unwrap().to_owned();
    bench.wait(Duration::from_secs(30)).await;
    let account = &bench.account;
    let ask = async |age| {
        assert!(account.listener(&listener, age).await.unwrap().is_some());
        assert!(account.cluster("shared", age).await.unwrap().is_some());
        assert!(account.file_system(&home, None, age).await.unwrap().is_some());
        assert!(account.secret_text(&secret, age).await.unwrap().is_some());
    };
    let (_, first) = bench.counting(ask(AGE)).await;
    let (_, second) = bench.counting(ask(AGE)).await;
    let (_, fresh) = bench.counting(ask(Duration::ZERO)).await;
    assert_eq!((second, fresh.len()), (Vec::new(), first.len()), "{first:?}");
    bench.wait(AGE).await;
    let (_, later) = bench.counting(ask(AGE)).await;
    assert_eq!(later, first);
}
