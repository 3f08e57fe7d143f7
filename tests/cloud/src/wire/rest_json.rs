//! REST-JSON (EFS): the operation is in method and path, the error's code in a header.

use super::json::{object, text};
use super::{Decoded, Failure, Sheet, route};
use crate::call::Refusal;
use crate::models::api::Api;
use crate::models::shape::{Operation, Protocol};
use bytes::Bytes;
use http::{HeaderName, Request};
use serde_json::Value;

pub(super) fn decode(api: &Api, request: &Request<Bytes>) -> Result<Decoded, Refusal> {
    let (operation, mut input) = route::read(api, request)?;
    if let Value::Object(body) = object(request.body())? {
        route::add(&mut input, body);
    }
    Ok(Decoded { operation: operation.name.to_owned(), input: Value::Object(input) })
}

pub(super) fn encode(api: &Api, operation: &Operation, output: &Value) -> Sheet {
    let sheet = Sheet::new(Protocol::RestJson, operation.status);
    let bare = api.structure_at(operation.output).members.is_empty();
    match operation.status {
        204 => sheet,
        _ if bare => sheet,
        _ => sheet.body(text(output)),
    }
}

pub(super) fn refuse(failure: &Failure<'_>) -> Sheet {
    let mut members = failure.members();
    let coded = failure.shape.is_some_and(|shape| shape.structure().members.contains_key("ErrorCode"));
    if coded {
        members.insert("ErrorCode".to_owned(), Value::from(&*failure.refusal.code));
    }
    let sheet = Sheet::new(Protocol::RestJson, failure.status).body(text(&Value::Object(members)));
    sheet.header(HeaderName::from_static("x-amzn-errortype"), &failure.refusal.code)
}
