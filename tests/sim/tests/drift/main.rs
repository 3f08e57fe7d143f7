//! Every setting that the operator compares, changed by hand on AWS: a fresh look brings it back as it was.
//!
//! The table is in the library's `hands`; that it is whole is read from the code that compares.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod sent;
mod theirs;

use anyhow::{Context as _, ensure};
use jenkinsstack_sim::hands::{Desk, Hand, Repair, fixed, hands};
use jenkinsstack_sim::{Stage, spec};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// A stack at rest: every row goes on from here, in an account of its own.
async fn ready() -> anyhow::Result<Stage> {
    let stage = Stage::set().await?;
    let spec = spec::reference(&stage.life.network);
    stage.live(&stage.life.operator().await?, &spec).await?;
    Ok(stage)
}

/// Does one thing by hand, lets a new operator look, and says what is not as it was.
async fn repaired(hand: &Hand, mut stage: Stage) -> anyhow::Result<()> {
    let (spec, sight) = (spec::reference(&stage.life.network), stage.sight());
    tokio::time::sleep(hand.apart).await;
    let before = stage.oracle.normal_state(&stage.life.cloud);
    (hand.deed)(&Desk { stage: &stage, sight: &sight }).context("by hand")?;
    ensure!(stage.oracle.normal_state(&stage.life.cloud) != before, "the hand changed nothing");
    stage.oracle.accept(&stage.life.cloud);
    tokio::time::sleep(hand.apart).await;
    let operator = stage.life.operator().await?;
    let now = stage.live(&operator, &spec).await?;
    as_before(&before, &stage.oracle.normal_state(&stage.life.cloud))?;
    let runs = now.member("service", "taskDefinition");
    ensure!(now.node("task-definition").is_some_and(|newest| runs == newest.arn), "the service runs {runs}");
    for (node, resource) in sight.all() {
        let same = now.node(node).is_some_and(|now| (&now.id, &now.arn) == (&resource.id, &resource.arn));
        let anew = matches!(hand.repair, Repair::Anew(nodes) if nodes.contains(&node));
        ensure!(same != anew, "{node} is {}", if same { "the same" } else { "another one" });
    }
    stage.rests(&operator, &spec).await
}

/// All that was there is there, and nothing else but definitions of tasks: old revisions stay for a while, and what others
/// registered is theirs.
fn as_before(before: &Value, after: &Value) -> anyhow::Result<()> {
    let things = |state: &Value| -> BTreeSet<String> {
        state.as_array().into_iter().flatten().map(ToString::to_string).collect()
    };
    let (before, after) = (things(before), things(after));
    let lost: Vec<&String> = before.difference(&after).collect();
    let more = after.difference(&before).filter(|thing| !thing.contains(r#""kind":"ecs:task-definition""#));
    let more: Vec<&String> = more.collect();
    ensure!(lost.is_empty() && more.is_empty(), "lost: {lost:#?}\nmore: {more:#?}");
    Ok(())
}

async fn table(kinds: &[&str]) {
    let rows: Vec<Hand> = hands().into_iter().filter(|hand| kinds.contains(&hand.kind)).collect();
    // A life is too large for the stack of a test's thread.
    let stage = Box::pin(ready()).await.unwrap();
    let before = stage.life.cloud.snapshot();
    let mut wrong = Vec::new();
    for hand in &rows {
        match Box::pin(repaired(hand, stage.at(&before))).await {
            Ok(()) => println!("{hand}"),
            Err(error) => wrong.push(format!("{hand}\n    {error:#}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows are wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

macro_rules! tables {
    ($($name:ident: $($kind:literal),+;)*) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                table(&[$($kind),+]).await;
            }
        )*

        /// Kinds that have a test here.
        const KINDS: &[&str] = &[$($($kind),+),*];
    };
}

tables! {
    network_is_repaired: "security_group", "security_group_rule";
    identity_is_repaired: "role", "secret", "log_group";
    home_is_repaired: "file_system", "file_system_policy", "backup_policy", "mount_target", "access_point";
    balancer_is_repaired: "load_balancer", "target_group";
    listener_is_repaired: "listener", "listener_rule";
    cluster_is_repaired: "cluster", "task_definition";
    service_is_repaired: "service";
}

/// Kind and name of every setting that `diff` compares, read from its code.
fn compared() -> BTreeSet<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/core/src/kind");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let kind = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text: String = std::fs::read_to_string(&path).unwrap().split_whitespace().collect();
        for way in [".in_place(\"", ".fixed(\"", ".refused(\""] {
            let names = text.split(way).skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(names.map(|name| (kind.clone(), name.to_owned())));
        }
    }
    found
}

#[test]
fn every_setting_has_a_row() {
    let compared = compared();
    assert!(compared.len() > 50, "the code that compares reads otherwise now: {compared:?}");
    let told = hands().into_iter().map(|hand| (hand.kind, hand.setting));
    let told = told.chain(fixed().into_iter().map(|fixed| (fixed.kind, fixed.setting)));
    let told: BTreeSet<(String, String)> = told.map(|(kind, setting)| (kind.to_owned(), setting.to_owned())).collect();
    let without: Vec<_> = compared.difference(&told).collect();
    assert!(without.is_empty(), "settings without a row: {without:?}");
    let more = ["tags", "gone"];
    let unknown: Vec<_> = told.difference(&compared).filter(|(_, setting)| !more.contains(&setting.as_str())).collect();
    assert!(unknown.is_empty(), "rows without a setting: {unknown:?}");
    let kinds: BTreeSet<&str> = KINDS.iter().copied().collect();
    assert!(hands().iter().all(|hand| kinds.contains(hand.kind)), "a kind without a test");
}
