//! XML: a small tree of what comes in, and text of what goes out, both read and written by a shape.

use super::{scalar, time};
use crate::models::api::Api;
use crate::models::shape::{Kind, Member, Shape, Structure};
use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

/// An element, with its name free of prefixes; attributes are of no interest here.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

/// Reads a document into its root element.
pub(super) fn parse(text: &str) -> Option<Element> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => open.push(Element::named(start.local_name().as_ref())),
            Event::Empty(start) => open.last_mut()?.children.push(Element::named(start.local_name().as_ref())),
            Event::End(_) => {
                let done = open.pop()?;
                open.last_mut()?.children.push(done);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(text) => open.last_mut()?.text.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(entity) => {
                let text = format!("&{};", &*entity);
                open.last_mut()?.text.push_str(&quick_xml::escape::unescape(&text).ok()?);
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    open.pop()?.children.pop()
}

impl Element {
    fn named(name: impl AsRef<[u8]>) -> Self {
        Self { name: String::from_utf8_lossy(name.as_ref()).into_owned(), ..Self::default() }
    }

    /// The members that stand in this element.
    pub(super) fn structure(&self, api: &Api, structure: &Structure) -> Map<String, Value> {
        let mut map = Map::new();
        for child in &self.children {
            match structure.on_wire(&child.name) {
                Some((name, member)) => {
                    map.insert(name.to_owned(), child.value(api, api.shape(member.shape)));
                }
                None => {
                    map.insert(child.name.clone(), Value::from(child.text.as_str()));
                }
            }
        }
        map
    }

    fn value(&self, api: &Api, shape: &Shape) -> Value {
        match &shape.kind {
            Kind::Structure(structure) => Value::Object(self.structure(api, structure)),
            Kind::List(member) => {
                let element = api.shape(member.shape);
                self.children.iter().map(|child| child.value(api, element)).collect()
            }
            Kind::Map(key, value) => self.map(api, key, value),
            _ => scalar(shape, &self.text),
        }
    }

    fn map(&self, api: &Api, key: &Member, value: &Member) -> Value {
        let part = |entry: &Element, name: &str| entry.children.iter().position(|child| child.name == name);
        let mut map = Map::new();
        for entry in &self.children {
            let name = part(entry, key.wire("key")).and_then(|at| entry.children.get(at));
            let held = part(entry, value.wire("value")).and_then(|at| entry.children.get(at));
            if let (Some(name), Some(held)) = (name, held) {
                map.insert(name.text.clone(), held.value(api, api.shape(value.shape)));
            }
        }
        Value::Object(map)
    }
}

/// Writes the members of a structure, one element each, leaving out those that travel elsewhere.
pub(super) fn members(out: &mut String, api: &Api, structure: &Structure, value: &Value) {
    for (name, value) in value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        if let Some(member) = structure.members.get(name).filter(|member| member.location.is_none()) {
            write(out, api, member, member.wire(name), value);
        }
    }
}

/// Writes one element with text in it.
pub(super) fn text(out: &mut String, name: &str, text: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    out.push_str(&escape(text));
    close(out, name);
}

/// Writes one opening tag, with a namespace where that is not empty.
pub(super) fn open(out: &mut String, name: &str, namespace: &str) {
    out.push('<');
    out.push_str(name);
    if !namespace.is_empty() {
        out.push_str(" xmlns=\"");
        out.push_str(namespace);
        out.push('"');
    }
    out.push('>');
}

/// Writes one closing tag.
pub(super) fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn write(out: &mut String, api: &Api, member: &Member, name: &str, value: &Value) {
    let shape = api.shape(member.shape);
    match (&shape.kind, value) {
        (Kind::Structure(structure), _) => {
            open(out, name, "");
            members(out, api, structure, value);
            close(out, name);
        }
        (Kind::List(element), Value::Array(items)) => list(out, api, (name, member.flattened), element, items),
        (Kind::Map(key, held), Value::Object(map)) => {
            open(out, name, "");
            entries(out, api, (key, held), map);
            close(out, name);
        }
        (Kind::Timestamp, _) => text(out, name, &time::write(value.as_f64().unwrap_or_default())),
        (_, Value::String(value)) => text(out, name, value),
        (_, other) => text(out, name, &other.to_string()),
    }
}

fn list(out: &mut String, api: &Api, (name, flattened): (&str, bool), element: &Member, items: &[Value]) {
    if flattened || element.flattened {
        items.iter().for_each(|item| write(out, api, element, name, item));
        return;
    }
    open(out, name, "");
    items.iter().for_each(|item| write(out, api, element, element.wire("member"), item));
    close(out, name);
}

fn entries(out: &mut String, api: &Api, (key, held): (&Member, &Member), map: &Map<String, Value>) {
    for (name, value) in map {
        open(out, "entry", "");
        text(out, key.wire("key"), name);
        write(out, api, held, held.wire("value"), value);
        close(out, "entry");
    }
}
