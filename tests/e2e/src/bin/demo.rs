//! The main job, to watch: an example stack from `kubectl apply` to Ready.

use clap::Parser;
use jenkinsstack_api::status::ResourceState;
use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use jenkinsstack_e2e::{World, stack};
use std::collections::BTreeSet;
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

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    println!("Starting a Kubernetes API server and a strict AWS account …");
    let mut world = World::start().await?;
    println!("Starting the operator under its chart's service account and its IAM policy …");
    world.operate(600)?;
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
    print_next(&world);
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

fn print_next(world: &World) {
    println!("\nTry next (with --keep, in another terminal):");
    println!("  export KUBECONFIG={}", world.cluster.kubeconfig().display());
    println!("  export AWS_ENDPOINT_URL={} AWS_REGION=eu-central-1", world.aws_url());
    println!("  export AWS_ACCESS_KEY_ID=AKIAROOT111122223333 AWS_SECRET_ACCESS_KEY=any");
    println!("  kubectl describe jks {NAME}");
    println!(
        "  kubectl patch jks {NAME} --type merge --patch '{{\"spec\":{{\"controller\":{{\"memory\":\"8Gi\"}}}}}}'"
    );
    println!("  aws ecs list-services --cluster …");
    println!("  kubectl delete jks {NAME}");
}
