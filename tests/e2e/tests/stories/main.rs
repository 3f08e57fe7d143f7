//! The user's stories, side by side in one world: one API server, one account, one operator, a stack for each story.

// A story that finds less than it looks for fails, in whatever way.
#![allow(clippy::indexing_slicing)]

mod change;
mod deploy;
mod events;
mod leave;
mod login;
mod midway;
mod namespaces;
mod operators;
mod plan;
mod process;
mod quiet;
mod replicas;
mod rights;
mod rotation;
mod secrets;
mod trouble;

use jenkinsstack_e2e::World;
use jenkinsstack_e2e::build::binary;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Longest time that a story may wait for one thing to happen. The account lives 60 times as fast as AWS.
const LIMIT: Duration = Duration::from_secs(240);
/// Seconds between two looks of the operator at a stack at rest: short, so that drift is mended while a test waits.
const RESYNC: u64 = 30;

type Story = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;
/// What begins a story in a world.
type Telling = fn(Arc<World>) -> Story;

/// A story by name.
macro_rules! stories {
    ($($module:ident::$story:ident),* $(,)?) => {
        fn stories() -> Vec<(&'static str, Telling)> {
            vec![$((concat!(stringify!($module), "::", stringify!($story)), |world| Box::pin($module::$story(world)))),*]
        }
    };
}

stories! {
    deploy::a_reference_stack_becomes_ready,
    deploy::the_smallest_stack_becomes_ready,
    deploy::an_existing_listener_gets_a_rule_and_nothing_else,
    deploy::a_proxy_leads_to_aws,
    change::a_changed_spec_reaches_aws,
    change::drift_is_repaired,
    change::a_rotated_client_secret_reaches_the_load_balancer,
    change::a_suspended_stack_is_left_alone,
    leave::a_retained_home_is_found_again,
    leave::destroy_leaves_nothing,
    leave::orphan_leaves_everything,
    leave::a_home_is_never_encrypted_in_passing,
    midway::a_changed_spec_ends_as_the_last_one,
    midway::a_deleted_stack_goes,
    midway::a_suspended_stack_stops_and_goes_on,
    quiet::a_look_that_finds_no_change_writes_nothing,
    quiet::a_lost_status_comes_back_and_changes_nothing,
    events::they_tell_the_story_once,
    login::endpoints_are_discovered_and_followed,
    plan::it_says_what_would_be_done_and_does_nothing,
    plan::what_it_cannot_plan_is_an_error,
    replicas::a_killed_leader_is_replaced_in_the_middle_of_a_deploy,
    replicas::a_stopped_leader_hands_over_at_once,
    replicas::a_waiting_replica_ends_when_it_is_told,
    replicas::a_robbed_leader_ends_at_once,
    replicas::death_after_a_create_makes_no_double,
    namespaces::two_are_served_and_a_forbidden_one_holds_up_no_other,
    process::a_stack_that_is_torn_away_leaves_no_series,
    process::it_is_ready_once_it_is_connected,
    process::it_works_without_a_lease_and_logs_json,
    rights::a_whole_life_needs_each_and_no_other,
    rotation::a_secret_is_noticed_at_once,
    operators::clusters_of_two_names_live_side_by_side,
    operators::one_name_in_two_installations_is_stalled,
    secrets::no_value_is_told_in_a_whole_life,
    trouble::an_invalid_spec_stalls_and_changes_nothing,
    trouble::a_missing_secret_stalls_until_it_is_there,
    trouble::a_missing_subnet_is_named,
    trouble::an_image_that_does_not_start_is_reported,
    trouble::a_denied_action_is_named_until_it_is_allowed,
    trouble::a_full_subnet_is_named_until_there_is_room,
}

fn main() -> ExitCode {
    let filters: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let fits = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter));
    let chosen: Vec<_> = stories().into_iter().filter(|(name, _)| fits(name)).collect();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return report(&[("runtime", Err(error.into()))]),
    };
    println!("\nrunning {} tests", chosen.len());
    let outcomes = runtime.block_on(run(chosen));
    report(&outcomes)
}

async fn run(chosen: Vec<(&'static str, Telling)>) -> Vec<(&'static str, anyhow::Result<()>)> {
    let world = async {
        tokio::task::spawn_blocking(|| binary("kubectl-jenkinsstack")).await??;
        let mut world = World::start().await?;
        world.operate(RESYNC)?;
        anyhow::Ok(Arc::new(world))
    };
    let world = match world.await {
        Ok(world) => world,
        Err(error) => return vec![("world", Err(error))],
    };
    let running: Vec<_> = chosen
        .into_iter()
        .map(|(name, story)| {
            let began = Instant::now();
            let task = tokio::spawn(story(world.clone()));
            tokio::spawn(async move {
                let outcome = task.await.unwrap_or_else(|panic| Err(anyhow::anyhow!("{panic}")));
                let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
                println!("test {name} ... {verdict} ({:.0} s)", began.elapsed().as_secs_f64());
                (name, outcome)
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in running {
        outcomes.push(task.await.unwrap_or_else(|error| ("runner", Err(error.into()))));
    }
    outcomes
}

fn report(outcomes: &[(&str, anyhow::Result<()>)]) -> ExitCode {
    let failed: Vec<_> = outcomes.iter().filter_map(|(name, outcome)| Some((name, outcome.as_ref().err()?))).collect();
    for (name, error) in &failed {
        println!("\n---- {name} ----\n{error:#}");
    }
    let verdict = if failed.is_empty() { "ok" } else { "FAILED" };
    let passed = outcomes.len() - failed.len();
    println!(
        "\ntest result: {verdict}. {passed} passed; {} failed; 0 ignored; 0 measured; 0 filtered out",
        failed.len()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
