//! Compares a value with its shape and collects everything that does not fit.

use super::api::Api;
use super::shape::{Kind, Member, Operation, Shape, ShapeId, Structure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::fmt;

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Violation {
    /// Where, from the input's top.
    pub(super) path: Vec<Step>,
    /// What stands there, as far as it may be shown.
    pub(super) shown: Option<String>,
    /// What is wrong.
    pub(super) fault: Fault,
}

/// One step from a value to a part of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// A member of a structure: its names in the model and in an EC2 request.
    Member(String, String),
    /// An element of a list, counted from 1.
    Element(usize),
    /// The value of a key of a map.
    Key(String),
}

/// The kinds of things that don't fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// A required member is not there.
    Missing,
    /// The shape has no such member.
    Unknown,
    /// It has another type.
    Type {
        /// What stands there.
        found: &'static str,
        /// What the shape wants.
        wanted: &'static str,
    },
    /// It has the right type, and does not satisfy this.
    Constraint(Constraint),
    /// Elements, keys or values that don't satisfy all of these.
    Parts(&'static str, Vec<Constraint>),
}

/// What a model can ask of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Constraint {
    /// At least so long.
    LengthMin(f64),
    /// At most so long.
    LengthMax(f64),
    /// At least so much.
    ValueMin(f64),
    /// At most so much.
    ValueMax(f64),
    /// One of these.
    Enum(Vec<String>),
    /// All of it matches this.
    Pattern(String),
}

/// Everything in `input` that does not fit the operation.
pub(super) fn input(api: &Api, operation: &Operation, input: &Value) -> Vec<Violation> {
    run(api, operation.input, input, true)
}

/// Every member of `output` that its shape does not have or has with another type.
pub(super) fn output(api: &Api, operation: &Operation, output: &Value) -> Vec<Violation> {
    run(api, operation.output, output, false)
}

fn run(api: &Api, shape: Option<ShapeId>, value: &Value, constraints: bool) -> Vec<Violation> {
    static NOTHING: Structure = Structure::EMPTY;
    let mut check = Check { api, constraints, path: Vec::new(), found: Vec::new() };
    match shape {
        Some(shape) => check.value(api.shape(shape), value),
        None => check.structure(&NOTHING, value),
    }
    check.found
}

struct Check<'a> {
    api: &'a Api,
    constraints: bool,
    path: Vec<Here<'a>>,
    found: Vec<Violation>,
}

/// A step, cheap as long as nothing is wrong.
#[derive(Clone, Copy)]
enum Here<'a> {
    Member(&'a str, Option<&'a Member>),
    Element(usize),
    Key(&'a str),
}

impl<'a> Check<'a> {
    fn value(&mut self, shape: &'a Shape, value: &'a Value) {
        match (&shape.kind, value) {
            (Kind::Structure(structure), _) => self.structure(structure, value),
            (Kind::List(member), Value::Array(items)) => self.list(shape, member, items),
            (Kind::Map(key, member), Value::Object(map)) => self.map(shape, key, member, map),
            (Kind::Document, _) => {}
            _ => self.scalar(shape, value),
        }
    }

    fn structure(&mut self, structure: &'a Structure, value: &'a Value) {
        let Value::Object(map) = value else { return self.mistyped(value, "a structure") };
        for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
            let member = structure.members.get(name);
            self.path.push(Here::Member(name, member));
            match member {
                Some(member) => self.value(self.api.shape(member.shape), value),
                None => self.add(None, Fault::Unknown),
            }
            self.path.pop();
        }
        if self.constraints {
            self.required(structure, map);
        }
    }

    fn required(&mut self, structure: &'a Structure, map: &'a Map<String, Value>) {
        for name in structure.required.iter().filter(|name| map.get(*name).is_none_or(Value::is_null)) {
            self.path.push(Here::Member(name, structure.members.get(name)));
            self.add(None, Fault::Missing);
            self.path.pop();
        }
    }

    fn list(&mut self, shape: &'a Shape, member: &'a Member, items: &'a [Value]) {
        self.size(shape, items.len(), || Some(list_text(items)));
        let element = self.api.shape(member.shape);
        let mut refused = false;
        for (at, item) in items.iter().enumerate() {
            self.path.push(Here::Element(at + 1));
            match broken(element, item) {
                Some(constraints) => refused |= !constraints.is_empty(),
                None => self.value(element, item),
            }
            self.path.pop();
        }
        if refused && self.constraints {
            let shown = (!element.sensitive && !shape.sensitive).then(|| list_text(items));
            self.add(shown, Fault::Parts("Member", all(element)));
        }
    }

    fn map(&mut self, shape: &'a Shape, key: &'a Member, member: &'a Member, map: &'a Map<String, Value>) {
        self.size(shape, map.len(), || Some(map_text(map)));
        let (key, element) = (self.api.shape(key.shape), self.api.shape(member.shape));
        let bad_key = map.keys().any(|name| broken(key, &Value::from(name.as_str())).is_some_and(|c| !c.is_empty()));
        let mut bad_value = false;
        for (name, value) in map {
            self.path.push(Here::Key(name));
            match broken(element, value) {
                Some(constraints) => bad_value |= !constraints.is_empty(),
                None => self.value(element, value),
            }
            self.path.pop();
        }
        for (what, shape) in [("Map keys", bad_key.then_some(key)), ("Map value", bad_value.then_some(element))] {
            if let Some(part) = shape.filter(|_| self.constraints) {
                let shown = (!part.sensitive).then(|| map_text(map));
                self.add(shown, Fault::Parts(what, all(part)));
            }
        }
    }

    fn scalar(&mut self, shape: &Shape, value: &Value) {
        match broken(shape, value) {
            None => self.mistyped(value, wanted(shape)),
            Some(constraints) if self.constraints => {
                for constraint in constraints {
                    self.add((!shape.sensitive).then(|| text_of(value)), Fault::Constraint(constraint));
                }
            }
            Some(_) => {}
        }
    }

    fn size(&mut self, shape: &Shape, len: usize, shown: impl Fn() -> Option<String>) {
        if !self.constraints {
            return;
        }
        for constraint in length(shape, len) {
            self.add(if shape.sensitive { None } else { shown() }, Fault::Constraint(constraint));
        }
    }

    fn mistyped(&mut self, value: &Value, wanted: &'static str) {
        let found = match value {
            Value::Null => "NULL_VALUE",
            Value::Bool(true) => "TRUE_VALUE",
            Value::Bool(false) => "FALSE_VALUE",
            Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
            Value::Number(_) => "NUMBER_VALUE",
            Value::String(_) => "STRING_VALUE",
            Value::Array(_) => "Start of list",
            Value::Object(_) => "Start of structure or map",
        };
        self.add(None, Fault::Type { found, wanted });
    }

    fn add(&mut self, shown: Option<String>, fault: Fault) {
        let path = self.path.iter().map(|here| here.step()).collect();
        self.found.push(Violation { path, shown, fault });
    }
}

