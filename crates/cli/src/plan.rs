//! `kubectl jenkinsstack plan`: the operator's own path, cut before it acts.

use anyhow::{Context, anyhow, bail};
use clap::ValueEnum;
use jenkinsstack_api::spec::OnDelete;
use jenkinsstack_api::{DeletionPolicy, JenkinsStack};
use jenkinsstack_aws::{Account, Clients, Observation};
use jenkinsstack_controller::inputs::{Discovery, Sources, gather, graph, read_fingerprinter};
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::plan::{Goal, Plan, plan as decide};
use jenkinsstack_core::render;
use k8s_openapi::api::core::v1::Namespace;
use kube::ResourceExt;
use kube::api::Api;
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
        (None, Some(file)) => read(&file)?,
        (None, None) => bail!("name a stack, or a file with --filename"),
    };
    let namespace = stack.namespace().unwrap_or(namespace);
    let owner = Owner { cluster: cluster_name, namespace, name: stack.name_any() };
    let plan = think(&client, &operator_namespace, &owner, &stack).await?;
    show(&plan, output)?;
    Ok(if plan.settled() { ExitCode::SUCCESS } else { ExitCode::from(CHANGES) })
}

fn read(file: &std::path::Path) -> anyhow::Result<JenkinsStack> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("standard input")?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    }
    serde_saphyr::from_str(&text).with_context(|| format!("{} is not a JenkinsStack", file.display()))
}

async fn think(
    client: &kube::Client,
    operator_namespace: &str,
    owner: &Owner,
    stack: &JenkinsStack,
) -> anyhow::Result<Plan> {
    let system = Api::<Namespace>::all(client.clone()).get("kube-system").await.context("namespace kube-system")?;
    let installation = system.uid().context("namespace kube-system has no uid")?;
    let region = &stack.spec.aws.region;
    let parsed = region.parse().map_err(|error| anyhow!("spec.aws.region: {error}"))?;
    let account = Account::open(Clients::from_env(region).await, parsed, &owner.cluster).await?;
    let Observation { snapshot, errors } = account.observe(owner, Duration::ZERO).await;
    if let Some(error) = errors.first() {
        bail!("not everything on AWS could be read: {error}");
    }
    let goal = goal(stack);
    let graph = if goal == Goal::Run {
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

/// What is to become of the stack, as the operator would decide.
fn goal(stack: &JenkinsStack) -> Goal {
    let leaving = stack.metadata.deletion_timestamp.is_some() && stack.spec.deletion_policy == DeletionPolicy::Delete;
    match (leaving, stack.spec.storage.on_delete) {
        (false, _) => Goal::Run,
        (true, OnDelete::Retain) => Goal::LeaveKeepHome,
        (true, OnDelete::Destroy) => Goal::LeaveNothing,
    }
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
