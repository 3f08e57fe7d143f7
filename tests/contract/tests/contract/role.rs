//! What the driver of a role promises.

use crate::bench::{Bench, Calls};
use jenkinsstack_aws::Class;
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::input::Template;
use jenkinsstack_core::kind::{Desired, Kind, role};
use jenkinsstack_core::policy::{Document, Statement};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NAME: &str = "jks-team-a-ci-task-role-0123456789";
const OF_AWS: &str = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

fn id() -> NodeId {
    NodeId::new("task-role")
}

/// What a role may be asked to be.
#[derive(Clone, Default)]
struct Asked {
    service: Option<&'static str>,
    inline: Vec<(&'static str, &'static str)>,
    attached: Vec<String>,
}

fn node(bench: &Bench, asked: &Asked) -> Node {
    let Asked { service, inline, attached } = asked;
    let policy = |action: &str| Document::new(vec![Statement::allow("Work", &[action], vec![Template::text("*")])]);
    let desired = role::Desired {
        description: "Jenkins team-a/ci: a role with \"quotes\" & 100%".into(),
        trust: Document::trust(service.unwrap_or("ecs-tasks.amazonaws.com"), &bench.account.id),
        inline: inline.iter().map(|(name, action)| ((*name).to_owned(), policy(action))).collect::<BTreeMap<_, _>>(),
        attached: attached.iter().map(|arn| arn.parse().unwrap()).collect(),
    };
    bench.node(&id(), NAME, Desired::Role(desired))
}

fn plain() -> Asked {
    Asked { inline: vec![("task-role", "s3:GetObject")], ..Asked::default() }
}

/// A managed policy of the user.
fn managed(bench: &Bench, name: &str) -> String {
    let document =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
    let made =
        bench.by_hand("iam", "CreatePolicy", json!({"PolicyName": name, "PolicyDocument": document.to_string()}));
    made["Policy"]["Arn"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn lives() {
    let bench = Bench::new().await;
    let calls = Calls {
        create: &["CreateRole", "PutRolePolicy"],
        again: &["CreateRole", "GetRole", "ListRolePolicies", "ListAttachedRolePolicies", "GetRolePolicy"],
        read: &["GetRole", "ListRolePolicies", "ListAttachedRolePolicies", "GetRolePolicy"],
        delete: &[
            "GetRole",
            "ListRolePolicies",
            "ListAttachedRolePolicies",
            "GetRolePolicy",
            "DeleteRolePolicy",
            "DeleteRole",
        ],
    };
    bench.life(&id(), &node(&bench, &plain()), &calls).await;
}

#[tokio::test(start_paused = true)]
async fn survives_lost_answers() {
    for operation in ["CreateRole", "PutRolePolicy", "AttachRolePolicy"] {
        let bench = Bench::new().await;
        let attached = vec![managed(&bench, "mine")];
        bench.lose(&id(), &node(&bench, &Asked { attached, ..plain() }), operation).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_that_was_cut_short_is_finished() {
    let bench = Bench::new().await;
    let empty = node(&bench, &Asked::default());
    bench.create(&id(), &empty).await;
    bench.wait(std::time::Duration::from_secs(60)).await;
    let wanted = node(&bench, &Asked { attached: vec![managed(&bench, "mine")], ..plain() });
    let seen = bench.create(&id(), &wanted).await;
    assert_eq!(bench.fields(&seen, &wanted), []);
    assert_eq!(bench.list(&id(), Kind::Role).await, [seen]);
}

#[tokio::test(start_paused = true)]
async fn changes() {
    let bench = Bench::new().await;
    let (mine, other) = (managed(&bench, "mine"), managed(&bench, "other"));
    let seen = bench.create(&id(), &node(&bench, &Asked { attached: vec![mine.clone()], ..plain() })).await;
    let mut asked = Asked { attached: vec![other.clone(), OF_AWS.to_owned()], ..plain() };
    let seen = bench.update(&id(), &seen, &node(&bench, &asked), &["managedPolicies"]).await;
    asked.inline = vec![("task-role", "s3:PutObject"), ("more", "sqs:*")];
    let seen = bench.update(&id(), &seen, &node(&bench, &asked), &["inlinePolicies"]).await;
    asked.service = Some("ec2.amazonaws.com");
    let seen = bench.update(&id(), &seen, &node(&bench, &asked), &["trustPolicy"]).await;
    let mut wanted = node(&bench, &plain());
    wanted.tags.insert("team".into(), "b".into());
    let names = ["trustPolicy", "inlinePolicies", "managedPolicies", "tags"];
    let seen = bench.update(&id(), &seen, &wanted, &names).await;
    assert_eq!(bench.list(&id(), Kind::Role).await, [seen]);
    let role = &bench.by_hand("iam", "GetRole", json!({"RoleName": NAME}))["Role"];
    assert_eq!(role["Path"], "/jenkinsstack/prod/");
    assert_eq!(role["Description"], "Jenkins team-a/ci: a role with \"quotes\" & 100%");
}

#[tokio::test(start_paused = true)]
async fn what_others_did_to_it_is_undone_but_for_a_boundary() {
    let bench = Bench::new().await;
    let node = node(&bench, &plain());
    bench.create(&id(), &node).await;
    bench.by_hand("iam", "AttachRolePolicy", json!({"RoleName": NAME, "PolicyArn": managed(&bench, "theirs")}));
    bench.by_hand("iam", "DeleteRolePolicy", json!({"RoleName": NAME, "PolicyName": "task-role"}));
    let bound = managed(&bench, "bound");
    bench.by_hand("iam", "PutRolePermissionsBoundary", json!({"RoleName": NAME, "PermissionsBoundary": bound}));
    let seen = bench.list(&id(), Kind::Role).await.remove(0);
    let seen = bench.update(&id(), &seen, &node, &["inlinePolicies", "managedPolicies"]).await;
    let role = &bench.by_hand("iam", "GetRole", json!({"RoleName": NAME}))["Role"];
    assert_eq!(role["PermissionsBoundary"]["PermissionsBoundaryArn"], json!(bound));
    bench.delete(&id(), &seen).await;
    assert_eq!(bench.list(&id(), Kind::Role).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_one_is_refused() {
    for path in ["/", "/jenkinsstack/prod/"] {
        let bench = Bench::new().await;
        let trust: Value = Document::trust("ec2.amazonaws.com", &bench.account.id).json().unwrap();
        let input = json!({"RoleName": NAME, "Path": path, "AssumeRolePolicyDocument": trust.to_string()});
        bench.by_hand("iam", "CreateRole", input);
        bench.wait(std::time::Duration::from_secs(60)).await;
        let error = bench.try_create(&id(), &node(&bench, &plain())).await.unwrap_err();
        assert_eq!(error.class, Class::Foreign, "{error}");
        assert_eq!(bench.list(&id(), Kind::Role).await, []);
        let inline = bench.by_hand("iam", "ListRolePolicies", json!({"RoleName": NAME}));
        assert_eq!(inline["PolicyNames"], json!([]));
    }
}
