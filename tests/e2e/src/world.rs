//! One world: a cluster, an account, and the operator between them.

mod wait;

use crate::account::Account;
use crate::build::binary;
use crate::chart;
use crate::operator::{Operator, Start};
use crate::site::Site;
use anyhow::{Context, ensure};
use jenkinsstack_api::JenkinsStack;
use jenkinsstack_cloud::Cloud;
use jenkinsstack_cloud::seed::Network;
use jenkinsstack_cloud::service::Item;
use jenkinsstack_cluster::{Audit, AuditEvent, Cluster, Options};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use kube::discovery::ApiResource;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};

/// How often the world is looked at while waiting for something.
const LOOK: Duration = Duration::from_millis(200);

/// The definition of a JenkinsStack.
const DEFINITION: &str = "crd/jenkinsstacks.jenkinsstack.io";

/// A cluster, an account, and the operators between them.
pub struct World {
    /// The API server.
    pub cluster: Arc<Cluster>,
    /// The account.
    pub account: Arc<Account>,
    /// The account behind its API.
    pub cloud: Cloud,
    /// What was there before any stack.
    pub network: Network,
    /// The operators that run: replicas of one installation.
    pub operators: Vec<Operator>,
    /// How the operator is installed.
    pub site: Site,
    /// Kubeconfig of the operator's service account.
    pub kubeconfig: PathBuf,
    /// Further environment of operators that are started from now on.
    pub environment: BTreeMap<String, String>,
    /// What they log.
    pub log_level: &'static str,
    /// What the chart was rendered to.
    pub chart: Vec<Value>,
    client: kube::Client,
    /// A second cluster for those who need one.
    neighbour: Arc<OnceCell<Arc<Cluster>>>,
    access_key: String,
    folder: Arc<tempfile::TempDir>,
    replicas: u32,
}

impl World {
    /// Starts a world with the chart installed and no operator running yet.
    ///
    /// # Errors
    /// When something can't be set up; the text says what.
    pub async fn start() -> anyhow::Result<Self> {
        tokio::task::spawn_blocking(|| binary("jenkinsstack-operator")).await??;
        let account = Arc::new(Account::open().await?);
        let cluster = Arc::new(cluster().await?);
        Self::at(Site::main(), cluster, account, Arc::default()).await
    }

