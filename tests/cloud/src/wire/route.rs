//! Paths of the REST protocols: which operation a method and a path mean, and what stands in them.

use super::form::pair;
use super::{scalar, unknown};
use crate::call::Refusal;
use crate::models::api::Api;
use crate::models::shape::{Kind, Location, Operation, Structure};
use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The operation of a request, and the members that stand in its path and its query string.
pub(super) fn read<'a>(api: &'a Api, request: &Request<Bytes>) -> Result<(&'a Operation, Map<String, Value>), Refusal> {
    let path = segments(request.uri().path());
    let mut found: Option<(&Operation, Vec<(&str, &str)>)> = None;
    for operation in api.operations().filter(|operation| operation.method == request.method().as_str()) {
        // Of two operations that fit, the one with fewer labels is meant: `/a/b` before `/a/{Name}`.
        let fewer = |labels: &Vec<_>| found.as_ref().is_none_or(|(_, old)| labels.len() < old.len());
        if let Some(labels) = fits(&operation.uri, &path).filter(fewer) {
            found = Some((operation, labels));
        }
    }
    let (operation, labels) = found.ok_or_else(|| unknown(api, request.uri().path()))?;
    let structure = api.structure_at(operation.input);
    let mut input = Map::new();
    for (label, text) in labels {
        let text = percent_decode_str(text).decode_utf8_lossy();
        put(api, structure, &mut input, Location::Uri, label, &text);
    }
    for (name, value) in request.uri().query().unwrap_or_default().split('&').filter(|p| !p.is_empty()).map(pair) {
        put(api, structure, &mut input, Location::QueryString, &name, &value);
    }
    Ok((operation, input))
}

/// Adds the members of a body to those of path and query string, which stay as they are.
pub(super) fn add(input: &mut Map<String, Value>, body: Map<String, Value>) {
    for (name, value) in body {
        input.entry(name).or_insert(value);
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.trim_matches('/').split('/').collect()
}

/// The labels of a template and what stands in their place, if the path fits it.
fn fits<'a>(template: &'a str, path: &[&'a str]) -> Option<Vec<(&'a str, &'a str)>> {
    let template = segments(template);
    if template.len() != path.len() {
        return None;
    }
    let mut labels = Vec::new();
    for (wanted, given) in template.into_iter().zip(path.iter().copied()) {
        match wanted.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(label) if !given.is_empty() => labels.push((label, given)),
            Some(_) => return None,
            None if wanted == given => {}
            None => return None,
        }
    }
    Some(labels)
}

fn put(api: &Api, structure: &Structure, input: &mut Map<String, Value>, place: Location, wire: &str, text: &str) {
    let found = structure.on_wire(wire).filter(|(_, member)| member.location == Some(place));
    let Some((name, member)) = found else {
        input.insert(wire.to_owned(), Value::from(text));
        return;
    };
    let shape = api.shape(member.shape);
    if let Kind::List(element) = &shape.kind {
        let item = scalar(api.shape(element.shape), text);
        let list = input.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = list {
            items.push(item);
        }
    } else {
        input.insert(name.to_owned(), scalar(shape, text));
    }
}
