//! IAM: roles, their policies, managed policies, instance profiles, OpenID Connect providers.
//!
//! Strict: names unique whatever their case, grammar and sizes of policy documents, what stands in the way of a
//! deletion, quotas, service-linked roles that only AWS may change, documents percent-encoded in answers, and writes
//! that are seen late ([`crate::iam::late`]): read operations may miss a write for up to 2 s, other services for up to
//! 10 s. A write always finds what was written before. A trust policy names other roles by unique id, as AWS keeps it.
//! Deliberately absent: users, groups, access keys, SAML, server certificates, MFA, organizations, access advisor.

pub(crate) mod linked;
mod managed;
mod oidc;
mod policies;
mod profiles;
mod refusal;
mod report;
mod role_policies;
mod roles;
mod simulate;

use super::{Item, Service};
use crate::call::{Ask, Call, Refusal};
use crate::clock::Time;
use crate::iam::late::{Lag, Late, View};
use crate::iam::policy::Policy;
use crate::page;
use crate::tags::{Spelling, TagFault, Tags};
use crate::world::{Account, World};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use managed::managed_policy;
pub use profiles::profile_known;

/// The service's table.
pub static SERVICE: Service = Service {
    model: "iam",
    signing: "iam",
    invalid: "ValidationError",
    missing: "ValidationError",
    denied: "AccessDenied",
    throttled: "Throttling",
    operations: &[
        roles::OPERATIONS,
        role_policies::OPERATIONS,
        policies::OPERATIONS,
        profiles::OPERATIONS,
        linked::OPERATIONS,
        oidc::OPERATIONS,
        report::OPERATIONS,
        simulate::OPERATIONS,
    ],
};

/// What it holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Roles by their name in lower case.
    pub roles: BTreeMap<String, Role>,
    /// The account's own managed policies by ARN.
    pub policies: BTreeMap<String, ManagedPolicy>,
    /// Instance profiles by their name in lower case.
    pub profiles: BTreeMap<String, Profile>,
    /// OpenID Connect providers by ARN.
    pub providers: BTreeMap<String, Provider>,
    /// Tags of sessions, by unique id of the role and session name.
    pub sessions: BTreeMap<(String, String), Tags>,
}

/// A role.
#[derive(Clone, Debug)]
pub struct Role {
    /// Name in the case it was made with.
    pub name: String,
    /// Path, `/` unless set.
    pub path: String,
    /// Unique id, `AROA…`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// When it was made.
    pub created: Time,
    /// The service that it is linked to, if any.
    pub linked_to: Option<String>,
    /// What can change.
    pub facts: Late<RoleFacts>,
}

/// What can change of a role.
#[derive(Clone, Debug)]
pub struct RoleFacts {
    /// Who may assume it.
    pub trust: Arc<Document>,
    /// For people.
    pub description: Option<String>,
    /// How many seconds a session may last.
    pub max_session: u64,
    /// Inline policies by name.
    pub inline: BTreeMap<String, Arc<Document>>,
    /// ARNs of attached managed policies.
    pub attached: BTreeSet<String>,
    /// ARN of the managed policy that is its permissions boundary.
    pub boundary: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// A policy document as stored, and parsed.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The text as sent.
    pub text: String,
    /// Its meaning.
    pub policy: Policy,
}

/// A managed policy.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    /// Name.
    pub name: String,
    /// Path, `/` unless set.
    pub path: String,
    /// Unique id, `ANPA…`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// When it was made.
    pub created: Time,
    /// For people; can't be changed.
    pub description: Option<String>,
    /// What can change.
    pub facts: Late<PolicyFacts>,
}

/// What can change of a managed policy.
#[derive(Clone, Debug, Default)]
pub struct PolicyFacts {
    /// Versions by number.
    pub versions: BTreeMap<u32, (Arc<Document>, Time)>,
    /// Which version is in force.
    pub default: u32,
    /// How many versions there ever were.
    pub made: u32,
    /// Last change.
    pub updated: Time,
    /// Its tags.
    pub tags: Tags,
}

