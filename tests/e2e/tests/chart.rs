//! The chart and what is made of it: rendered by the real helm, taken by a real API server, no right too many.

// Clippy's exemption for tests does not reach the helpers of a test file.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use jenkinsstack_api::{JenkinsStack, validate};
use jenkinsstack_cluster::{Cluster, Options};
use jenkinsstack_controller::args::{Args, LogFormat};
use jenkinsstack_e2e::build::root;
use jenkinsstack_e2e::chart;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// Namespace of the operator.
const NAMESPACE: &str = "jenkinsstack-system";

/// One server for the whole program; it ends with it.
static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// A cluster with the namespaces of the values files, each of which takes only pods that are "restricted", and with the
/// definition of a ServiceMonitor.
async fn cluster() -> &'static Cluster {
    let start = async || {
        let cluster = Cluster::start(Options::default()).await.unwrap();
        cluster.install_crd(&serde_json::from_value(service_monitors()).unwrap()).await.unwrap();
        for namespace in [NAMESPACE, "team-a", "team-b", "least"] {
            let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
            let object =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}});
            apply(&cluster, &object.to_string(), Run::Real).await;
        }
        cluster
    };
    CLUSTER.get_or_init(start).await
}

/// The part of the Prometheus operator's definition that the chart uses.
fn service_monitors() -> Value {
    let text = json!({"type": "string"});
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let endpoint = json!({"type": "object", "properties": {
        "port": text, "path": text, "interval": text, "honorLabels": {"type": "boolean"},
    }});
    let spec = json!({"type": "object", "required": ["endpoints", "selector"], "properties": {
        "selector": {"type": "object", "properties": {"matchLabels": texts}},
        "endpoints": {"type": "array", "items": endpoint},
    }});
    json!({
        "metadata": {"name": "servicemonitors.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": {"kind": "ServiceMonitor", "plural": "servicemonitors"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": spec},
            }}}],
        },
    })
}

/// Whether an apply counts.
#[derive(Clone, Copy)]
enum Run {
    Real,
    ForShow,
}

/// Applies manifests with kubectl, strictly; the server must take them without a warning.
async fn apply(cluster: &Cluster, manifests: &str, run: Run) {
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    fs::write(file.path(), manifests).unwrap();
    let mut args = vec!["apply", "--server-side", "--validate=strict"];
    match run {
        Run::Real => (),
        Run::ForShow => args.push("--dry-run=server"),
    }
    args.extend(["--filename", file.path().to_str().unwrap()]);
    let output = cluster.kubectl(args).await.unwrap();
    assert!(output.code == Some(0) && output.stderr.is_empty(), "{}{manifests}", output.stderr);
}

fn ci() -> PathBuf {
    root().join("charts/jenkinsstack-operator/ci")
}

