//! One settled state, lived on from more than once.

use crate::stack::{REGION, Stack, cloud};
use jenkinsstack_cloud::door::control;
use jenkinsstack_cloud::faults::{Effect, Rates, Rule};
use jenkinsstack_cloud::seed::Network;
use jenkinsstack_cloud::{Cloud, Snapshot};
use serde_json::{Value, json};
use std::thread;
use tokio::runtime::Builder;

/// A stack that stands, in weather that goes on, with page tokens given out and buckets drawn from.
async fn settled(seed: u64) -> (Cloud, Network) {
    let (cloud, network) = cloud(seed);
    Stack::new(&cloud, &network, "a").build().await;
    cloud.faults(|faults| {
        faults.storm(0.125);
        faults.throttle(Rates::Aws);
    });
    Stack { retries: 2, ..Stack::new(&cloud, &network, "a") }.read().await;
    (cloud, network)
}

/// How it goes on: the log from here, numbers aside, for they count what went before.
async fn on(cloud: &Cloud, network: &Network) -> Vec<Value> {
    let mark = cloud.log(|log| log.mark());
    let stack = Stack { retries: 2, ..Stack::new(cloud, network, "a") };
    stack.change().await;
    stack.read().await;
    let unnumbered = |mut record: Value| {
        record["number"] = Value::Null;
        record
    };
    cloud.log(|log| log.since(&mark).map(|record| unnumbered(record.json())).collect())
}

/// How it goes on in a runtime of its own, whose clock began elsewhere.
fn elsewhere(snapshot: Snapshot, network: Network, seed: Option<u64>) -> thread::JoinHandle<Vec<Value>> {
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let cloud = snapshot.revive();
            if let Some(seed) = seed {
                cloud.reseed(seed);
            }
            on(&cloud, &network).await
        })
    })
}

#[tokio::test(start_paused = true)]
async fn every_life_from_one_state_is_the_same() {
    let mut struck = 0;
    for seed in 0..8 {
        let (cloud, network) = settled(seed).await;
        let snapshot = cloud.snapshot();
        let lives = [0; 2].map(|_| elsewhere(snapshot.clone(), network.clone(), None));
        let here = on(&cloud, &network).await;
        struck += here.iter().filter(|record| record["fault"].is_string()).count();
        for life in lives {
            assert_eq!(life.join().expect("a life"), here, "seed {seed}");
        }
        cloud.restore(&snapshot);
        assert_eq!(on(&cloud, &network).await, here, "seed {seed}, restored");
    }
    assert!(struck > 8, "{struck} faults");
}

#[tokio::test(start_paused = true)]
async fn lives_of_other_seeds_differ() {
    let (cloud, network) = settled(1).await;
    let [one, other] = [2, 3].map(|seed| elsewhere(cloud.snapshot(), network.clone(), Some(seed)));
    assert_ne!(one.join().expect("a life"), other.join().expect("a life"));
}

#[tokio::test(start_paused = true)]
async fn a_fork_and_its_origin_know_nothing_of_each_other() {
    let (cloud, _) = settled(1).await;
    cloud.faults(|faults| faults.clear());
    let fork = cloud.fork();
    let all = |cloud: &Cloud| {
        let (_, items) = control::handle(cloud, "GET", "/_cloud/items", b"");
        serde_json::from_str::<Value>(&items).expect("JSON").as_array().map(Vec::len).unwrap_or_default()
    };
    let (before, calls) = (all(&cloud), cloud.log(|log| log.total()));
    assert_eq!((all(&fork), fork.log(|log| log.total()), fork.clock().now()), (before, calls, cloud.clock().now()));

    fork.ask(REGION, "logs", "CreateLogGroup", json!({"logGroupName": "of-the-fork"})).expect("made");
    fork.faults(|faults| faults.add(Rule::new(Effect::Reset)));
    fork.clock().skip(std::time::Duration::from_secs(3600));
    assert_eq!((all(&fork), all(&cloud)), (before + 1, before));
    assert_eq!(cloud.log(|log| log.total()), calls);
    assert_eq!(cloud.faults(|faults| faults.rules().count()), 0);
    assert!(cloud.clock().now() < fork.clock().now());
    cloud.ask(REGION, "logs", "CreateLogGroup", json!({"logGroupName": "of-the-origin"})).expect("made");
    assert_eq!((all(&fork), all(&cloud)), (before + 1, before + 1));
}

#[tokio::test(start_paused = true)]
async fn a_restored_account_has_its_faults_again_and_goes_on_counting() {
    let (cloud, _) = cloud(1);
    let groups = json!({"logGroupName": "a"});
    let make = || cloud.ask(REGION, "logs", "CreateLogGroup", groups.clone());
    cloud.faults(|faults| faults.add(Rule::new(Effect::Lose).operation("CreateLogGroup").nth(1)));
    let snapshot = cloud.snapshot();
    make().expect("made");
    cloud.faults(|faults| faults.clear());
    let calls = cloud.log(|log| log.total());
    cloud.restore(&snapshot);
    make().expect("made again: it is not there");
    assert_eq!(cloud.faults(|faults| faults.rules().count()), 1);
    assert_eq!(cloud.log(|log| log.total()), calls + 1);
}
