//! The main job, to watch: an example stack from `kubectl apply` to Ready.

use clap::Parser;
use jenkinsstack_api::status::ResourceState;
use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use jenkinsstack_cloud::models::fetch::aws_cli;
use jenkinsstack_cloud::world::{HOME_ACCOUNT, root_key};
use jenkinsstack_e2e::account::REGION;
use jenkinsstack_e2e::build::binary;
use jenkinsstack_e2e::{World, stack};
use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// A real API server, a strict AWS account, the operator, and a stack that becomes Ready.
#[derive(Debug, Parser)]
struct Args {
    /// Keep everything running until Ctrl-C.
    #[arg(long)]
    keep: bool,
}

const NAME: &str = "jenkins";
const LIMIT: Duration = Duration::from_secs(300);
/// Seconds between two looks at the stack at rest.
const RESYNC: u64 = 600;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    println!("Starting a Kubernetes API server and a strict AWS account …");
    let mut world = World::start().await?;
    println!("Starting the operator under its chart's service account and its IAM policy …");
    world.operate(RESYNC)?;
    println!("Applying the Secret jenkins-oidc and the JenkinsStack {NAME} …\n");
    world.apply(&stack::client_secret("demo-client-secret")).await?;
    world.apply(&stack::reference(NAME, &world.network)).await?;
    let began = Instant::now();
    watch(&world, began).await?;
    println!("\nReady after {:.0} s (the account lives 60 times as fast as AWS).\n", began.elapsed().as_secs_f64());
    println!("{}", world.kubectl(&["get", "jks", NAME]).await?);
    if let Some(stack) = world.stack(NAME).await? {
        print_stack(&stack);
    }
    print_next(&world).await?;
    if args.keep {
        println!("\nEverything keeps running until you press Ctrl-C.");
        tokio::signal::ctrl_c().await?;
    }
    Ok(())
}

/// Prints each resource as it comes about, and what is waited for.
async fn watch(world: &World, began: Instant) -> anyhow::Result<()> {
    let mut shown = BTreeSet::new();
    let mut waiting = String::new();
    loop {
        let stack = world.stack(NAME).await?;
        let status = stack.and_then(|stack| stack.status).unwrap_or_default();
        for resource in status.resources.iter().filter(|resource| resource.state != ResourceState::Missing) {
            if shown.insert(resource.node.clone()) {
                let id = resource.id.as_deref().unwrap_or_default();
                println!("{:>5.1} s  + {:<48} {id}", began.elapsed().as_secs_f64(), resource.node);
            }
        }
        let ready = status.condition(jenkinsstack_api::status::ConditionType::Ready);
        if ready.is_some_and(|ready| ready.status == "True") {
            return Ok(());
        }
        let line = ready.map(|ready| format!("{}: {}", ready.reason, ready.message)).unwrap_or_default();
        if line != waiting && !line.is_empty() {
            println!("{:>5.1} s  . {line}", began.elapsed().as_secs_f64());
            waiting = line;
        }
        if began.elapsed() > LIMIT {
            world.ready(NAME, Duration::ZERO).await?;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn print_stack(stack: &JenkinsStack) {
    let Some(status) = &stack.status else { return };
    let JenkinsStackStatus { conditions, endpoints, resources, .. } = status;
    println!("Conditions");
    for condition in conditions {
        println!("  {:<10} {:<8} {:<12} {}", condition.type_, condition.status, condition.reason, condition.message);
    }
    if let Some(endpoints) = endpoints {
        println!("\nEndpoints");
        println!("  URL            {}", endpoints.url.as_deref().unwrap_or_default());
        println!("  load balancer  {}", endpoints.load_balancer.as_deref().unwrap_or_default());
        for uri in &endpoints.redirect_uris {
            println!("  redirect URI   {uri}");
        }
    }
    println!("\nResources");
    let mut above = String::new();
    for resource in resources {
        let (parent, leaf) = resource.node.split_once('/').unwrap_or((&resource.node, ""));
        if parent != above && !leaf.is_empty() && resources.iter().all(|other| other.node != parent) {
            println!("  {parent}");
        }
        parent.clone_into(&mut above);
        let name = if leaf.is_empty() { format!("  {parent}") } else { format!("    └─ {leaf}") };
        println!("{name:<52} {}", resource.id.as_deref().unwrap_or_default());
    }
}

/// A folder of programs and settings with which a shell gets into the world, and what to type there.
async fn print_next(world: &World) -> anyhow::Result<()> {
    let settings = settings(world).await?;
    let logs = world.item(NAME, "logs:log-group")?.id;
    println!("\nTry next (with --keep, in another terminal):");
    for command in [
        format!(". {}", settings.display()),
        format!("kubectl describe jks {NAME}"),
        format!(
            "kubectl patch jks {NAME} --type merge --patch '{{\"spec\":{{\"controller\":{{\"memory\":\"8Gi\"}}}}}}'"
        ),
        format!("kubectl wait jks {NAME} --for=condition=Ready --timeout=5m"),
        format!("aws logs put-retention-policy --log-group-name {logs} --retention-in-days 1"),
        format!("kubectl jenkinsstack plan {NAME} || true"),
        format!("kubectl annotate jks {NAME} --overwrite jenkinsstack.io/reconcile-requested-at=$(date +%s)"),
        format!("aws logs describe-log-groups --log-group-name-prefix {logs} --query logGroups[].retentionInDays"),
        format!("kubectl delete jks {NAME}"),
        "aws efs describe-file-systems --query FileSystems[].FileSystemId".to_owned(),
    ] {
        println!("  {command}");
    }
    Ok(())
}

/// A file that a shell reads: it sets where the cluster and the account are, and puts kubectl with its plugin and the AWS
/// CLI first on the path.
async fn settings(world: &World) -> anyhow::Result<PathBuf> {
    let programs = world.folder().join("bin");
    std::fs::create_dir_all(&programs)?;
    let words: Vec<String> = world.cluster.kubectl_command().await?.iter().map(|word| format!("'{word}'")).collect();
    let kubectl = programs.join("kubectl");
    std::fs::write(&kubectl, format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" ")))?;
    std::fs::set_permissions(&kubectl, Permissions::from_mode(0o755))?;
    let plugin = tokio::task::spawn_blocking(|| binary("kubectl-jenkinsstack")).await??;
    symlink(plugin, programs.join("kubectl-jenkinsstack"))?;
    symlink(tokio::task::spawn_blocking(aws_cli).await??, programs.join("aws"))?;
    let settings = world.folder().join("env");
    let lines = [
        format!("export PATH='{}':\"$PATH\"", programs.display()),
        format!("export KUBECONFIG='{}'", world.cluster.kubeconfig().display()),
        format!("export JENKINSSTACK_CLUSTER_NAME={}", world.site.cluster_name),
        format!("export AWS_ENDPOINT_URL={} AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}", world.aws_url()),
        format!("export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY=any AWS_PAGER=", root_key(HOME_ACCOUNT)),
    ];
    std::fs::write(&settings, lines.join("\n") + "\n")?;
    Ok(settings)
}
