//! Secrets through a whole life, with all that goes wrong with them: in nothing that the operator tells is there a value.

use crate::{LIMIT, RESYNC};
use anyhow::{Context, ensure};
use jenkinsstack_cloud::oracle::Needles;
use jenkinsstack_e2e::plugin::Plugin;
use jenkinsstack_e2e::status::stalled;
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::{Value, json};
use std::sync::Arc;

const NAME: &str = "secretive";
/// The values, each under the key of the Secret that it is read from.
const PLANTED: [(&str, &str); 4] = [
    ("clientSecret", "first/client secret-4711"),
    ("nextClientSecret", "second?client secret-4712"),
    ("token", "first \"token\" & more-4713"),
    ("nextToken", "second \"token\" & more-4714"),
];

pub(crate) async fn no_value_is_told_in_a_whole_life(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named(NAME)).await?;
    world.log_level = "trace";
    world.operate(RESYNC)?;
    let mut told = Told::default();
    let Site { role, cluster_name, namespace, .. } = world.site.clone();
    world.apply(&world.here(secret())).await?;
    let mut object = world.here(stack::reference(NAME, &world.network));
    object["spec"]["storage"]["onDelete"] = json!("Destroy");
    refer(&mut object, "clientSecret", "token");
    world.apply(&object).await?;
    world.ready(NAME, LIMIT).await?;
    told.object(&world).await?;

    refer(&mut object, "nextClientSecret", "nextToken");
    let (plugin, file) = (Plugin::of(&world).await?, world.folder().join("secretive.yaml"));
    std::fs::write(&file, object.to_string())?;
    for output in ["text", "json"] {
        let plan = plugin.run(&["plan", "--filename", &file.display().to_string(), "--output", output]).await?;
        ensure!(plan.code == Some(2) && plan.stdout.contains("secret"), "{plan:?}");
        told.add(format!("plan as {output}"), format!("{}{}", plan.stdout, plan.stderr));
    }
    let writing = ["elasticloadbalancing:ModifyRule", "secretsmanager:PutSecretValue"];
    world.account.grant(&role, &cluster_name, &writing)?;
    world.apply(&object).await?;
    world.until(NAME, LIMIT, stalled("AccessDenied", &["secret"])).await?;
    told.object(&world).await?;
    world.account.grant(&role, &cluster_name, &[])?;
    world.ready(NAME, LIMIT).await?;

    refer(&mut object, "nextClientSecret", "nobody");
    world.apply(&object).await?;
    world.until(NAME, LIMIT, stalled("SecretNotFound", &["nobody"])).await?;
    told.object(&world).await?;
    world.delete(NAME).await?;
    world.gone(NAME, LIMIT).await?;
    let last =
        || async { Ok(world.events(NAME).await?.iter().any(|event| event.reason.as_deref() == Some("Deleted"))) };
    world.eventually_async(LIMIT, "it is told that the stack is gone", last).await?;

    let events = world.kubectl(&["get", "events.events.k8s.io", "--namespace", &namespace, "--output", "json"]).await?;
    ensure!(["Created", "Updated", "AccessDenied", "Deleted"].iter().all(|reason| events.contains(reason)), "{events}");
    told.add("events", events);
    let operator = world.operators.pop().context("an operator")?;
    told.add("metrics", operator.metrics().await?);
    let log = operator.stop().await?;
    ensure!(log.contains("update secret") && log.contains("TRACE"), "{log}");
    told.add("log", log);
    told.has_none_of(&PLANTED)
}

fn secret() -> Value {
    let mut secret = stack::client_secret("");
    secret["metadata"]["name"] = json!("planted");
    secret["stringData"] = PLANTED.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    secret
}

/// Lets the stack take its client secret and its token from those keys.
fn refer(object: &mut Value, client_secret: &str, token: &str) {
    let of = |key: &str| json!({"secretKeyRef": {"name": "planted", "key": key}});
    object["spec"]["auth"]["oidc"]["clientSecret"] = of(client_secret);
    object["spec"]["controller"]["secrets"] = json!([{"name": "TOKEN", "valueFrom": of(token)}]);
}

/// What was told, and where.
#[derive(Default)]
struct Told(Vec<(String, String)>);

impl Told {
    fn add(&mut self, place: impl Into<String>, text: String) {
        self.0.push((place.into(), text));
    }

    /// The whole object as it is now: spec, status, annotations, owners of its fields.
    async fn object(&mut self, world: &World) -> anyhow::Result<()> {
        let get = ["get", "jks", NAME, "--namespace", &world.site.namespace, "--show-managed-fields", "-o", "json"];
        self.add(format!("object {}", self.0.len()), world.kubectl(&get).await?);
        Ok(())
    }

    fn has_none_of(&self, planted: &[(&str, &str)]) -> anyhow::Result<()> {
        let planted: Vec<(String, String)> =
            planted.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let needles = Needles::new(&planted);
        for (place, text) in &self.0 {
            let lines = text.lines().filter(|line| !needles.found_in(line).is_empty());
            let found: Vec<&str> = lines.collect();
            ensure!(found.is_empty(), "{place}: {found:#?}");
        }
        Ok(())
    }
}
