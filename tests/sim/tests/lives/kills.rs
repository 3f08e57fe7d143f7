//! The operator is killed at every call: before it, and after it. Its successor knows nothing and comes to the same end.
//!
//! A process that dies leaves nothing but the account as it stood. So each life here begins where the film of a plain one
//! stood at that call. Boundaries at which the account is the very same, such as those of reads at one moment, are one
//! life; a read that is done before the death is one that was not.

use crate::changes::Change::{self, *};
use crate::count;
use crate::scene::{Scene, operator, same};
use jenkinsstack_cloud::Frame;
use jenkinsstack_core::plan::Goal;
use std::sync::Arc;

/// Frames that differ from the one before.
fn distinct(frames: &[Frame]) -> Vec<&Frame> {
    let mut distinct: Vec<&Frame> = Vec::new();
    for frame in frames {
        if !distinct.last().is_some_and(|last| Arc::ptr_eq(&last.account, &frame.account)) {
            distinct.push(frame);
        }
    }
    distinct
}

/// Kills at every boundary, `of` of them apart, from the `part`-th on.
async fn sweep(scene: Scene, part: usize, of: usize) {
    let plain = scene.plain().await;
    let calls = plain.frames.last().unwrap().call;
    let all = distinct(&plain.frames);
    let these: Vec<&&Frame> = all.iter().skip(part).step_by(of).collect();
    for frame in &these {
        let what = killed(frame);
        let life = scene.at(frame);
        let end = scene.end(&life, &operator(&life).await, &what).await;
        same(&scene, &plain.end, &end, &what);
    }
    let (name, lives, all) = (&scene.name, these.len(), all.len());
    count::told(lives, &format!("killed before and after each of {calls} calls of {name}, {lives} of {all} states"));
}

fn killed(frame: &Frame) -> String {
    format!("death {:?} call {}, {}", frame.when, frame.call, frame.operation)
}

/// The object is deleted while no operator lives: the next one finds what the dead one has begun.
async fn sweep_deleted(goal: Goal, part: usize, of: usize) {
    let scene = Scene::deploy(7, Nothing).await;
    let frames = scene.plain().await.frames;
    let calls = frames.last().unwrap().call;
    let scene = scene.leaving(goal).named(format!("a deploy and its deletion ({goal:?})"));
    let these: Vec<&Frame> = distinct(&frames).into_iter().skip(part).step_by(of).collect();
    for frame in &these {
        let life = scene.at(frame);
        scene.end(&life, &operator(&life).await, &killed(frame)).await;
    }
    count::told(
        these.len(),
        &format!("killed before or after one of {calls} calls of a deploy, then deleted ({goal:?})"),
    );
}

/// A process that really dies: its calls are under way, and get no answer.
async fn sweep_in_the_act(scene: Scene, of: usize) {
    let plain = scene.plain().await;
    let frames: Vec<&Frame> = plain.frames.iter().step_by(of).collect();
    for frame in &frames {
        let what = format!("{} in the act", killed(frame));
        let life = scene.open();
        scene.die(&life, frame.call, frame.when).await;
        let end = scene.end(&life, &operator(&life).await, &what).await;
        same(&scene, &plain.end, &end, &what);
    }
    count::told(frames.len(), &format!("killed in the act at every {of}th boundary of {}", scene.name));
}

async fn update(from: Change, to: Change) {
    sweep(Scene::update(7, from, to).await, 0, 1).await;
}

lives! {
    a_deploy_1: sweep(Scene::deploy(7, Nothing).await, 0, 2);
    a_deploy_2: sweep(Scene::deploy(7, Nothing).await, 1, 2);
    a_deploy_with_seed_1: sweep(Scene::deploy(1, Nothing).await, 3, 8);
    a_deploy_with_seed_2: sweep(Scene::deploy(2, Nothing).await, 5, 8);
    a_deploy_into_what_others_have: sweep(Scene::deploy(7, Theirs).await, 1, 4);
    a_deletion_that_leaves_nothing: sweep(Scene::leave(7, Goal::LeaveNothing).await, 0, 1);
    a_deletion_that_keeps_the_home: sweep(Scene::leave(7, Goal::LeaveKeepHome).await, 0, 1);
    a_deploy_then_deleted_1: sweep_deleted(Goal::LeaveNothing, 0, 2);
    a_deploy_then_deleted_2: sweep_deleted(Goal::LeaveNothing, 1, 2);
    a_deploy_then_deleted_with_its_home_kept: sweep_deleted(Goal::LeaveKeepHome, 1, 3);
    an_update_to_bigger: update(Nothing, Bigger);
    an_update_to_internal: update(Nothing, Internal);
    an_update_to_doors: update(Nothing, Doors);
    an_update_to_rotated: update(Nothing, Rotated);
    an_update_to_fewer: update(Nothing, Fewer);
    an_update_from_fewer: update(Fewer, Nothing);
    an_update_to_settings: update(Nothing, Settings);
    an_update_to_theirs: update(Nothing, Theirs);
    an_update_from_theirs: update(Theirs, Nothing);
    an_update_to_moved: update(Nothing, Moved);
    in_the_act_of_a_deploy: sweep_in_the_act(Scene::deploy(7, Nothing).await, 16);
    in_the_act_of_a_deletion: sweep_in_the_act(Scene::leave(7, Goal::LeaveNothing).await, 16);
}
