//! Clusters: their names, states, settings and capacity providers.

mod write;

use super::asks::cluster_arn;
use super::refusals::{bad_token, invalid, no_cluster};
use super::{services, strategy, tasks};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal};
use crate::clock::Time;
use crate::page;
use crate::service::Item;
use crate::tags::{Spelling, Tags};
use crate::world::{Place, Region, World};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateCluster", access: Access::Write, asks: write::ask_create, run: write::create },
    Operation { name: "DescribeClusters", access: Access::Read, asks: ask_describe, run: describe },
    Operation { name: "UpdateCluster", access: Access::Write, asks: ask_update, run: write::update },
    Operation { name: "UpdateClusterSettings", access: Access::Write, asks: ask_settings, run: write::update },
    Operation {
        name: "PutClusterCapacityProviders",
        access: Access::Write,
        asks: write::ask_providers,
        run: write::put_providers,
    },
    Operation { name: "DeleteCluster", access: Access::Write, asks: ask_delete, run: write::delete },
    Operation {
        name: "ListClusters",
        access: Access::Read,
        asks: |_| vec![Ask::new("ecs:ListClusters", "*")],
        run: list,
    },
];

/// DescribeClusters: "You can describe up to 100 clusters".
const MAX_DESCRIBED: usize = 100;
/// A deleted cluster is listed a little longer (observed order of magnitude).
const LISTED_AFTER_DELETE: Duration = Duration::from_secs(15);

/// A cluster.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// Name, unique in the region.
    pub(super) name: String,
    /// ARN.
    pub(super) arn: String,
    /// State.
    pub(super) status: Status,
    /// The setting `containerInsights`.
    insights: String,
    /// `ClusterConfiguration` as it was given.
    configuration: Value,
    /// Default Service Connect namespace as it was given.
    connect: Value,
    /// Names of its capacity providers.
    pub(super) providers: Vec<String>,
    /// Strategy of services and tasks that ask for nothing else.
    pub(super) strategy: Vec<strategy::Item>,
    /// Tags.
    pub(super) tags: Tags,
    /// The creating request without its tags' order, to tell an equal repeat.
    request: Value,
    /// When it was created, which tells it from an earlier cluster of the same name.
    born: Time,
    /// When reads begin to see it.
    visible: Time,
    /// Until when a change of capacity providers goes on.
    attaching: Time,
    /// When it became INACTIVE.
    ended: Option<Time>,
}

/// Cluster states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Capacity providers are being attached.
    Provisioning,
    /// Usable.
    Active,
    /// Capacity providers are being detached before it ends.
    Deprovisioning,
    /// Deleted; a name that is free again.
    Inactive,
}

/// A cluster's next state.
#[derive(Clone, Debug)]
pub struct Next {
    name: String,
    born: Time,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Activate,
    Deactivate,
    Vanish,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Active => "ACTIVE",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Inactive => "INACTIVE",
        }
    }
}

impl Cluster {
    /// Whether services and tasks can be put there.
    pub(super) fn usable(&self) -> bool {
        matches!(self.status, Status::Active | Status::Provisioning)
    }

    fn listed(&self, now: Time) -> bool {
        self.visible <= now && self.ended.is_none_or(|end| now < end + LISTED_AFTER_DELETE)
    }

    /// As Describe shows it; members that `include` does not name are empty.
    fn describe(&self, region: &Region, include: &[&str], now: Time) -> Value {
        let wants = |field: &str| include.contains(&field);
        let counts = tasks::count(region, &self.name);
        let mut output = json!({
            "clusterArn": self.arn,
            "clusterName": self.name,
            "status": self.status.name(),
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": counts.running,
            "pendingTasksCount": counts.pending,
            "activeServicesCount": services::active_in(region, &self.name),
            "statistics": if wants("STATISTICS") { self.statistics(region, &counts) } else { json!([]) },
            "tags": if wants("TAGS") { Spelling::Lower.write(&self.tags) } else { json!([]) },
            "settings": if wants("SETTINGS") { self.settings() } else { json!([]) },
            "capacityProviders": self.providers,
            "defaultCapacityProviderStrategy": self.strategy,
        });
        if wants("CONFIGURATIONS") && !self.configuration.is_null() {
            output["configuration"] = self.configuration.clone();
        }
        if wants("ATTACHMENTS") {
            output["attachments"] = json!([]);
        }
        if !self.connect.is_null() {
            output["serviceConnectDefaults"] = self.connect.clone();
        }
        if now < self.attaching {
            output["attachmentsStatus"] = json!("UPDATE_IN_PROGRESS");
        }
        output
    }

    fn settings(&self) -> Value {
        json!([{"name": "containerInsights", "value": self.insights}])
    }

    fn statistics(&self, region: &Region, counts: &tasks::Counts) -> Value {
        let pairs = [
            ("runningEC2TasksCount", 0),
            ("runningFargateTasksCount", counts.running),
            ("pendingEC2TasksCount", 0),
            ("pendingFargateTasksCount", counts.pending),
            ("activeEC2ServiceCount", 0),
            ("activeFargateServiceCount", services::active_in(region, &self.name)),
            ("drainingEC2ServiceCount", 0),
            ("drainingFargateServiceCount", services::draining_in(region, &self.name)),
        ];
        pairs.into_iter().map(|(name, value)| json!({"name": name, "value": value.to_string()})).collect()
    }
}

