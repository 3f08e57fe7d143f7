//! What holds for every spec.

use crate::fake::{Fake, has_tags};
use crate::normal::{assert_same, normal};
use crate::rollout::{Order, carry_out, ids, round, settled};
use crate::specs;
use crate::world::{INSTALLATION, PLANTED, graph_of, graph_rotated};
use jenkinsstack_api::{JenkinsStackSpec, validate};
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::observed::{Seen, Snapshot};
use jenkinsstack_core::owner::TAG_INSTALLATION;
use jenkinsstack_core::plan::{Action, Goal, plan};
use jenkinsstack_core::render;
use proptest::prelude::*;
use proptest::sample::Index;

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Forwards), Just(Order::Backwards)]
}

fn goal() -> impl Strategy<Value = Goal> {
    prop_oneof![Just(Goal::LeaveKeepHome), Just(Goal::LeaveNothing)]
}

/// Some rounds of a rollout from nothing.
fn begun(graph: &Graph, rounds: usize) -> Fake {
    let mut fake = Fake::default();
    for _ in 0..rounds {
        round(&mut fake, graph, Goal::Run, Order::Forwards);
    }
    fake
}

fn assert_left(fake: &Fake, goal: Goal, had_home: bool) {
    let kinds: Vec<Kind> = fake.seen.all().map(|seen| seen.observed.kind()).collect();
    match goal {
        Goal::LeaveNothing => assert_eq!(kinds, []),
        Goal::LeaveKeepHome | Goal::Run => {
            assert!(kinds.iter().all(|kind| kind.is_home()), "{kinds:?}");
            assert_eq!(kinds.contains(&Kind::FileSystem), had_home);
        }
    }
}

/// Lets another installation be the owner of everything that carries tags.
fn give_away(fake: &Fake, keep: impl Fn(&Seen) -> bool) -> Snapshot {
    let other = |seen: Seen| {
        if !has_tags(seen.observed.kind()) || keep(&seen) {
            return seen;
        }
        let mut tags = seen.tags.unwrap_or_default();
        tags.insert(TAG_INSTALLATION.to_owned(), "installation-2".to_owned());
        Seen { tags: Some(tags), ..seen }
    };
    fake.all().into_iter().map(other).collect()
}

/// One of the resources of which `which` is true; there is always one.
fn some(fake: &Fake, index: &Index, which: impl Fn(Kind) -> bool) -> Seen {
    let all: Vec<Seen> = fake.all().into_iter().filter(|seen| which(seen.observed.kind())).collect();
    all[index.index(all.len())].clone()
}

/// Kinds of which AWS lets there be two for one node. Homes have a scenario; two services, a test of their own.
fn may_double(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::SecurityGroup | Kind::SecurityGroupRule | Kind::AccessPoint | Kind::LoadBalancer | Kind::TargetGroup
    )
}

