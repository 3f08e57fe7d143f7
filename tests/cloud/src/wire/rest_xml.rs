//! REST-XML (Route 53): the operation is in method and path, bodies are XML. Errors are those of the query protocol.

use super::{Decoded, Sheet, query, route, xml};
use crate::call::Refusal;
use crate::models::api::Api;
use crate::models::shape::{Location, Operation, Protocol};
use bytes::Bytes;
use http::{HeaderName, Request};
use serde_json::Value;

pub(super) fn decode(api: &Api, request: &Request<Bytes>) -> Result<Decoded, Refusal> {
    let (operation, mut input) = route::read(api, request)?;
    if !request.body().trim_ascii().is_empty() {
        let text = std::str::from_utf8(request.body()).unwrap_or_default();
        let root = xml::parse(text).filter(|root| operation.input_name.as_ref().is_none_or(|name| *name == root.name));
        let root = root.ok_or_else(|| Refusal::new("MalformedInput", "The request body is not the XML expected."))?;
        let body = root.structure(api, api.structure_at(operation.input));
        route::add(&mut input, body);
    }
    Ok(Decoded { operation: operation.name.to_owned(), input: Value::Object(input) })
}

pub(super) fn encode(api: &Api, operation: &Operation, output: &Value) -> Sheet {
    let structure = api.structure_at(operation.output);
    let root = format!("{}Response", operation.name);
    let mut out = String::from("<?xml version=\"1.0\"?>\n");
    xml::open(&mut out, &root, &query::namespace(api));
    xml::members(&mut out, api, structure, output);
    xml::close(&mut out, &root);
    let mut sheet = Sheet::new(Protocol::RestXml, operation.status).body(out);
    let headers = structure.members.iter().filter(|(_, member)| member.location == Some(Location::Header));
    for (name, member) in headers {
        let value = output[name.as_str()].as_str();
        let header = HeaderName::from_bytes(member.wire(name).as_bytes()).ok();
        if let (Some(value), Some(header)) = (value, header) {
            sheet = sheet.header(header, value);
        }
    }
    sheet
}