/// The name in a cluster's name or ARN; no cluster means `default`.
pub(super) fn name_of(value: &Value) -> &str {
    let text = value.as_str().filter(|text| !text.is_empty()).unwrap_or("default");
    text.split_once(":cluster/").map_or(text, |(_, name)| name)
}

/// The usable cluster that a call names.
pub(super) fn named<'r>(region: &'r Region, value: &Value, now: Time) -> Result<&'r Cluster, Refusal> {
    let found = region.ecs.clusters.get(name_of(value)).filter(|c| c.usable() && c.visible <= now);
    let foreign =
        |cluster: &Cluster| value.as_str().is_some_and(|text| text.starts_with("arn:") && text != cluster.arn);
    found.filter(|cluster| !foreign(cluster)).ok_or_else(no_cluster)
}

/// Changes the tags of a cluster.
pub(super) fn tags_of<'c>(call: &'c mut Call<'_>, arn: &str) -> Option<&'c mut Tags> {
    let found = call.regional().ecs.clusters.values_mut().find(|cluster| cluster.arn == arn && cluster.usable());
    found.map(|cluster| &mut cluster.tags)
}

fn ask_describe(call: &Call<'_>) -> Vec<Ask> {
    let names = call.input["clusters"].as_array().cloned().unwrap_or_else(|| vec![Value::Null]);
    names
        .iter()
        .map(|name| on(call, "ecs:DescribeClusters", call.arn("ecs", &format!("cluster/{}", name_of(name)))))
        .collect()
}

fn ask_update(call: &Call<'_>) -> Vec<Ask> {
    vec![on(call, "ecs:UpdateCluster", cluster_arn(call))]
}

fn ask_settings(call: &Call<'_>) -> Vec<Ask> {
    vec![on(call, "ecs:UpdateClusterSettings", cluster_arn(call))]
}

fn ask_delete(call: &Call<'_>) -> Vec<Ask> {
    vec![on(call, "ecs:DeleteCluster", cluster_arn(call))]
}

fn on(call: &Call<'_>, action: &str, arn: String) -> Ask {
    let tags =
        call.peek().ecs.clusters.get(name_of(&json!(arn))).map(|cluster| cluster.tags.clone()).unwrap_or_default();
    Ask::new(action, arn).resource_tags(&tags)
}

fn describe(call: &mut Call<'_>) -> Answer {
    let names = call.input["clusters"].as_array().cloned().unwrap_or_else(|| vec![Value::Null]);
    if names.len() > MAX_DESCRIBED {
        return Err(invalid("Clusters list should be less than or equal to 100."));
    }
    let include: Vec<&str> = call.input["include"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let region = call.peek();
    let (mut clusters, mut failures) = (Vec::new(), Vec::new());
    for name in &names {
        match region.ecs.clusters.get(name_of(name)).filter(|cluster| cluster.visible <= call.now) {
            Some(cluster) => clusters.push(cluster.describe(region, &include, call.now)),
            None => {
                let arn = call.arn("ecs", &format!("cluster/{}", name_of(name)));
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

fn list(call: &mut Call<'_>) -> Answer {
    let limit = call.input["maxResults"].as_u64().unwrap_or(100) as usize;
    let arns: Vec<String> =
        call.peek().ecs.clusters.values().filter(|c| c.listed(call.now)).map(|c| c.arn.clone()).collect();
    let token = call.input["nextToken"].as_str();
    let (arns, next) = page::cut(arns, String::clone, limit, token, "ListClusters", call.now).map_err(bad_token)?;
    Ok(json!({"clusterArns": arns, "nextToken": next}))
}

/// Lets a cluster go on to its next state.
pub(super) fn happen(world: &mut World, place: &Place, next: Next) {
    let now = world.now;
    let clusters = &mut world.at(place).ecs.clusters;
    let Some(cluster) = clusters.get_mut(&next.name).filter(|cluster| cluster.born == next.born) else { return };
    match next.step {
        Step::Activate if cluster.status == Status::Provisioning => cluster.status = Status::Active,
        Step::Deactivate => write::end(world, place, &next.name, now),
        Step::Vanish if cluster.status == Status::Inactive => drop(clusters.remove(&next.name)),
        Step::Activate | Step::Vanish => (),
    }
}

/// What exists.
pub(super) fn items(region: &Region) -> Vec<Item> {
    let all = ["CONFIGURATIONS", "SETTINGS"];
    let alive = region.ecs.clusters.values().filter(|cluster| cluster.status != Status::Inactive);
    let item = |cluster: &Cluster| Item {
        kind: "ecs:cluster",
        id: cluster.name.clone(),
        arn: cluster.arn.clone(),
        tags: cluster.tags.clone(),
        state: cluster.describe(region, &all, cluster.attaching),
    };
    alive.map(item).collect()
}
