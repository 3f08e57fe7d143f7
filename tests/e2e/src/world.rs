//! One world: cluster, account, operator.

use crate::build::root;
use crate::operator::{Operator, Start};
use anyhow::{Context, anyhow, bail};
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use jenkinsstack_cloud::door::http::{Server, now};
use jenkinsstack_cloud::seed::{self, Network};
use jenkinsstack_cloud::service::{Item, global_items, items};
use jenkinsstack_cloud::world::{HOME_ACCOUNT, Place};
use jenkinsstack_cloud::{Cloud, Settings, iam};
use jenkinsstack_cluster::{Cluster, Options};
use kube::api::{Api, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::discovery::ApiResource;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// Namespace of the operator.
pub const NAMESPACE: &str = "jenkinsstack-system";
/// Name of the Kubernetes cluster, in the tags.
pub const CLUSTER_NAME: &str = "e2e";
/// Region of everything.
pub const REGION: &str = "eu-central-1";
/// How much faster than AWS the account lives.
const TIME_FACTOR: f64 = 60.0;
/// How often the world is looked at while waiting for something.
const LOOK: Duration = Duration::from_millis(200);

/// A cluster, an account, and the operator between them.
pub struct World {
    /// The API server.
    pub cluster: Cluster,
    /// The account behind its API.
    pub cloud: Cloud,
    /// What was there before any stack.
    pub network: Network,
    /// The operator, while one runs.
    pub operator: Option<Operator>,
    client: kube::Client,
    server: Server,
    access_key: String,
    kubeconfig: PathBuf,
    folder: tempfile::TempDir,
    replicas: u32,
}

impl World {
    /// Starts a world with the chart installed and no operator running yet.
    ///
    /// # Errors
    /// When something can't be set up; the text says what.
    pub async fn start() -> anyhow::Result<Self> {
        let settings = Settings { seed: 1, time_factor: TIME_FACTOR, epoch: now() };
        let cloud = Cloud::new(settings)?;
        let refused = |refusal: jenkinsstack_cloud::Refusal| anyhow!("{}: {}", refusal.code, refusal.message);
        let network = cloud.with(|world| seed::network(world, REGION)).map_err(refused)?;
        let policy = operator_policy()?;
        let grant = |world: &mut _| iam::grant(world, HOME_ACCOUNT, "jenkinsstack-operator", &policy);
        let access_key = cloud.with(grant).map_err(refused)?;
        let server = Server::start(cloud.clone(), 0).await?;
        let cluster = Cluster::start(Options::default()).await?;
        let client = cluster.client().await?;
        let folder = tempfile::tempdir()?;
        let mut world = Self {
            kubeconfig: PathBuf::new(),
            replicas: 0,
            operator: None,
            cluster,
            cloud,
            network,
            client,
            server,
            access_key,
            folder,
        };
        world.install().await?;
        Ok(world)
    }

    /// Installs the chart: real `helm template`, real `kubectl apply`.
    async fn install(&mut self) -> anyhow::Result<()> {
        let chart = root().join("charts/jenkinsstack-operator").display().to_string();
        let values = format!("clusterName={CLUSTER_NAME}");
        // Helm built from source knows no Kubernetes version by itself.
        let release = ["template", "jenkinsstack", &chart, "--namespace", NAMESPACE];
        let template = release.into_iter().chain(["--set", &values, "--kube-version", "1.33"]);
        let rendered = self.cluster.helm(template).await?.success()?;
        let file = self.folder.path().join("chart.yaml");
        std::fs::write(&file, rendered)?;
        self.kubectl(&["create", "namespace", NAMESPACE]).await?;
        let file = file.display().to_string();
        self.kubectl(&["apply", "--server-side", "--namespace", NAMESPACE, "--filename", &file]).await?;
        self.kubectl(&["wait", "--for=condition=Established", "crd/jenkinsstacks.jenkinsstack.io"]).await?;
        let accounts = ["get", "serviceaccounts", "--namespace", NAMESPACE, "--output", "name"];
        let account = self.kubectl(&accounts).await?;
        let account = account.trim().strip_prefix("serviceaccount/").context("the chart has no service account")?;
        self.kubeconfig = self.cluster.service_account_kubeconfig(NAMESPACE, account).await?;
        Ok(())
    }

    /// Starts the operator, with a look at stacks at rest every `resync` seconds.
    ///
    /// # Errors
    /// When it can't be built or started.
    pub fn operate(&mut self, resync: u64) -> anyhow::Result<()> {
        self.replicas += 1;
        let identity = format!("operator-{}", self.replicas);
        let url = self.server.url();
        let start = Start {
            kubeconfig: &self.kubeconfig,
            aws_url: &url,
            access_key: &self.access_key,
            folder: self.folder.path(),
            identity: &identity,
            resync,
        };
        self.operator = Some(Operator::start(&start)?);
        Ok(())
    }

    /// Runs kubectl as the administrator; gives back its output.
    ///
    /// # Errors
    /// When it fails; the text is what it printed.
    pub async fn kubectl(&self, args: &[&str]) -> anyhow::Result<String> {
        self.cluster.kubectl(args.iter().copied()).await?.success()
    }

    /// Applies an object as a user would.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn apply(&self, object: &Value) -> anyhow::Result<()> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (group, version) = match text("/apiVersion").split_once('/') {
            Some((group, version)) => (group.to_owned(), version.to_owned()),
            None => (String::new(), text("/apiVersion")),
        };
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(&group, &version, &text("/kind")));
        let api: Api<DynamicObject> =
            Api::namespaced_with(self.client.clone(), &text("/metadata/namespace"), &resource);
        let params = PatchParams::apply("user").force();
        api.patch(&text("/metadata/name"), &params, &Patch::Apply(object)).await?;
        Ok(())
    }

    /// The stack of that name in the default namespace, if it is there.
    ///
    /// # Errors
    /// When the API server can't be reached.
    pub async fn stack(&self, name: &str) -> anyhow::Result<Option<JenkinsStack>> {
        Ok(self.stacks().get_opt(name).await?)
    }

    /// The stacks of the default namespace.
    pub fn stacks(&self) -> Api<JenkinsStack> {
        Api::namespaced(self.client.clone(), "default")
    }

    /// Waits until `holds` is true of the stack's status for its present generation.
    ///
    /// # Errors
    /// When that takes longer than `limit`; the text has the last status and the end of the operator's log.
    pub async fn until(
        &self,
        name: &str,
        limit: Duration,
        holds: impl Fn(&JenkinsStackStatus) -> bool,
    ) -> anyhow::Result<JenkinsStack> {
        let began = Instant::now();
        loop {
            let stack = self.stack(name).await?;
            let current = |stack: &JenkinsStack| {
                let status = stack.status.as_ref();
                status.is_some_and(|s| s.observed_generation == stack.metadata.generation && holds(s))
            };
            match stack {
                Some(stack) if current(&stack) => return Ok(stack),
                stack if began.elapsed() > limit => bail!("{}", self.picture(name, stack.as_ref())),
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Waits until the stack is Ready.
    ///
    /// # Errors
    /// As [`Self::until`].
    pub async fn ready(&self, name: &str, limit: Duration) -> anyhow::Result<JenkinsStack> {
        self.until(name, limit, |status| condition(status, ConditionType::Ready) == "True").await
    }

    /// Waits until the object is gone.
    ///
    /// # Errors
    /// When that takes longer than `limit`.
    pub async fn gone(&self, name: &str, limit: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        while let Some(stack) = self.stack(name).await? {
            if began.elapsed() > limit {
                bail!("{}", self.picture(name, Some(&stack)));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// What exists on AWS of the stack of that name in the default namespace.
    pub fn items(&self, name: &str) -> Vec<Item> {
        let stack = format!("default/{name}");
        let owned = |item: &Item| item.tags.get("jenkinsstack.io/stack") == Some(&stack);
        let place = Place { account: HOME_ACCOUNT.to_owned(), region: REGION.to_owned() };
        self.cloud.with(|world| {
            let mut items = items(world.at(&place));
            items.extend(global_items(world.account(HOME_ACCOUNT)));
            items.into_iter().filter(owned).collect()
        })
    }

    /// The one item of `kind` that the stack has.
    ///
    /// # Errors
    /// When it has none; of several, the last is given.
    pub fn item(&self, name: &str, kind: &str) -> anyhow::Result<Item> {
        let found = self.items(name).into_iter().filter(|item| item.kind == kind);
        found.last().with_context(|| format!("{name} has no {kind}"))
    }

    /// Makes a call as the account's administrator.
    ///
    /// # Errors
    /// When AWS refuses it.
    pub fn aws(&self, service: &str, operation: &str, input: Value) -> anyhow::Result<Value> {
        let answer = self.cloud.ask(REGION, service, operation, input);
        answer.map_err(|refusal| anyhow!("{operation}: {}: {}", refusal.code, refusal.message))
    }

    /// Waits until `holds`.
    ///
    /// # Errors
    /// When that takes longer than `limit`.
    pub async fn eventually(&self, limit: Duration, what: &str, holds: impl Fn() -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        while !holds() {
            if began.elapsed() > limit {
                bail!("not in time: {what}. {}", self.picture("", None));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Where the account's API is.
    pub fn aws_url(&self) -> String {
        self.server.url()
    }

    /// Where the world keeps its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn picture(&self, name: &str, stack: Option<&JenkinsStack>) -> String {
        let status = stack.and_then(|stack| stack.status.as_ref());
        let status = serde_json::to_string_pretty(&status).unwrap_or_default();
        let log = self.operator.as_ref().and_then(|operator| operator.log().ok()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(40).collect();
        let log: Vec<&str> = lines.into_iter().rev().collect();
        format!("{name} did not get there in time. Status: {status}\nEnd of the log:\n{}", log.join("\n"))
    }
}

/// `True`, `False` or `Unknown`; empty when the condition is absent.
pub fn condition(status: &JenkinsStackStatus, type_: ConditionType) -> &str {
    status.condition(type_).map(|condition| condition.status.as_str()).unwrap_or_default()
}

/// The operator's IAM policy as it is shipped, with this cluster's name filled in.
fn operator_policy() -> anyhow::Result<String> {
    let file = root().join("deploy/iam/policy.json");
    let text = std::fs::read_to_string(&file).with_context(|| format!("{} can't be read", file.display()))?;
    Ok(text.replace("CLUSTER_NAME", CLUSTER_NAME))
}