/// An instance profile.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Name in the case it was made with.
    pub name: String,
    /// Path, `/` unless set.
    pub path: String,
    /// Unique id, `AIPA…`.
    pub id: String,
    /// ARN.
    pub arn: String,
    /// When it was made.
    pub created: Time,
    /// Name of its role, if it has one, and its tags.
    pub facts: Late<(Option<String>, Tags)>,
}

/// An OpenID Connect provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// ARN.
    pub arn: String,
    /// URL without `https://`.
    pub url: String,
    /// Accepted audiences.
    pub clients: Vec<String>,
    /// Thumbprints of its certificates.
    pub thumbprints: Vec<String>,
    /// When it was made.
    pub created: Time,
    /// Its tags.
    pub tags: Tags,
}

impl Document {
    /// Parses a text that was checked.
    pub fn new(text: &str, value: &Value) -> Arc<Self> {
        Arc::new(Self { text: text.to_owned(), policy: Policy::parse(value) })
    }

    /// As IAM's answers carry it: percent-encoded by RFC 3986.
    fn encoded(&self) -> String {
        encode(&self.text)
    }
}

impl PolicyFacts {
    /// The document in force.
    pub fn document(&self) -> Option<&Document> {
        self.versions.get(&self.default).map(|(document, _)| document.as_ref())
    }
}

impl Role {
    /// The ARN of one of its sessions.
    pub fn session_arn(&self, session: &str) -> String {
        let account = self.arn.split(':').nth(4).unwrap_or_default();
        format!("arn:aws:sts::{account}:assumed-role/{}/{session}", self.name)
    }
}

/// What exists.
pub fn items(holder: &Account) -> Vec<Item> {
    let state = &holder.iam;
    let roles = state.roles.values().map(|role| {
        let facts = role.facts.latest();
        item("iam:role", &role.name, &role.arn, &facts.tags, role_state(role, facts))
    });
    let policies = state.policies.values().map(|policy| {
        let facts = policy.facts.latest();
        let document = facts.document().map(|document| document.text.as_str());
        item("iam:policy", &policy.name, &policy.arn, &facts.tags, json!({"Path": policy.path, "Document": document}))
    });
    let profiles = state.profiles.values().map(|profile| {
        let (role, tags) = profile.facts.latest();
        item("iam:instance-profile", &profile.name, &profile.arn, tags, json!({"Path": profile.path, "Role": role}))
    });
    let providers = state.providers.values().map(|provider| {
        let state = json!({"ClientIDList": provider.clients, "ThumbprintList": provider.thumbprints});
        item("iam:oidc-provider", &provider.url, &provider.arn, &provider.tags, state)
    });
    roles.chain(policies).chain(profiles).chain(providers).collect()
}

fn item(kind: &'static str, id: &str, arn: &str, tags: &Tags, state: Value) -> Item {
    Item { kind, id: id.to_owned(), arn: arn.to_owned(), tags: tags.clone(), state }
}

fn role_state(role: &Role, facts: &RoleFacts) -> Value {
    let inline: Map<String, Value> = facts.inline.iter().map(|(name, d)| (name.clone(), json!(d.text))).collect();
    json!({
        "Path": role.path,
        "Description": facts.description,
        "MaxSessionDuration": facts.max_session,
        "AssumeRolePolicyDocument": facts.trust.text,
        "Policies": inline,
        "AttachedPolicies": facts.attached,
        "PermissionsBoundary": facts.boundary,
    })
}

