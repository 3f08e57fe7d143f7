//! The facts.

use crate::fake::Fake;
use crate::rollout::{Order, carry_out, round, settled};
use crate::world::{INSTALLATION, graph_of};
use jenkinsstack_api::status::{JenkinsHealth, Reason, TargetHealth};
use jenkinsstack_api::{JenkinsStackSpec, JenkinsStackStatus};
use jenkinsstack_core::desired::HostedZone;
use jenkinsstack_core::graph::{Graph, NodeId};
use jenkinsstack_core::kind::{Kind, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::TAG_INSTALLATION;
use jenkinsstack_core::plan::{Goal, Plan, plan};
use jenkinsstack_status::facts::{Facts, Outlook, Pass, Phase, Trouble};
use jenkinsstack_status::status;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Facts that own what a [`Facts`] borrows.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) spec: JenkinsStackSpec,
    pub(crate) graph: Graph,
    pub(crate) fake: Fake,
    pub(crate) plan: Plan,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) deleting: bool,
    pub(crate) jenkins: JenkinsHealth,
    pub(crate) targets: Option<TargetHealth>,
    pub(crate) unwell: u32,
    pub(crate) failed: u32,
    pub(crate) zone: Option<HostedZone>,
    pub(crate) what: What,
}

/// Which phase a case is about.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Started,
    Suspended,
    Stopped(Trouble),
    Passed,
}

pub(crate) fn at(second: i64) -> Time {
    Time(jiff::Timestamp::from_second(1_700_000_000 + second).unwrap())
}

impl Case {
    /// The status that the case makes at `second`, after `previous`.
    pub(crate) fn status(&self, second: i64, previous: Option<&JenkinsStackStatus>) -> JenkinsStackStatus {
        let phase = match &self.what {
            What::Started => Phase::Started,
            What::Suspended => Phase::Suspended,
            What::Stopped(trouble) => Phase::Stopped(trouble.clone()),
            What::Passed => Phase::Passed(Pass {
                graph: &self.graph,
                plan: &self.plan,
                snapshot: &self.fake.seen,
                troubles: &self.troubles,
                deleting: self.deleting,
                existing_load_balancer: None,
                hosted_zone: self.zone.as_ref(),
                targets: self.targets,
                jenkins: self.jenkins,
                unwell: self.unwell,
            }),
        };
        let (spec, now, requested_at, failed) = (&self.spec, at(second), Some("now"), self.failed);
        status(&Facts { generation: 3, spec, now, requested_at, previous, failed, phase })
    }
}

pub(crate) fn spec() -> JenkinsStackSpec {
    serde_json::from_value(serde_json::json!({
        "aws": {"region": "eu-central-1"},
        "controller": {"secrets": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        "endpoint": {
            "host": "jenkins.example.com",
            "pathPrefix": "/ci",
            "certificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/1",
        },
        "auth": {"oidc": {
            "issuer": "https://id.example.com",
            "clientId": "jenkins",
            "clientSecret": {"secretKeyRef": {"name": "s", "key": "k"}},
        }},
    }))
    .unwrap()
}

/// A pass over `fake`.
pub(crate) fn passed(name: &'static str, spec: &JenkinsStackSpec, fake: Fake, jenkins: JenkinsHealth) -> Case {
    let graph = graph_of(spec);
    let plan = plan(&graph, &fake.seen, Goal::Run, INSTALLATION);
    let (troubles, targets) = (Vec::new(), None);
    Case {
        name,
        spec: spec.clone(),
        graph,
        fake,
        plan,
        troubles,
        deleting: false,
        jenkins,
        targets,
        unwell: 0,
        failed: 0,
        zone: Some(HostedZone { id: "Z0123456789ABCDEFGHIJ".into(), name: "example.com".into() }),
        what: What::Passed,
    }
}

fn phase(name: &'static str, what: What) -> Case {
    Case { what, ..passed(name, &spec(), Fake::default(), JenkinsHealth::Unknown) }
}

fn deleting(name: &'static str, fake: Fake, goal: Goal) -> Case {
    let graph = Graph::default();
    let plan = plan(&graph, &fake.seen, goal, INSTALLATION);
    Case { graph, plan, deleting: true, ..passed(name, &spec(), fake, JenkinsHealth::Unknown) }
}

fn with(mut fake: Fake, node: &str, change: impl FnOnce(&mut Seen)) -> Fake {
    let mut seen = fake.seen.of(&NodeId::new(node))[0].clone();
    change(&mut seen);
    fake.put(seen);
    fake
}

fn trouble(reason: Reason, message: &str, about: Option<(&str, Kind)>, outlook: Outlook) -> Trouble {
    Trouble { reason, message: message.into(), about: about.map(|(node, kind)| (NodeId::new(node), kind)), outlook }
}

/// Every case, by name.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = phases();
    cases.extend(passes());
    cases.extend(troubled());
    cases.extend(departures());
    cases
}

