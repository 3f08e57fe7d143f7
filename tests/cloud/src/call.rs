//! One API call as a service sees it: who asks, where, for what; and the two things it can answer.

use crate::clock::Time;
use crate::tags::Tags;
use crate::world::{Account, Region, World};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The answer of an operation: its output as the model's shape, or a refusal.
pub type Answer = Result<Value, Refusal>;

/// A service's error: the code on the wire, the HTTP status and the modelled members besides the message.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Wire code, for example `FileSystemAlreadyExists` (not the SDK's type name).
    pub code: Cow<'static, str>,
    /// HTTP status, 400 unless set.
    pub status: u16,
    /// Text for a person, as AWS words it where its wording is known.
    pub message: String,
    /// Further members of the error shape, for example `FileSystemId`.
    pub fields: Map<String, Value>,
}

impl Refusal {
    /// A refusal with HTTP status 400.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), status: 400, message: message.into(), fields: Map::new() }
    }

    /// The same refusal with another HTTP status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same refusal with one more member of its error shape.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }
}

/// Who makes a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Account id, 12 digits.
    pub account: String,
    /// What kind of principal, and so which policies speak for it.
    pub kind: PrincipalKind,
}

/// The kinds of principals that can sign a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// Root-like key for setting up a test: every call is allowed.
    Root,
    /// A session of an IAM role.
    Role {
        /// Role name without path.
        role: String,
        /// Session name.
        session: String,
    },
    /// Nobody: the call needs no signature.
    Anonymous,
    /// An AWS service acting by its service-linked role (used inside the cloud only).
    Service(&'static str),
}

impl Principal {
    /// The ARN that AWS prints for this principal.
    pub fn arn(&self) -> String {
        match &self.kind {
            PrincipalKind::Root => format!("arn:aws:iam::{}:root", self.account),
            PrincipalKind::Role { role, session } => {
                format!("arn:aws:sts::{}:assumed-role/{role}/{session}", self.account)
            }
            PrincipalKind::Anonymous => "anonymous".to_owned(),
            PrincipalKind::Service(name) => (*name).to_owned(),
        }
    }
}

/// One question to IAM: may the caller do `action` on `resource` under these conditions?
#[derive(Clone, Debug)]
pub struct Ask {
    /// Action with its prefix, for example `elasticfilesystem:CreateFileSystem`.
    pub action: String,
    /// ARN of the resource, or `*` where the action has no resource-level permissions.
    pub resource: String,
    /// Condition keys with their values, for example `aws:RequestTag/team` -> `["ci"]`.
    pub context: BTreeMap<String, Vec<String>>,
    /// Policy attached to the resource itself, if the service has such and it is set.
    pub resource_policy: Option<Value>,
    /// Tags that the resource has now; nothing where it is yet to be made, or has none to be asked about.
    pub held: Option<Tags>,
}

impl Ask {
    /// A question without conditions.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        let (action, resource) = (action.into(), resource.into());
        Self { action, resource, context: BTreeMap::new(), resource_policy: None, held: None }
    }

    /// Adds one condition key.
    pub fn when(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.entry(key.into()).or_default().push(value.into());
        self
    }

    /// Adds `aws:ResourceTag/KEY` for each tag the resource has.
    pub fn resource_tags(mut self, tags: &BTreeMap<String, String>) -> Self {
        self.held = Some(tags.clone());
        for (key, value) in tags {
            self = self.when(format!("aws:ResourceTag/{key}"), value);
        }
        self
    }

    /// Adds `aws:RequestTag/KEY` for each tag in the request, and `aws:TagKeys`.
    pub fn request_tags(mut self, tags: &BTreeMap<String, String>) -> Self {
        for (key, value) in tags {
            self = self.when(format!("aws:RequestTag/{key}"), value).when("aws:TagKeys", key);
        }
        self
    }
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// Reads only.
    Read,
    /// Changes something when it succeeds.
    Write,
}

/// One operation of a service: its name in the model, what it asks of IAM and what it does.
pub struct Operation {
    /// Name in the API model, for example `CreateFileSystem`.
    pub name: &'static str,
    /// Whether it changes anything.
    pub access: Access,
    /// The questions to IAM; all must be answered yes before `run` is called.
    pub asks: fn(&Call<'_>) -> Vec<Ask>,
    /// The semantics. The input has passed the model's checks.
    pub run: fn(&mut Call<'_>) -> Answer,
}

/// A call in progress.
pub struct Call<'w> {
    /// All state there is.
    pub world: &'w mut World,
    /// Who asks.
    pub principal: Principal,
    /// Region named in the signature; `us-east-1` for global services.
    pub region: String,
    /// Input as the model's shape: structures and maps are objects, timestamps are seconds, blobs are base64 text.
    pub input: Arc<Value>,
    /// Cloud time of the call.
    pub now: Time,
}

impl Call<'_> {
    /// The caller's account.
    pub fn account(&mut self) -> &mut Account {
        self.world.account(&self.principal.account)
    }

    /// The caller's account in the call's region.
    pub fn regional(&mut self) -> &mut Region {
        let region = self.region.clone();
        self.account().region(&region)
    }

    /// The caller's account in the call's region, to read; an untouched region is an empty one.
    pub fn peek(&self) -> &Region {
        self.world.peek(&self.principal.account, &self.region)
    }

    /// How many the caller's account may have of what a quota counts; `default` if AWS has not raised it.
    pub fn quota(&self, code: &str, default: usize) -> usize {
        let account = self.world.accounts.get(&self.principal.account);
        account.and_then(|account| account.raised.get(code)).map_or(default, |raised| *raised as usize)
    }

    /// A text member of the input, or `""`.
    pub fn text(&self, member: &str) -> &str {
        self.input[member].as_str().unwrap_or_default()
    }

    /// ARN in the caller's account and the call's region, for example `arn("ecs", "cluster/ci")`.
    pub fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{rest}", self.region, self.principal.account)
    }
}

/// The answer of an operation whose output has no members.
pub fn nothing() -> Answer {
    Ok(json!({}))
}

/// For operations that ask IAM one question about `*`.
pub fn ask_any(action: &str) -> Vec<Ask> {
    vec![Ask::new(action, "*")]
}
