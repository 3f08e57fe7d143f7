//! Graphs that can't be, and the order that follows from inputs.

use crate::rollout::settled;
use crate::world::{INSTALLATION, graph_of};
use jenkinsstack_core::desired::specimen;
use jenkinsstack_core::graph::{Graph, GraphError, Node, NodeId};
use jenkinsstack_core::id::SecurityGroupId;
use jenkinsstack_core::input::{Input, Output};
use jenkinsstack_core::kind::Desired;
use jenkinsstack_core::kind::security_group_rule::{self, Direction, Peer};
use jenkinsstack_core::owner::Tags;
use jenkinsstack_core::plan::{Blocker, Goal, plan};

/// A node that needs `needs`; rules are the simplest kind with an input.
fn node(needs: &[&str]) -> Node {
    let group = |name: &str| Input::<SecurityGroupId>::from(&NodeId::new(name), Output::Id);
    let known = || Input::Known("sg-1".parse().unwrap());
    let mut needs = needs.iter();
    let desired = Desired::SecurityGroupRule(security_group_rule::Desired {
        group: needs.next().map_or_else(known, |name| group(name)),
        direction: Direction::Ingress,
        ports: (80, 80),
        peer: Peer::Group(needs.next().map_or_else(known, |name| group(name))),
        description: String::new(),
    });
    Node { name: "name".into(), tags: Tags::new(), desired }
}

fn graph(nodes: &[(&str, &[&str])]) -> Graph {
    let mut graph = Graph::default();
    nodes.iter().for_each(|(id, needs)| graph.add(NodeId::new(*id), node(needs)));
    graph
}

#[test]
fn a_graph_that_can_not_be_says_why() {
    let missing = |node, missing| Err(GraphError::Missing { node: NodeId::new(node), missing: NodeId::new(missing) });
    for (nodes, expected) in [
        (graph(&[("a", &[]), ("b", &["a"])]), Ok(())),
        (graph(&[("a", &["b"])]), missing("a", "b")),
        (graph(&[("a", &["a"])]), Err(GraphError::Cycle(NodeId::new("a")))),
        (graph(&[("a", &["c"]), ("b", &["a"]), ("c", &["b"])]), Err(GraphError::Cycle(NodeId::new("a")))),
    ] {
        assert_eq!(nodes.check(), expected);
    }
}

#[test]
fn a_circle_stops_everything_and_deletes_nothing() {
    let there =
        settled(&graph_of(&serde_json::from_value(serde_json::json!({"aws": {"region": "eu-central-1"}})).unwrap()));
    let plan = plan(&graph(&[("a", &["b"]), ("b", &["a"])]), &there.seen, Goal::Run, INSTALLATION);
    assert_eq!(plan.steps, []);
    assert!(matches!(plan.blocked[0].by, Blocker::Failed { .. }), "{plan:?}");
}

#[test]
fn rounds_are_as_early_as_can_be() {
    let levels = graph(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"]), ("d", &[])]).levels().unwrap();
    let names: Vec<Vec<&str>> = levels.iter().map(|level| level.iter().map(NodeId::as_str).collect()).collect();
    assert_eq!(names, [vec!["a", "d"], vec!["b"], vec!["c"]]);
}

#[test]
fn needs_and_needed_by_are_two_sides_of_the_same() {
    let graph = specimen();
    for (id, _) in graph.nodes() {
        for need in graph.needs(id) {
            assert!(graph.needed_by(&need).contains(id), "{id} needs {need}");
        }
    }
}
