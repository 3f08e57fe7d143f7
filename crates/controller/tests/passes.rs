//! Passes that need no AWS, against an API server of a few lines: what is written to the cluster, and in which order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use http::{Request, Response, StatusCode};
use jenkinsstack_api::JenkinsStack;
use jenkinsstack_controller::accounts::Accounts;
use jenkinsstack_controller::events::Events;
use jenkinsstack_controller::finalizer::FINALIZER;
use jenkinsstack_controller::inputs::{Discovery, fingerprinter};
use jenkinsstack_controller::metrics::Metrics;
use jenkinsstack_controller::operator::Operator;
use jenkinsstack_controller::reconcile::reconcile;
use jenkinsstack_core::secret::Fingerprinter;
use jenkinsstack_status::probe;
use kube::client::Body;
use kube::runtime::controller::Action;
use kube::runtime::reflector;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const STACK: &str = "/apis/jenkinsstack.io/v1alpha1/namespaces/ci/jenkinsstacks/jenkins";
const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/ci/events";
const RESYNC: Duration = Duration::from_secs(600);

/// Requests: method, path and body.
type Requests = Arc<Mutex<Vec<(String, String, Value)>>>;

/// An API server that answers every request with `answer`, and what it was asked.
fn server(status: StatusCode, answer: Value) -> (kube::Client, Requests) {
    let requests = Requests::default();
    let seen = requests.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (seen, answer) = (seen.clone(), answer.to_string());
        async move {
            let (parts, body) = request.into_parts();
            let body = serde_json::from_slice(&body.collect_bytes().await.unwrap()).unwrap_or_default();
            seen.lock().unwrap().push((parts.method.to_string(), parts.uri.path().to_owned(), body));
            let mut response = Response::new(answer);
            *response.status_mut() = status;
            Ok::<_, Infallible>(response)
        }
    });
    (kube::Client::new(service, "ci"), requests)
}

fn operator(client: kube::Client) -> Arc<Operator> {
    // Another test of this process may have done so.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Arc::new(Operator {
        client: client.clone(),
        cluster: "prod".into(),
        installation: "installation-1".into(),
        fingerprinter: Fingerprinter::new(vec![1; 32]),
        discovery: Discovery::new(RESYNC).unwrap(),
        probes: probe::client().unwrap(),
        events: Events::new(client, "test"),
        metrics: Metrics::default(),
        resync: RESYNC,
        stacks: reflector::store().0,
        stopping: Default::default(),
        lost: Default::default(),
        accounts: Accounts::default(),
        progress: Default::default(),
    })
}

/// A stack of version 7, with some metadata and spec of its own.
fn stack(metadata: Value, spec: Value) -> JenkinsStack {
    let mut object = json!({
        "apiVersion": "jenkinsstack.io/v1alpha1", "kind": "JenkinsStack",
        "metadata": {"name": "jenkins", "namespace": "ci", "uid": "1", "generation": 1, "resourceVersion": "7"},
        "spec": {"aws": {"region": "nowhere!"}},
    });
    for (part, members) in [("metadata", metadata), ("spec", spec)] {
        object[part].as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    }
    serde_json::from_value(object).unwrap()
}

/// The same object since a write.
fn written(stack: &JenkinsStack) -> Value {
    let mut object = json!(stack);
    object["metadata"]["resourceVersion"] = json!("8");
    object
}

fn paths(requests: &Requests) -> Vec<String> {
    requests.lock().unwrap().iter().map(|(method, path, _)| format!("{method} {path}")).collect()
}

#[tokio::test]
async fn a_stack_that_is_found_suspended_gets_its_finalizer() {
    let stack = stack(json!({}), json!({"suspend": true}));
    let (client, requests) = server(StatusCode::OK, written(&stack));
    let next = reconcile(Arc::new(stack), operator(client)).await.unwrap();
    assert_ne!(next, Action::await_change());
    assert_eq!(paths(&requests)[..2], [format!("PATCH {STACK}"), format!("PATCH {STACK}/status")]);
    assert_eq!(requests.lock().unwrap()[0].2["metadata"]["finalizers"], json!([FINALIZER]));
}

#[tokio::test]
async fn a_stack_that_has_gone_is_told_of_once_it_is_let_go() {
    let leaving = json!({"finalizers": [FINALIZER], "deletionTimestamp": "2026-01-01T00:00:00Z"});
    let stack = Arc::new(stack(leaving, json!({"deletionPolicy": "Orphan"})));
    let conflict = json!({"kind": "Status", "status": "Failure", "reason": "Conflict", "code": 409});
    let (client, requests) = server(StatusCode::CONFLICT, conflict);
    reconcile(stack.clone(), operator(client)).await.unwrap_err();
    assert_eq!(paths(&requests), [format!("PATCH {STACK}")], "somebody else was faster: nothing is told yet");

    let (client, requests) = server(StatusCode::OK, written(&stack));
    reconcile(stack, operator(client)).await.unwrap();
    assert_eq!(paths(&requests), [format!("PATCH {STACK}"), format!("POST {EVENTS}")]);
    assert_eq!(requests.lock().unwrap()[1].2["reason"], "Deleted");
}

#[tokio::test]
async fn a_status_is_written_when_it_differs_from_the_last_one_written() {
    let stack = Arc::new(stack(json!({"finalizers": [FINALIZER]}), json!({})));
    let (client, requests) = server(StatusCode::OK, written(&stack));
    let operator = operator(client);
    let statuses = || paths(&requests).iter().filter(|path| path.ends_with("/status")).count();
    reconcile(stack.clone(), operator.clone()).await.unwrap();
    assert_eq!(statuses(), 2, "that work begins, and that the region is wrong");
    let told = requests.lock().unwrap().iter().rfind(|request| request.1.ends_with("/status")).unwrap().2.clone();
    assert_eq!(told["status"]["conditions"][0]["reason"], "InvalidSpec", "{told}");
    // The watch has shown none of that yet.
    reconcile(stack, operator).await.unwrap();
    let again = requests.lock().unwrap().iter().rfind(|request| request.1.ends_with("/status")).unwrap().2.clone();
    assert_eq!((again == told, statuses() > 2), (true, true), "work begins again, and ends the same: {again}");
}

#[tokio::test]
async fn a_fingerprint_secret_without_its_key_is_an_error() {
    for data in [json!({}), json!({"key": ""}), json!({"other": "YWJj"})] {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "any"}, "data": data});
        let (client, requests) = server(StatusCode::OK, secret);
        let error = fingerprinter(&client, "ci").await.err().expect("no key").to_string();
        assert!(error.contains("has no key: restore it, or delete the Secret"), "{error}");
        assert_eq!(paths(&requests).len(), 1, "and none is made");
    }
}