/// Makes or remakes a role that the account's root may assume, with one inline policy, all visible at once.
pub(crate) fn put_granted(world: &mut World, account: &str, name: &str, text: &str) -> Result<(), Refusal> {
    let value = crate::iam::grammar::check_identity(text).map_err(refusal::malformed)?;
    let document = Document::new(text, &value);
    role_policies::check_inline_size(name, [&document].into_iter())?;
    let inline = BTreeMap::from([("granted".to_owned(), document)]);
    let (id, now) = (world.random.iam_id("AROA"), world.now);
    let account = world.account(account);
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": format!("arn:aws:iam::{}:root", account.id)}}]});
    let trust = Document::new(&trust.to_string(), &trust);
    let facts = RoleFacts { inline, ..roles::plain_facts(trust) };
    let arn = format!("arn:aws:iam::{}:role/{name}", account.id);
    let facts = Late::new(facts, now, Lag::NONE);
    let role = Role { name: name.to_owned(), path: "/".to_owned(), id, arn, created: now, linked_to: None, facts };
    account.iam.roles.insert(name.to_ascii_lowercase(), role);
    Ok(())
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The path given, or `/`.
fn path(call: &Call<'_>) -> String {
    match call.text("Path") {
        "" => "/".to_owned(),
        path => path.to_owned(),
    }
}

/// An ARN of IAM in the caller's account, which has no region.
fn arn(call: &Call<'_>, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{}:{kind}{path}{name}", call.principal.account)
}

/// The caller's IAM, to read.
fn state<'c>(call: &'c Call<'_>) -> &'c State {
    static EMPTY: std::sync::LazyLock<State> = std::sync::LazyLock::new(State::default);
    call.world.accounts.get(&call.principal.account).map_or(&EMPTY, |account| &account.iam)
}

/// Tags of a request; IAM compares keys without regard to case.
fn tags(call: &Call<'_>) -> Result<Tags, Refusal> {
    let tags = Spelling::Upper.read(&call.input["Tags"]).map_err(refusal::tags)?;
    let keys: BTreeSet<String> = tags.keys().map(|key| key.to_lowercase()).collect();
    if keys.len() < tags.len() { Err(refusal::tags(TagFault::Duplicate(String::new()))) } else { Ok(tags) }
}

/// Adds tags as IAM does: a key that differs only in case is the same key, and takes the new case.
fn add_tags(mine: &mut Tags, more: Tags) -> Result<(), Refusal> {
    let keys: BTreeSet<String> = more.keys().map(|key| key.to_lowercase()).collect();
    mine.retain(|key, _| !keys.contains(&key.to_lowercase()));
    crate::tags::merge(mine, more).map_err(refusal::tags)
}

/// Takes the tags of `TagKeys` away.
fn remove_tags(call: &Call<'_>, mine: &mut Tags) {
    let keys = call.input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let keys: BTreeSet<String> = keys.map(str::to_lowercase).collect();
    mine.retain(|key, _| !keys.contains(&key.to_lowercase()));
}

/// The lag of the write that a call makes.
fn lag(call: &mut Call<'_>) -> Lag {
    Lag::draw(&mut call.world.random)
}

/// Answers one page of a listing under `member`.
fn paged(call: &Call<'_>, listing: &str, member: &str, items: Vec<(String, Value)>) -> Result<Value, Refusal> {
    let limit = call.input["MaxItems"].as_u64().unwrap_or(100) as usize;
    let (items, next) =
        page::cut(items, |(key, _)| key.clone(), limit, call.input["Marker"].as_str(), listing, call.now)
            .map_err(|_| refusal::marker())?;
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    let mut answer = json!({member: items, "IsTruncated": next.is_some()});
    if let Some(next) = next {
        answer["Marker"] = json!(next);
    }
    Ok(answer)
}

/// One question about `resource` with the request's tags.
fn tagged_ask(call: &Call<'_>, action: &str, resource: String) -> Ask {
    let tags = Spelling::Upper.read(&call.input["Tags"]).unwrap_or_default();
    Ask::new(action, resource).request_tags(&tags)
}

/// Those of `Late` values that IAM's own reads see.
fn seen<'a, T>(facts: &'a Late<T>, call: &Call<'_>) -> Option<&'a T> {
    facts.at(View::Iam, call.now)
}
