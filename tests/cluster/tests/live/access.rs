//! Users, definitions, the audit log, and the commands of users.

use jenkinsstack_cluster::{Audit, Cluster, Options};
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, ListParams, PostParams};
use kube::{Api, Client};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::probe::eventually;

async fn create<K>(api: Api<K>, object: Value)
where
    K: kube::Resource + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

/// Lets a service account list the config maps of `default`.
async fn allow_config_maps(client: &Client, account: &str) {
    let rules = json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]);
    create(Api::<Role>::default_namespaced(client.clone()), json!({"metadata": {"name": "reader"}, "rules": rules}))
        .await;
    let binding = json!({
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "default"}],
    });
    create(Api::<RoleBinding>::default_namespaced(client.clone()), binding).await;
}

#[tokio::test]
async fn a_service_account_may_do_what_rbac_says() {
    let mut cluster = Cluster::start(Options::default()).await.unwrap();
    let admin = cluster.client().await.unwrap();
    create(Api::<ServiceAccount>::default_namespaced(admin.clone()), json!({"metadata": {"name": "operator"}})).await;
    let kubeconfig = cluster.service_account_kubeconfig("default", "operator").await.unwrap();
    let operator = cluster.client_as(&kubeconfig).await.unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(operator.clone());
    match maps.list(&ListParams::default()).await.unwrap_err() {
        kube::Error::Api(status) => assert_eq!((status.code, status.reason.as_str()), (403, "Forbidden")),
        other => panic!("{other}"),
    }
    allow_config_maps(&admin, "operator").await;
    eventually("RBAC allows it", async || maps.list(&ListParams::default()).await.is_ok()).await;
    assert!(Api::<Secret>::default_namespaced(operator).list(&ListParams::default()).await.is_err());

    cluster.restart().await.unwrap();
    let listed = cluster.kubectl_as(&kubeconfig, ["get", "configmaps"]).await.unwrap();
    listed.success().unwrap();
    let refused = cluster.kubectl_as(&kubeconfig, ["get", "secrets"]).await.unwrap();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("system:serviceaccount:default:operator"), "{}", refused.stderr);
}

#[tokio::test]
async fn an_absent_service_account_is_named() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    let error = cluster.service_account_kubeconfig("default", "nobody").await.unwrap_err().to_string();
    assert!(error.contains("no service account default/nobody"), "{error}");
}

#[tokio::test]
async fn a_definition_is_served_when_installed() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    let crd: CustomResourceDefinition = serde_json::from_value(json!({
        "metadata": {"name": "kettles.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"kind": "Kettle", "plural": "kettles"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {"type": "object", "properties": {"litres": {"type": "integer", "maximum": 3}}}},
            }}}],
        },
    }))
    .unwrap();
    cluster.install_crd(&crd).await.unwrap();
    cluster.install_crd(&crd).await.unwrap();
    let kind =
        ApiResource::from_gvk_with_plural(&kube::core::GroupVersionKind::gvk("example.com", "v1", "Kettle"), "kettles");
    let kettles: Api<DynamicObject> = Api::default_namespaced_with(cluster.client().await.unwrap(), &kind);
    let small = DynamicObject::new("small", &kind).data(json!({"spec": {"litres": 1}}));
    kettles.create(&PostParams::default(), &small).await.unwrap();
    let huge = DynamicObject::new("huge", &kind).data(json!({"spec": {"litres": 9}}));
    assert!(kettles.create(&PostParams::default(), &huge).await.unwrap_err().to_string().contains("litres"));
}

#[tokio::test]
async fn the_audit_log_tells_who_did_what() {
    let cluster = Cluster::start(Options { audit: Audit::Bodies, ..Options::default() }).await.unwrap();
    let client = cluster.client().await.unwrap();
    create(Api::<ConfigMap>::default_namespaced(client), json!({"metadata": {"name": "seen"}, "data": {"a": "b"}}))
        .await;
    let find = || {
        let events = cluster.audit_events().unwrap();
        events.into_iter().find(|event| event.object_ref.as_ref().is_some_and(|object| object.name == "seen"))
    };
    eventually("the request is in the audit log", async || find().is_some()).await;
    let event = find().unwrap();
    assert_eq!((event.verb.as_str(), event.user.username.as_str()), ("create", "jenkinsstack-admin"));
    assert_eq!(event.response_status.unwrap().code, 201);
    assert_eq!(event.request_object.unwrap()["data"]["a"], "b");
}

#[tokio::test]
async fn without_a_request_there_is_no_audit_log() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    assert!(cluster.audit_log().is_none());
    assert!(cluster.audit_events().is_err());
}

#[tokio::test]
async fn kubectl_and_helm_run() {
    let cluster = Cluster::start(Options::default()).await.unwrap();
    cluster.kubectl(["create", "configmap", "made"]).await.unwrap().success().unwrap();
    let again = cluster.kubectl(["create", "configmap", "made"]).await.unwrap();
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("already exists"), "{}", again.stderr);

    let charts = tempfile::tempdir().unwrap();
    let chart = charts.path().join("tea");
    let chart = chart.to_str().unwrap();
    cluster.helm(["create", chart]).await.unwrap().success().unwrap();
    cluster.helm(["install", "tea", chart]).await.unwrap().success().unwrap();
    let listed = cluster.helm(["list", "--short"]).await.unwrap().success().unwrap();
    assert_eq!(listed.trim(), "tea");
    cluster.kubectl(["get", "deployment", "tea"]).await.unwrap().success().unwrap();
}
