//! `kubectl jenkinsstack plan`: what would be done, and nothing is.

use crate::{LIMIT, RESYNC};
use anyhow::{Context, ensure};
use jenkinsstack_cluster::CommandOutput;
use jenkinsstack_e2e::build::root;
use jenkinsstack_e2e::plugin::Plugin;
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::{Value, json};
use std::sync::Arc;

const NAME: &str = "ci";

pub(crate) async fn it_says_what_would_be_done_and_does_nothing(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named("planned")).await?;
    world.operate(RESYNC)?;
    let plugin = Plugin::of(&world).await?;
    let mut object = world.here(stack::smallest(NAME, &world.network));
    let file = file(&world, "stack.yaml", &object)?;
    operator_has_run(&world).await?;

    let (asked, mark) = (world.asked()?, world.account.mark());
    let whole = std::fs::read_to_string(root().join("crates/core/tests/scenarios/fresh-smallest/plan.txt"))?;
    shows(&plugin.run(&["plan", "--filename", &file]).await?, 2, &whole)?;
    let json = json_of(&plugin.run(&["plan", "--filename", &file, "--output", "json"]).await?, 2)?;
    ensure!(json["steps"].as_array().is_some_and(|steps| steps.len() == whole.lines().count()), "{json}");
    ensure!(json.pointer("/steps/0/action/do") == Some(&json!("create")), "{json:#}");
    ensure!(world.items(NAME).is_empty(), "nothing is made");

    world.apply(&object).await?;
    world.ready(NAME, LIMIT).await?;
    shows(&plugin.run(&["plan", "--filename", &file]).await?, 0, "no change\n")?;
    shows(&plugin.run(&["plan", NAME, "--namespace", &world.site.namespace]).await?, 0, "no change\n")?;
    let json = json_of(&plugin.run(&["plan", NAME, "-n", &world.site.namespace, "-o", "json"]).await?, 0)?;
    ensure!(json == json!({"steps": [], "waits": [], "blocked": [], "kept": []}), "{json}");

    object["spec"]["logs"] = json!({"retentionDays": 7});
    object["spec"]["endpoint"] = json!({"idleTimeoutSeconds": 600});
    object["spec"]["controller"] = json!({"cpu": "1", "memory": "2Gi"});
    object["spec"]["suspend"] = json!(true);
    let edited = self::file(&world, "edited.yaml", &object)?;
    let from_file = plugin.run(&["plan", "--filename", &edited]).await?;
    says_field_by_field(&from_file)?;
    ensure!(from_file.stderr == "spec.suspend is true: nothing of this is done until it is false\n", "{from_file:?}");
    world.apply(&object).await?;
    let from_cluster = plugin.run(&["plan", NAME, "--namespace", &world.site.namespace]).await?;
    ensure!(from_cluster.stdout == from_file.stdout, "{}", from_cluster.stdout);

    let writes: Vec<_> =
        plugin.calls(&mark).into_iter().filter(|call| call.wrote()).map(|call| call.to_string()).collect();
    ensure!(writes.is_empty() && !plugin.calls(&mark).is_empty(), "{writes:?}");
    let requests = plugin.requests(asked)?;
    let reads = requests
        .iter()
        .all(|request| ["get", "list"].contains(&request.verb.as_str()) || request.request_uri.contains("dryRun=All"));
    ensure!(reads && !requests.is_empty(), "{requests:#?}");
    Ok(())
}

