//! The ways in: an HTTP client for the SDK in this process ([`sdk`]), and a server on loopback ([`http`]).
//!
//! Both hand over whole requests and get whole responses; what they differ in is whose clock signatures are dated by.

pub mod control;
pub mod http;
pub mod sdk;

use crate::Cloud;
use crate::call::{Answer, Refusal};
use crate::clock::Time;
use crate::cloud::{Reply, Request};
use crate::models::api::Api;
use crate::models::shape::Protocol;
use crate::service::{SERVICES, Service, by_signing_name};
use crate::sigv4::{Credential, Fault, Signature};
use crate::wire;
use ::http::{Request as HttpRequest, Response, header};
use bytes::Bytes;

/// A request that was read, or the answer it gets without being read.
enum Arrival<'a> {
    Call(&'a Api, Protocol, Request),
    Answer(&'a Api, Protocol, Answer),
    Nowhere,
}

/// Answers one request whose signature was dated by a clock that now shows `signed`; nothing is to break the connection.
pub async fn answer(cloud: &Cloud, request: &HttpRequest<Bytes>, signed: Time) -> Option<Response<Bytes>> {
    let id = cloud.request_id();
    match arrive(cloud, request, signed) {
        Arrival::Call(api, protocol, call) => {
            let operation = call.operation.clone();
            match cloud.call(call) {
                Reply::Reset => None,
                Reply::Silence => std::future::pending().await,
                Reply::Answer(answer, delay) => {
                    if !delay.is_zero() {
                        tokio::time::sleep(delay).await;
                    }
                    Some(wire::encode(api, protocol, &operation, &answer, &id))
                }
            }
        }
        Arrival::Answer(api, protocol, answer) => Some(wire::encode(api, protocol, "", &answer, &id)),
        Arrival::Nowhere => Some(nowhere()),
    }
}

fn arrive<'a>(cloud: &Cloud, request: &HttpRequest<Bytes>, signed: Time) -> Arrival<'a> {
    let signature = Signature::read(request.headers());
    let scoped = signature.as_ref().ok().and_then(|signature| by_signing_name(&signature.service));
    let Some((service, api)) = addressee(cloud, scoped, request) else { return Arrival::Nowhere };
    let protocol = wire::protocol(api, request.headers());
    let refused = |fault: &Fault| Arrival::Answer(api, protocol, Err(fault.refusal(protocol)));
    let signature = match signature {
        Err(Fault::Missing) if needs_none(api, request) => None,
        Err(fault) => return refused(&fault),
        Ok(signature) => match signature.check(signed, api, service.signing, host(request)) {
            Err(fault) => return refused(&fault),
            Ok(()) => Some(signature),
        },
    };
    match wire::decode(api, request) {
        Ok(wire::Decoded { operation, input }) => {
            let credential = signature.map_or_else(Credential::none, |signature| signature.credential(api));
            Arrival::Call(api, protocol, Request { credential, service, operation, input })
        }
        Err(refusal) => Arrival::Answer(api, protocol, Err(refusal)),
    }
}

/// Whether a request is one that clients don't sign.
fn needs_none(api: &Api, request: &HttpRequest<Bytes>) -> bool {
    let decoded = wire::decode(api, request).ok();
    decoded.and_then(|decoded| api.operation(&decoded.operation)).is_some_and(|operation| operation.unsigned)
}

/// The service that a request is for: the one it is signed for, if its content is that service's; else the one whose
/// content it has.
fn addressee(
    cloud: &Cloud,
    scoped: Option<&'static Service>,
    request: &HttpRequest<Bytes>,
) -> Option<(&'static Service, &'static Api)> {
    let models = cloud.models();
    let known = |service: &'static Service| models.api(service).ok().map(|api| (service, api));
    let scoped = scoped.and_then(known);
    if let Some((service, api)) = scoped.filter(|(_, api)| wire::claims(api, request)) {
        return Some((service, api));
    }
    SERVICES.into_iter().filter_map(known).find(|(_, api)| wire::claims(api, request)).or(scoped)
}

fn host(request: &HttpRequest<Bytes>) -> &str {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    request.uri().host().or(named).unwrap_or_default()
}

/// What a request gets that is no service's: a load balancer's answer, not an API's.
fn nowhere() -> Response<Bytes> {
    let refusal = Refusal::new("UnknownEndpoint", "This cloud has no service that this request is for.");
    let mut response = Response::new(Bytes::from(refusal.message));
    *response.status_mut() = ::http::StatusCode::NOT_FOUND;
    response
}

/// A moment as HTTP's `Date` header has it.
pub(crate) fn http_date(time: Time) -> Option<::http::HeaderValue> {
    let moment = jiff::Timestamp::from_millisecond(time.0 as i64).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()?;
    ::http::HeaderValue::from_str(&text).ok()
}
