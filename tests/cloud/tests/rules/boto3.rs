//! The rules once more, by boto3 through the server: what the tests asked, and what they were answered, has to come out
//! alike on the other side of the wire.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use crate::transcript::{FOLDER, STILL, account};
use jenkinsstack_cloud::door::http::Server;
use jenkinsstack_cloud::models::fetch::boto3;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// Fewer than this, and something was left out.
const TRANSCRIPTS: u64 = 600;
const CALLS: u64 = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_is_answered_as_the_rules_say() {
    let python = boto3().expect("a Python with boto3");
    let folder = tempfile::tempdir().expect("a temporary folder");
    transcripts(folder.path()).await;
    let cloud = account(STILL);
    cloud.keep_as_start();
    let server = Server::start(cloud, 0).await.expect("a free port");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/replay.py");
    let mut replay = Command::new(python);
    replay.arg(script).arg(server.url()).arg(folder.path());
    let said = output(replay).await;
    server.stop().await;
    let summary: Value = serde_json::from_str(&said).expect("a summary");
    println!("{summary}");
    let count = |name: &str| summary[name].as_u64().expect("a count");
    assert!(summary["differences"] == serde_json::json!([]), "{summary:#}");
    assert!(count("transcripts") >= TRANSCRIPTS && count("calls") >= CALLS, "{summary}");
    // What only a test's own hand can do is left out, and that is little.
    assert!(count("unsendable") == 0 && count("behind") < count("calls") / 5, "{summary}");
}

/// Lets this very program run all other tests and write down what they do.
async fn transcripts(folder: &Path) {
    let mut rules = Command::new(std::env::current_exe().expect("this program"));
    rules.args(["--quiet", "--skip", "boto3::"]).env(FOLDER, folder);
    output(rules).await;
}

async fn output(mut command: Command) -> String {
    let run = move || command.output();
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(run).await.expect("it ends").expect("it starts");
    let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{said}\n{complained}");
    said.into_owned()
}
