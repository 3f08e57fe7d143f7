//! What the driver of a file system policy promises.

use crate::bench::Bench;
use crate::home::{existing, home, id_of};
use jenkinsstack_aws::{Class, Deletion};
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::input::{Input, Template};
use jenkinsstack_core::kind::file_system_policy::{Desired, NODE};
use jenkinsstack_core::kind::{Desired as Any, Kind};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::policy::{Document, Principal, Statement};
use serde_json::{Value, json};
use std::time::Duration;

const ITEM: &str = "elasticfilesystem:file-system";

/// Only with TLS, and only by `role`.
fn policy(bench: &Bench, home: &Seen, role: &str) -> (NodeId, Node) {
    let arn = format!("arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/{}", home.id());
    let mount = ["elasticfilesystem:ClientWrite", "elasticfilesystem:ClientMount"];
    let document =
        Document::new(vec![
            Statement::allow("Jenkins", &mount, vec![Template::text(&arn)])
                .by(Principal::Aws(Template::text(role)))
                .when("Bool", "elasticfilesystem:AccessedViaMountTarget", vec![Template::text("true")]),
            Statement::allow("OnlyTls", &["*"], vec![Template::text(&arn)]).denied().by(Principal::Any).when(
                "Bool",
                "aws:SecureTransport",
                vec![Template::text("false")],
            ),
        ]);
    let id = NodeId::new(NODE);
    let desired = Desired { file_system: Input::Known(id_of(home)), document };
    let node = bench.node(&id, "unused", Any::FileSystemPolicy(desired));
    (id, node)
}

fn role(bench: &Bench, name: &str) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let made =
        bench.by_hand("iam", "CreateRole", json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()}));
    made["Role"]["Arn"].as_str().unwrap().to_owned()
}

fn put(bench: &Bench) -> Value {
    existing(bench, ITEM)[0].state["Policy"].clone()
}

#[tokio::test(start_paused = true)]
async fn it_lives_and_stays_with_its_file_system() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let (first, second) = (role(&bench, "first"), role(&bench, "second"));
    let (id, node) = policy(&bench, &home, &first);
    let error = bench.try_create(&id, &node).await.unwrap_err();
    assert_eq!(error.class, Class::NotYet, "a role that IAM does not show everywhere yet: {error}");
    bench.wait(Duration::from_secs(60)).await;
    let (seen, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!(calls, ["PutFileSystemPolicy"]);
    assert_eq!(bench.fields(&seen, &node), []);
    let (again, calls) = bench.counting(bench.create(&id, &node)).await;
    assert_eq!((&again, calls), (&seen, vec!["PutFileSystemPolicy".to_owned()]));
    let (read, calls) = bench.counting(bench.read(&id, &seen)).await;
    assert_eq!((read.as_ref(), calls), (Some(&seen), vec!["DescribeFileSystemPolicy".to_owned()]));
    assert_eq!(bench.list(&id, Kind::FileSystemPolicy).await, std::slice::from_ref(&seen));
    let (_, other) = policy(&bench, &home, &second);
    let seen = bench.update(&id, &seen, &other, &["policy"]).await;
    assert_eq!(put(&bench)["Statement"][0]["Principal"]["AWS"], json!(second));
    let (deletion, calls) = bench.counting(bench.delete(&id, &seen)).await;
    assert_eq!((deletion, calls), (Deletion::Gone, vec!["DescribeFileSystemPolicy".to_owned()]));
    assert!(put(&bench).is_object(), "others are kept out until the end");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_changed_or_taken_away_is_put_back() {
    let bench = Bench::new().await;
    let (_, _, home) = home(&bench).await;
    let arn = role(&bench, "jenkins");
    let (id, node) = policy(&bench, &home, &arn);
    bench.wait(Duration::from_secs(60)).await;
    let seen = bench.create(&id, &node).await;
    let open = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:*"}]});
    let input = json!({"FileSystemId": home.id(), "Policy": open.to_string()});
    bench.by_hand("efs", "PutFileSystemPolicy", input);
    let drifted = bench.read(&id, &seen).await.unwrap();
    bench.update(&id, &drifted, &node, &["policy"]).await;
    bench.by_hand("iam", "DeleteRole", json!({"RoleName": "jenkins"}));
    role(&bench, "jenkins");
    bench.wait(Duration::from_secs(60)).await;
    let orphaned = bench.read(&id, &seen).await.unwrap();
    bench.update(&id, &orphaned, &node, &["policy"]).await;
    bench.by_hand("efs", "DeleteFileSystemPolicy", json!({"FileSystemId": home.id()}));
    assert_eq!(bench.read(&id, &seen).await, None);
    assert_eq!(bench.delete(&id, &seen).await, Deletion::Gone);
    assert_eq!(bench.list(&id, Kind::FileSystemPolicy).await, []);
}
