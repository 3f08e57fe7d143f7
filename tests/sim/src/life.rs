//! One account and one stack, from its first pass on.

use crate::spec::{self, INSTALLATION, Secrets, owner};
use anyhow::{Context as _, anyhow, bail};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::region::Region;
use jenkinsstack_aws::{Account, Clients};
use jenkinsstack_cloud::calls::{self, Log, Record};
use jenkinsstack_cloud::door::sdk;
use jenkinsstack_cloud::oracle::{Oracle, TagScheme};
use jenkinsstack_cloud::seed::{self, Network};
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_cloud::{Cloud, Settings, Snapshot, iam};
use jenkinsstack_controller::execute::{Job, Outcome, pass};
use jenkinsstack_controller::polls::Polls;
use jenkinsstack_controller::requeue;
use jenkinsstack_core::desired;
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::owner::{TAG_CLUSTER, TAG_RESOURCE, TAG_STACK};
use jenkinsstack_core::plan::Goal;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// Region of every life.
pub const REGION: &str = "eu-central-1";
/// As the operator's: for so long after its deletion the tagging API may be late about something of the stack.
const LISTING_LAG: Duration = Duration::from_secs(60);
/// Virtual time after which a life that is not done is stuck.
const PATIENCE: Duration = Duration::from_secs(3 * 60 * 60);

/// One account and one stack. Make it under a paused tokio clock.
pub struct Life {
    /// The account.
    pub cloud: Cloud,
    /// What was there before the stack.
    pub network: Network,
    access_key: String,
}

/// Asked before every step: whether something else is wanted now.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// How a run ended.
#[derive(Debug)]
pub struct End {
    /// The last pass.
    pub outcome: Outcome,
    /// How many passes it took.
    pub passes: u32,
    /// Virtual time it took.
    pub took: Duration,
}

impl Life {
    /// An account with a network, and a role with the operator's policy. Equal seeds give equal lives, down to the time
    /// that the SDK takes before it tries again: that is drawn by this thread's generator, which is seeded, too.
    ///
    /// # Errors
    /// When the account can't be set up.
    pub fn begin(seed: u64) -> anyhow::Result<Self> {
        fastrand::seed(seed);
        let cloud = Cloud::new(Settings { seed, ..Settings::default() })?;
        let refused = |refusal: jenkinsstack_cloud::Refusal| anyhow!("{}: {}", refusal.code, refusal.message);
        let network = cloud.with(|world| seed::network(world, REGION)).map_err(refused)?;
        let policy = policy()?;
        let grant = |world: &mut _| iam::grant(world, HOME_ACCOUNT, "jenkinsstack-operator", &policy);
        let access_key = cloud.with(grant).map_err(refused)?;
        Ok(Self { cloud, network, access_key })
    }

    /// Makes one call with the root key.
    ///
    /// # Errors
    /// What the account answers.
    pub fn by_hand(&self, model: &str, operation: &str, input: Value) -> anyhow::Result<Value> {
        let refused =
            |refusal: jenkinsstack_cloud::Refusal| anyhow!("{operation}: {}: {}", refusal.code, refusal.message);
        self.cloud.ask(REGION, model, operation, input).map_err(refused)
    }

    /// Operations that IAM refused to the operator.
    pub fn denied(&self) -> Vec<String> {
        self.cloud.log(|log| {
            let refused = |record: &&Record| record.outcome == calls::Outcome::Refused(record.service.denied.into());
            let denied = log.records().filter(|record| record.by_door).filter(refused);
            denied.map(|record| format!("{} ({})", record.operation, record.service.model)).collect()
        })
    }

    /// The judge of this account: everything that is there now is somebody else's.
    pub fn oracle(&self) -> Oracle {
        let scheme = TagScheme {
            cluster: TAG_CLUSTER.to_owned(),
            stack: TAG_STACK.to_owned(),
            resource: TAG_RESOURCE.to_owned(),
        };
        Oracle::new(scheme, &self.cloud)
            .living(&owner().cluster, &owner().stack())
            .superseded("ecs:task-definition")
            .exclusive_homes()
            .secret("client secret", spec::CLIENT_SECRET)
            .secret("token", spec::TOKEN)
    }

    /// A new operator process: it knows nothing yet.
    ///
    /// # Errors
    /// When STS does not answer.
    pub async fn operator(&self) -> anyhow::Result<Account> {
        let credentials = Credentials::new(&self.access_key, "any", None, None, "sim");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(sdk::http_client(&self.cloud))
            .time_source(sdk::time_source(&self.cloud))
            .sleep_impl(sdk::sleep_impl())
            .build();
        let region = REGION.parse().map_err(|error| anyhow!("{error}"))?;
        Ok(Account::open(Clients::new(config), region, &owner().cluster).await?)
    }

