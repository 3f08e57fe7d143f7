//! What a stack costs in time and calls: the rows of the comparison with other tools, as limits. `cargo xtask bench` prints
//! the numbers.

use jenkinsstack_sim::{deployment, rest};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_first_deployment_takes_little_more_than_its_longest_chain_of_calls() {
    for latency in [20, 200].map(Duration::from_millis) {
        let deployment = deployment::measure(latency).await.unwrap();
        let ratio = deployment.took.as_secs_f64() / deployment.chain.as_secs_f64();
        assert!((0.9..1.3).contains(&ratio), "{deployment:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_makes_little_more_than_the_least_calls() {
    let deployment = deployment::measure(Duration::from_millis(20)).await.unwrap();
    assert!(deployment.calls * 10 <= deployment.least * 11, "{deployment:?}");
    assert!(deployment.calls >= deployment.least, "the least are fewer: {deployment:?}");
}

#[tokio::test(start_paused = true)]
async fn stacks_at_rest_share_their_reads_and_write_nothing() {
    let (alone, writes) = rest::measure(1).await.unwrap();
    assert_eq!(writes, 0);
    let (reads, writes) = rest::measure(30).await.unwrap();
    assert_eq!(writes, 0);
    assert!(reads < 30 * 7 && reads < 30 * alone, "{reads} reads of 30 stacks, {alone} of one");
}
