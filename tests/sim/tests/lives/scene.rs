//! What lives go through: an account as it stands, what is wanted of it then, and the judge of their ends.

use crate::changes::{Change, Wish, rotated};
use crate::theirs::Theirs;
use jenkinsstack_aws::Account;
use jenkinsstack_cloud::faults::{Cut, Faults, When};
use jenkinsstack_cloud::oracle::Oracle;
use jenkinsstack_cloud::service::ecs::Script;
use jenkinsstack_cloud::{Frame, Snapshot};
use jenkinsstack_core::desired;
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::plan::Goal;
use jenkinsstack_sim::spec::{self, owner};
use jenkinsstack_sim::{Life, life};
use serde_json::Value;
use std::time::Duration;

/// Interfaces linger, deleted definitions are purged, and the tagging API is late: the account comes to rest before it
/// is judged.
const REST: Duration = Duration::from_secs(1200);

/// Seconds that Jenkins takes to end: long enough for the next one to come up meanwhile, if somebody lets it.
const SLOW_STOP: f64 = 60.0;
/// After how long an operator that could not start is started again.
const RESTART: Duration = Duration::from_secs(10);

/// What lives of a kind go through.
pub(crate) struct Scene {
    pub(crate) name: String,
    pub(crate) graph: Graph,
    pub(crate) goal: Goal,
    oracle: Oracle,
    life: Life,
    theirs: Theirs,
    start: Snapshot,
}

/// A life in which nothing happens.
pub(crate) struct Plain {
    /// How the account stood at each of its calls.
    pub(crate) frames: Vec<Frame>,
    /// How it ended.
    pub(crate) end: Value,
}

impl Scene {
    /// A stack comes about in an account where it never was.
    pub(crate) async fn deploy(seed: u64, change: Change) -> Self {
        let life = Life::begin(seed).unwrap();
        let jenkins = Script { term_after: Some(SLOW_STOP), ..Script::default() };
        life.cloud.with(|world| world.scripts.set("*", jenkins));
        let theirs = Theirs::make(&life.cloud, &life.network).await;
        let next = rotated();
        let oracle = life.oracle().secret("next client secret", &next.client_secret).secret("next token", &next.token);
        let graph = graph(&change.wish(&life.network, &theirs), &theirs);
        let start = life.cloud.snapshot();
        Self {
            name: format!("a deploy ({change:?}, seed {seed})"),
            graph,
            goal: Goal::Run,
            oracle,
            life,
            theirs,
            start,
        }
    }

    /// A stack that has come to rest changes.
    pub(crate) async fn update(seed: u64, from: Change, to: Change) -> Self {
        let scene = Self::deploy(seed, from).await.settled().await;
        let graph = graph(&to.wish(&scene.life.network, &scene.theirs), &scene.theirs);
        Self { name: format!("an update ({from:?} to {to:?}, seed {seed})"), graph, ..scene }
    }

    /// A stack that has come to rest goes.
    pub(crate) async fn leave(seed: u64, goal: Goal) -> Self {
        let scene = Self::deploy(seed, Change::Nothing).await.settled().await;
        Self { name: format!("a deletion ({goal:?}, seed {seed})"), ..scene.leaving(goal) }
    }

    /// The same, of which nothing is wanted any more.
    pub(crate) fn leaving(mut self, goal: Goal) -> Self {
        if goal == Goal::LeaveNothing {
            self.oracle.died(&owner().cluster, &owner().stack());
        }
        Self { graph: Graph::default(), goal, ..self }
    }

    /// The same under another name.
    pub(crate) fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// The same, from its end on.
    async fn settled(self) -> Self {
        let life = self.open();
        self.go(&life, &operator(&life).await).await.unwrap();
        self.judge(&life, "settling").await;
        Self { start: life.cloud.snapshot(), ..self }
    }

    /// The account as it stands at first.
    pub(crate) fn open(&self) -> Life {
        self.life.at(&self.start)
    }

    /// The account as it stood at a call.
    pub(crate) fn at(&self, frame: &Frame) -> Life {
        self.life.at(&frame.account)
    }

