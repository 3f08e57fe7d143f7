//! The Kubernetes side of a life: Secrets in memory, behind the client that the operator reads them with.

use http::{Request, Response, StatusCode};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::client::Body;
use kube::core::ObjectMeta;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// A Kubernetes cluster that has Secrets and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    secrets: BTreeMap<String, BTreeMap<String, String>>,
}

impl Cluster {
    /// With one more key of a Secret.
    pub fn secret(mut self, name: &str, key: &str, value: &str) -> Self {
        self.secrets.entry(name.to_owned()).or_default().insert(key.to_owned(), value.to_owned());
        self
    }

    /// A client of it.
    pub fn client(&self) -> kube::Client {
        let cluster = Arc::new(self.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let answer = cluster.answer(request.uri().path());
            async move { Ok::<_, Infallible>(answer) }
        });
        kube::Client::new(service, "default")
    }

    fn answer(&self, path: &str) -> Response<String> {
        let name = path.strip_prefix("/api/v1/namespaces/default/secrets/").unwrap_or_default();
        let found = self.secrets.get(name).map(|data| secret(name, data));
        let (status, body) = match found {
            Some(found) => (StatusCode::OK, found),
            None => (
                StatusCode::NOT_FOUND,
                json!({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}),
            ),
        };
        let mut answer = Response::new(body.to_string());
        *answer.status_mut() = status;
        answer
    }
}

fn secret(name: &str, data: &BTreeMap<String, String>) -> Value {
    let metadata =
        ObjectMeta { name: Some(name.to_owned()), namespace: Some("default".to_owned()), ..ObjectMeta::default() };
    let data = data.iter().map(|(key, value)| (key.clone(), ByteString(value.as_bytes().to_vec()))).collect();
    json!(Secret { metadata, data: Some(data), ..Secret::default() })
}
