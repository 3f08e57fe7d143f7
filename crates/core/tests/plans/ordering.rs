//! Order and choice in plans: what comes first, what is chosen among several, what stands in the way.

use crate::fake::{Fake, settled as rest};
use crate::rollout::{Order, carry_out, round, settled};
use crate::world::{INSTALLATION, graph_of};
use jenkinsstack_api::JenkinsStackSpec;
use jenkinsstack_core::desired::kind_needs;
use jenkinsstack_core::graph::{Graph, Node, NodeId};
use jenkinsstack_core::input::{Input, Output, Source};
use jenkinsstack_core::kind::{Desired, Kind, Observed, security_group_rule};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Tags;
use jenkinsstack_core::plan::{Action, Blocker, Goal, Leaving, Plan, plan};
use jenkinsstack_core::render;

fn small() -> Graph {
    let spec: JenkinsStackSpec =
        serde_json::from_value(serde_json::json!({"aws": {"region": "eu-central-1"}})).unwrap();
    graph_of(&spec)
}

fn of(fake: &Fake, graph: &Graph) -> Plan {
    plan(graph, &fake.seen, Goal::Run, INSTALLATION)
}

fn only(fake: &Fake, node: &str) -> Seen {
    fake.seen.of(&NodeId::new(node))[0].clone()
}

#[test]
fn a_deletion_takes_kinds_in_the_order_of_their_needs() {
    let mut fake = settled(&small());
    let mut gone: Vec<Kind> = Vec::new();
    loop {
        let plan = round(&mut fake, &Graph::default(), Goal::LeaveNothing, Order::Backwards);
        if plan.settled() {
            break;
        }
        gone.extend(plan.ready().map(|step| step.kind));
    }
    for (place, kind) in gone.iter().enumerate() {
        let late = gone[place..].iter().find(|other| kind_needs().contains(&(**other, *kind)));
        assert_eq!(late, None, "{kind} is deleted before what needs it");
    }
}

#[test]
fn of_several_the_fit_one_stays_wherever_it_stands() {
    for fit_first in [true, false] {
        let graph = small();
        let mut fake = settled(&graph);
        let seen = only(&fake, "load-balancer");
        let Observed::LoadBalancer(mut other) = seen.observed.clone() else { panic!("{seen:?}") };
        let place = if fit_first { "zzzz" } else { "0000" };
        other.arn = format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/jks/{place}")
            .parse()
            .unwrap();
        other.attributes.insert("idle_timeout.timeout_seconds".into(), "1".into());
        let double = Seen { observed: Observed::LoadBalancer(other), ..seen.clone() };
        fake.put(double.clone());
        let plan = of(&fake, &graph);
        let actions: Vec<&Action> = plan.steps.iter().map(|step| &step.action).collect();
        assert_eq!(actions, [&Action::Delete { id: double.id(), because: Leaving::Superseded }]);
    }
}

#[test]
fn a_second_service_of_a_stack_at_rest_goes() {
    let graph = small();
    let mut fake = settled(&graph);
    let seen = only(&fake, "service");
    let Observed::Service(mut other) = seen.observed.clone() else { panic!("{seen:?}") };
    other.arn = "arn:aws:ecs:eu-central-1:111122223333:service/old/1".parse().unwrap();
    other.cluster = "arn:aws:ecs:eu-central-1:111122223333:cluster/old".parse().unwrap();
    let old = Seen { observed: Observed::Service(other), ..seen };
    fake.put(old.clone());
    let plan = of(&fake, &graph);
    let action = Action::Delete { id: old.id(), because: Leaving::MakesRoom { fields: Vec::new() } };
    assert_eq!(plan.ready().map(|step| step.action.clone()).collect::<Vec<_>>(), [action]);
}

#[test]
fn what_leaves_beside_a_fit_one_keeps_nobody_waiting() {
    let graph = small();
    let mut fake = settled(&graph);
    let seen = only(&fake, "access-point");
    let Observed::AccessPoint(mut other) = seen.observed.clone() else { panic!("{seen:?}") };
    (other.id, other.life_cycle_state) = ("fsap-old".parse().unwrap(), "deleting".into());
    fake.put(Seen { observed: Observed::AccessPoint(other), ..seen });
    assert_eq!(of(&fake, &graph).steps, []);
}

#[test]
fn a_failed_resource_that_differs_is_changed_and_else_blocks() {
    let graph = small();
    let mut fake = settled(&graph);
    let mut seen = only(&fake, "service");
    let Observed::Service(service) = &mut seen.observed else { panic!("{seen:?}") };
    service.rollout.state = "FAILED".into();
    let failed = seen.clone();
    fake.put(failed);
    assert!(matches!(of(&fake, &graph).blocked[0].by, Blocker::Failed { .. }));
    let Observed::Service(service) = &mut seen.observed else { panic!("{seen:?}") };
    service.grace_period = 1;
    fake.put(seen);
    let plan = of(&fake, &graph);
    assert!(plan.blocked.is_empty() && matches!(plan.steps[0].action, Action::Update { .. }), "{plan:?}");
}

#[test]
fn an_output_that_is_not_there_is_named() {
    let (mut graph, log_group) = (Graph::default(), NodeId::new("log-group"));
    graph.add(log_group.clone(), small().get(&log_group).unwrap().clone());
    let fake = settled(&graph);
    let of = Source::new(&log_group, Output::DnsName);
    let desired = Desired::SecurityGroupRule(security_group_rule::Desired {
        group: Input::From(of.clone()),
        direction: security_group_rule::Direction::Egress,
        ports: (1, 1),
        peer: security_group_rule::Peer::Cidr("0.0.0.0/0".into()),
        description: String::new(),
    });
    graph.add(NodeId::new("rule"), Node { name: "n".into(), tags: Tags::new(), desired });
    let plan = plan(&graph, &fake.seen, Goal::Run, INSTALLATION);
    assert_eq!(plan.blocked[0].by, Blocker::NoValue { of });
    let text =
        "! security group rule rule waits: log-group exists, but AWS does not give its DnsName; it is tried again\n";
    assert_eq!(render::text(&plan), text);
}

#[test]
fn a_port_is_cleared_before_it_is_taken() {
    let spec = |certificate: Option<&str>| -> Graph {
        graph_of(
            &serde_json::from_value(serde_json::json!({
                "aws": {"region": "eu-central-1"},
                "endpoint": {"host": "a.example.com", "certificateArn": certificate},
            }))
            .unwrap(),
        )
    };
    let https = spec(Some("arn:aws:acm:eu-central-1:111122223333:certificate/1"));
    let mut fake = settled(&https);
    let plan = of(&fake, &spec(None));
    let ready: Vec<String> = plan.ready().map(|step| step.node.to_string()).collect();
    assert!(ready.contains(&"redirect-listener".to_owned()) && !ready.contains(&"listener".to_owned()), "{ready:?}");
    carry_out(&mut fake, &spec(None), Goal::Run, Order::Forwards);
    carry_out(&mut fake, &https, Goal::Run, Order::Backwards);
    assert!(fake.all().iter().all(|seen| rest(seen.observed.clone()) == seen.observed));
}
