//! JSON 1.1 (ACM, ECS, KMS, Logs, Secrets Manager, Service Quotas, tagging): the operation is in `X-Amz-Target`.

use super::{Decoded, Failure, Sheet, unknown};
use crate::call::Refusal;
use crate::models::api::Api;
use crate::models::shape::Protocol;
use bytes::Bytes;
use http::{HeaderMap, Request};
use serde_json::{Map, Value};

/// The operation named in the target, if the target is this service's.
pub(super) fn target<'a>(api: &Api, headers: &'a HeaderMap) -> Option<&'a str> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    target.strip_prefix(&api.meta.target_prefix)?.strip_prefix('.')
}

pub(super) fn decode(api: &Api, request: &Request<Bytes>) -> Result<Decoded, Refusal> {
    let name = target(api, request.headers()).unwrap_or_default();
    let operation = api.operation(name).ok_or_else(|| unknown(api, name))?.name.to_owned();
    Ok(Decoded { operation, input: object(request.body())? })
}

/// A JSON object; nothing at all is an empty one.
pub(super) fn object(body: &[u8]) -> Result<Value, Refusal> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) | Err(_) => Err(Refusal::new("SerializationException", "")),
    }
}

pub(super) fn encode(output: &Value) -> Sheet {
    Sheet::new(Protocol::Json, 200).body(text(output))
}

pub(super) fn refuse(failure: &Failure<'_>) -> Sheet {
    let mut members = failure.members();
    members.insert("__type".to_owned(), Value::from(&*failure.refusal.code));
    Sheet::new(Protocol::Json, failure.status).body(text(&Value::Object(members)))
}

/// JSON text without null members.
pub(super) fn text(value: &Value) -> Vec<u8> {
    if has_null(value) { without_nulls(value).to_string().into() } else { value.to_string().into() }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(|value| value.is_null() || has_null(value)),
        Value::Array(items) => items.iter().any(has_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let held = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(held.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
