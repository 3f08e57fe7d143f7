//! Bad weather for a whole life: every call throttled, every read stale, every answer lost.

use crate::changes::Change::{self, *};
use crate::count;
use crate::scene::{Scene, same};
use jenkinsstack_cloud::call::Access;
use jenkinsstack_cloud::faults::{Effect, Faults, Occurrence, Rule};
use jenkinsstack_core::plan::Goal;

/// A kind of weather.
#[derive(Clone, Copy, Debug)]
enum Weather {
    /// Each call is refused twice for want of pace.
    Throttled,
    /// Each read answers as things stood 30 seconds ago.
    Stale,
    /// The answer of each write is lost once.
    Lost,
    /// The answers of all attempts at each write are lost: it fails, and was done.
    Failed,
    /// One call in ten loses its answer.
    Lossy,
}

impl Weather {
    fn begin(self, faults: &mut Faults) {
        let written = |effect, times| Rule::new(effect).access(Access::Write).occurs(Occurrence::Each(times));
        match self {
            Self::Throttled => faults.throttle_each(2),
            Self::Stale => faults.add(Rule::new(Effect::Stale { seconds: 30.0 })),
            Self::Lost => faults.add(written(Effect::Lose, 1)),
            Self::Failed => faults.add(written(Effect::Lose, 4)),
            Self::Lossy => faults.add(Rule::new(Effect::Lose).occurs(Occurrence::Chance(0.1))),
        }
    }
}

async fn live(scenes: &[Scene], weathers: &[Weather]) {
    for scene in scenes {
        let plain = scene.plain().await;
        for weather in weathers {
            let what = format!("{weather:?} weather");
            let end = scene.under(&what, |faults| weather.begin(faults)).await;
            same(scene, &plain.end, &end, &what);
        }
        count::told(weathers.len(), &format!("{weathers:?} weather for {}", scene.name));
    }
}

const STEADY: [Weather; 4] = [Weather::Throttled, Weather::Stale, Weather::Lost, Weather::Failed];
const FITFUL: [Weather; 1] = [Weather::Lossy];
const SEEDS: [u64; 4] = [1, 2, 3, 4];

#[tokio::test(start_paused = true)]
async fn for_a_deploy() {
    live(&[Scene::deploy(7, Nothing).await, Scene::deploy(7, Theirs).await], &STEADY).await;
    for seed in SEEDS {
        live(&[Scene::deploy(seed, Nothing).await], &FITFUL).await;
    }
}

#[tokio::test(start_paused = true)]
async fn for_a_deletion() {
    live(&[Scene::leave(7, Goal::LeaveNothing).await, Scene::leave(7, Goal::LeaveKeepHome).await], &STEADY).await;
    for seed in SEEDS {
        live(&[Scene::leave(seed, Goal::LeaveNothing).await], &FITFUL).await;
    }
}

async fn updates(changes: [Change; 4]) {
    for change in changes {
        live(&[Scene::update(7, Nothing, change).await], &STEADY).await;
    }
}

lives! {
    for_updates_1: updates([Bigger, Internal, Doors, Rotated]);
    for_updates_2: updates([Fewer, Settings, Theirs, Moved]);
}

#[tokio::test(start_paused = true)]
async fn for_updates_back() {
    for change in [Fewer, Theirs] {
        live(&[Scene::update(7, change, Nothing).await], &STEADY).await;
    }
    for seed in SEEDS {
        live(&[Scene::update(seed, Nothing, Internal).await], &FITFUL).await;
    }
}