    /// Another installation on a second cluster and the same account; it has no operator running yet. All such share the
    /// second cluster.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn beside(&self, site: Site) -> anyhow::Result<Self> {
        let start = async || cluster().await.map(Arc::new);
        let cluster = self.neighbour.get_or_try_init(start).await?.clone();
        Self::at(site, cluster, self.account.clone(), self.neighbour.clone()).await
    }

    async fn at(
        site: Site,
        cluster: Arc<Cluster>,
        account: Arc<Account>,
        neighbour: Arc<OnceCell<Arc<Cluster>>>,
    ) -> anyhow::Result<Self> {
        let mut world = Self {
            client: cluster.client().await?,
            access_key: account.grant(&site.role, &site.cluster_name, &[])?,
            cloud: account.cloud.clone(),
            network: account.network.clone(),
            folder: Arc::new(tempfile::tempdir()?),
            kubeconfig: PathBuf::new(),
            environment: BTreeMap::new(),
            log_level: "info,jenkinsstack_controller=debug",
            chart: Vec::new(),
            operators: Vec::new(),
            replicas: 0,
            site,
            cluster,
            account,
            neighbour,
        };
        world.install().await?;
        Ok(world)
    }

    /// The same world, looked at in another namespace, which is made. It has no operators of its own: those of this one
    /// work there, too.
    ///
    /// # Errors
    /// When the API server refuses the namespace.
    pub async fn within(&self, namespace: &str) -> anyhow::Result<Self> {
        self.make_namespace(namespace).await?;
        let Self { cluster, account, cloud, network, kubeconfig, environment, log_level, chart, client, .. } = self;
        Ok(Self {
            cluster: cluster.clone(),
            account: account.clone(),
            cloud: cloud.clone(),
            network: network.clone(),
            kubeconfig: kubeconfig.clone(),
            environment: environment.clone(),
            log_level,
            chart: chart.clone(),
            client: client.clone(),
            operators: Vec::new(),
            site: Site { namespace: namespace.to_owned(), ..self.site.clone() },
            neighbour: self.neighbour.clone(),
            access_key: self.access_key.clone(),
            folder: self.folder.clone(),
            replicas: self.replicas,
        })
    }

    async fn make_namespace(&self, name: &str) -> anyhow::Result<()> {
        self.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).await
    }

    /// The object, in the namespace of this world.
    pub fn here(&self, mut object: Value) -> Value {
        if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
            metadata.insert("namespace".to_owned(), json!(self.site.namespace));
        }
        object
    }

    /// Installs the chart: real `helm template`, real `kubectl apply`.
    ///
    /// One after the other: the definition belongs to the first release of a cluster, as the chart's README says.
    async fn install(&mut self) -> anyhow::Result<()> {
        static INSTALLING: Mutex<()> = Mutex::const_new(());
        let _one = INSTALLING.lock().await;
        let (system, mut values) = (self.site.system(), self.site.all_values());
        if self.kubectl(&["get", DEFINITION]).await.is_ok() {
            values.push("crds.install=false".to_owned());
        }
        let args: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
        let rendered = chart::render(&self.cluster, &self.site.release, &system, &args).await?;
        self.chart = chart::objects(&rendered)?;
        let file = self.folder.path().join("chart.yaml");
        std::fs::write(&file, rendered)?;
        let named = self.chart.iter().filter_map(|object| object.pointer("/metadata/namespace")?.as_str());
        let namespaces: BTreeSet<&str> = named.chain([self.site.namespace.as_str()]).collect();
        for namespace in namespaces {
            self.make_namespace(namespace).await?;
        }
        let file = file.display().to_string();
        self.kubectl(&["apply", "--server-side", "--filename", &file]).await?;
        self.kubectl(&["wait", "--for=condition=Established", DEFINITION]).await?;
        let accounts = ["get", "serviceaccounts", "--namespace", &system, "--output", "name"];
        let account = self.kubectl(&accounts).await?;
        let account = account.trim().strip_prefix("serviceaccount/").context("the chart has no service account")?;
        self.kubeconfig = self.cluster.service_account_kubeconfig(&system, account).await?;
        Ok(())
    }

    /// Starts one more replica of the operator, with a look at stacks at rest every `resync` seconds.
    ///
    /// # Errors
    /// When it can't be built or started.
    pub fn operate(&mut self, resync: u64) -> anyhow::Result<()> {
        self.replicas += 1;
        let identity = format!("operator-{}", self.replicas);
        let chart = chart::Start::of(&self.chart, &identity, &self.environment)?;
        let start = Start {
            kubeconfig: &self.kubeconfig,
            aws_url: &self.account.url(),
            access_key: &self.access_key,
            folder: self.folder.path(),
            identity: &identity,
            chart,
            environment: &self.environment,
            log_level: self.log_level,
            resync,
        };
        self.operators.push(Operator::start(start)?);
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
        let api: Api<DynamicObject> = match object.pointer("/metadata/namespace").and_then(Value::as_str) {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        let params = PatchParams::apply("user").force();
        api.patch(&text("/metadata/name"), &params, &Patch::Apply(object)).await?;
        Ok(())
    }

    /// The stack of that name, if it is there.
    ///
    /// # Errors
    /// When the API server can't be reached.
    pub async fn stack(&self, name: &str) -> anyhow::Result<Option<JenkinsStack>> {
        Ok(self.stacks().get_opt(name).await?)
    }

    /// The stacks of the namespace.
    pub fn stacks(&self) -> Api<JenkinsStack> {
        Api::namespaced(self.client.clone(), &self.site.namespace)
    }

    /// The leases in the operator's namespace.
    pub fn leases(&self) -> Api<Lease> {
        Api::namespaced(self.client.clone(), &self.site.system())
    }

    /// The one lease of the operator, once it has been made.
    ///
    /// # Errors
    /// When the API server can't be reached, or there are several.
    pub async fn lease(&self) -> anyhow::Result<Option<Lease>> {
        let mut leases = self.leases().list(&ListParams::default()).await?.items;
        ensure!(leases.len() <= 1, "several leases: {leases:?}");
        Ok(leases.pop())
    }

    /// Asks for the deletion of a stack.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn delete(&self, name: &str) -> anyhow::Result<()> {
        self.stacks().delete(name, &Default::default()).await?;
        Ok(())
    }

    /// The events about the stack of that name, the oldest first.
    ///
    /// # Errors
    /// When the API server can't be reached.
    pub async fn events(&self, name: &str) -> anyhow::Result<Vec<Event>> {
        let api: Api<Event> = Api::namespaced(self.client.clone(), &self.site.namespace);
        let about = ListParams::default().fields(&format!("regarding.kind=JenkinsStack,regarding.name={name}"));
        let mut events = api.list(&about).await?.items;
        events.sort_by_key(|event| event.event_time.clone());
        Ok(events)
    }

    /// What exists on AWS of the stack of that name.
    pub fn items(&self, name: &str) -> Vec<Item> {
        self.account.items(&self.site.cluster_name, &format!("{}/{name}", self.site.namespace))
    }

    /// The one item of `kind` that the stack has.
    ///
    /// # Errors
    /// When it has none; of several, the last is given.
    pub fn item(&self, name: &str, kind: &str) -> anyhow::Result<Item> {
        let mut found = self.items(name).into_iter().filter(|item| item.kind == kind);
        found.next_back().with_context(|| format!("{name} has no {kind}"))
    }

    /// Makes a call as the account's administrator.
    ///
    /// # Errors
    /// When AWS refuses it.
    pub fn aws(&self, service: &str, operation: &str, input: Value) -> anyhow::Result<Value> {
        self.account.ask(service, operation, input)
    }

    /// What the operator's service account has written to the cluster since the `since`-th request, but for its Lease.
    ///
    /// # Errors
    /// When the audit log can't be read.
    pub fn written(&self, since: usize) -> anyhow::Result<Vec<AuditEvent>> {
        let account = format!("system:serviceaccount:{}:", self.site.system());
        let writes = |event: &AuditEvent| {
            let lease = event.object_ref.as_ref().is_some_and(|object| object.resource == "leases");
            let write = !["get", "list", "watch"].contains(&event.verb.as_str());
            event.user.username.starts_with(&account) && write && !lease
        };
        Ok(self.cluster.audit_events()?.into_iter().skip(since).filter(writes).collect())
    }

    /// How many requests the API server has answered so far, for [`Self::written`].
    ///
    /// # Errors
    /// When the audit log can't be read.
    pub fn asked(&self) -> anyhow::Result<usize> {
        Ok(self.cluster.audit_events()?.len())
    }

    /// Where the account's API is.
    pub fn aws_url(&self) -> String {
        self.account.url()
    }

    /// Where the world keeps its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A cluster that writes down who asked for what.
async fn cluster() -> anyhow::Result<Cluster> {
    Cluster::start(Options { audit: Audit::Metadata, ..Options::default() }).await
}
