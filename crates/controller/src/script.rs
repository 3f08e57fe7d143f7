//! For tests: a Kubernetes API that answers by a script, and remembers what it was asked.

use http::{Request, Response, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// An API that gives one answer after another, and then only failures.
#[derive(Clone, Default)]
pub(crate) struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    body: Value,
    after: Duration,
}

impl Answer {
    /// An object.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, body, after: Duration::ZERO }
    }

    /// A refusal.
    pub(crate) fn failure(status: u16, reason: &str) -> Self {
        let body = json!({"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": reason});
        Self { status, body, after: Duration::ZERO }
    }

    /// The same, but late.
    pub(crate) fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }
}

impl Script {
    /// An API with these answers.
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), asked: Arc::default() }
    }

    /// A client of it.
    pub(crate) fn client(&self) -> kube::Client {
        let script = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            lock(&script.asked).push(format!("{} {}", request.method(), request.uri().path()));
            let answer = lock(&script.answers).pop_front().unwrap_or_else(|| Answer::failure(500, "InternalError"));
            async move {
                tokio::time::sleep(answer.after).await;
                let mut response = Response::new(answer.body.to_string());
                *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
                Ok::<_, Infallible>(response)
            }
        });
        kube::Client::new(service, "default")
    }

    /// Method and path of what it was asked so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
