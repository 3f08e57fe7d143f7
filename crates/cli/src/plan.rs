//! `kubectl jenkinsstack plan`: the operator's own path, cut before it acts.

use anyhow::{Context, anyhow, bail};
use clap::ValueEnum;
use jenkinsstack_api::JenkinsStack;
use jenkinsstack_aws::{Account, Clients, Observation, Target};
use jenkinsstack_controller::finalizer;
use jenkinsstack_controller::inputs::{Discovery, Sources, gather, graph, read_fingerprinter};
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::kind::Kind;
use jenkinsstack_core::observed::Snapshot;
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::plan::{Goal, Plan, plan as decide};
use jenkinsstack_core::render;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, TypeMeta, ValidationDirective};
use serde_json::json;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What to plan, and how to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of a stack in the cluster.
    #[arg(conflicts_with = "filename")]
    name: Option<String>,
    /// File with a JenkinsStack; `-` for standard input.
    #[arg(short, long)]
    filename: Option<PathBuf>,
    /// Namespace of the stack; that of the present context when left out.
    #[arg(short, long)]
    namespace: Option<String>,
    /// Name of the Kubernetes cluster, as the operator was installed with.
    #[arg(long, env = "JENKINSSTACK_CLUSTER_NAME")]
    cluster_name: String,
    /// Namespace of the operator.
    #[arg(long, env = "JENKINSSTACK_OPERATOR_NAMESPACE", default_value = "jenkinsstack-system")]
    operator_namespace: String,
    /// Form of the plan.
    #[arg(short, long, default_value = "text")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Exit code of a plan with changes.
const CHANGES: u8 = 2;

/// Shows the plan.
pub(crate) async fn plan(args: Args) -> anyhow::Result<ExitCode> {
    let Args { name, filename, namespace, cluster_name, operator_namespace, output } = args;
    let client = kube::Client::try_default().await.context("no way to the cluster")?;
    let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
    let stack = match (name, filename) {
        (Some(name), _) => {
            let stacks: Api<JenkinsStack> = Api::namespaced(client.clone(), &namespace);
            stacks.get(&name).await.with_context(|| format!("JenkinsStack {namespace}/{name}"))?
        }
        (None, Some(file)) => admitted(&client, &namespace, read(&file)?).await?,
        (None, None) => bail!("name a stack, or a file with --filename"),
    };
    let namespace = stack.namespace().unwrap_or(namespace);
    let owner = Owner { cluster: cluster_name, namespace, name: stack.name_any() };
    let deleted = stack.metadata.deletion_timestamp.is_some();
    let goal = if deleted { finalizer::parting(&stack.spec) } else { Some(Goal::Run) };
    let plan = match goal {
        Some(goal) => think(&client, &operator_namespace, &owner, &stack, goal).await?,
        None => Plan::default(),
    };
    if stack.spec.suspend && !deleted && !plan.settled() {
        eprintln!("spec.suspend is true: nothing of this is done until it is false");
    }
    show(&plan, output)?;
    Ok(if plan.settled() { ExitCode::SUCCESS } else { ExitCode::from(CHANGES) })
}

fn read(file: &std::path::Path) -> anyhow::Result<DynamicObject> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("standard input")?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    }
    let what = || format!("{} is not a JenkinsStack", file.display());
    let object: DynamicObject = serde_saphyr::from_str(&text).with_context(what)?;
    let is_ours = object.types == Some(TypeMeta::resource::<JenkinsStack>());
    if is_ours { Ok(object) } else { Err(anyhow!("its apiVersion or kind is another")).with_context(what) }
}

