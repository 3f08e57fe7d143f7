//! What changes clusters.

use super::super::asks::{self, cluster_arn};
use super::super::network::texts;
use super::super::refusals::{bad_tags, client, invalid, no_cluster, no_linked_role};
use super::super::{Event, services, strategy, tasks};
use super::{Cluster, Next, Status, Step, name_of, on};
use crate::call::{Answer, Ask, Call, Refusal};
use crate::clock::Time;
use crate::service::iam::linked;
use crate::tags::Spelling;
use crate::world::{self, Place, World};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Reads may miss a new cluster for up to so many seconds (observed order of magnitude).
const UNSEEN: f64 = 2.0;
/// Attaching or detaching capacity providers takes so many seconds (observed order of magnitude).
const ATTACH: (f64, f64) = (2.0, 6.0);
/// An INACTIVE cluster can be described "for a period of time" (DeleteCluster); here an hour.
const INACTIVE_FOR: Duration = Duration::from_secs(3600);
/// Default of the account setting `containerInsights`.
const INSIGHTS: &str = "disabled";
/// What the answers of write operations include.
const ALL: [&str; 3] = ["TAGS", "SETTINGS", "CONFIGURATIONS"];

pub(super) fn ask_create(call: &Call<'_>) -> Vec<Ask> {
    let name = call.input["clusterName"].as_str().map_or(Value::Null, |name| json!(name));
    let arn = call.arn("ecs", &format!("cluster/{}", name_of(&name)));
    let ask = Ask::new("ecs:CreateCluster", arn.clone()).request_tags(&asks::tags(&call.input));
    let providers = texts(&call.input["capacityProviders"]);
    let ask = providers.iter().fold(ask, |ask, name| ask.when("ecs:capacity-provider", provider_arn(call, name)));
    std::iter::once(ask).chain(asks::tagging(call, "CreateCluster", arn)).collect()
}

pub(super) fn ask_providers(call: &Call<'_>) -> Vec<Ask> {
    let ask = on(call, "ecs:PutClusterCapacityProviders", cluster_arn(call));
    let providers = texts(&call.input["capacityProviders"]);
    vec![providers.iter().fold(ask, |ask, name| ask.when("ecs:capacity-provider", provider_arn(call, name)))]
}

fn provider_arn(call: &Call<'_>, name: &str) -> String {
    call.arn("ecs", &format!("capacity-provider/{name}"))
}

/// A repeat that is equal in all its arguments answers the cluster; any other is refused.
pub(super) fn create(call: &mut Call<'_>) -> Answer {
    let input = Arc::clone(&call.input);
    let name = input["clusterName"].as_str().unwrap_or("default").to_owned();
    check_name(&name)?;
    if let Some(cluster) = call.peek().ecs.clusters.get(&name).filter(|cluster| cluster.usable()) {
        return repeat(call, cluster);
    }
    if call.peek().ecs.clusters.get(&name).is_some_and(|cluster| cluster.status == Status::Deprovisioning) {
        return Err(client("The specified cluster is in the process of being deleted."));
    }
    let cluster = build(call, name)?;
    linked_role(call, &cluster)?;
    if cluster.status == Status::Provisioning {
        let delay = cluster.attaching - call.now;
        follow(call, &cluster, Step::Activate, delay);
    }
    let arn = cluster.arn.clone();
    call.regional().ecs.clusters.insert(cluster.name.clone(), cluster);
    show(call, &arn)
}

/// Makes the role linked to ECS: "if the user that makes the call doesn't have permissions to create the service-linked
/// role, it isn't created" (CreateCluster). Capacity providers need it at once, and a new one is seen late.
fn linked_role(call: &mut Call<'_>, cluster: &Cluster) -> Result<(), Refusal> {
    let usable = linked::usable(call, linked::ECS);
    linked::make_if_allowed(call, linked::ECS);
    if usable || cluster.providers.is_empty() { Ok(()) } else { Err(no_linked_role()) }
}

fn repeat(call: &Call<'_>, cluster: &Cluster) -> Answer {
    if cluster.request != request(&call.input) {
        return Err(invalid(
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
        ));
    }
    Ok(json!({"cluster": cluster.describe(call.peek(), &ALL, call.now)}))
}

/// The arguments that a repeat must share: all, with tags in any order.
fn request(input: &Value) -> Value {
    let mut request = input.clone();
    request["tags"] = Spelling::Lower.write(&asks::tags(input));
    request
}

fn build(call: &mut Call<'_>, name: String) -> Result<Cluster, Refusal> {
    let input = Arc::clone(&call.input);
    let tags = Spelling::Lower.read(&input["tags"]).map_err(bad_tags)?;
    let providers = texts(&input["capacityProviders"]);
    strategy::known(&providers)?;
    let default = strategy::items(&input["defaultCapacityProviderStrategy"]);
    strategy::check(&default, &providers)?;
    let attached = !providers.is_empty();
    let attaching = if attached { call.world.random.seconds(ATTACH.0, ATTACH.1) } else { Duration::ZERO };
    Ok(Cluster {
        arn: call.arn("ecs", &format!("cluster/{name}")),
        name,
        status: if attached { Status::Provisioning } else { Status::Active },
        insights: insights(&input["settings"])?.unwrap_or_else(|| INSIGHTS.to_owned()),
        configuration: input["configuration"].clone(),
        connect: connect(&input["serviceConnectDefaults"]),
        providers,
        strategy: default,
        tags,
        request: request(&input),
        born: call.now,
        visible: call.now + call.world.random.seconds(0.0, UNSEEN),
        attaching: call.now + attaching,
        ended: None,
    })
}

