//! Bodies without the values of secrets.

use crate::models::Models;
use crate::models::api::Api;
use crate::models::shape::{Kind, Shape};
use crate::service::Service;
use serde_json::{Map, Value};

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// Members that hold secrets, though not every model says so of them.
const SECRETS: [&str; 5] = ["SecretString", "SecretBinary", "ClientSecret", "SecretAccessKey", "SessionToken"];

/// Which body of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

/// The body of a call as it may be printed.
pub(super) fn body(service: &Service, operation: &str, value: &Value, side: Side) -> Value {
    let api = Models::shared().ok().and_then(|models| models.api(service).ok());
    let shape = api.and_then(|api| {
        let operation = api.operation(operation)?;
        let id = if side == Side::Input { operation.input } else { operation.output };
        id.map(|id| (api, api.shape(id)))
    });
    hide(value, shape)
}

/// A value whose shape is as given, or unknown, without what is secret in it.
pub(super) fn hide(value: &Value, shape: Option<(&Api, &Shape)>) -> Value {
    if shape.is_some_and(|(_, shape)| shape.sensitive) {
        return Value::from(HIDDEN);
    }
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| member(name, value, shape)).collect::<Map<_, _>>())
        }
        Value::Array(list) => list.iter().map(|value| hide(value, inside(shape))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn member(name: &str, value: &Value, shape: Option<(&Api, &Shape)>) -> (String, Value) {
    if SECRETS.contains(&name) && !value.is_null() {
        return (name.to_owned(), Value::from(HIDDEN));
    }
    let shape = shape.and_then(|(api, shape)| {
        let id = match &shape.kind {
            Kind::Structure(structure) => structure.members.get(name)?.shape,
            Kind::Map(_, values) => values.shape,
            _ => return None,
        };
        Some((api, api.shape(id)))
    });
    (name.to_owned(), hide(value, shape))
}

fn inside<'a>(shape: Option<(&'a Api, &'a Shape)>) -> Option<(&'a Api, &'a Shape)> {
    let (api, shape) = shape?;
    match &shape.kind {
        Kind::List(member) => Some((api, api.shape(member.shape))),
        _ => None,
    }
}