pub(crate) async fn what_it_cannot_plan_is_an_error(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named("unplanned")).await?;
    let plugin = Plugin::of(&world).await?;
    let good = world.here(stack::smallest(NAME, &world.network));
    let good = file(&world, "good.yaml", &good)?;
    let too_early = plugin.run(&["plan", "--filename", &good]).await?;
    fails(&too_early, "the operator has not been running in namespace unplanned-system")?;
    world.operate(RESYNC)?;
    operator_has_run(&world).await?;
    let mut wrong = world.here(stack::smallest(NAME, &world.network));
    wrong["spec"]["controller"] = json!({"cpu": "2", "memory": "100Gi"});
    let wrong = file(&world, "wrong.yaml", &wrong)?;
    let other =
        file(&world, "other.yaml", &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}))?;
    let mut open = world.here(stack::reference(NAME, &world.network));
    open["spec"]["endpoint"] = json!({"host": "jenkins.bytesource.internal"});
    let open = file(&world, "open.yaml", &open)?;
    let mut misspelt = world.here(stack::smallest(NAME, &world.network));
    misspelt["spec"]["logs"] = json!({"retentionDay": 7});
    let misspelt = file(&world, "misspelt.yaml", &misspelt)?;
    let text = world.folder().join("text.yaml").display().to_string();
    std::fs::write(&text, "this: [is not")?;
    for (args, said) in [
        (&["plan", "--filename", &wrong][..], "spec.controller.memory"),
        (&["plan", "--filename", &open], "HTTPS"),
        (&["plan", "--filename", &misspelt], "retentionDay"),
        (&["plan", "--filename", &other], "other.yaml is not a JenkinsStack"),
        (&["plan", "--filename", &text], "text.yaml is not a JenkinsStack"),
        (&["plan", "--filename", "/no/such/file.yaml"], "/no/such/file.yaml"),
        (&["plan", "nobody", "--namespace", "unplanned"], "JenkinsStack unplanned/nobody"),
        (&["plan"], "--filename"),
        (&["plan", "nobody", "--output", "xml"], "xml"),
    ] {
        fails(&plugin.run(args).await?, said).with_context(|| args.join(" "))?;
    }
    let help = plugin.run(&["plan", "--help"]).await?;
    shows_all(&help, 0, &["Exit code 0: no change. 2: changes. 1: an error."])
}

/// The plan of an edit: each field with what it is and what it will be.
fn says_field_by_field(output: &CommandOutput) -> anyhow::Result<()> {
    let expected = [
        "~ update log group (",
        "      retentionInDays: 30 -> 7",
        "~ update load balancer (",
        "      attributes.idle_timeout.timeout_seconds: 300 -> 600",
        "~ update task definition (",
        "      cpu: 2048 -> 1024\n      memory: 4096 -> 2048\n",
        "? after task-definition: look again at service",
    ];
    shows_all(output, 2, &expected)
}

fn shows(output: &CommandOutput, code: i32, text: &str) -> anyhow::Result<()> {
    ensure!(output.code == Some(code) && output.stdout == text, "{output:#?}");
    Ok(())
}

fn shows_all(output: &CommandOutput, code: i32, texts: &[&str]) -> anyhow::Result<()> {
    let all = texts.iter().all(|text| output.stdout.contains(text));
    ensure!(output.code == Some(code) && all, "{output:#?}");
    Ok(())
}

fn fails(output: &CommandOutput, said: &str) -> anyhow::Result<()> {
    ensure!(output.code == Some(1) && output.stdout.is_empty() && output.stderr.contains(said), "{output:#?}");
    Ok(())
}

fn json_of(output: &CommandOutput, code: i32) -> anyhow::Result<Value> {
    ensure!(output.code == Some(code), "{output:#?}");
    Ok(serde_json::from_str(&output.stdout)?)
}

/// Writes an object into a file, as YAML that happens to be JSON.
fn file(world: &World, name: &str, object: &Value) -> anyhow::Result<String> {
    let path = world.folder().join(name);
    std::fs::write(&path, serde_json::to_string_pretty(object)?)?;
    Ok(path.display().to_string())
}

/// Waits until the operator has made the key by which the plugin compares secrets.
async fn operator_has_run(world: &World) -> anyhow::Result<()> {
    let system = world.site.system();
    let key =
        ["get", "secret", "jenkinsstack-fingerprint-key", "--namespace", &system, "--ignore-not-found", "-o", "name"];
    let made = || async { Ok(!world.kubectl(&key).await?.is_empty()) };
    world.eventually_async(LIMIT, "the fingerprint key", made).await
}