/// The stack as it would be once it is applied: refused where `kubectl apply` would be, with all defaults. The API server
/// tells it without keeping it.
async fn admitted(client: &kube::Client, namespace: &str, object: DynamicObject) -> anyhow::Result<JenkinsStack> {
    let (name, namespace) = (object.name_any(), object.namespace().unwrap_or_else(|| namespace.to_owned()));
    let resource = ApiResource::erase::<JenkinsStack>(&());
    let stacks: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace, &resource);
    let mut params = PatchParams::apply("kubectl-jenkinsstack").dry_run();
    params.field_validation = Some(ValidationDirective::Strict);
    let what = || format!("JenkinsStack {namespace}/{name}");
    let admitted = match stacks.get_opt(&name).await.with_context(what)? {
        // What the file leaves out is to go: applied by somebody else than before, it would stay.
        Some(_) => {
            let spec = object.data.get("spec").cloned().unwrap_or_default();
            let patch = serde_json::from_value(json!([{"op": "replace", "path": "/spec", "value": spec}]))?;
            params.field_manager = None;
            stacks.patch(&name, &params, &Patch::Json::<()>(patch)).await
        }
        None => stacks.patch(&name, &params, &Patch::Apply(&object)).await,
    };
    let admitted = admitted.with_context(what)?;
    serde_json::from_value(serde_json::to_value(admitted)?).with_context(what)
}

async fn think(
    client: &kube::Client,
    operator_namespace: &str,
    owner: &Owner,
    stack: &JenkinsStack,
    goal: Goal,
) -> anyhow::Result<Plan> {
    let system = Api::<Namespace>::all(client.clone()).get("kube-system").await.context("namespace kube-system")?;
    let installation = system.uid().context("namespace kube-system has no uid")?;
    let region = &stack.spec.aws.region;
    let parsed = region.parse().map_err(|error| anyhow!("spec.aws.region: {error}"))?;
    let account = Account::open(Clients::from_env(region).await, parsed, &owner.cluster).await?;
    let Observation { mut snapshot, errors } = account.observe(owner, Duration::ZERO).await;
    if let Some(error) = errors.first() {
        bail!("not everything on AWS could be read: {error}");
    }
    let graph = if goal == Goal::Run {
        read_task_definition(&account, owner, &mut snapshot).await?;
        let fingerprinter = read_fingerprinter(client, operator_namespace).await?;
        let fingerprinter = fingerprinter.with_context(|| {
            format!("the operator has not been running in namespace {operator_namespace}: see --operator-namespace")
        })?;
        let discovery = Discovery::new(Duration::ZERO)?;
        let sources = Sources {
            client,
            account: &account,
            discovery: &discovery,
            fingerprinter: &fingerprinter,
            installation: &installation,
            max_age: Duration::ZERO,
        };
        let inputs = gather(&sources, owner, &stack.spec).await.map_err(|trouble| anyhow!(trouble.message))?;
        graph(&stack.spec, &inputs).map_err(|trouble| anyhow!(trouble.message))?
    } else {
        Graph::default()
    };
    Ok(decide(&graph, &snapshot, goal, &installation))
}

/// A listing tells whether the task definition differs, but not in what.
async fn read_task_definition(account: &Account, owner: &Owner, snapshot: &mut Snapshot) -> anyhow::Result<()> {
    let listed = snapshot.all().find(|seen| seen.observed.kind() == Kind::TaskDefinition);
    let Some((node, family)) = listed.map(|seen| (seen.node.clone(), seen.id())) else { return Ok(()) };
    let target = Target { owner, node: &node };
    match account.read(target, Kind::TaskDefinition, &family).await? {
        Some(seen) => snapshot.see(seen),
        None => snapshot.forget(&node, &family),
    }
    Ok(())
}

fn show(plan: &Plan, output: Output) -> anyhow::Result<()> {
    match output {
        Output::Json => println!("{}", serde_json::to_string_pretty(plan)?),
        Output::Text if std::io::stdout().is_terminal() => {
            for line in render::text(plan).lines() {
                println!("{}", coloured(line));
            }
        }
        Output::Text => print!("{}", render::text(plan)),
    }
    Ok(())
}

/// A line in the colour of its sign, as Terraform's users know them.
fn coloured(line: &str) -> String {
    let colour = match line.chars().next() {
        Some('+') => "32",
        Some('~' | '?') => "33",
        Some('-' | '!') => "31",
        _ => return line.to_owned(),
    };
    format!("\u{1b}[{colour}m{line}\u{1b}[0m")
}
