//! Carries out plan after plan against the fake, with a look at the invariants after every step.

use crate::fake::Fake;
use crate::world::INSTALLATION;
use jenkinsstack_core::check::check;
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::plan::{Goal, Plan, Step, plan};
use std::collections::BTreeSet;

/// More rounds than any rollout needs: the longest chain of nodes, once for each that is replaced on the way.
const MANY: usize = 60;

/// In which order the steps of a round reach AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// As the plan lists them.
    Forwards,
    /// The other way round.
    Backwards,
}

/// One round: every step that can be taken now, then time passes. Gives back the plan.
pub(crate) fn round(fake: &mut Fake, graph: &Graph, goal: Goal, order: Order) -> Plan {
    let plan = plan(graph, &fake.seen, goal, INSTALLATION);
    check(&plan, &fake.seen, goal, INSTALLATION).unwrap();
    let homes = ids(fake, Kind::FileSystem);
    let mut steps: Vec<&Step> = plan.ready().collect();
    if order == Order::Backwards {
        steps.reverse();
    }
    for step in steps {
        fake.take(step);
        assert!(ids(fake, Kind::Service).len() <= 1, "two controllers on one home after {step:?}");
        assert!(
            goal == Goal::LeaveNothing || ids(fake, Kind::FileSystem).is_superset(&homes),
            "a home is lost: {step:?}"
        );
    }
    fake.tick();
    plan
}

/// Rounds until nothing is left to do. Gives back the last plan.
pub(crate) fn carry_out(fake: &mut Fake, graph: &Graph, goal: Goal, order: Order) -> Plan {
    for _ in 0..MANY {
        let plan = round(fake, graph, goal, order);
        if plan.settled() {
            return plan;
        }
    }
    let plan = plan(graph, &fake.seen, goal, INSTALLATION);
    panic!("still not settled:\n{}", jenkinsstack_core::render::text(&plan));
}

/// A stack of `graph` with everything in its place.
pub(crate) fn settled(graph: &Graph) -> Fake {
    let mut fake = Fake::default();
    carry_out(&mut fake, graph, Goal::Run, Order::Forwards);
    fake
}

/// Ids of everything of a kind.
pub(crate) fn ids(fake: &Fake, kind: Kind) -> BTreeSet<String> {
    fake.seen.all().filter(|seen| seen.observed.kind() == kind).map(|seen| seen.id()).collect()
}