    /// Does what is wanted.
    pub(crate) async fn go(&self, life: &Life, operator: &Account) -> anyhow::Result<()> {
        match self.goal {
            Goal::Run => life.run(operator, &self.graph, self.goal).await.map(drop),
            Goal::LeaveKeepHome | Goal::LeaveNothing => life.leave(operator, self.goal).await.map(drop),
        }
    }

    /// Lives once without anything happening.
    pub(crate) async fn plain(&self) -> Plain {
        let life = self.open();
        let operator = operator(&life).await;
        life.cloud.film();
        self.go(&life, &operator).await.unwrap();
        let frames = life.cloud.filmed();
        Plain { frames, end: self.judge(&life, "nothing").await }
    }

    /// Lives in an account where something is amiss, which `prepare` brings about once the operator is there.
    pub(crate) async fn under(&self, what: &str, prepare: impl FnOnce(&mut Faults)) -> Value {
        let life = self.open();
        let operator = operator(&life).await;
        life.cloud.faults(|faults| {
            faults.mark();
            prepare(faults);
        });
        self.end(&life, &operator, what).await
    }

    /// Does what is wanted until the operator dies at a call; what is under way then gets no answer.
    pub(crate) async fn die(&self, life: &Life, call: u64, when: When) {
        let operator = operator(life).await;
        life.cloud.faults(|faults| {
            faults.mark();
            faults.cut(call, when, Cut::Dead);
        });
        let death = async {
            while life.cloud.faults(|faults| faults.struck().is_none()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            _ = self.go(life, &operator) => panic!("{} has no call {call}", self.name),
            () = death => (),
        }
        life.cloud.faults(Faults::heal);
    }

    /// Does what is wanted, and judges what comes of it.
    pub(crate) async fn end(&self, life: &Life, operator: &Account, what: &str) -> Value {
        let outcome = self.go(life, operator).await;
        assert!(outcome.is_ok(), "{} under {what}: {}", self.name, outcome.unwrap_err());
        self.judge(life, what).await
    }

    /// Nobody has anything to complain of, and a new operator finds nothing to do. The end of the life, to compare it
    /// with others.
    pub(crate) async fn judge(&self, life: &Life, what: &str) -> Value {
        life.cloud.faults(Faults::clear);
        tokio::time::sleep(REST).await;
        let mut oracle = self.oracle.clone();
        oracle.rest(&life.cloud);
        if self.goal == Goal::Run {
            self.look_again(life, what).await;
        }
        let findings = oracle.look(&life.cloud);
        assert!(findings.is_clean(), "{} under {what}: {findings}", self.name);
        oracle.normal_state(&life.cloud)
    }

    async fn look_again(&self, life: &Life, what: &str) {
        let operator = operator(life).await;
        let rest = life.pass(&operator, &self.graph, self.goal, Duration::ZERO).await.unwrap();
        let idle = rest.plan.settled() && rest.done.is_empty() && rest.unread.is_empty();
        let done: Vec<&str> = rest.done.iter().map(|done| done.line.as_str()).collect();
        assert!(idle, "{} under {what} does not rest: {}\ndone: {done:#?}", self.name, life::picture(&rest));
    }
}

/// A new operator, started again until it knows who it is.
pub(crate) async fn operator(life: &Life) -> Account {
    loop {
        match life.operator().await {
            Ok(operator) => return operator,
            Err(_) => tokio::time::sleep(RESTART).await,
        }
    }
}

/// What is wanted, as a graph.
fn graph(wish: &Wish, theirs: &Theirs) -> Graph {
    let spec = spec::parse(&wish.spec).unwrap();
    let mut context = spec::context(&wish.network, &spec, &wish.secrets).unwrap();
    theirs.look_up(&mut context);
    desired::graph(&spec, &context).unwrap()
}

/// Two lives have the same end.
#[track_caller]
pub(crate) fn same(scene: &Scene, plain: &Value, end: &Value, what: &str) {
    if plain != end {
        let only = |one: &Value, other: &Value| -> Vec<String> {
            let (one, other) = (one.as_array().unwrap(), other.as_array().unwrap());
            one.iter().filter(|item| !other.contains(item)).map(ToString::to_string).collect()
        };
        let (here, there) = (only(plain, end), only(end, plain));
        panic!("{} under {what} has another end.\nLacks: {here:#?}\nHas: {there:#?}", scene.name);
    }
}
