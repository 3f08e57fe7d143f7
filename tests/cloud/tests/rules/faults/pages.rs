//! Pages that are short, empty or repeated; a client that follows tokens to the end sees everything.

use super::{answered, lab};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::faults::{Effect, Rule};
use serde_json::{Value, json};

/// How a listing spells its pages, with what makes the n-th thing to list.
struct Listing {
    service: &'static str,
    list: &'static str,
    items: &'static str,
    id: &'static str,
    token: (&'static str, &'static str),
    make: (&'static str, fn(usize) -> Value),
}

const LISTINGS: [Listing; 4] = [
    Listing {
        service: "efs",
        list: "DescribeFileSystems",
        items: "FileSystems",
        id: "CreationToken",
        token: ("Marker", "NextMarker"),
        make: ("CreateFileSystem", |n| json!({"CreationToken": format!("thing-{n}")})),
    },
    Listing {
        service: "logs",
        list: "DescribeLogGroups",
        items: "logGroups",
        id: "logGroupName",
        token: ("nextToken", "nextToken"),
        make: ("CreateLogGroup", |n| json!({"logGroupName": format!("thing-{n}")})),
    },
    Listing {
        service: "ec2",
        list: "DescribeVpcs",
        items: "Vpcs",
        id: "CidrBlock",
        token: ("NextToken", "NextToken"),
        make: ("CreateVpc", |n| json!({"CidrBlock": format!("10.{n}.0.0/16")})),
    },
    Listing {
        service: "iam",
        list: "ListRoles",
        items: "Roles",
        id: "RoleName",
        token: ("Marker", "Marker"),
        make: ("CreateRole", |n| json!({"RoleName": format!("thing-{n}"), "AssumeRolePolicyDocument": TRUST})),
    },
];

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

impl Listing {
    async fn fill(&self, lab: &Lab) {
        (0..3).for_each(|n| drop(lab.ok(self.service, self.make.0, (self.make.1)(n))));
        // Until all of it can be seen.
        lab.wait(120).await;
    }

    /// The pages that a client gets that follows tokens to the end, each as its ids.
    fn pages(&self, lab: &Lab) -> Vec<Vec<String>> {
        let (mut pages, mut input) = (Vec::new(), json!({}));
        loop {
            let page = answered(&lab.cloud, self.service, self.list, input).expect("an answer");
            let id = |item: &Value| item[self.id].as_str().unwrap_or_default().to_owned();
            pages.push(page[self.items].as_array().into_iter().flatten().map(id).collect());
            assert!(pages.len() < 10, "{}: pages without end", self.list);
            match page[self.token.1].as_str().filter(|token| !token.is_empty()) {
                Some(token) => input = json!({self.token.0: token}),
                None => return pages,
            }
        }
    }

    /// Lengths of the pages with that effect, after checking that each item is seen `times` over.
    async fn lengths(&self, effect: Effect, times: usize) -> Vec<usize> {
        let lab = lab(Rule::new(effect).operation(self.list));
        self.fill(&lab).await;
        let pages = self.pages(&lab);
        let mut seen: Vec<&String> = pages.iter().flatten().collect();
        seen.sort();
        let count = seen.len();
        seen.dedup();
        assert_eq!((seen.len(), count), (3, 3 * times), "{}: {pages:?}", self.list);
        pages.iter().map(Vec::len).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_can_be_shorter_than_asked_for() {
    rule!(
        "Faults",
        "A page can have fewer items than asked for and still a token",
        "observed behaviour (not documented)"
    );
    for listing in LISTINGS {
        assert_eq!(listing.lengths(Effect::Short { items: 1 }, 1).await, [1, 1, 1], "{}", listing.list);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_can_be_empty_and_not_the_last() {
    rule!(
        "Faults",
        "A page can be empty and still have a token, behind which there is more",
        "AWS Resource Groups Tagging API Reference, GetResources: only a null PaginationToken is the end"
    );
    for listing in LISTINGS {
        assert_eq!(listing.lengths(Effect::Empty, 1).await, [0, 3], "{}", listing.list);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_can_come_twice() {
    rule!("Faults", "An item can be on two pages of one listing", "observed behaviour (not documented)");
    for listing in LISTINGS {
        assert_eq!(listing.lengths(Effect::Repeated, 2).await, [3, 3], "{}", listing.list);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_by_id_is_no_page() {
    rule!("Faults", "A read of named things is never cut", "Amazon EC2 API Reference, DescribeInstances, MaxResults");
    for effect in [Effect::Short { items: 1 }, Effect::Empty, Effect::Repeated] {
        let lab = lab(Rule::new(effect));
        let make =
            |n| lab.ok("ec2", "CreateVpc", json!({"CidrBlock": format!("10.{n}.0.0/16")}))["Vpc"]["VpcId"].clone();
        let ids = [make(0), make(1)];
        lab.wait(60).await;
        let found = answered(&lab.cloud, "ec2", "DescribeVpcs", json!({"VpcIds": ids})).expect("an answer");
        assert_eq!(found["Vpcs"].as_array().map(Vec::len), Some(2));
    }
}
