//! A policy document, parsed once, and which of its statements speak to a request.
//!
//! Source: IAM User Guide, "IAM JSON policy element reference" and "Grammar of the IAM JSON policy language".

use super::condition::{Condition, texts};
use super::pattern::Pattern;
use super::request::{Caller, Request, account_of};
use serde_json::Value;

/// A parsed document.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    allow: bool,
    actions: Listed<Pattern>,
    resources: Option<Listed<Pattern>>,
    principals: Option<Listed<Named>>,
    conditions: Vec<Condition>,
}

/// The values of an element, or of its `Not` form.
#[derive(Clone, Debug)]
struct Listed<T> {
    except: bool,
    items: Vec<T>,
}

/// A principal that a policy names.
#[derive(Clone, Debug, PartialEq)]
enum Named {
    Everyone,
    Account(String),
    Arn(String),
    UniqueId(String),
    Service(String),
    Federated(String),
}

/// How directly a resource policy speaks of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Not at all.
    No,
    /// By its account, which may pass the permission on by identity policies.
    Account,
    /// By its role, or as one of everyone: the permissions boundary limits it.
    Role,
    /// By this very session, or as a service or federated user.
    Session,
}

/// What a document says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// A matching `Deny`.
    Deny,
    /// A matching `Allow`, and how directly it speaks of the caller.
    Allow(Reach),
    /// Nothing.
    Nothing,
}

impl Policy {
    /// Reads a document; a statement that can't be read says nothing (the grammar is checked where it is stored).
    pub fn parse(document: &Value) -> Self {
        let variables = document["Version"] == "2012-10-17";
        let statements = match &document["Statement"] {
            Value::Array(list) => list.iter().filter_map(|s| Statement::parse(s, variables)).collect(),
            single => Statement::parse(single, variables).into_iter().collect(),
        };
        Self { statements }
    }

    /// The verdict of this document; statements without principal speak to whoever it is attached to.
    pub(super) fn says(&self, request: &Request<'_>) -> Says {
        let mut best = Reach::No;
        for statement in &self.statements {
            let reach = statement.reach(request);
            if reach == Reach::No || !statement.fits(request) {
                continue;
            }
            if !statement.allow {
                return Says::Deny;
            }
            best = best.max(reach);
        }
        if best == Reach::No { Says::Nothing } else { Says::Allow(best) }
    }
}

impl Statement {
    fn parse(value: &Value, variables: bool) -> Option<Self> {
        let actions = Listed::read(value, "Action", |text| Pattern::new(&text.to_ascii_lowercase(), false))?;
        let resources = Listed::read(value, "Resource", |text| Pattern::arn(text, variables));
        let mut conditions = Vec::new();
        if let Some(block) = value["Condition"].as_object() {
            for (operator, lines) in block {
                for (key, wanted) in lines.as_object()? {
                    conditions.push(Condition::new(operator, key, wanted, variables)?);
                }
            }
        }
        let principals = principals(value);
        Some(Self { allow: value["Effect"] == "Allow", actions, resources, principals, conditions })
    }

    fn reach(&self, request: &Request<'_>) -> Reach {
        let Some(principals) = &self.principals else { return Reach::Role };
        let found = principals.items.iter().map(|named| named.reach(&request.caller)).max().unwrap_or(Reach::No);
        match (principals.except, found) {
            (false, found) => found,
            (true, Reach::No) => Reach::Role,
            (true, _) => Reach::No,
        }
    }

    fn fits(&self, request: &Request<'_>) -> bool {
        self.actions.has(|pattern| pattern.matches(&request.action, request))
            && self.resources.as_ref().is_none_or(|list| list.has(|p| p.matches(request.resource, request)))
            && self.conditions.iter().all(|condition| condition.holds(request))
    }
}

impl<T> Listed<T> {
    fn read(statement: &Value, element: &str, item: impl Fn(&str) -> T) -> Option<Self> {
        let not = format!("Not{element}");
        let (except, value) = match statement.get(&not) {
            Some(value) => (true, value),
            None => (false, statement.get(element)?),
        };
        Some(Self { except, items: texts(value)?.iter().map(|text| item(text)).collect() })
    }

    fn has(&self, test: impl Fn(&T) -> bool) -> bool {
        self.items.iter().any(test) != self.except
    }
}

fn principals(statement: &Value) -> Option<Listed<Named>> {
    let (except, value) = match statement.get("NotPrincipal") {
        Some(value) => (true, value),
        None => (false, statement.get("Principal")?),
    };
    let mut items = Vec::new();
    match value {
        Value::String(text) if text == "*" => items.push(Named::Everyone),
        Value::Object(kinds) => {
            for (kind, names) in kinds {
                items.extend(texts(names).unwrap_or_default().into_iter().filter_map(|name| Named::parse(kind, name)));
            }
        }
        _ => {}
    }
    Some(Listed { except, items })
}

impl Named {
    fn parse(kind: &str, name: String) -> Option<Self> {
        match kind {
            "Service" => Some(Self::Service(name)),
            "Federated" => Some(Self::Federated(name)),
            "AWS" => Some(Self::aws(name)),
            _ => None,
        }
    }

    fn aws(name: String) -> Self {
        let root = account_of(&name).filter(|_| name.ends_with(":root")).map(str::to_owned);
        match name.as_str() {
            "*" => Self::Everyone,
            digits if digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit()) => Self::Account(name),
            arn if arn.starts_with("arn:") => root.map_or(Self::Arn(name), Self::Account),
            _ => Self::UniqueId(name),
        }
    }

    fn reach(&self, caller: &Caller<'_>) -> Reach {
        match (self, caller) {
            (Self::Everyone, _) => Reach::Role,
            (Self::Account(account), Caller::Root(mine)) if account == mine => Reach::Session,
            (Self::Account(account), _) if Some(account.as_str()) == caller.account() => Reach::Account,
            (Self::Arn(arn), Caller::Session(role, session)) => arn_reach(arn, role, *session),
            (Self::UniqueId(id), Caller::Session(role, _)) if *id == role.id => Reach::Role,
            (Self::Service(name), Caller::Service(mine)) if name == mine => Reach::Session,
            (Self::Federated(name), Caller::Federated(mine)) if name == mine => Reach::Session,
            _ => Reach::No,
        }
    }
}

fn arn_reach(arn: &str, role: &crate::service::iam::Role, session: Option<&str>) -> Reach {
    if arn == role.arn {
        return Reach::Role;
    }
    let by_session = session.is_some_and(|session| arn == role.session_arn(session));
    if by_session { Reach::Session } else { Reach::No }
}
