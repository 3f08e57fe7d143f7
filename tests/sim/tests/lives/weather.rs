//! Bad weather for a whole life: every call throttled, every read stale.

use jenkinsstack_cloud::call::Access;
use jenkinsstack_cloud::faults::{Effect, Faults, Occurrence, Rule};
use jenkinsstack_core::plan::Goal;
use jenkinsstack_sim::Life;
use jenkinsstack_sim::spec::{self, Secrets};
use serde_json::Value;

async fn live(weather: impl Fn(&mut Faults)) -> Value {
    let life = Life::begin(7).unwrap();
    let oracle = life.oracle();
    let graph = life.graph(&spec::reference(&life.network), &Secrets::default()).unwrap();
    let operator = life.operator().await.unwrap();
    life.cloud.faults(|faults| weather(faults));
    life.run(&operator, &graph, Goal::Run).await.unwrap();
    life.cloud.faults(Faults::clear);
    life.run(&life.operator().await.unwrap(), &graph, Goal::Run).await.unwrap();
    let findings = oracle.look(&life.cloud);
    assert!(findings.is_clean(), "{findings}");
    life.cloud.settle(std::time::Duration::from_secs(1200)).await;
    oracle.normal_state(&life.cloud)
}

#[tokio::test(start_paused = true)]
async fn every_call_throttled_twice_ends_the_same() {
    assert_eq!(live(|faults| faults.throttle_each(2)).await, live(|_| ()).await);
}

#[tokio::test(start_paused = true)]
async fn one_call_in_ten_losing_its_answer_ends_the_same() {
    let lossy = |faults: &mut Faults| faults.add(Rule::new(Effect::Lose).occurs(Occurrence::Chance(0.1)));
    assert_eq!(live(lossy).await, live(|_| ()).await);
}

#[tokio::test(start_paused = true)]
async fn one_write_in_ten_refused_for_want_of_pace_ends_the_same() {
    let slow = |faults: &mut Faults| {
        faults.add(Rule::new(Effect::Throttle).access(Access::Write).occurs(Occurrence::Chance(0.1)));
    };
    assert_eq!(live(slow).await, live(|_| ()).await);
}
