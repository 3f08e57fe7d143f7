//! Admission: a real API server takes every valid spec, and refuses every invalid one with the message that it should.
//!
//! The files are those of `crates/api/tests`; what each expects stands in its first line. They are sent byte by byte as
//! they are, with strict validation of fields as kubectl asks for it.

// Clippy's exemption for tests does not reach the helpers of a test file.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;

use jenkinsstack_api::fargate::{SIZES, Size};
use jenkinsstack_cluster::{Cluster, Options};
use jenkinsstack_e2e::build::root;
use kube::Client;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::core::Request;
use serde_json::Value;
use tokio::sync::OnceCell;

/// Where stacks are created for show only.
const STACKS: &str = "/apis/jenkinsstack.io/v1alpha1/namespaces/default/jenkinsstacks";
/// Where stacks are created to be updated.
const UPDATED: &str = "/apis/jenkinsstack.io/v1alpha1/namespaces/kube-public/jenkinsstacks";

/// One server for the whole program; it ends with it.
static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

async fn client() -> Client {
    let start = async || {
        let cluster = Cluster::start(Options::default()).await.unwrap();
        cluster.install_crd(&jenkinsstack_api::crd().unwrap()).await.unwrap();
        cluster
    };
    CLUSTER.get_or_init(start).await.client().await.unwrap()
}

/// The files of a folder, by name.
fn files(folder: &str) -> BTreeMap<String, String> {
    let entries =
        fs::read_dir(root().join("crates/api/tests").join(folder)).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|p| (p.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(p).unwrap())).collect()
}

/// What a file says about itself in its first line.
fn header<'a>(name: &str, text: &'a str) -> &'a str {
    text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_else(|| panic!("{name} says nothing"))
}

/// Creates an object, given as text, for show; `Err` is the message of the server.
async fn create(client: &Client, text: &str) -> Result<Value, String> {
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let mut request = Request::new(STACKS).create(&params, text.as_bytes().to_vec()).unwrap();
    *request.uri_mut() = format!("{}&fieldValidation=Strict", request.uri()).parse().unwrap();
    request.headers_mut().insert("content-type", "application/yaml".parse().unwrap());
    client.request(request).await.map_err(|error| message(&error))
}

/// Applies an object, given as text, as `kubectl apply --server-side` does.
async fn apply(client: &Client, text: &str, params: PatchParams) -> Result<Value, String> {
    let params = params.validation_strict();
    let mut request = Request::new(UPDATED).patch("jenkins", &params, &Patch::Apply(Value::Null)).unwrap();
    *request.body_mut() = text.as_bytes().to_vec();
    client.request(request).await.map_err(|error| message(&error))
}

fn message(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => panic!("{other}"),
    }
}

/// All that went otherwise than expected, at once.
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} of the files:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn valid_specs_are_accepted() {
    let (client, mut wrong) = (client().await, Vec::new());
    let files = files("valid");
    for (name, text) in &files {
        if let Err(message) = create(&client, text).await {
            wrong.push(format!("{name}: refused: {message}"));
        }
    }
    assert_none(&wrong);
    println!("{} valid specs are accepted", files.len());
}

#[tokio::test]
async fn invalid_specs_are_refused_with_their_message() {
    let (client, mut wrong) = (client().await, Vec::new());
    let (mut refused, mut accepted) = (0, 0);
    for (name, text) in files("invalid") {
        match (header(&name, &text).split_once(": "), create(&client, &text).await) {
            (Some(("expect", expected)), Err(message)) if message.contains(expected) => refused += 1,
            (Some(("expect-stalled", _)), Ok(_)) => accepted += 1,
            (_, Ok(_)) => wrong.push(format!("{name}: accepted")),
            (_, Err(message)) => wrong.push(format!("{name}: {message}")),
        }
    }
    assert_none(&wrong);
    println!("{refused} invalid specs are refused; {accepted} more are left to the operator, which stalls on them");
}

/// Every size that Fargate has, and each one's neighbours, by the schema's own arithmetic.
#[tokio::test]
async fn exactly_the_sizes_of_fargate_are_accepted() {
    let (client, mut wrong) = (client().await, Vec::new());
    let text = files("valid").remove("smallest").unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for sizes in SIZES {
        let steps = (sizes.from_mib - sizes.step_mib..=sizes.to_mib + sizes.step_mib).step_by(512);
        for size in steps.map(|memory_mib| Size { cpu_milli: sizes.cpu_milli, memory_mib }).filter(|s| s.memory_mib > 0)
        {
            let controller = format!("  controller: {{cpu: {}, memory: {}}}\n", size.cpu(), size.memory());
            let nearest = format!("the nearest is cpu {}, memory {}", size.nearest().cpu(), size.nearest().memory());
            match (size.exists(), create(&client, &format!("{text}{controller}")).await) {
                (true, Ok(_)) => accepted += 1,
                (false, Err(message)) if message.contains(&nearest) => refused += 1,
                (_, outcome) => wrong.push(format!("{controller}: {:?}", outcome.err())),
            }
        }
    }
    assert_none(&wrong);
    println!("{accepted} sizes are accepted, {refused} others refused");
    assert!(accepted > 70 && refused > 70, "{accepted} and {refused}");
}

#[tokio::test]
async fn updates_are_refused_where_the_home_would_be_lost() {
    let (client, mut wrong) = (client().await, Vec::new());
    let user = || PatchParams::apply("user");
    let files = files("immutable");
    for (name, text) in &files {
        let (before, after) = text.split_once("\n---\n").unwrap_or_else(|| panic!("{name} has no update"));
        apply(&client, before, user()).await.unwrap_or_else(|message| panic!("{name}: {message}"));
        let outcome = apply(&client, after, user().dry_run()).await;
        match (header(name, text).split_once(": "), outcome) {
            (Some(("expect", expected)), Err(message)) if message.contains(expected) => (),
            (None, Ok(_)) => (),
            (_, Ok(_)) => wrong.push(format!("{name}: accepted")),
            (_, Err(message)) => wrong.push(format!("{name}: {message}")),
        }
        let delete = Request::new(UPDATED).delete("jenkins", &DeleteParams::default()).unwrap();
        client.request::<Value>(delete).await.unwrap();
    }
    assert_none(&wrong);
    println!("{} updates are judged", files.len());
}

/// What kstatus needs: a new object is "in progress" until the operator has seen it.
#[tokio::test]
async fn a_new_stack_is_in_progress() {
    let text = files("valid").remove("smallest").unwrap();
    let stack = create(&client().await, &text).await.unwrap();
    assert_eq!(stack.pointer("/status/observedGeneration"), Some(&Value::from(-1)));
}
