//! Equal seeds give equal bytes of call log, whatever fails.

use crate::stack::{Stack, cloud};
use jenkinsstack_cloud::faults::Rates;

/// The log of one life with that seed; every eighth call fails in one way or another.
async fn life(seed: u64) -> Vec<u8> {
    let (cloud, network) = cloud(seed);
    cloud.faults(|faults| {
        faults.storm(0.125);
        faults.throttle(Rates::Aws);
    });
    let stack = Stack { retries: 2, ..Stack::new(&cloud, &network, "a") };
    stack.build().await;
    stack.change().await;
    stack.read().await;
    cloud.log(|log| log.bytes())
}

#[tokio::test(start_paused = true)]
async fn a_hundred_seeds_twice_give_equal_bytes() {
    let mut faults = std::collections::BTreeMap::new();
    let mut calls = 0;
    for seed in 0..100 {
        let (one, other) = (life(seed).await, life(seed).await);
        assert!(one == other, "seed {seed}: {}", first_difference(&one, &other));
        for line in String::from_utf8_lossy(&one).lines() {
            let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let fault = record["fault"].as_str().unwrap_or("none").split(' ').next().unwrap_or_default().to_owned();
            *faults.entry(fault).or_insert(0) += 1;
            calls += 1;
        }
    }
    // The lives were not trivial: many calls, and every kind of fault.
    assert!(calls > 6_000, "{calls} calls");
    for kind in ["none", "refuse", "reset", "delay", "stale", "short", "empty", "repeated"] {
        assert!(faults.get(kind).is_some_and(|count| *count > 20), "{kind}: {faults:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_seeds_give_other_lives() {
    assert_ne!(life(1).await, life(2).await);
}

fn first_difference(one: &[u8], other: &[u8]) -> String {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    let differ = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    differ.map_or_else(|| "one is longer".to_owned(), |(one, other)| format!("\n{one}\n{other}"))
}
