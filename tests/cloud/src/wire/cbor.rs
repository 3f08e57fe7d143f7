//! RPC v2 CBOR (resource tagging, as boto3 speaks it): the operation is in the path, bodies are CBOR.

use super::{Decoded, Failure, Sheet, unknown};
use crate::call::Refusal;
use crate::models::api::Api;
use crate::models::shape::{Kind, Operation, Protocol, Shape};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ciborium::value::Value as Cbor;
use http::Request;
use serde_json::{Map, Value};

/// CBOR's tag of a moment in seconds.
const EPOCH: u64 = 1;

/// The operation named in the path, if the path is this service's.
pub(super) fn target<'a>(api: &Api, path: &'a str) -> Option<&'a str> {
    let mut parts = path.trim_start_matches('/').split('/');
    let whole = parts.next() == Some("service")
        && parts.next() == Some(&api.meta.target_prefix)
        && parts.next() == Some("operation");
    parts.next().filter(|_| whole)
}

pub(super) fn decode(api: &Api, request: &Request<Bytes>) -> Result<Decoded, Refusal> {
    let name = target(api, request.uri().path()).unwrap_or_default();
    let operation = api.operation(name).ok_or_else(|| unknown(api, name))?;
    let body = request.body();
    let input = if body.is_empty() { Cbor::Map(Vec::new()) } else { parse(body)? };
    Ok(Decoded { operation: operation.name.to_owned(), input: read(&input) })
}

fn parse(body: &[u8]) -> Result<Cbor, Refusal> {
    match ciborium::from_reader(body) {
        Ok(value @ Cbor::Map(_)) => Ok(value),
        Ok(_) | Err(_) => Err(Refusal::new("SerializationException", "")),
    }
}

fn read(value: &Cbor) -> Value {
    match value {
        Cbor::Integer(number) => i64::try_from(*number).map_or(Value::Null, Value::from),
        Cbor::Float(number) => Value::from(*number),
        Cbor::Bool(value) => Value::from(*value),
        Cbor::Text(text) => Value::from(text.as_str()),
        Cbor::Bytes(bytes) => Value::from(STANDARD.encode(bytes)),
        Cbor::Tag(_, held) => read(held),
        Cbor::Array(items) => items.iter().map(read).collect(),
        Cbor::Map(entries) => {
            let entries = entries.iter().filter_map(|(name, value)| Some((name.as_text()?.to_owned(), read(value))));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

pub(super) fn encode(api: &Api, operation: &Operation, output: &Value) -> Sheet {
    let value = operation.output.map_or(Cbor::Map(Vec::new()), |shape| write(api, Some(api.shape(shape)), output));
    sheet(200, &value)
}

pub(super) fn refuse(api: &Api, failure: &Failure<'_>) -> Sheet {
    let mut members = failure.members();
    members.insert("__type".to_owned(), Value::from(&*failure.refusal.code));
    sheet(failure.status, &write(api, failure.shape, &Value::Object(members)))
}

fn sheet(status: u16, value: &Cbor) -> Sheet {
    let mut body = Vec::new();
    // Writing into memory can't fail.
    let _ = ciborium::into_writer(value, &mut body);
    Sheet::new(Protocol::SmithyRpcV2Cbor, status).body(body)
}

fn write(api: &Api, shape: Option<&Shape>, value: &Value) -> Cbor {
    let kind = shape.map(|shape| &shape.kind);
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => Cbor::Bool(*value),
        Value::Number(number) if matches!(kind, Some(Kind::Timestamp)) => {
            Cbor::Tag(EPOCH, Box::new(Cbor::Float(number.as_f64().unwrap_or_default())))
        }
        Value::Number(number) => match number.as_i64() {
            Some(number) => Cbor::Integer(number.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) if matches!(kind, Some(Kind::Blob)) => {
            Cbor::Bytes(STANDARD.decode(text).unwrap_or_default())
        }
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => {
            let element = if let Some(Kind::List(member)) = kind { Some(api.shape(member.shape)) } else { None };
            Cbor::Array(items.iter().map(|item| write(api, element, item)).collect())
        }
        Value::Object(map) => {
            let held = map.iter().filter(|(_, value)| !value.is_null());
            let entry =
                |(name, value): (&String, &Value)| (Cbor::Text(name.clone()), write(api, part(api, kind, name), value));
            Cbor::Map(held.map(entry).collect())
        }
    }
}

fn part<'a>(api: &'a Api, kind: Option<&Kind>, name: &str) -> Option<&'a Shape> {
    match kind {
        Some(Kind::Structure(structure)) => structure.members.get(name).map(|member| api.shape(member.shape)),
        Some(Kind::Map(_, member)) => Some(api.shape(member.shape)),
        _ => None,
    }
}
