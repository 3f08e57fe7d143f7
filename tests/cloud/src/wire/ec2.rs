//! EC2's kind of the query protocol: lists without `member`, answers without a result element, errors of their own form.

use super::form::{self, Dialect};
use super::{Decoded, Failure, Sheet, xml};
use crate::call::Refusal;
use crate::models::api::Api;
use crate::models::shape::{Operation, Protocol};
use bytes::Bytes;
use http::Request;
use serde_json::Value;

pub(super) fn decode(api: &Api, request: &Request<Bytes>) -> Result<Decoded, Refusal> {
    let (operation, form) = form::read(api, request)?;
    let shape = api.operation(&operation).and_then(|operation| operation.input);
    let input = form.input(api, shape, Dialect::Ec2);
    Ok(Decoded { operation, input })
}

pub(super) fn encode(api: &Api, operation: &Operation, output: &Value, id: &str) -> Sheet {
    let response = format!("{}Response", operation.name);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml::open(&mut out, &response, &format!("{}/", api.meta.xml_namespace));
    xml::text(&mut out, "requestId", id);
    xml::members(&mut out, api, api.structure_at(operation.output), output);
    xml::close(&mut out, &response);
    Sheet::new(Protocol::Ec2, 200).body(out)
}

pub(super) fn refuse(failure: &Failure<'_>, id: &str) -> Sheet {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>");
    xml::text(&mut out, "Code", &failure.refusal.code);
    xml::text(&mut out, "Message", &failure.refusal.message);
    out.push_str("</Error></Errors>");
    xml::text(&mut out, "RequestID", id);
    out.push_str("</Response>");
    Sheet::new(Protocol::Ec2, failure.status).body(out)
}
