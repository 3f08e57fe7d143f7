//! Something else is wanted at every call of a deploy and of each update: another spec, or nothing at all. Running calls come to their end,
//! no further step begins, and the life ends as if the last wish had been the first.
//!
//! The operator asks between its steps whether something else is wanted. So all calls between two such questions, which a
//! plain life tells, are one life.

use crate::changes::Change::{self, *};
use crate::count;
use crate::scene::{Scene, operator, same};
use jenkinsstack_core::plan::Goal;
use serde_json::Value;
use std::sync::Mutex;

/// Numbers of calls after which the operator first hears of what is wanted since.
async fn questions(scene: &Scene) -> (u64, Vec<u64>) {
    let life = scene.open();
    let operator = operator(&life).await;
    life.cloud.faults(jenkinsstack_cloud::faults::Faults::mark);
    let asked = Mutex::new(Vec::new());
    let ask = || {
        asked.lock().unwrap().push(life.cloud.faults(|faults| faults.calls()));
        false
    };
    life.run_until(&operator, &scene.graph, Goal::Run, &ask).await.unwrap();
    let mut asked = asked.into_inner().unwrap();
    asked.dedup();
    (life.cloud.faults(|faults| faults.calls()), asked)
}

/// Wants `next` from each call on, `of` of them apart, from the `part`-th on.
async fn sweep(first: Scene, next: Scene, end: Option<Value>, part: usize, of: usize) {
    let (calls, asked) = questions(&first).await;
    let these: Vec<u64> = asked.iter().copied().skip(part).step_by(of).collect();
    for call in &these {
        let what = format!("another wish at call {call}");
        let life = first.open();
        let operator = operator(&life).await;
        life.cloud.faults(jenkinsstack_cloud::faults::Faults::mark);
        let turned = || life.cloud.faults(|faults| faults.calls()) >= *call;
        life.run_until(&operator, &first.graph, Goal::Run, &turned).await.unwrap();
        let ended = next.end(&life, &operator, &what).await;
        if let Some(end) = &end {
            same(&next, end, &ended, &what);
        }
    }
    let (lives, all) = (these.len(), asked.len());
    let (first, next) = (&first.name, &next.name);
    count::told(lives, &format!("turned at each of {calls} calls of {first} into {next}, {lives} of {all}"));
}

/// The spec changes.
async fn change(to: Change, part: usize, of: usize) {
    let next = Scene::deploy(7, to).await;
    let end = next.plain().await.end;
    sweep(Scene::deploy(7, Nothing).await, next, Some(end), part, of).await;
}

/// The object is deleted. What is left of a home that is kept depends on how far it had come.
async fn delete(goal: Goal, part: usize, of: usize) {
    let next = Scene::deploy(7, Nothing).await.leaving(goal).named(format!("its deletion ({goal:?})"));
    sweep(Scene::deploy(7, Nothing).await, next, None, part, of).await;
}

/// The spec of an update changes back while it is under way. Left out: settings, of which AWS lets the throughput mode change
/// once a day, and rotated secrets, which leave revisions that a stack has that never knew other ones.
async fn regret(update: Change, part: usize, of: usize) {
    let next = Scene::update(7, Nothing, Nothing).await;
    let end = next.plain().await.end;
    sweep(Scene::update(7, Nothing, update).await, next, Some(end), part, of).await;
}

/// The object is deleted while an update is under way.
async fn give_up(update: Change, part: usize, of: usize) {
    let goal = Goal::LeaveNothing;
    let next = Scene::update(7, Nothing, update).await.leaving(goal).named(format!("its deletion ({goal:?})"));
    sweep(Scene::update(7, Nothing, update).await, next, None, part, of).await;
}

lives! {
    back_from_bigger: regret(Bigger, 0, 1);
    back_from_internal: regret(Internal, 0, 1);
    back_from_doors: regret(Doors, 0, 1);
    back_from_fewer: regret(Fewer, 0, 1);
    back_from_theirs: regret(Theirs, 0, 1);
    back_from_moved: regret(Moved, 0, 1);
    deleted_while_bigger: give_up(Bigger, 0, 1);
    deleted_while_internal: give_up(Internal, 0, 1);
    deleted_while_doors: give_up(Doors, 0, 1);
    deleted_while_rotated: give_up(Rotated, 0, 1);
    deleted_while_fewer: give_up(Fewer, 0, 1);
    deleted_while_settings: give_up(Settings, 0, 1);
    deleted_while_theirs: give_up(Theirs, 0, 1);
    deleted_while_moved: give_up(Moved, 0, 1);
    to_internal_1: change(Internal, 0, 2);
    to_internal_2: change(Internal, 1, 2);
    to_theirs: change(Theirs, 1, 5);
    to_fewer: change(Fewer, 2, 5);
    to_nothing_1: delete(Goal::LeaveNothing, 0, 2);
    to_nothing_2: delete(Goal::LeaveNothing, 1, 2);
    to_a_kept_home_1: delete(Goal::LeaveKeepHome, 0, 2);
    to_a_kept_home_2: delete(Goal::LeaveKeepHome, 1, 2);
}
