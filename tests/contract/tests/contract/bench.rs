//! One account with a network, an operator that may do what its drivers declare, and a stack of one resource.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::region::Region;
use jenkinsstack_aws::permission::{Names, policy};
use jenkinsstack_aws::{Account, Clients, Deletion, Error, Target};
use jenkinsstack_cloud::door::sdk;
use jenkinsstack_cloud::faults::{Effect, Occurrence, Rule};
use jenkinsstack_cloud::seed::{self, Network};
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_cloud::{Cloud, Settings, iam};
use jenkinsstack_core::diff::{Change, Field};
use jenkinsstack_core::graph::{Node, NodeId};
use jenkinsstack_core::kind::{Desired, Kind};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::{Owner, Tags};
use jenkinsstack_core::plan::TAGS;
use serde_json::{Value, json};
use std::time::Duration;

/// Region of the account.
pub(crate) const REGION: &str = "eu-central-1";
/// Name of the Kubernetes cluster.
pub(crate) const CLUSTER: &str = "prod";
/// Uid of the cluster's `kube-system` namespace.
const INSTALLATION: &str = "installation-1";
/// The operator's role.
const ROLE: &str = "operator";
/// So few fit into a managed policy, which has at most 6,144 characters.
const STATEMENTS_IN_A_POLICY: usize = 10;
/// By then every listing shows what was done, also that of the tagging API.
const LISTED_AFTER: Duration = Duration::from_secs(120);

/// The account and its operator. Make it inside `#[tokio::test(start_paused = true)]`.
pub(crate) struct Bench {
    /// The account, for looking behind the API.
    pub(crate) cloud: Cloud,
    /// What is there before the stack.
    pub(crate) network: Network,
    /// The operator.
    pub(crate) account: Account,
    /// Whose stack it is.
    pub(crate) owner: Owner,
    access_key: String,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let cloud = Cloud::new(Settings { seed: 7, ..Settings::default() }).expect("the API models are at hand");
        let network = cloud.with(|world| seed::network(world, REGION)).expect("a network");
        let access_key = granted(&cloud);
        tokio::time::sleep(LISTED_AFTER).await;
        let account = operator(&cloud, &access_key).await;
        let owner = Owner { cluster: CLUSTER.into(), namespace: "team-a".into(), name: "ci".into() };
        Self { cloud, network, account, owner, access_key }
    }

    /// A node of the stack, with the owner's tags and one of the user's.
    pub(crate) fn node(&self, id: &NodeId, name: &str, desired: Desired) -> Node {
        let mut tags: Tags = self.owner.tags(id, INSTALLATION);
        tags.insert("team".into(), "a".into());
        Node { name: name.to_owned(), tags, desired }
    }

    pub(crate) fn target<'a>(&'a self, id: &'a NodeId) -> Target<'a> {
        Target { owner: &self.owner, node: id }
    }

    pub(crate) async fn try_create(&self, id: &NodeId, node: &Node) -> Result<Seen, Error> {
        self.account.create(self.target(id), node).await
    }

    pub(crate) async fn create(&self, id: &NodeId, node: &Node) -> Seen {
        self.try_create(id, node).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn read(&self, id: &NodeId, seen: &Seen) -> Option<Seen> {
        let read = self.account.read(self.target(id), seen.observed.kind(), &seen.id()).await;
        read.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn delete(&self, id: &NodeId, seen: &Seen) -> Deletion {
        self.try_delete(id, seen).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) async fn try_delete(&self, id: &NodeId, seen: &Seen) -> Result<Deletion, Error> {
        self.account.delete(self.target(id), seen).await
    }

    /// What an operator that was just started finds of the node, once all listings are up to date.
    pub(crate) async fn list(&self, id: &NodeId, kind: Kind) -> Vec<Seen> {
        self.wait(LISTED_AFTER).await;
        let account = self.restarted().await;
        let observation = account.observe(&self.owner, Duration::ZERO).await;
        let unread: Vec<String> = observation.errors.iter().map(ToString::to_string).collect();
        assert!(!observation.snapshot.unread.contains(&kind), "{}", unread.join("\n"));
        observation.snapshot.of(id).to_vec()
    }

    /// An operator that was just started: it knows nothing yet.
    pub(crate) async fn restarted(&self) -> Account {
        operator(&self.cloud, &self.access_key).await
    }

    /// What differs, as the planner would name it.
    pub(crate) fn fields(&self, seen: &Seen, node: &Node) -> Vec<Field> {
        let mut fields = match node.desired.diff(&seen.observed).expect("known inputs").expect("the same kind") {
            Change::Same => Vec::new(),
            Change::InPlace { fields } => fields,
            Change::Replace { fields } => panic!("it would be replaced because of {fields:?}"),
            Change::Refused { fields, remedy: _ } => panic!("it would be refused because of {fields:?}"),
        };
        let have = seen.tags.clone().unwrap_or_default();
        if seen.tags.is_some() && node.tags.iter().any(|(key, value)| have.get(key) != Some(value)) {
            fields.push(Field { name: TAGS, from: String::new(), to: String::new() });
        }
        fields
    }

    /// Brings `seen` to what `node` asks for by an update of exactly the fields `names`, then makes sure that nothing
    /// differs any more, and that a read says so, too.
    pub(crate) async fn update(&self, id: &NodeId, seen: &Seen, node: &Node, names: &[&str]) -> Seen {
        let fields = self.fields(seen, node);
        assert_eq!(fields.iter().map(|field| field.name).collect::<Vec<_>>(), names);
        let now = self.account.update(self.target(id), seen, node, &fields).await;
        let now = now.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(self.fields(&now, node), []);
        self.wait(LISTED_AFTER).await;
        assert_eq!(self.read(id, seen).await.as_ref(), Some(&now));
        now
    }

    /// Creates, creates again, lists, reads, deletes and deletes again, and makes sure that the calls are these.
    pub(crate) async fn life(&self, id: &NodeId, node: &Node, calls: &Calls<'_>) {
        let Calls { create, again, read, delete } = calls;
        let kind = node.desired.kind();
        let (seen, made) = self.counting(self.create(id, node)).await;
        assert_eq!(sorted(made), words(create), "create");
        assert_eq!(self.fields(&seen, node), []);
        self.wait(LISTED_AFTER).await;
        let (repeated, made) = self.counting(self.create(id, node)).await;
        assert_eq!((repeated, sorted(made)), (seen.clone(), words(again)), "create again");
        assert_eq!(self.list(id, kind).await, std::slice::from_ref(&seen), "list");
        let (found, made) = self.counting(self.read(id, &seen)).await;
        assert_eq!((found, sorted(made)), (Some(seen.clone()), words(read)), "read");
        let (deletion, made) = self.counting(self.delete(id, &seen)).await;
        assert_eq!((deletion, sorted(made)), (Deletion::Gone, words(delete)), "delete");
        self.wait(LISTED_AFTER).await;
        assert_eq!(self.read(id, &seen).await, None);
        assert_eq!(self.delete(id, &seen).await, Deletion::Gone, "delete again");
        assert_eq!(self.list(id, kind).await, []);
    }

    /// Creates while the first answer of `operation` is lost; then there is one resource, as wanted.
    pub(crate) async fn lose(&self, id: &NodeId, node: &Node, operation: &str) -> Seen {
        let lost = Rule::new(Effect::Lose).operation(operation).occurs(Occurrence::First(1));
        self.cloud.faults(|faults| faults.add(lost));
        let mut outcome = self.try_create(id, node).await;
        for _ in 0..5 {
            if outcome.is_ok() {
                break;
            }
            self.wait(Duration::from_secs(5)).await;
            outcome = self.try_create(id, node).await;
        }
        let seen = outcome.unwrap_or_else(|error| panic!("{error}"));
        self.cloud.faults(jenkinsstack_cloud::faults::Faults::clear);
        let list = self.list(id, node.desired.kind()).await;
        assert_eq!(list, std::slice::from_ref(&seen));
        assert_eq!(self.fields(&seen, node), []);
        seen
    }

    /// The operations that `future` makes by a door.
    pub(crate) async fn counting<T>(&self, future: impl Future<Output = T>) -> (T, Vec<String>) {
        let mark = self.cloud.log(|log| log.mark());
        let value = future.await;
        let calls = self.cloud.log(|log| {
            let made = log.since(&mark).filter(|record| record.by_door);
            made.map(|record| record.operation.to_string()).collect()
        });
        (value, calls)
    }

    /// A call by the user's own hand, past the operator.
    #[track_caller]
    pub(crate) fn by_hand(&self, service: &str, operation: &str, input: Value) -> Value {
        match self.cloud.ask(REGION, service, operation, input) {
            Ok(output) => output,
            Err(refusal) => panic!("{service} {operation}: {}: {}", refusal.code, refusal.message),
        }
    }

    pub(crate) async fn wait(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}

/// The calls that each takes.
pub(crate) struct Calls<'a> {
    pub(crate) create: &'a [&'a str],
    pub(crate) again: &'a [&'a str],
    pub(crate) read: &'a [&'a str],
    /// With the read that every deletion begins with.
    pub(crate) delete: &'a [&'a str],
}