fn values_files() -> Vec<PathBuf> {
    yaml_files(&ci())
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

/// Renders the chart; `Err` is what helm says.
async fn render(args: &[&str]) -> Result<String, String> {
    chart::render(cluster().await, "jenkinsstack", NAMESPACE, args).await.map_err(|said| said.to_string())
}

async fn render_file(values: &Path) -> Vec<Value> {
    objects(&render(&["--values", values.to_str().unwrap()]).await.unwrap())
}

fn objects(manifests: &str) -> Vec<Value> {
    chart::objects(manifests).unwrap()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn generated_definition() -> String {
    fs::read_to_string(root().join("crds/jenkinsstack.io_jenkinsstacks.yaml")).unwrap()
}

#[tokio::test]
async fn every_values_file_is_linted_and_taken() {
    let cluster = cluster().await;
    for values in values_files() {
        let file = values.to_str().unwrap();
        cluster.helm(["lint", "--strict", &chart::folder(), "--values", file]).await.unwrap().success().unwrap();
        apply(cluster, &render(&["--values", file]).await.unwrap(), Run::ForShow).await;
    }
}

#[tokio::test]
async fn wrong_values_are_refused_with_a_hint() {
    let bare: &[&str] = &[];
    for (args, expected) in [
        (bare, "clusterName is missing: set it to a name for this Kubernetes cluster"),
        (&["--set", "clusterName=a_b"], "at '/clusterName'"),
        (&["--set", "clusterName=ci,clustername=ci"], "additional properties 'clustername' not allowed"),
        (&["--set", "clusterName=ci,log.format=xml"], "at '/log/format'"),
        (&["--set", "clusterName=ci,resyncSeconds=5"], "at '/resyncSeconds'"),
        (&["--set", "clusterName=ci,watchNamespaces={Team_A}"], "at '/watchNamespaces/0'"),
        (&["--set", "clusterName=ci,leaderElection.enabled=false"], "at '/replicaCount'"),
        (
            &["--set", "clusterName=ci,metrics.serviceMonitor.enabled=true,metrics.service.enabled=false"],
            "metrics.serviceMonitor.enabled needs metrics.service.enabled",
        ),
    ] {
        let said = render(args).await.unwrap_err();
        assert!(said.contains(expected), "{args:?}: {said}");
    }
}

/// The operator's own reading of what the chart's container is started with.
async fn understood(values: &str) -> Args {
    let rendered = render_file(&ci().join(values)).await;
    let elsewhere = BTreeMap::from([("CLUSTER_NAME".to_owned(), "from-elsewhere".to_owned())]);
    let start = chart::Start::of(&rendered, "a-pod", &elsewhere).unwrap();
    Args::try_parse_from(["operator".to_owned()].into_iter().chain(start.args)).unwrap()
}

#[tokio::test]
async fn the_operator_understands_what_the_chart_tells_it() {
    let (json, text) = (LogFormat::Json, LogFormat::Text);
    let level = "info,jenkinsstack_aws=debug";
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let teams = names(&["team-a", "team-b"]);
    for (file, cluster_name, watched, format, level, resync, election, lease) in [
        ("cluster-wide-values.yaml", "ci", names(&[]), json, "info", 600, true, "jenkinsstack-operator"),
        ("namespaced-values.yaml", "ci", teams, json, "info", 600, false, "jenkinsstack-operator"),
        ("everything-values.yaml", "from-elsewhere", names(&[NAMESPACE]), text, level, 1200, true, "jenkins-on-aws"),
        ("least-values.yaml", "ci", names(&[]), json, "info", 600, true, "jenkinsstack-operator"),
    ] {
        let args = understood(file).await;
        assert_eq!((args.cluster_name.as_str(), args.watch_namespaces), (cluster_name, watched), "{file}");
        assert_eq!((args.log_format, args.log_level.as_str(), args.resync_seconds), (format, level, resync), "{file}");
        assert_eq!((args.leader_election, args.lease_name.as_str()), (election, lease), "{file}");
        assert_eq!((args.identity.as_str(), args.lease_namespace.as_str()), ("a-pod", NAMESPACE), "{file}");
        assert_eq!((args.metrics_address.port(), args.health_address.port()), (8080, 8081), "{file}");
    }
}

#[tokio::test]
async fn without_leader_election_the_old_pod_ends_first() {
    let cluster = cluster().await;
    let (on, off) = ("leaderElection.enabled=true", "leaderElection.enabled=false,replicaCount=1");
    for (set, expected) in [(on, "RollingUpdate 1 0"), (off, "Recreate  "), (on, "RollingUpdate 1 0")] {
        let (chart, values) = (chart::folder(), format!("clusterName=ci,crds.install=false,{set}"));
        let args = ["upgrade", "--install", "turned", &chart, "--namespace", NAMESPACE, "--set", &values];
        cluster.helm(args).await.unwrap().success().unwrap();
        let strategy = "jsonpath={.spec.strategy.type} {.spec.strategy.rollingUpdate.maxSurge} {.spec.strategy.rollingUpdate.maxUnavailable}";
        let deployment = "deployment/turned-jenkinsstack-operator";
        let get = cluster.kubectl(["get", deployment, "--namespace", NAMESPACE, "--output", strategy]).await.unwrap();
        assert_eq!(get.success().unwrap(), expected, "{set}");
    }
}

/// Compares a file that is made from others with what it should be; `UPDATE` writes it.
fn assert_current(file: &str, expected: &str) {
    let path = root().join(file);
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let current = fs::read_to_string(path).unwrap_or_default();
    assert!(current == expected, "{file} is not current: UPDATE=1 cargo test --package jenkinsstack-e2e --test chart");
}

#[test]
fn chart_crd_is_current() {
    assert_current("charts/jenkinsstack-operator/files/crd.yaml", &generated_definition());
}

#[tokio::test]
async fn the_definition_is_rendered_unchanged_and_kept() {
    let generated: Value = serde_saphyr::from_str(&generated_definition()).unwrap();
    for (set, kept) in [("clusterName=ci", true), ("clusterName=ci,crds.keep=false", false)] {
        let rendered = objects(&render(&["--set", set]).await.unwrap());
        let [definition] = of_kind(&rendered, "CustomResourceDefinition")[..] else { panic!("{set}") };
        assert_eq!(definition["spec"], generated["spec"], "{set}");
        let policy = definition["metadata"]["annotations"]["helm.sh/resource-policy"].as_str();
        assert_eq!(policy, kept.then_some("keep"), "{set}");
    }
    let none = objects(&render(&["--set", "clusterName=ci,crds.install=false"]).await.unwrap());
    assert!(of_kind(&none, "CustomResourceDefinition").is_empty());
}

#[tokio::test]
async fn no_role_has_a_wildcard() {
    for values in values_files() {
        let rendered = render_file(&values).await;
        for role in of_kind(&rendered, "Role").into_iter().chain(of_kind(&rendered, "ClusterRole")) {
            for rule in role["rules"].as_array().unwrap() {
                let text = rule.to_string();
                assert!(!text.contains('*') && rule["nonResourceURLs"].is_null(), "{}: {text}", values.display());
                for verb in ["escalate", "bind", "impersonate"] {
                    assert!(!text.contains(verb), "{}: {text}", values.display());
                }
            }
        }
    }
}

/// What a service account is asked about: verb, group, resource, namespace, name.
type Ask = (&'static str, &'static str, &'static str, &'static str, &'static str);

/// Those of `asks` that the service account may do.
async fn allowed(cluster: &Cluster, account: &str, asks: &[Ask]) -> Vec<Ask> {
    let kubeconfig = cluster.service_account_kubeconfig(NAMESPACE, account).await.unwrap();
    let reviews: Api<SelfSubjectAccessReview> = Api::all(cluster.client_as(&kubeconfig).await.unwrap());
    let mut yes = Vec::new();
    for ask in asks {
        let (verb, group, resource, namespace, name) = *ask;
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let attributes = ResourceAttributes {
            verb: Some(verb.into()),
            group: Some(group.into()),
            resource: Some(resource.into()),
            subresource: Some(subresource.into()),
            namespace: Some(namespace.into()),
            name: Some(name.into()),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
        if answer.status.unwrap().allowed {
            yes.push(*ask);
        }
    }
    yes
}

/// Its work in a namespace with stacks.
fn work(namespace: &'static str) -> Vec<Ask> {
    vec![
        ("list", "jenkinsstack.io", "jenkinsstacks", namespace, ""),
        ("watch", "jenkinsstack.io", "jenkinsstacks", namespace, ""),
        ("patch", "jenkinsstack.io", "jenkinsstacks", namespace, "ci"),
        ("patch", "jenkinsstack.io", "jenkinsstacks/status", namespace, "ci"),
        ("create", "events.k8s.io", "events", namespace, ""),
        ("get", "", "secrets", namespace, "oidc"),
        ("watch", "", "secrets", namespace, ""),
    ]
}

/// Its own affairs.
fn own(lease: &'static str) -> Vec<Ask> {
    vec![
        ("get", "", "namespaces", "kube-system", "kube-system"),
        ("create", "coordination.k8s.io", "leases", NAMESPACE, ""),
        ("get", "coordination.k8s.io", "leases", NAMESPACE, lease),
        ("update", "coordination.k8s.io", "leases", NAMESPACE, lease),
        ("create", "", "secrets", NAMESPACE, ""),
        ("get", "", "secrets", NAMESPACE, "jenkinsstack-fingerprint-key"),
    ]
}

/// What it must never be able to do.
const NEVER: [Ask; 14] = [
    ("get", "jenkinsstack.io", "jenkinsstacks", "team-a", "ci"),
    ("get", "jenkinsstack.io", "jenkinsstacks/status", "team-a", "ci"),
    ("patch", "events.k8s.io", "events", "team-a", "ci"),
    ("update", "jenkinsstack.io", "jenkinsstacks", "team-a", "ci"),
    ("delete", "jenkinsstack.io", "jenkinsstacks", "team-a", "ci"),
    ("create", "jenkinsstack.io", "jenkinsstacks", "team-a", ""),
    ("create", "", "secrets", "team-a", ""),
    ("update", "", "secrets", "team-a", "oidc"),
    ("delete", "", "secrets", NAMESPACE, "jenkinsstack-fingerprint-key"),
    ("update", "coordination.k8s.io", "leases", NAMESPACE, "somebody-else"),
    ("update", "coordination.k8s.io", "leases", "kube-system", "kube-controller-manager"),
    ("list", "", "namespaces", "", ""),
    ("create", "", "pods", NAMESPACE, ""),
    ("update", "rbac.authorization.k8s.io", "clusterroles", "", "jenkinsstack-operator"),
];

#[tokio::test]
async fn the_service_account_may_do_its_work_and_nothing_else() {
    let cluster = cluster().await;
    // Two releases in one namespace, each with a lease of its own.
    let (wide, named) = ("wide-jenkinsstack-operator", "named-jenkinsstack-operator");
    for (values, release, account, lease, denied) in [
        ("cluster-wide-values.yaml", "wide", wide, wide, own(named)[2..4].to_vec()),
        (
            "namespaced-values.yaml",
            "named",
            "jenkins-operator",
            named,
            [work("least"), own(wide)[2..4].to_vec()].concat(),
        ),
    ] {
        let values = ci().join(values);
        let chart = chart::folder();
        let args = ["install", release, &chart, "--namespace", NAMESPACE, "--values", values.to_str().unwrap()];
        let crd = ["--set", "crds.install=false"];
        cluster.helm(args.into_iter().chain(crd)).await.unwrap().success().unwrap();
        let expected: Vec<Ask> = [work("team-a"), work("team-b"), own(lease)].concat();
        let asks: Vec<Ask> = [expected.clone(), denied, NEVER.to_vec()].concat();
        assert_eq!(allowed(cluster, account, &asks).await, expected, "{release}");
    }
}

#[tokio::test]
async fn the_pod_is_taken_where_pods_are_restricted() {
    let cluster = cluster().await;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "jenkinsstack-operator", "namespace": "least"}});
    apply(cluster, &account.to_string(), Run::Real).await;
    let rendered = render_file(&ci().join("cluster-wide-values.yaml")).await;
    let [deployment] = of_kind(&rendered, "Deployment")[..] else { panic!("one Deployment") };
    let spec = &deployment["spec"]["template"]["spec"];
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator", "namespace": "least"}, "spec": spec});
    apply(cluster, &pod.to_string(), Run::ForShow).await;

    let mut careless = pod;
    careless["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = json!(true);
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    fs::write(file.path(), careless.to_string()).unwrap();
    let refused = cluster.kubectl(["create", "--dry-run=server", "--filename", file.path().to_str().unwrap()]);
    let refused = refused.await.unwrap();
    assert!(refused.stderr.contains("violates PodSecurity"), "the namespace is meant to be strict: {}", refused.stderr);
}

#[tokio::test]
async fn kustomize_base_is_current() {
    // The definition is a part of it.
    chart_crd_is_current();
    let rendered = render(&["--set-string", "clusterName=$(CLUSTER_NAME)"]).await.unwrap();
    assert_current("deploy/kustomize/base/operator.yaml", &rendered);
}

#[tokio::test]
async fn kustomize_builds_what_the_server_takes() {
    let cluster = cluster().await;
    for folder in ["base", "example"] {
        let folder = root().join("deploy/kustomize").join(folder).display().to_string();
        let built = cluster.kubectl(["kustomize", &folder]).await.unwrap().success().unwrap();
        apply(cluster, &built, Run::ForShow).await;
    }
    let example = root().join("deploy/kustomize/example").display().to_string();
    let built = objects(&cluster.kubectl(["kustomize", &example]).await.unwrap().success().unwrap());
    let environment = &of_kind(&built, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]["env"];
    let names: BTreeMap<&str, &str> = environment
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| (variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(names["CLUSTER_NAME"], "production");
}

#[tokio::test]
async fn examples_are_accepted() {
    let definition: Value = serde_saphyr::from_str(&generated_definition()).unwrap();
    let cluster = cluster().await;
    cluster.install_crd(&serde_json::from_value(definition).unwrap()).await.unwrap();
    for file in yaml_files(&root().join("deploy/examples")) {
        let text = fs::read_to_string(&file).unwrap();
        apply(cluster, &text, Run::ForShow).await;
        let stack: JenkinsStack = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(validate(&stack.spec), [], "{}", file.display());
    }
}
