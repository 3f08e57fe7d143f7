//! The rights of the operator's service account in the cluster: a whole life needs each of them, and no other.

use crate::{LIMIT, RESYNC};
use anyhow::ensure;
use jenkinsstack_cluster::AuditEvent;
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const NAME: &str = "rights";

pub(crate) async fn a_whole_life_needs_each_and_no_other(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named(NAME)).await?;
    world.operate(RESYNC)?;
    world.apply(&world.here(stack::client_secret("a secret of a short life"))).await?;
    let mut object = world.here(stack::reference(NAME, &world.network));
    object["spec"]["storage"]["onDelete"] = json!("Destroy");
    world.apply(&object).await?;
    world.ready(NAME, LIMIT).await?;
    world.delete(NAME).await?;
    world.gone(NAME, LIMIT).await?;

    // A watch stands in the audit log when it has ended.
    world.operators.remove(0).stop().await?;
    let watched =
        || asked(&world).is_ok_and(|asked| ["secrets", "jenkinsstacks"].iter().all(|kind| watches(&asked, kind)));
    world.eventually(LIMIT, "the watches have ended", watched).await?;
    let asked = asked(&world)?;
    let refused: Vec<_> = asked.iter().filter(|event| code(event) == 403).collect();
    ensure!(refused.is_empty(), "{refused:#?}");
    let used: BTreeSet<String> = asked.iter().filter_map(used).collect();
    let granted: BTreeSet<String> = world.chart.iter().flat_map(granted).collect();
    let unused: Vec<_> = granted.difference(&used).collect();
    ensure!(unused.is_empty(), "granted and never used: {unused:?}");
    Ok(())
}

fn watches(asked: &[AuditEvent], kind: &str) -> bool {
    asked.iter().any(|event| event.verb == "watch" && event.object_ref.as_ref().is_some_and(|of| of.resource == kind))
}

/// What the operator's service account has asked so far.
fn asked(world: &World) -> anyhow::Result<Vec<AuditEvent>> {
    let account = format!("system:serviceaccount:{}:", world.site.system());
    let events = world.cluster.audit_events()?.into_iter();
    Ok(events.filter(|event| event.user.username.starts_with(&account)).collect())
}

fn code(event: &AuditEvent) -> u16 {
    event.response_status.as_ref().map(|status| status.code).unwrap_or_default()
}

/// A right, in the words of a rule: namespace of the role, verb, group, resource.
fn right(namespace: &str, verb: &str, group: &str, resource: &str) -> String {
    format!("{namespace}: {verb} {group}/{resource}")
}

fn used(event: &AuditEvent) -> Option<String> {
    let object = event.object_ref.as_ref()?;
    let whole = [object.resource.as_str(), &object.subresource].join("/");
    // A namespace is in none, but the audit log says that it is in itself.
    let namespace = if object.resource == "namespaces" { "" } else { &object.namespace };
    Some(right(namespace, &event.verb, &object.api_group, whole.trim_end_matches('/')))
}

/// The rights that a role gives; none of what is no role.
fn granted(role: &Value) -> Vec<String> {
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let namespace = role["metadata"]["namespace"].as_str().unwrap_or_default();
    let mut rights = Vec::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        for verb in texts(&rule["verbs"]) {
            for group in texts(&rule["apiGroups"]) {
                rights
                    .extend(texts(&rule["resources"]).iter().map(|resource| right(namespace, &verb, &group, resource)));
            }
        }
    }
    rights
}
