//! The answer of every write is lost: one in each life.

use crate::changes::Change::{self, *};
use crate::count;
use crate::scene::{Scene, same};
use jenkinsstack_cloud::Frame;
use jenkinsstack_cloud::faults::{Cut, When};
use jenkinsstack_core::plan::Goal;

/// Loses the answers of all writes, `of` of them apart, from the `part`-th on.
async fn sweep(scene: Scene, part: usize, of: usize) {
    let plain = scene.plain().await;
    let writes: Vec<&Frame> = plain.frames.iter().filter(|frame| frame.when == When::After).collect();
    let these: Vec<&&Frame> = writes.iter().skip(part).step_by(of).collect();
    for frame in &these {
        let what = format!("a lost answer of call {}, {}", frame.call, frame.operation);
        let end = scene.under(&what, |faults| faults.cut(frame.call, When::After, Cut::Reset)).await;
        same(&scene, &plain.end, &end, &what);
    }
    let (lives, all) = (these.len(), writes.len());
    count::told(lives, &format!("one lost answer of {all} writes of {}", scene.name));
}

async fn update(from: Change, to: Change) {
    sweep(Scene::update(7, from, to).await, 0, 1).await;
}

lives! {
    of_a_deploy_1: sweep(Scene::deploy(7, Nothing).await, 0, 2);
    of_a_deploy_2: sweep(Scene::deploy(7, Nothing).await, 1, 2);
    of_a_deploy_into_what_others_have: sweep(Scene::deploy(7, Theirs).await, 1, 3);
    of_a_deletion: sweep(Scene::leave(7, Goal::LeaveNothing).await, 0, 1);
    of_an_update_to_bigger: update(Nothing, Bigger);
    of_an_update_to_internal: update(Nothing, Internal);
    of_an_update_to_doors: update(Nothing, Doors);
    of_an_update_to_rotated: update(Nothing, Rotated);
    of_an_update_to_fewer: update(Nothing, Fewer);
    of_an_update_from_fewer: update(Fewer, Nothing);
    of_an_update_to_settings: update(Nothing, Settings);
    of_an_update_to_theirs: update(Nothing, Theirs);
    of_an_update_from_theirs: update(Theirs, Nothing);
    of_an_update_to_moved: update(Nothing, Moved);
}