/// The access key of a role that may do what the drivers declare, and nothing else. One policy would be too large, so
/// there is one for every few statements.
fn granted(cloud: &Cloud) -> String {
    let names = Names { partition: "aws", region: REGION, account: HOME_ACCOUNT, cluster: CLUSTER };
    let whole = policy(&names);
    let mut parts = whole["Statement"].as_array().expect("statements").chunks(STATEMENTS_IN_A_POLICY);
    let document = |part: &[Value]| json!({"Version": "2012-10-17", "Statement": part}).to_string();
    let first = document(parts.next().expect("a statement"));
    let access_key = cloud.with(|world| iam::grant(world, HOME_ACCOUNT, ROLE, &first)).expect("a role");
    let ask = |operation, input| cloud.ask(REGION, "iam", operation, input).expect(operation);
    for (place, part) in parts.enumerate() {
        let input = json!({"PolicyName": format!("{ROLE}-{place}"), "PolicyDocument": document(part)});
        let arn = ask("CreatePolicy", input)["Policy"]["Arn"].clone();
        ask("AttachRolePolicy", json!({"RoleName": ROLE, "PolicyArn": arn}));
    }
    access_key
}

fn words(calls: &[&str]) -> Vec<String> {
    sorted(calls.iter().map(|call| (*call).to_owned()).collect())
}

/// Reads that run side by side have no order.
fn sorted(mut calls: Vec<String>) -> Vec<String> {
    calls.sort();
    calls
}

async fn operator(cloud: &Cloud, access_key: &str) -> Account {
    let credentials = Credentials::new(access_key, "any", None, None, "contract");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(sdk::http_client(cloud))
        .time_source(sdk::time_source(cloud))
        .sleep_impl(sdk::sleep_impl())
        .build();
    let region = REGION.parse().expect("a region");
    Account::open(Clients::new(config), region, CLUSTER).await.unwrap_or_else(|error| panic!("{error}"))
}
