//! The strict AWS account behind its API on loopback: one for all clusters of a test.

use crate::build::root;
use anyhow::{Context, anyhow};
use jenkinsstack_cloud::calls::{Mark, Record};
use jenkinsstack_cloud::door::http::{Server, now};
use jenkinsstack_cloud::seed::{self, Network};
use jenkinsstack_cloud::service::{Item, global_items, items};
use jenkinsstack_cloud::world::{HOME_ACCOUNT, Place};
use jenkinsstack_cloud::{Cloud, Refusal, Settings, iam};
use serde_json::Value;

/// Region of everything.
pub const REGION: &str = "eu-central-1";
/// How much faster than AWS the account lives.
const TIME_FACTOR: f64 = 60.0;

/// An account, its API, and the network that a user brings along.
pub struct Account {
    /// The account behind its API.
    pub cloud: Cloud,
    /// What was there before any stack.
    pub network: Network,
    server: Server,
}

impl Account {
    /// Opens an account with a network in it.
    ///
    /// # Errors
    /// When the API models can't be had, or nothing can listen on loopback.
    pub async fn open() -> anyhow::Result<Self> {
        let cloud = Cloud::new(Settings { seed: 1, time_factor: TIME_FACTOR, epoch: now() })?;
        let network = cloud.with(|world| seed::network(world, REGION)).map_err(refused)?;
        let server = Server::start(cloud.clone(), 0).await?;
        Ok(Self { cloud, network, server })
    }

    /// Gives a role the operator's policy as it is shipped, with a cluster's name filled in and `denied` actions taken
    /// out again; gives back an access key of the role.
    ///
    /// # Errors
    /// When the policy can't be read, or IAM refuses it.
    pub fn grant(&self, role: &str, cluster_name: &str, denied: &[&str]) -> anyhow::Result<String> {
        let file = root().join("deploy/iam/policy.json");
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
        let mut policy: Value = serde_json::from_str(&text.replace("CLUSTER_NAME", cluster_name))?;
        if let Some(statements) = policy.get_mut("Statement").and_then(Value::as_array_mut) {
            without(statements, denied);
        }
        let policy = policy.to_string();
        self.cloud.with(|world| iam::grant(world, HOME_ACCOUNT, role, &policy)).map_err(refused)
    }

    /// Makes a call as the account's administrator.
    ///
    /// # Errors
    /// When AWS refuses it.
    pub fn ask(&self, service: &str, operation: &str, input: Value) -> anyhow::Result<Value> {
        let answer = self.cloud.ask(REGION, service, operation, input);
        answer.map_err(|refusal| anyhow!("{operation}: {}: {}", refusal.code, refusal.message))
    }

    /// What exists with that tag of a cluster and that tag of a stack.
    pub fn items(&self, cluster_name: &str, stack: &str) -> Vec<Item> {
        let owned = |item: &Item| {
            let tag = |key: &str| item.tags.get(key).map(String::as_str);
            tag("jenkinsstack.io/cluster") == Some(cluster_name) && tag("jenkinsstack.io/stack") == Some(stack)
        };
        self.all().into_iter().filter(owned).collect()
    }

    /// Everything that exists.
    pub fn all(&self) -> Vec<Item> {
        let place = Place { account: HOME_ACCOUNT.to_owned(), region: REGION.to_owned() };
        self.cloud.with(|world| {
            let mut all = items(world.at(&place));
            all.extend(global_items(world.account(HOME_ACCOUNT)));
            all
        })
    }

    /// The calls of a role since a mark.
    pub fn calls(&self, role: &str, since: &Mark) -> Vec<Record> {
        let session = format!(":assumed-role/{role}/");
        let made = |record: &&Record| record.by_door && record.principal.contains(&session);
        self.cloud.log(|log| log.since(since).filter(made).cloned().collect())
    }

    /// This moment, for [`Self::calls`].
    pub fn mark(&self) -> Mark {
        self.cloud.log(|log| log.mark())
    }

    /// The value for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        self.server.url()
    }
}

/// Takes actions out of a policy's statements.
fn without(statements: &mut Vec<Value>, denied: &[&str]) {
    let is_denied = |action: &Value| denied.iter().any(|denied| action == denied);
    statements.retain_mut(|statement| match statement.get_mut("Action") {
        Some(Value::Array(actions)) => {
            actions.retain(|action| !is_denied(action));
            !actions.is_empty()
        }
        Some(action) => !is_denied(action),
        None => true,
    });
}

fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow!("{}: {}", refusal.code, refusal.message)
}
