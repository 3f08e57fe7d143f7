//! HTTP on one side, operation and values on the other; driven by the API models.
//!
//! One file per protocol, each with the decoding of a request and the encoding of an answer and of a refusal. What is
//! shared: forms ([`form`]), XML ([`xml`]), paths ([`route`]) and moments ([`time`]).
//! Values that don't read as the model wants are passed on as they are: the model's check refuses them.

mod cbor;
mod ec2;
mod form;
mod json;
mod query;
mod rest_json;
mod rest_xml;
mod route;
mod time;
mod xml;

use crate::call::{Answer, Refusal};
use crate::models::api::Api;
use crate::models::shape::{Operation, Protocol, Shape};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use serde_json::{Map, Value};

/// A request as its protocol spells it: the operation and its input.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// Name in the model.
    pub operation: String,
    /// The model's shape, not yet checked.
    pub input: Value,
}

/// The protocol of this request to this service.
pub fn protocol(api: &Api, headers: &HeaderMap) -> Protocol {
    let cbor = headers.get("smithy-protocol").is_some_and(|value| value == "rpc-v2-cbor");
    if cbor && api.meta.protocols.contains(&Protocol::SmithyRpcV2Cbor) {
        return Protocol::SmithyRpcV2Cbor;
    }
    api.protocol()
}

/// Whether a request is one to this service, by what it says besides its signature.
pub fn claims(api: &Api, request: &Request<Bytes>) -> bool {
    match protocol(api, request.headers()) {
        Protocol::Json => json::target(api, request.headers()).is_some(),
        Protocol::SmithyRpcV2Cbor => cbor::target(api, request.uri().path()).is_some(),
        Protocol::Query | Protocol::Ec2 => form::version(request).as_deref() == Some(&api.meta.api_version),
        Protocol::RestJson | Protocol::RestXml => {
            let path = request.uri().path().trim_start_matches('/');
            path.split('/').next() == Some(&api.meta.api_version)
        }
    }
}

/// Reads a request.
pub fn decode(api: &Api, request: &Request<Bytes>) -> Result<Decoded, Refusal> {
    match protocol(api, request.headers()) {
        Protocol::Json => json::decode(api, request),
        Protocol::Query => query::decode(api, request),
        Protocol::Ec2 => ec2::decode(api, request),
        Protocol::RestJson => rest_json::decode(api, request),
        Protocol::RestXml => rest_xml::decode(api, request),
        Protocol::SmithyRpcV2Cbor => cbor::decode(api, request),
    }
}

/// Writes an answer, or a refusal, to a request for `operation` (as far as that is known).
pub fn encode(api: &Api, protocol: Protocol, operation: &str, answer: &Answer, id: &str) -> Response<Bytes> {
    let operation = api.operation(operation);
    let sheet = match (answer, operation) {
        (Ok(output), Some(operation)) => success(api, protocol, operation, output, id),
        (Ok(_), None) => Sheet::new(protocol, 200),
        (Err(refusal), _) => failure(api, protocol, &Failure::of(api, operation, refusal), id),
    };
    sheet.response(id)
}

fn success(api: &Api, protocol: Protocol, operation: &Operation, output: &Value, id: &str) -> Sheet {
    match protocol {
        Protocol::Json => json::encode(output),
        Protocol::Query => query::encode(api, operation, output, id),
        Protocol::Ec2 => ec2::encode(api, operation, output, id),
        Protocol::RestJson => rest_json::encode(api, operation, output),
        Protocol::RestXml => rest_xml::encode(api, operation, output),
        Protocol::SmithyRpcV2Cbor => cbor::encode(api, operation, output),
    }
}

fn failure(api: &Api, protocol: Protocol, failure: &Failure<'_>, id: &str) -> Sheet {
    match protocol {
        Protocol::Json => json::refuse(failure),
        Protocol::Query | Protocol::RestXml => query::refuse(api, protocol, failure, id),
        Protocol::Ec2 => ec2::refuse(failure, id),
        Protocol::RestJson => rest_json::refuse(failure),
        Protocol::SmithyRpcV2Cbor => cbor::refuse(api, failure),
    }
}

