//! Forms of the query protocols: `a.b.1.c=x` as a tree, read by a shape.

use super::scalar;
use crate::call::Refusal;
use crate::models::api::Api;
use crate::models::shape::{Kind, Member, Shape, ShapeId, Structure};
use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Names between the dots of parameters, and what stands at each.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) value: Option<String>,
    pub(super) children: BTreeMap<String, Node>,
}

/// How a protocol spells structures and lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `Name.member.1`, `Name.entry.1.key`.
    Query,
    /// `Name.1`, with capital letters.
    Ec2,
}

/// The version that a form asks for.
pub(super) fn version(request: &Request<Bytes>) -> Option<String> {
    pairs(request).into_iter().find(|(name, _)| name == "Version").map(|(_, value)| value)
}

/// The operation of a form and its parameters, in the version that the API has.
pub(super) fn read(api: &Api, request: &Request<Bytes>) -> Result<(String, Node), Refusal> {
    let mut root = Node::default();
    for (name, value) in pairs(request) {
        root.put(&name, value);
    }
    let mut take = |name: &str| root.children.remove(name).and_then(|node| node.value).unwrap_or_default();
    let (action, version) = (take("Action"), take("Version"));
    if action.is_empty() {
        return Err(Refusal::new("MissingAction", "The request is missing an Action parameter."));
    }
    if version != api.meta.api_version || api.operation(&action).is_none() {
        let text = format!("Could not find operation {action} for version {version}");
        return Err(Refusal::new("InvalidAction", text));
    }
    Ok((action, root))
}

fn pairs(request: &Request<Bytes>) -> Vec<(String, String)> {
    let body = std::str::from_utf8(request.body()).unwrap_or_default();
    let query = request.uri().query().unwrap_or_default();
    query.split('&').chain(body.trim().split('&')).filter(|pair| !pair.is_empty()).map(pair).collect()
}

/// A name and a value of a form or a query string.
pub(super) fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (decoded(name), decoded(value))
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

impl Node {
    fn put(&mut self, name: &str, value: String) {
        let mut node = self;
        for step in name.split('.') {
            node = node.children.entry(step.to_owned()).or_default();
        }
        node.value = Some(value);
    }

    /// The input of that shape.
    pub(super) fn input(&self, api: &Api, shape: Option<ShapeId>, dialect: Dialect) -> Value {
        Reader { api, dialect }.structure(api.structure_at(shape), self)
    }

    /// What stands here, without a shape to read it by.
    fn raw(&self) -> Value {
        match &self.value {
            Some(value) if self.children.is_empty() => Value::from(value.as_str()),
            _ => self.children.iter().map(|(name, node)| (name.clone(), node.raw())).collect::<Map<_, _>>().into(),
        }
    }

    /// Numbered children in their order.
    fn numbered(&self) -> Vec<&Node> {
        let mut numbered: Vec<(u64, &Node)> =
            self.children.iter().filter_map(|(name, node)| Some((name.parse().ok()?, node))).collect();
        numbered.sort_by_key(|(number, _)| *number);
        numbered.into_iter().map(|(_, node)| node).collect()
    }

    fn child<'a>(&'a self, member: &Member, usual: &str) -> &'a Node {
        self.children.get(member.wire(usual)).unwrap_or(self)
    }
}

struct Reader<'a> {
    api: &'a Api,
    dialect: Dialect,
}

impl Reader<'_> {
    fn value(&self, shape: &Shape, flattened: bool, node: &Node) -> Value {
        match &shape.kind {
            Kind::Structure(structure) => self.structure(structure, node),
            Kind::List(member) => self.list(member, flattened, node),
            Kind::Map(key, value) => self.map(key, value, flattened, node),
            _ => match &node.value {
                Some(text) if node.children.is_empty() => scalar(shape, text),
                _ => node.raw(),
            },
        }
    }

    fn structure(&self, structure: &Structure, node: &Node) -> Value {
        let mut map = Map::new();
        for (wire, child) in &node.children {
            let member = match self.dialect {
                Dialect::Query => structure.on_wire(wire),
                Dialect::Ec2 => structure.in_ec2(wire),
            };
            let (name, value) = match member {
                Some((name, member)) => (name, self.value(self.api.shape(member.shape), member.flattened, child)),
                None => (wire.as_str(), child.raw()),
            };
            map.insert(name.to_owned(), value);
        }
        Value::Object(map)
    }

    fn list(&self, member: &Member, flattened: bool, node: &Node) -> Value {
        let bare = self.dialect == Dialect::Ec2 || flattened || member.flattened;
        let node = if bare { node } else { node.child(member, "member") };
        let shape = self.api.shape(member.shape);
        node.numbered().into_iter().map(|item| self.value(shape, false, item)).collect()
    }

    fn map(&self, key: &Member, value: &Member, flattened: bool, node: &Node) -> Value {
        let entries = if flattened { node } else { node.children.get("entry").unwrap_or(node) };
        let shape = self.api.shape(value.shape);
        let mut map = Map::new();
        for entry in entries.numbered() {
            let name = entry.child(key, "key").value.clone().unwrap_or_default();
            map.insert(name, self.value(shape, false, entry.child(value, "value")));
        }
        Value::Object(map)
    }
}