fn phases() -> Vec<Case> {
    let secret = "spec.auth.oidc.clientSecret: Secret ci/oidc has no key clientSecret: add it";
    let issuer = "spec.auth.oidc.issuer: https://id.example.com did not answer: it is tried again";
    vec![
        phase("started", What::Started),
        phase("suspended", What::Suspended),
        phase("stopped-needs-user", What::Stopped(trouble(Reason::SecretNotFound, secret, None, Outlook::NeedsUser))),
        phase("stopped-retrying", What::Stopped(trouble(Reason::IssuerUnreachable, issuer, None, Outlook::Retrying))),
    ]
}

fn passes() -> Vec<Case> {
    let rest = settled(&graph_of(&spec()));
    let mut begun = Fake::default();
    (0..2).for_each(|_| _ = round(&mut begun, &graph_of(&spec()), Goal::Run, Order::Forwards));
    let mut internal = spec();
    internal.endpoint.scheme = jenkinsstack_api::spec::Scheme::Internal;
    let mut replacing = rest.clone();
    (0..4).for_each(|_| _ = round(&mut replacing, &graph_of(&internal), Goal::Run, Order::Forwards));
    let starting = with(rest.clone(), "service", |seen| {
        let Observed::Service(service) = &mut seen.observed else { panic!("{seen:?}") };
        (service.rollout.state, service.rollout.running, service.rollout.pending) = ("IN_PROGRESS".into(), 0, 1);
    });
    vec![
        passed("first-deploy", &spec(), Fake::default(), JenkinsHealth::Unknown),
        passed("first-deploy-under-way", &spec(), begun, JenkinsHealth::Unknown),
        Case {
            targets: Some(TargetHealth::Initial),
            ..passed("task-starting", &spec(), starting, JenkinsHealth::Down)
        },
        passed("load-balancer-replaced", &internal, replacing, JenkinsHealth::Up),
        passed("ready", &spec(), rest.clone(), JenkinsHealth::Up),
        passed("ready-not-asked", &spec(), rest.clone(), JenkinsHealth::Unknown),
        passed("jenkins-down", &spec(), rest.clone(), JenkinsHealth::Down),
        Case {
            targets: Some(TargetHealth::Unhealthy),
            ..passed("target-unhealthy", &spec(), rest, JenkinsHealth::Unknown)
        },
    ]
}

fn troubled() -> Vec<Case> {
    let rest = settled(&graph_of(&spec()));
    let unencrypted = with(rest.clone(), "file-system", |seen| {
        let Observed::FileSystem(home) = &mut seen.observed else { panic!("{seen:?}") };
        home.encrypted = false;
    });
    let failed = with(rest.clone(), "service", |seen| {
        let Observed::Service(service) = &mut seen.observed else { panic!("{seen:?}") };
        service.rollout.state = "FAILED".into();
        (service.rollout.running, service.rollout.reason) = (0, "CannotPullContainerError: not found".into());
    });
    let theirs = with(rest.clone(), "log-group", |seen| {
        seen.tags.iter_mut().for_each(|tags| _ = tags.insert(TAG_INSTALLATION.into(), "another".into()));
    });
    let mut unread = rest.clone();
    unread.seen.unread.insert(Kind::LoadBalancer);
    let denied = "create role task-role: iam:CreateRole is not allowed: add it to the operator's policy";
    let slower = "create log group log-group: AWS asks to slow down: it is tried again";
    let about = trouble(Reason::AccessDenied, denied, Some(("task-role", Kind::Role)), Outlook::NeedsUser);
    let throttled = trouble(Reason::Throttled, slower, Some(("log-group", Kind::LogGroup)), Outlook::Retrying);
    let fresh = |name, troubles| Case { troubles, ..passed(name, &spec(), Fake::default(), JenkinsHealth::Unknown) };
    vec![
        passed("change-refused", &spec(), unencrypted, JenkinsHealth::Up),
        passed("task-failed", &spec(), failed, JenkinsHealth::Down),
        passed("other-installation", &spec(), theirs, JenkinsHealth::Up),
        passed("unread", &spec(), unread, JenkinsHealth::Up),
        fresh("denied", vec![about.clone()]),
        fresh("throttled", vec![throttled.clone()]),
        fresh("throttled-and-denied", vec![throttled, about]),
    ]
}

fn departures() -> Vec<Case> {
    let rest = settled(&graph_of(&spec()));
    let mut going = rest.clone();
    (0..2).for_each(|_| _ = round(&mut going, &Graph::default(), Goal::LeaveKeepHome, Order::Forwards));
    let mut kept = rest.clone();
    carry_out(&mut kept, &Graph::default(), Goal::LeaveKeepHome, Order::Forwards);
    vec![
        deleting("deleting", rest, Goal::LeaveNothing),
        deleting("deleting-under-way", going, Goal::LeaveKeepHome),
        deleting("deleted-home-kept", kept, Goal::LeaveKeepHome),
        deleting("deleted", Fake::default(), Goal::LeaveNothing),
    ]
}