/// A refusal and what the model says of it.
struct Failure<'a> {
    refusal: &'a Refusal,
    shape: Option<&'a Shape>,
    status: u16,
}

impl<'a> Failure<'a> {
    fn of(api: &'a Api, operation: Option<&'a Operation>, refusal: &'a Refusal) -> Self {
        let shapes = operation.iter().flat_map(|operation| &operation.errors).map(|id| api.shape(*id));
        let shape = shapes.into_iter().find(|shape| shape.error_code() == refusal.code);
        let modelled = shape.and_then(|shape| shape.error.http_status_code);
        let status = modelled.filter(|_| refusal.status == 400).unwrap_or(refusal.status);
        Self { refusal, shape, status }
    }

    /// The error's members with its message, spelled as the model spells it.
    fn members(&self) -> Map<String, Value> {
        let modelled = self.shape.and_then(|shape| {
            shape.structure().members.keys().find(|name| name.eq_ignore_ascii_case("message")).cloned()
        });
        let mut members = self.refusal.fields.clone();
        let name = modelled.unwrap_or_else(|| "message".to_owned());
        members.insert(name, Value::from(self.refusal.message.as_str()));
        members
    }

    /// Who is to blame, as XML errors say.
    fn kind(&self) -> &'static str {
        if self.status >= 500 { "Receiver" } else { "Sender" }
    }
}

/// A response in the making.
struct Sheet {
    protocol: Protocol,
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sheet {
    fn new(protocol: Protocol, status: u16) -> Self {
        Self { protocol, status, headers: HeaderMap::new(), body: Vec::new() }
    }

    fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    fn response(self, id: &str) -> Response<Bytes> {
        let content = match self.protocol {
            Protocol::Json => "application/x-amz-json-1.1",
            Protocol::RestJson => "application/json",
            Protocol::Query | Protocol::RestXml => "text/xml",
            Protocol::Ec2 => "text/xml;charset=UTF-8",
            Protocol::SmithyRpcV2Cbor => "application/cbor",
        };
        let cbor = self.protocol == Protocol::SmithyRpcV2Cbor;
        let mut sheet = self.header(HeaderName::from_static("x-amzn-requestid"), id);
        if !sheet.body.is_empty() {
            sheet = sheet.header(http::header::CONTENT_TYPE, content);
        }
        if cbor {
            sheet = sheet.header(HeaderName::from_static("smithy-protocol"), "rpc-v2-cbor");
        }
        let mut response = Response::new(Bytes::from(sheet.body));
        *response.status_mut() = StatusCode::from_u16(sheet.status).unwrap_or(StatusCode::BAD_REQUEST);
        *response.headers_mut() = sheet.headers;
        response
    }
}

/// The refusal of a request whose operation its service does not have.
fn unknown(api: &Api, operation: &str) -> Refusal {
    match api.protocol() {
        Protocol::Query | Protocol::Ec2 => {
            let text = format!("The action {operation} is not valid for this web service.");
            Refusal::new("InvalidAction", text)
        }
        Protocol::RestJson | Protocol::RestXml => Refusal::new("UnknownOperationException", "").status(404),
        Protocol::Json | Protocol::SmithyRpcV2Cbor => Refusal::new("UnknownOperationException", ""),
    }
}

/// Text as the scalar that a shape wants, or as it is where it can't be read as such.
fn scalar(shape: &Shape, text: &str) -> Value {
    use crate::models::shape::Kind;
    let read = match shape.kind {
        Kind::Integer | Kind::Long => text.parse::<i64>().ok().map(Value::from),
        Kind::Float => text.parse::<f64>().ok().map(Value::from),
        Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        Kind::Timestamp => time::parse(text).map(Value::from),
        _ => None,
    };
    read.unwrap_or_else(|| Value::from(text))
}
