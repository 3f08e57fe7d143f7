//! A home in two tasks at once, or gone from under a task: found at any moment, and told from what ECS does by itself.

use crate::stack::{REGION, Stack, cloud, oracle, text};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_home_in_two_tasks_is_found_when_it_is_long_over() {
    let (cloud, network) = cloud(1);
    let oracle = oracle(&cloud).living("prod", "ci/a");
    let stack = Stack::new(&cloud, &network, "a");
    stack.build().await;
    assert!(oracle.clone().exclusive_homes().look(&cloud).is_clean());
    // ECS starts the next task while the targets of the last one drain.
    let again = json!({"cluster": "a-cluster", "service": "a-service", "forceNewDeployment": true});
    stack.call("ecs", "UpdateService", again).await;
    stack.wait(900).await;
    let tasks = stack.call("ecs", "ListTasks", json!({"cluster": "a-cluster"})).await;
    assert_eq!(tasks["taskArns"].as_array().map(Vec::len), Some(1));
    let shared = oracle.clone().exclusive_homes().look(&cloud).shared;
    assert_eq!(shared.len(), 1, "{shared:?}");
    assert_eq!((shared[0].owner.stack.as_str(), shared[0].directory.as_str()), ("ci/a", "/home"));
    assert!(text(&tasks["taskArns"][0]).ends_with(&shared[0].tasks[1]));
    assert!(oracle.look(&cloud).is_clean(), "only who asks for it");
}

#[tokio::test(start_paused = true)]
async fn ecs_may_replace_a_task_of_one_deployment() {
    let (cloud, network) = cloud(1);
    let oracle = oracle(&cloud).living("prod", "ci/a").exclusive_homes();
    let stack = Stack::new(&cloud, &network, "a");
    stack.build().await;
    let tasks = || cloud.ask(REGION, "ecs", "ListTasks", json!({"cluster": "a-cluster"})).expect("tasks");
    let first = tasks()["taskArns"][0].clone();
    cloud.ask(REGION, "ecs", "StopTask", json!({"cluster": "a-cluster", "task": first})).expect("stops");
    stack.wait(900).await;
    assert_ne!(tasks()["taskArns"][0], first);
    let findings = oracle.look(&cloud);
    assert!(findings.is_clean(), "{findings}");
}

#[tokio::test(start_paused = true)]
async fn a_mount_target_that_goes_from_under_a_task_is_found() {
    for (running, found) in [(true, 1), (false, 0)] {
        let (cloud, network) = cloud(1);
        let oracle = oracle(&cloud).living("prod", "ci/a");
        let stack = Stack::new(&cloud, &network, "a");
        stack.build().await;
        if !running {
            let none = json!({"cluster": "a-cluster", "service": "a-service", "desiredCount": 0});
            stack.call("ecs", "UpdateService", none).await;
            stack.wait(900).await;
        }
        let files = stack.call("efs", "DescribeFileSystems", json!({})).await["FileSystems"][0]["FileSystemId"].clone();
        let targets = stack.call("efs", "DescribeMountTargets", json!({"FileSystemId": files})).await;
        for target in targets["MountTargets"].as_array().unwrap() {
            stack.call("efs", "DeleteMountTarget", json!({"MountTargetId": target["MountTargetId"]})).await;
        }
        stack.wait(900).await;
        let severed = oracle.look(&cloud).severed;
        assert_eq!(severed.len(), found, "{severed:?}");
        assert!(severed.iter().all(|home| home.owner.stack == "ci/a"), "{severed:?}");
    }
}
