//! Lives without faults.

use jenkinsstack_cloud::call::Access;
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::plan::Goal;
use jenkinsstack_sim::spec::{self, Secrets, owner};
use jenkinsstack_sim::{Life, life};
use serde_json::json;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_stack_comes_about_rests_and_goes() {
    let life = Life::begin(1).unwrap();
    let graph = life.graph(&spec::reference(&life.network), &Secrets::default()).unwrap();
    let operator = life.operator().await.unwrap();
    let end = life.run(&operator, &graph, Goal::Run).await.unwrap();
    eprintln!("settled after {:?} and {} passes, {} calls", end.took, end.passes, life.cloud.calls_made());
    let kinds = |kind| end.outcome.snapshot.all().filter(|seen| seen.observed.kind() == kind).count();
    assert_eq!(kinds(Kind::Service), 1);
    assert_eq!(kinds(Kind::MountTarget), 2);

    let mark = life.cloud.log(|log| log.mark());
    let rest = life.pass(&operator, &graph, Goal::Run, Duration::ZERO).await.unwrap();
    assert!(rest.plan.settled() && rest.done.is_empty(), "{}", life::picture(&rest));
    let writes = life.cloud.log(|log| log.writes_since(&mark).count());
    assert_eq!(writes, 0, "a pass at rest writes nothing");
    let reads = life.cloud.log(|log| log.since(&mark).filter(|record| record.access == Some(Access::Read)).count());
    eprintln!("{reads} reads of a pass at rest");

    let nothing = jenkinsstack_core::graph::Graph::default();
    let end = life.run(&operator, &nothing, Goal::LeaveNothing).await.unwrap();
    eprintln!("gone after {:?} and {} passes", end.took, end.passes);
    assert_eq!(end.outcome.snapshot.all().count(), 0, "of {}", owner());
}

/// Nobody has used ECS, EFS or load balancers in the account before: their linked roles come about with the stack.
#[tokio::test(start_paused = true)]
async fn a_stack_comes_about_in_a_new_account() {
    let life = Life::begin(1).unwrap();
    let linked = |life: &Life| {
        let input = json!({"PathPrefix": "/aws-service-role/"});
        let found = life.cloud.ask("us-east-1", "iam", "ListRoles", input).unwrap();
        found["Roles"].as_array().unwrap().iter().map(|role| role["RoleName"].clone()).collect::<Vec<_>>()
    };
    for role in linked(&life) {
        life.cloud.ask("us-east-1", "iam", "DeleteServiceLinkedRole", json!({"RoleName": role})).unwrap();
    }
    assert!(linked(&life).is_empty());
    let graph = life.graph(&spec::reference(&life.network), &Secrets::default()).unwrap();
    let operator = life.operator().await.unwrap();
    let end = life.run(&operator, &graph, Goal::Run).await.unwrap();
    eprintln!("settled after {:?} and {} passes", end.took, end.passes);
    assert_eq!(linked(&life).len(), 3);
}
