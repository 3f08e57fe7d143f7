//! What a row of the table says.

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// One field of the spec, changed once.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its path as in the definition, `[]` behind lists.
    pub(crate) field: &'static str,
    /// What else the spec has, as merge patches on the reference stack (RFC 7386).
    pub(crate) given: Vec<Value>,
    /// Its value before; null leaves it out.
    pub(crate) from: Value,
    /// Its value after.
    pub(crate) to: Value,
    /// What comes of the change.
    pub(crate) fate: Fate,
}

/// What comes of a change.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// These resources change, and no other.
    Changes(Vec<Effect>),
    /// Nothing on AWS changes: it is the same thing in another place.
    SameThing,
    /// Nothing on AWS changes, and the status tells this.
    Stalls(&'static str),
    /// The API server refuses the change, as this file in `crates/api/tests/immutable` shows. Stacks that are born with
    /// the one and the other value differ so. What slips past the API server is blocked all the same where it is about
    /// the home.
    Fixed(&'static str, Vec<Effect>),
    /// It is told by another test, since it shows in the cluster only: file, and name of the function or of the file.
    Told(&'static str, &'static str),
}

/// One member of one resource's state.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    /// The node; `*` is every resource that has tags.
    pub(crate) node: &'static str,
    /// Path of the member in the account's state.
    pub(crate) member: String,
    /// Its value before.
    pub(crate) before: Value,
    /// Its value after.
    pub(crate) after: Value,
    /// What becomes of the resource.
    pub(crate) how: How,
}

/// What becomes of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It has the same id.
    InPlace,
    /// It is another one, and the old one is gone.
    Replaced,
    /// It was not there before.
    Added,
    /// It is gone.
    Removed,
}

/// A row without its fate.
pub(crate) struct Change(Row);

/// A field and its two values.
pub(crate) fn field(field: &'static str, from: impl Into<Value>, to: impl Into<Value>) -> Change {
    let (from, to) = (from.into(), to.into());
    Change(Row { field, given: Vec::new(), from, to, fate: Fate::SameThing })
}

impl Change {
    /// With that in the spec before and after.
    pub(crate) fn given(mut self, patch: Value) -> Self {
        self.0.given.push(patch);
        self
    }

    pub(crate) fn changes(self, effects: impl Into<Vec<Effect>>) -> Row {
        self.meets(Fate::Changes(effects.into()))
    }

    pub(crate) fn same_thing(self) -> Row {
        self.meets(Fate::SameThing)
    }

    pub(crate) fn stalls(self, text: &'static str) -> Row {
        self.meets(Fate::Stalls(text))
    }

    pub(crate) fn fixed(self, admission: &'static str, effects: impl Into<Vec<Effect>>) -> Row {
        self.meets(Fate::Fixed(admission, effects.into()))
    }

    pub(crate) fn told(self, file: &'static str, name: &'static str) -> Row {
        self.meets(Fate::Told(file, name))
    }

    fn meets(self, fate: Fate) -> Row {
        Row { fate, ..self.0 }
    }
}

/// A member that changes while its resource stays.
pub(crate) fn in_place(
    node: &'static str,
    member: impl Into<String>,
    before: impl Into<Value>,
    after: impl Into<Value>,
) -> Effect {
    Effect { node, member: member.into(), before: before.into(), after: after.into(), how: How::InPlace }
}

/// A member for which a new resource takes the place of the old one.
pub(crate) fn replaced(
    node: &'static str,
    member: impl Into<String>,
    before: impl Into<Value>,
    after: impl Into<Value>,
) -> Effect {
    Effect { how: How::Replaced, ..in_place(node, member, before, after) }
}

/// A member of the task definition: the next revision of the family, which the service runs from then on.
pub(crate) fn revised(member: impl Into<String>, before: impl Into<Value>, after: impl Into<Value>) -> Effect {
    replaced("task-definition", member, before, after)
}

/// A resource that comes.
pub(crate) fn added(node: &'static str, member: impl Into<String>, after: impl Into<Value>) -> Effect {
    Effect { how: How::Added, ..in_place(node, member, Value::Null, after) }
}

/// A resource that goes.
pub(crate) fn removed(node: &'static str, member: impl Into<String>, before: impl Into<Value>) -> Effect {
    Effect { how: How::Removed, ..in_place(node, member, before, Value::Null) }
}

impl Row {
    /// The spec before and after, on top of `base`.
    pub(crate) fn specs(&self, base: &Value) -> [Value; 2] {
        let mut given = base.clone();
        self.given.iter().for_each(|patch| merge(&mut given, patch));
        [&self.from, &self.to].map(|value| {
            let mut spec = given.clone();
            set(&mut spec, self.field, value);
            spec
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<52} {} -> {}", self.field, self.from, self.to)
    }
}

/// Paths of all fields below `spec` that hold values, from the definition.
pub(crate) fn fields() -> BTreeSet<String> {
    let crd = serde_json::to_value(jenkinsstack_api::crd().unwrap()).unwrap();
    let mut found = BTreeSet::new();
    leaves("", &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"], &mut found);
    found
}

fn leaves(path: &str, schema: &Value, found: &mut BTreeSet<String>) {
    if let Some(members) = schema["properties"].as_object() {
        let inner = |name: &String| if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        members.iter().for_each(|(name, schema)| leaves(&inner(name), schema, found));
    } else if schema["items"].is_object() {
        leaves(&format!("{path}[]"), &schema["items"], found);
    } else {
        found.insert(path.to_owned());
    }
}

/// Puts a value at a field: whole lists of values, the first element of lists of objects; null takes it out.
fn set(spec: &mut Value, field: &str, value: &Value) {
    let (parent, last) = field.trim_end_matches("[]").rsplit_once('.').unwrap_or(("", field));
    let mut at = spec;
    for step in parent.split('.').filter(|step| !step.is_empty()) {
        let name = step.trim_end_matches("[]");
        at = &mut at[name];
        if name.len() < step.len() {
            at = &mut at[0];
        }
    }
    if !value.is_null() {
        at[last] = value.clone();
    } else if let Some(members) = at.as_object_mut() {
        members.remove(last);
    } else {
        // The way there is an area that the spec does not have; an empty one says the same.
        *at = Value::Object(Map::new());
    }
}

/// JSON merge patch (RFC 7386).
fn merge(target: &mut Value, patch: &Value) {
    let Some(members) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, value) in members {
        match value {
            Value::Null => drop(target.as_object_mut().map(|target| target.remove(name))),
            value => merge(&mut target[name.as_str()], value),
        }
    }
}