impl Here<'_> {
    fn step(self) -> Step {
        match self {
            Self::Member(name, member) => {
                Step::Member(name.to_owned(), member.map_or_else(|| name.to_owned(), |m| m.ec2(name)))
            }
            Self::Element(at) => Step::Element(at),
            Self::Key(key) => Step::Key(key.to_owned()),
        }
    }
}

/// The constraints that a scalar breaks, or nothing where its type is wrong or it is no scalar.
fn broken(shape: &Shape, value: &Value) -> Option<Vec<Constraint>> {
    match (&shape.kind, value) {
        (Kind::Text(values, pattern), Value::String(text)) => {
            let mut constraints = length(shape, text.chars().count());
            if !values.is_empty() && !values.contains(text) {
                constraints.push(Constraint::Enum(values.clone()));
            }
            let pattern = pattern.as_ref().filter(|pattern| !pattern.matches(text));
            constraints.extend(pattern.map(|pattern| Constraint::Pattern(pattern.source.clone())));
            Some(constraints)
        }
        (Kind::Blob, Value::String(text)) => Some(length(shape, STANDARD.decode(text).ok()?.len())),
        (Kind::Boolean, Value::Bool(_)) => Some(Vec::new()),
        (Kind::Timestamp, Value::Number(_)) => Some(Vec::new()),
        (Kind::Integer, Value::Number(number)) => {
            let number = number.as_i64().filter(|number| i32::try_from(*number).is_ok())?;
            Some(range(shape, number as f64))
        }
        (Kind::Long, Value::Number(number)) => Some(range(shape, number.as_i64()? as f64)),
        (Kind::Float, Value::Number(number)) => Some(range(shape, number.as_f64()?)),
        _ => None,
    }
}

/// Everything that a shape asks of its values.
fn all(shape: &Shape) -> Vec<Constraint> {
    let numeric = matches!(shape.kind, Kind::Integer | Kind::Long | Kind::Float);
    let most = if numeric { Constraint::ValueMax } else { Constraint::LengthMax };
    let least = if numeric { Constraint::ValueMin } else { Constraint::LengthMin };
    let mut constraints: Vec<Constraint> = shape.max.map(most).into_iter().chain(shape.min.map(least)).collect();
    if let Kind::Text(values, pattern) = &shape.kind {
        constraints.extend(pattern.as_ref().map(|pattern| Constraint::Pattern(pattern.source.clone())));
        constraints.extend((!values.is_empty()).then(|| Constraint::Enum(values.clone())));
    }
    constraints
}

fn length(shape: &Shape, len: usize) -> Vec<Constraint> {
    between(shape, len as f64, Constraint::LengthMin, Constraint::LengthMax)
}

fn range(shape: &Shape, number: f64) -> Vec<Constraint> {
    between(shape, number, Constraint::ValueMin, Constraint::ValueMax)
}

fn between(shape: &Shape, n: f64, least: fn(f64) -> Constraint, most: fn(f64) -> Constraint) -> Vec<Constraint> {
    let under = shape.min.filter(|min| n < *min).map(least);
    let over = shape.max.filter(|max| n > *max).map(most);
    under.into_iter().chain(over).collect()
}

fn wanted(shape: &Shape) -> &'static str {
    match shape.kind {
        Kind::Structure(_) | Kind::Document => "a structure",
        Kind::List(_) => "a list",
        Kind::Map(..) => "a map",
        Kind::Text(..) => "a String",
        Kind::Integer => "an Integer",
        Kind::Long => "a Long",
        Kind::Float => "a Double",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp => "a Timestamp",
        Kind::Blob => "a Blob",
    }
}

/// A value as AWS prints it in a message.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => list_text(items),
        Value::Object(map) => map_text(map),
        other => other.to_string(),
    }
}

fn list_text(items: &[Value]) -> String {
    format!("[{}]", items.iter().map(text_of).collect::<Vec<_>>().join(", "))
}

fn map_text(map: &Map<String, Value>) -> String {
    format!("{{{}}}", map.iter().map(|(k, v)| format!("{k}={}", text_of(v))).collect::<Vec<_>>().join(", "))
}

/// For the developer of this cloud; see [`super::words`] for what clients read.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", super::words::dotted(&self.path), self.fault)
    }
}
