//! The query protocol (IAM, STS, ELB): a form in, XML out. Its errors are also those of REST-XML.

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
    let input = form.input(api, shape, Dialect::Query);
    Ok(Decoded { operation, input })
}

pub(super) fn encode(api: &Api, operation: &Operation, output: &Value, id: &str) -> Sheet {
    let (response, result) = (format!("{}Response", operation.name), format!("{}Result", operation.name));
    let mut out = String::new();
    xml::open(&mut out, &response, &api.meta.xml_namespace);
    if operation.output.is_some() {
        xml::open(&mut out, &result, "");
        xml::members(&mut out, api, api.structure_at(operation.output), output);
        xml::close(&mut out, &result);
    }
    xml::open(&mut out, "ResponseMetadata", "");
    xml::text(&mut out, "RequestId", id);
    xml::close(&mut out, "ResponseMetadata");
    xml::close(&mut out, &response);
    Sheet::new(Protocol::Query, 200).body(out)
}

pub(super) fn refuse(api: &Api, protocol: Protocol, failure: &Failure<'_>, id: &str) -> Sheet {
    let mut out = String::new();
    xml::open(&mut out, "ErrorResponse", &namespace(api));
    xml::open(&mut out, "Error", "");
    xml::text(&mut out, "Type", failure.kind());
    xml::text(&mut out, "Code", &failure.refusal.code);
    xml::text(&mut out, "Message", &failure.refusal.message);
    if let Some(shape) = failure.shape {
        xml::members(&mut out, api, shape.structure(), &Value::Object(failure.refusal.fields.clone()));
    }
    xml::close(&mut out, "Error");
    xml::text(&mut out, "RequestId", id);
    xml::close(&mut out, "ErrorResponse");
    Sheet::new(protocol, failure.status).body(out)
}

/// The namespace of the service's XML; REST-XML models name it only with their inputs.
pub(super) fn namespace(api: &Api) -> String {
    if !api.meta.xml_namespace.is_empty() {
        return api.meta.xml_namespace.clone();
    }
    format!("https://{}.amazonaws.com/doc/{}/", api.meta.endpoint_prefix, api.meta.api_version)
}