    /// The graph of a spec.
    ///
    /// # Errors
    /// When the spec says none.
    pub fn graph(&self, spec: &Value, secrets: &Secrets) -> anyhow::Result<Graph> {
        let spec = spec::parse(spec)?;
        Ok(desired::graph(&spec, &spec::context(&self.network, &spec, secrets)?)?)
    }

    /// A life of its own that goes on from where an account of this one stood. Nothing of the operator is in it.
    pub fn at(&self, account: &Snapshot) -> Self {
        let Self { cloud: _, network, access_key } = self;
        fastrand::seed(account.time().0);
        let cloud = account.revive();
        cloud.log(Log::clear);
        Self { cloud, network: network.clone(), access_key: access_key.clone() }
    }

    /// Makes passes, coming back as the operator would, until there is nothing more to do.
    ///
    /// # Errors
    /// When a plan is forbidden, when something is blocked for good, or when it takes too long.
    pub async fn run(&self, operator: &Account, graph: &Graph, goal: Goal) -> anyhow::Result<End> {
        self.run_until(operator, graph, goal, &|| false).await
    }

    /// Lets the stack go, as the operator does before it lets go of the object: a fresh listing that is late enough for
    /// the tagging API must show nothing more to do.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn leave(&self, operator: &Account, goal: Goal) -> anyhow::Result<End> {
        let (nothing, deleted) = (Graph::default(), Instant::now());
        loop {
            let end = self.run(operator, &nothing, goal).await?;
            tokio::time::sleep(LISTING_LAG.saturating_sub(deleted.elapsed())).await;
            let confirmed = self.pass(operator, &nothing, goal, Duration::ZERO).await?;
            if confirmed.plan.settled() && confirmed.unread.is_empty() {
                return Ok(End { outcome: confirmed, ..end });
            }
        }
    }

    /// Runs as [`Self::run`] does, until `stop` says that something else is wanted. Running steps come to their end.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub async fn run_until(
        &self,
        operator: &Account,
        graph: &Graph,
        goal: Goal,
        stop: Stop<'_>,
    ) -> anyhow::Result<End> {
        let began = Instant::now();
        let (mut passes, mut failed, mut polls) = (0, 0, Polls::default());
        loop {
            let max_age = requeue::listing_age(failed > 0, requeue::RESYNC);
            let outcome = self.pass_after(operator, graph, goal, max_age, polls, stop).await?;
            passes += 1;
            let quiet = outcome.failures.is_empty() && outcome.unread.is_empty();
            if stop() || (quiet && outcome.plan.settled()) {
                return Ok(End { outcome, passes, took: began.elapsed() });
            }
            if began.elapsed() > PATIENCE {
                bail!("stuck after {passes} passes: {}", picture(&outcome));
            }
            failed = if quiet { 0 } else { failed + 1 };
            tokio::time::sleep(requeue::after(&outcome, failed, requeue::RESYNC)).await;
            polls = outcome.polls;
        }
    }

    /// One pass.
    ///
    /// # Errors
    /// When the plan is forbidden.
    pub async fn pass(
        &self,
        operator: &Account,
        graph: &Graph,
        goal: Goal,
        max_age: Duration,
    ) -> anyhow::Result<Outcome> {
        self.pass_after(operator, graph, goal, max_age, Polls::default(), &|| false).await
    }

    async fn pass_after(
        &self,
        operator: &Account,
        graph: &Graph,
        goal: Goal,
        max_age: Duration,
        polls: Polls,
        stop: Stop<'_>,
    ) -> anyhow::Result<Outcome> {
        let owner = owner();
        let job =
            Job { account: operator, owner: &owner, installation: INSTALLATION, graph, goal, max_age, polls, stop };
        Ok(pass(&job).await?)
    }
}

/// What is open and what failed, for a person.
pub fn picture(outcome: &Outcome) -> String {
    let failures: Vec<String> =
        outcome.failures.iter().map(|failure| format!("{}: {}", failure.line, failure.error.message)).collect();
    let unread: Vec<String> = outcome.unread.iter().map(ToString::to_string).collect();
    format!(
        "{}\nfailures: {}\nunread: {}",
        jenkinsstack_core::render::text(&outcome.plan),
        failures.join("; "),
        unread.join("; ")
    )
}

/// The operator's IAM policy as it is shipped, with this cluster's name filled in.
fn policy() -> anyhow::Result<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/iam/policy.json");
    let text = std::fs::read_to_string(file).with_context(|| format!("{file} can't be read"))?;
    Ok(text.replace("CLUSTER_NAME", &owner().cluster))
}