/// Cases of each property, unless `PROPTEST_CASES` says more: what a run of all tests has time for.
const CASES: u32 = 96;

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { CASES };
    ProptestConfig { cases, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_specs_are_valid(spec in specs::spec()) {
        prop_assert_eq!(validate(&spec), []);
        let written = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(serde_json::from_str::<JenkinsStackSpec>(&written).unwrap(), spec);
    }

    #[test]
    fn every_spec_settles(spec in specs::spec(), order in order()) {
        let graph = graph_of(&spec);
        let mut fake = Fake::default();
        let last = carry_out(&mut fake, &graph, Goal::Run, order);
        prop_assert_eq!(render::text(&last), "no change\n");
        prop_assert_eq!(fake.all().len(), graph.nodes().count());
    }

    #[test]
    fn equal_inputs_give_equal_bytes_and_no_secret(spec in specs::spec(), rounds in 0..12usize) {
        let fake = begun(&graph_of(&spec), rounds);
        let (one, two) = (
            plan(&graph_of(&spec), &fake.seen, Goal::Run, INSTALLATION),
            plan(&graph_of(&spec.clone()), &fake.seen.clone(), Goal::Run, INSTALLATION),
        );
        prop_assert_eq!(one.hash(), two.hash());
        prop_assert_eq!(render::text(&one), render::text(&two));
        let shown = format!("{one:?} {} {}", render::text(&one), serde_json::to_string(&one).unwrap());
        prop_assert!(!shown.contains(PLANTED), "{}", shown);
    }

    #[test]
    fn a_changed_spec_ends_where_a_fresh_one_does(
        (before, after) in specs::change(), rotation in 1..3u32, rounds in 0..40usize, order in order(),
    ) {
        let mut fake = begun(&graph_of(&before), rounds);
        let homes = ids(&fake, Kind::FileSystem);
        let graph = graph_rotated(&after, rotation);
        carry_out(&mut fake, &graph, Goal::Run, order);
        assert_same(&normal(&fake, &graph), &normal(&settled(&graph), &graph));
        prop_assert!(ids(&fake, Kind::FileSystem).is_superset(&homes));
    }

    #[test]
    fn a_stack_goes_from_wherever_it_is((before, after) in specs::change(), rounds in 0..12usize, order in order(), goal in goal()) {
        let mut fake = settled(&graph_of(&before));
        for _ in 0..rounds {
            round(&mut fake, &graph_of(&after), Goal::Run, order);
        }
        let had_home = !ids(&fake, Kind::FileSystem).is_empty();
        carry_out(&mut fake, &Graph::default(), goal, order);
        assert_left(&fake, goal, had_home);
    }

    #[test]
    fn a_stack_goes_before_it_is_there(spec in specs::spec(), rounds in 0..12usize, goal in goal()) {
        let mut fake = begun(&graph_of(&spec), rounds);
        let had_home = !ids(&fake, Kind::FileSystem).is_empty();
        carry_out(&mut fake, &Graph::default(), goal, Order::Backwards);
        assert_left(&fake, goal, had_home);
    }

    #[test]
    fn a_home_that_was_kept_is_found_again((before, after) in specs::change()) {
        let mut fake = settled(&graph_of(&before));
        carry_out(&mut fake, &Graph::default(), Goal::LeaveKeepHome, Order::Forwards);
        let homes = ids(&fake, Kind::FileSystem);
        carry_out(&mut fake, &graph_of(&after), Goal::Run, Order::Forwards);
        prop_assert_eq!(ids(&fake, Kind::FileSystem), homes);
    }

    #[test]
    fn what_is_lost_is_made_again(spec in specs::spec(), index in any::<Index>(), order in order()) {
        let graph = graph_of(&spec);
        let mut fake = settled(&graph);
        let before = normal(&fake, &graph);
        let lost = some(&fake, &index, |kind| kind != Kind::FileSystem);
        fake.lose(&lost);
        carry_out(&mut fake, &graph, Goal::Run, order);
        assert_same(&normal(&fake, &graph), &before);
    }

    #[test]
    fn doubles_become_one(spec in specs::spec(), index in any::<Index>(), order in order()) {
        let graph = graph_of(&spec);
        let mut fake = settled(&graph);
        let seen = some(&fake, &index, may_double);
        let before = normal(&fake, &graph);
        let resolved = resolved(&graph, &fake, &seen);
        fake.double(&resolved, &seen);
        carry_out(&mut fake, &graph, Goal::Run, order);
        assert_same(&normal(&fake, &graph), &before);
    }

    #[test]
    fn nothing_of_another_installation_is_touched(spec in specs::spec(), rounds in 1..12usize, index in any::<Index>(), one in any::<bool>()) {
        let graph = graph_of(&spec);
        let fake = begun(&graph, rounds);
        let tagged: Vec<Seen> = fake.all().into_iter().filter(|seen| has_tags(seen.observed.kind())).collect();
        let single = &tagged[index.index(tagged.len())];
        let seen = give_away(&fake, |seen| one && seen != single);
        for goal in [Goal::Run, Goal::LeaveKeepHome, Goal::LeaveNothing] {
            let plan = plan(&graph, &seen, goal, INSTALLATION);
            prop_assert!(plan.steps.is_empty() && !plan.settled(), "{}", render::text(&plan));
        }
    }

    #[test]
    fn nothing_is_concluded_from_what_was_not_read(
        (before, after) in specs::change(), kind in proptest::sample::select(Kind::ALL), rounds in 0..12usize,
    ) {
        let fake = begun(&graph_of(&before), rounds);
        let there: Vec<Seen> = fake.all();
        let mut blind = Fake::default();
        there.iter().filter(|seen| seen.observed.kind() != kind).for_each(|seen| blind.put(seen.clone()));
        blind.seen.unread.insert(kind);
        for goal in [Goal::Run, Goal::LeaveKeepHome, Goal::LeaveNothing] {
            let mut fake = fake.clone();
            let plan = plan(&graph_of(&after), &blind.seen, goal, INSTALLATION);
            prop_assert!(!plan.settled());
            for step in plan.ready() {
                prop_assert_ne!(step.kind, kind);
                // Deleting must not run into what could not be seen.
                if matches!(step.action, Action::Delete { .. }) {
                    fake.take(step);
                }
            }
        }
    }
}

/// The node of `seen` with its inputs filled in, as a create call gets it.
pub(crate) fn resolved(graph: &Graph, fake: &Fake, seen: &Seen) -> jenkinsstack_core::graph::Node {
    let mut less = fake.seen.clone();
    less.forget(&seen.node, &seen.id());
    let plan = plan(graph, &less, Goal::Run, INSTALLATION);
    let step = plan.steps.iter().find(|step| step.node == seen.node);
    step.and_then(|step| step.resolved.clone()).expect("a step that makes it")
}
