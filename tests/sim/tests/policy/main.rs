//! The operator's policy and the calls that it really makes: nothing missing, nothing idle.
//!
//! What each permission is for is asked of the account's own IAM: a policy of that one permission, or of all others,
//! against every question that was asked about the operator in the lives of [`lives`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod lives;

use jenkinsstack_aws::permission::{Names, Permission, all, policy_of};
use jenkinsstack_cloud::calls::{Outcome, Record, Touched};
use jenkinsstack_cloud::iam::{self, policy::Policy};
use jenkinsstack_sim::Life;
use jenkinsstack_sim::life::REGION;
use jenkinsstack_sim::spec::owner;
use std::collections::BTreeMap;

/// What IAM was asked about the operator in one life, each question once.
fn asked(life: &Life) -> Vec<Touched> {
    let denied = life.denied();
    assert!(denied.is_empty(), "the policy lacks what these need: {denied:?}");
    life.cloud.log(|log| {
        let heard = |record: &&Record| record.by_door && record.outcome != Outcome::Unheard;
        let touched = log.records().filter(heard).flat_map(|record| record.touched.clone());
        let mut once: BTreeMap<String, Touched> = BTreeMap::new();
        touched.for_each(|touched| drop(once.insert(format!("{touched:?}"), touched)));
        once.into_values().collect()
    })
}

/// The permissions as the operator in these lives has them.
fn document(permissions: impl IntoIterator<Item = Permission>) -> Policy {
    let names = Names { partition: "aws", region: "*", account: "*", cluster: &owner().cluster };
    Policy::parse(&policy_of(&permissions.into_iter().collect(), &names))
}

#[tokio::test(start_paused = true)]
async fn the_policy_is_what_the_calls_need() {
    let lives = lives::all().await.unwrap();
    let mut asked: Vec<Touched> = lives.iter().flat_map(asked).collect();
    asked.push(lives::unlogged(&lives[0]).unwrap());
    let grants = |document: &Policy, touched: &Touched| {
        lives[0].cloud.with(|world| iam::grants(world, document, touched, REGION))
    };
    let documents: Vec<(Permission, Policy)> =
        all().into_iter().map(|permission| (permission, document([permission]))).collect();
    let mut idle = Vec::new();
    for (permission, alone) in &documents {
        let same = |other: &Permission| other.action == permission.action && other != permission;
        let others: Vec<&Policy> =
            documents.iter().filter(|(other, _)| same(other)).map(|(_, policy)| policy).collect();
        let of_action = asked.iter().filter(|touched| touched.action == permission.action);
        let used: Vec<&Touched> = of_action.filter(|touched| grants(alone, touched)).collect();
        if used.is_empty() {
            idle.push(format!("{permission:?} was never used"));
        } else if used.iter().all(|touched| others.iter().any(|other| grants(other, touched))) {
            idle.push(format!("{permission:?} was never needed: others allow the same"));
        }
    }
    println!("{} questions of {} lives, {} permissions", asked.len(), lives.len(), documents.len());
    assert!(idle.is_empty(), "{} idle permissions:\n{}", idle.len(), idle.join("\n"));
}

/// What is not ours does not become ours by our own hand: whatever is new gets its tags from the call that makes it.
#[tokio::test(start_paused = true)]
async fn nothing_of_others_can_be_tagged_as_ours() {
    let life = Life::begin(5).unwrap();
    let policy = document(all());
    let ours = [("aws:RequestTag/jenkinsstack.io/cluster".to_owned(), vec![owner().cluster])];
    for (action, resource) in [
        ("ec2:CreateTags", "arn:aws:ec2:eu-central-1:111122223333:security-group/sg-theirs"),
        (
            "elasticloadbalancing:AddTags",
            "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/jks-theirs/1",
        ),
        ("elasticfilesystem:TagResource", "arn:aws:elasticfilesystem:eu-central-1:111122223333:file-system/fs-theirs"),
    ] {
        let touched = Touched {
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: ours.clone().into(),
            held: None,
        };
        assert!(!life.cloud.with(|world| iam::grants(world, &policy, &touched, REGION)), "{action} on {resource}");
    }
}