/// `clusterName` in CreateCluster: "Up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens".
fn check_name(name: &str) -> Result<(), Refusal> {
    if name.len() > 255 {
        return Err(invalid("Identifier length should be less than or equal to 255."));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(invalid("Identifier contains invalid characters."));
    }
    Ok(())
}

fn insights(settings: &Value) -> Result<Option<String>, Refusal> {
    let Some(value) = settings.as_array().and_then(|list| list.last()).map(|setting| &setting["value"]) else {
        return Ok(None);
    };
    match value.as_str() {
        Some(value @ ("enabled" | "enhanced" | "disabled")) => Ok(Some(value.to_owned())),
        _ => Err(invalid("Invalid value for setting containerInsights: it must be enhanced, enabled or disabled.")),
    }
}

fn connect(value: &Value) -> Value {
    value["namespace"].as_str().filter(|name| !name.is_empty()).map_or(Value::Null, |name| json!({"namespace": name}))
}

/// UpdateCluster and UpdateClusterSettings.
pub(super) fn update(call: &mut Call<'_>) -> Answer {
    let input = Arc::clone(&call.input);
    let insights = insights(&input["settings"])?;
    let cluster = changeable(call)?;
    if let Some(insights) = insights {
        cluster.insights = insights;
    }
    if !input["configuration"].is_null() {
        cluster.configuration = input["configuration"].clone();
    }
    if !input["serviceConnectDefaults"].is_null() {
        cluster.connect = connect(&input["serviceConnectDefaults"]);
    }
    let arn = cluster.arn.clone();
    show(call, &arn)
}

/// The list replaces the old one; a provider that services or tasks use can't leave.
pub(super) fn put_providers(call: &mut Call<'_>) -> Answer {
    let input = Arc::clone(&call.input);
    let providers = texts(&input["capacityProviders"]);
    let default = strategy::items(&input["defaultCapacityProviderStrategy"]);
    let now = call.now;
    let (name, status, attaching, leaving) = {
        let cluster = changeable(call)?;
        let leaving: Vec<String> = cluster.providers.iter().filter(|name| !providers.contains(name)).cloned().collect();
        (cluster.name.clone(), cluster.status, cluster.attaching, leaving)
    };
    if status != Status::Active {
        return Err(client("Cluster was not ACTIVE."));
    }
    if now < attaching {
        return Err(Refusal::new("UpdateInProgressException", "The specified cluster is in a busy state."));
    }
    strategy::known(&providers)?;
    strategy::check(&default, &providers)?;
    let region = call.peek();
    let used = |provider: &String| {
        services::use_provider(region, &name, provider) || tasks::use_provider(region, &name, provider)
    };
    if leaving.iter().any(used) {
        return Err(Refusal::new(
            "ResourceInUseException",
            "The specified capacity provider is in use and cannot be removed.",
        ));
    }
    let delay = call.world.random.seconds(ATTACH.0, ATTACH.1);
    let cluster = changeable(call)?;
    if cluster.providers != providers {
        cluster.attaching = now + delay;
    }
    (cluster.providers, cluster.strategy) = (providers, default);
    let arn = cluster.arn.clone();
    show(call, &arn)
}

pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let name = changeable(call)?.name.clone();
    let region = call.peek();
    if services::active_in(region, &name) + services::draining_in(region, &name) > 0 {
        let text = "The Cluster cannot be deleted while Services are active.";
        return Err(Refusal::new("ClusterContainsServicesException", text));
    }
    let counts = tasks::count(region, &name);
    if counts.alive > 0 {
        let text = "The Cluster cannot be deleted while Tasks are active.";
        return Err(Refusal::new("ClusterContainsTasksException", text));
    }
    let now = call.now;
    let cluster = changeable(call)?;
    if now < cluster.attaching {
        return Err(Refusal::new("UpdateInProgressException", "The specified cluster is in a busy state."));
    }
    let arn = cluster.arn.clone();
    if cluster.providers.is_empty() {
        let place = call.regional().place();
        end(call.world, &place, &name, now);
    } else {
        cluster.status = Status::Deprovisioning;
        let cluster = cluster.clone();
        let delay = call.world.random.seconds(ATTACH.0, ATTACH.1);
        follow(call, &cluster, Step::Deactivate, delay);
    }
    show(call, &arn)
}

/// Makes a cluster INACTIVE and schedules the end of its record.
pub(super) fn end(world: &mut World, place: &Place, name: &str, now: Time) {
    let Some(cluster) = world.at(place).ecs.clusters.get_mut(name) else { return };
    cluster.status = Status::Inactive;
    cluster.ended = Some(now);
    let next = Next { name: name.to_owned(), born: cluster.born, step: Step::Vanish };
    world.after(INACTIVE_FOR, place, world::Event::Ecs(Event::Cluster(next)));
}

fn follow(call: &mut Call<'_>, cluster: &Cluster, step: Step, delay: Duration) {
    let place = call.regional().place();
    let next = Next { name: cluster.name.clone(), born: cluster.born, step };
    call.world.after(delay, &place, world::Event::Ecs(Event::Cluster(next)));
}

fn changeable<'c>(call: &'c mut Call<'_>) -> Result<&'c mut Cluster, Refusal> {
    let name = name_of(&call.input["cluster"]).to_owned();
    let now = call.now;
    let found = call.regional().ecs.clusters.get_mut(&name);
    found.filter(|cluster| cluster.usable() && cluster.visible <= now).ok_or_else(no_cluster)
}

fn show(call: &mut Call<'_>, arn: &str) -> Answer {
    let now = call.now;
    let region = call.peek();
    let cluster = region.ecs.clusters.values().find(|cluster| cluster.arn == arn);
    let cluster = cluster.ok_or_else(no_cluster)?;
    Ok(json!({"cluster": cluster.describe(region, &ALL, now)}))
}
