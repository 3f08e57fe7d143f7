//! The chart as helm renders it, and how it starts the operator.

use crate::build::root;
use anyhow::{Context, ensure};
use jenkinsstack_cluster::Cluster;
use serde_json::Value;
use std::collections::BTreeMap;

/// The oldest Kubernetes that the chart is for; helm built from source knows no version by itself.
const KUBERNETES: &str = "1.33";

/// Folder of the chart.
pub fn folder() -> String {
    root().join("charts/jenkinsstack-operator").display().to_string()
}

/// Renders the chart with helm's further arguments.
///
/// # Errors
/// When helm refuses; the text is what it says.
pub async fn render(cluster: &Cluster, release: &str, namespace: &str, args: &[&str]) -> anyhow::Result<String> {
    let chart = folder();
    let fixed = ["template", release, &chart, "--namespace", namespace, "--kube-version", KUBERNETES];
    cluster.helm(fixed.iter().chain(args)).await?.success()
}

/// The objects in manifests.
///
/// # Errors
/// When they are not YAML.
pub fn objects(manifests: &str) -> anyhow::Result<Vec<Value>> {
    Ok(serde_saphyr::from_multiple(manifests)?)
}

/// How the chart's container is started in a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Its arguments, each `$(NAME)` filled in.
    pub args: Vec<String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
}

impl Start {
    /// As the kubelet would start the container of the Deployment among `objects`, in a pod of that name; `elsewhere` has
    /// the variables whose values come from other objects.
    ///
    /// # Errors
    /// When there is no such container, or a variable's value is nowhere.
    pub fn of(objects: &[Value], pod: &str, elsewhere: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let is_deployment = |object: &&Value| text(object, "/kind") == Some("Deployment");
        let deployment = objects.iter().find(is_deployment).context("no Deployment")?;
        let container = deployment.pointer("/spec/template/spec/containers/0").context("no container")?;
        let mut environment = BTreeMap::new();
        for variable in list(container, "/env") {
            let name = text(variable, "/name").context("a variable without a name")?;
            let value = match text(variable, "/valueFrom/fieldRef/fieldPath") {
                Some("metadata.name") => Some(pod),
                Some("metadata.namespace") => text(deployment, "/metadata/namespace"),
                Some(_) | None => text(variable, "/value").or(elsewhere.get(name).map(String::as_str)),
            };
            environment.insert(name.to_owned(), value.with_context(|| format!("{name} has no value"))?.to_owned());
        }
        let args = list(container, "/args").filter_map(Value::as_str);
        let args = args.map(|arg| expand(arg, &environment)).collect::<anyhow::Result<_>>()?;
        Ok(Self { args, environment })
    }

    /// The same with another value of a flag that the chart gives.
    ///
    /// # Errors
    /// When the chart gives no such flag.
    pub fn with(mut self, flag: &str, value: &str) -> anyhow::Result<Self> {
        let prefix = format!("--{flag}=");
        let found = self.args.iter_mut().find(|arg| arg.starts_with(&prefix));
        *found.with_context(|| format!("the chart gives no --{flag}"))? = format!("{prefix}{value}");
        Ok(self)
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Fills in each `$(NAME)`.
fn expand(arg: &str, environment: &BTreeMap<String, String>) -> anyhow::Result<String> {
    let filled =
        environment.iter().fold(arg.to_owned(), |arg, (name, value)| arg.replace(&format!("$({name})"), value));
    ensure!(!filled.contains("$("), "{arg} names a variable that the container has not");
    Ok(filled)
}
