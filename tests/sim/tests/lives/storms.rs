//! Storms: one call in ten fails, in any of the ways in which calls fail, and each time in others.
//!
//! `STORMS=40 cargo test --workspace --test lives storms` is a longer run.

use crate::changes::Change::*;
use crate::count;
use crate::scene::{Scene, operator, same};
use jenkinsstack_cloud::faults::When;
use jenkinsstack_core::plan::Goal;

/// Share of the calls that fail.
const STORM: f64 = 0.1;
/// Storms over each scene, unless the environment says otherwise.
const STORMS: u64 = 2;

fn storms() -> u64 {
    std::env::var("STORMS").map_or(STORMS, |number| number.parse().unwrap())
}

/// Lives in storms over a scene.
async fn over(scene: Scene) {
    let plain = scene.plain().await;
    for storm in 1..=storms() {
        let what = format!("storm {storm}");
        let life = scene.open();
        let operator = operator(&life).await;
        // Other faults, other ids and delays, and other pauses before the SDK tries again.
        life.cloud.reseed(storm);
        fastrand::seed(storm);
        life.cloud.faults(|faults| faults.storm(STORM));
        let end = scene.end(&life, &operator, &what).await;
        same(&scene, &plain.end, &end, &what);
    }
    count::told(usize::try_from(storms()).unwrap(), &format!("storms over {}", scene.name));
}

/// The operator dies in a storm, and the storm goes on.
async fn and_a_death() {
    let deaths = 10 + storms();
    for seed in 11..11 + deaths {
        let scene = match seed % 3 {
            0 => Scene::deploy(seed, Nothing).await,
            1 => Scene::update(seed, Nothing, Internal).await,
            _ => Scene::leave(seed, Goal::LeaveNothing).await,
        };
        let plain = scene.plain().await;
        let (call, when) = (5 + seed * 11 % 50, if seed % 2 == 0 { When::Before } else { When::After });
        let what = format!("a storm and a death {when:?} call {call}");
        let life = scene.open();
        life.cloud.faults(|faults| faults.storm(STORM));
        scene.die(&life, call, when).await;
        let end = scene.end(&life, &operator(&life).await, &what).await;
        same(&scene, &plain.end, &end, &what);
    }
    count::told(usize::try_from(deaths).unwrap(), "killed in a storm that goes on, each under another seed");
}

lives! {
    with_a_death: and_a_death();
    over_a_deploy: over(Scene::deploy(7, Nothing).await);
    over_a_deploy_into_what_others_have: over(Scene::deploy(7, Theirs).await);
    over_a_deletion_that_leaves_nothing: over(Scene::leave(7, Goal::LeaveNothing).await);
    over_a_deletion_that_keeps_the_home: over(Scene::leave(7, Goal::LeaveKeepHome).await);
    over_an_update_to_bigger: over(Scene::update(7, Nothing, Bigger).await);
    over_an_update_to_internal: over(Scene::update(7, Nothing, Internal).await);
    over_an_update_to_doors: over(Scene::update(7, Nothing, Doors).await);
    over_an_update_to_rotated: over(Scene::update(7, Nothing, Rotated).await);
    over_an_update_to_fewer: over(Scene::update(7, Nothing, Fewer).await);
    over_an_update_from_fewer: over(Scene::update(7, Fewer, Nothing).await);
    over_an_update_to_settings: over(Scene::update(7, Nothing, Settings).await);
    over_an_update_to_theirs: over(Scene::update(7, Nothing, Theirs).await);
    over_an_update_from_theirs: over(Scene::update(7, Theirs, Nothing).await);
    over_an_update_to_moved: over(Scene::update(7, Nothing, Moved).await);
}
