//! Listings that are late: what the operator wrote is not written again, and what it made is not left behind.

use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::plan::Goal;
use jenkinsstack_sim::spec::{self, Secrets, owner};
use jenkinsstack_sim::{Life, life};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often the account is looked at.
const GLANCE: Duration = Duration::from_secs(10);
/// Longer than any listing is late.
const LATE: Duration = Duration::from_secs(6 * 60);

fn graph(life: &Life, team: &str, secrets: &Secrets) -> Graph {
    let mut spec = spec::reference(&life.network);
    spec["aws"]["tags"]["team"] = json!(team);
    life.graph(&spec, secrets).unwrap()
}

/// Names of the secrets that a listing shows.
fn listed(life: &Life) -> Vec<Value> {
    let answer = life.by_hand("secretsmanager", "ListSecrets", json!({})).unwrap();
    answer["SecretList"].as_array().unwrap().iter().map(|secret| secret["Name"].clone()).collect()
}

/// Looks again and again, with fresh listings, and gives back the writes.
async fn writes(life: &Life, operator: &jenkinsstack_aws::Account, graph: &Graph) -> Vec<String> {
    let mark = life.cloud.log(|log| log.mark());
    let until = Instant::now() + LATE;
    while Instant::now() < until {
        let outcome = life.pass(operator, graph, Goal::Run, Duration::ZERO).await.unwrap();
        assert!(outcome.failures.is_empty(), "{}", life::picture(&outcome));
        sleep(GLANCE).await;
    }
    life.cloud.log(|log| log.writes_since(&mark).map(|record| record.operation.to_string()).collect())
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_not_written_again() {
    let life = Life::begin(1).unwrap();
    let operator = life.operator().await.unwrap();
    let secrets = Secrets::default();
    life.run(&operator, &graph(&life, "build", &secrets), Goal::Run).await.unwrap();
    sleep(LATE).await;
    let before = listed(&life);
    assert_eq!(before.len(), 1, "{before:?}");

    let tagged = graph(&life, "platform", &secrets);
    let mark = life.cloud.log(|log| log.mark());
    life.pass(&operator, &tagged, Goal::Run, Duration::ZERO).await.unwrap();
    assert!(life.cloud.log(|log| log.writes_since(&mark).count()) > 10, "everything gets its tags");
    assert_eq!(writes(&life, &operator, &tagged).await, Vec::<String>::new());

    let rotated = graph(&life, "platform", &Secrets { token: spec::OTHER_SECRET.to_owned(), ..secrets });
    let wrote = writes(&life, &operator, &rotated).await;
    let puts = wrote.iter().filter(|operation| *operation == "PutSecretValue").count();
    assert_eq!(puts, 1, "{wrote:?}");
    let twice = wrote.iter().filter(|operation| *operation == "RegisterTaskDefinition").count();
    assert_eq!(twice, 1, "{wrote:?}");
}

/// The operator that made the secret is gone, and so is what it knew; the next one has nothing else to wait for.
#[tokio::test(start_paused = true)]
async fn a_secret_goes_with_a_stack_that_goes_young() {
    let mut unlisted = 0;
    for seed in 1..=6 {
        let life = Life::begin(seed).unwrap();
        let mut oracle = life.oracle();
        let young = Instant::now() + Duration::from_secs(3);
        let operator = life.operator().await.unwrap();
        let graph = graph(&life, "build", &Secrets::default());
        life.run_until(&operator, &graph, Goal::Run, &|| Instant::now() >= young).await.unwrap();
        assert!(has_secret(&life));
        sleep(Duration::from_secs(60)).await;
        let operator = life.operator().await.unwrap();
        life.leave(&operator, Goal::LeaveNothing).await.unwrap();
        assert!(!has_secret(&life), "seed {seed}");
        unlisted += usize::from(listed(&life).is_empty());
        sleep(Duration::from_secs(1200)).await;
        oracle.died(&owner().cluster, &owner().stack());
        let findings = oracle.look(&life.cloud);
        assert!(findings.is_clean(), "seed {seed}: {findings}");
    }
    assert!(unlisted > 0, "no listing was late enough to matter");
}

fn has_secret(life: &Life) -> bool {
    let mut owned = life.oracle().owned(&life.cloud, &owner().cluster, &owner().stack()).into_iter();
    owned.any(|(kind, _)| kind == "secretsmanager:secret")
}
