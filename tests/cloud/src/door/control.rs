//! The paths under `/_cloud/`, which no AWS service has: for those who run the server.

use crate::Cloud;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

/// Root of the paths that are not AWS's.
pub const ROOT: &str = "/_cloud/";

/// Answers a request to a path under [`ROOT`].
pub fn handle(_cloud: &Cloud, request: &Request<Bytes>) -> Response<Bytes> {
    let path = request.uri().path().strip_prefix(ROOT).unwrap_or_default();
    let (status, text) = match (request.method(), path) {
        (&Method::GET, "health") => (StatusCode::OK, r#"{"status":"ok"}"#),
        _ => (StatusCode::NOT_FOUND, r#"{"error":"there is no such path"}"#),
    };
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
