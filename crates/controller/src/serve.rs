//! What the operator says of itself over HTTP: `/metrics`, and `/healthz` and `/readyz`.

use crate::metrics::Metrics;
use anyhow::Context as _;
use futures::stream::{self, Stream, StreamExt};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

/// How long nothing is accepted after an accept has failed: mostly there are too many open files, and that passes.
const PAUSE: Duration = Duration::from_secs(1);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Status, content type and body.
type Page = (StatusCode, &'static str, String);

/// Serves `/metrics` in the background.
///
/// # Errors
/// When nothing can listen on `address`.
pub async fn metrics(address: SocketAddr, metrics: Metrics) -> anyhow::Result<()> {
    serve(address, move |path| match path {
        "/metrics" => (StatusCode::OK, OPEN_METRICS, metrics.text()),
        _ => (StatusCode::NOT_FOUND, PLAIN, "metrics are at /metrics\n".into()),
    })
    .await
}

/// Serves `/healthz`, and `/readyz`, which fails until `ready`, in the background.
///
/// # Errors
/// When nothing can listen on `address`.
pub async fn health(address: SocketAddr, ready: Arc<AtomicBool>) -> anyhow::Result<()> {
    serve(address, move |path| match path {
        "/healthz" => (StatusCode::OK, PLAIN, "ok\n".into()),
        "/readyz" if ready.load(Ordering::Relaxed) => (StatusCode::OK, PLAIN, "ok\n".into()),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, PLAIN, "not connected to the cluster yet\n".into()),
        _ => (StatusCode::NOT_FOUND, PLAIN, "health is at /healthz and /readyz\n".into()),
    })
    .await
}

async fn serve(address: SocketAddr, page: impl Fn(&str) -> Page + Clone + Send + Sync + 'static) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving");
    let connections = stream::unfold(listener, async |listener| {
        let accepted = listener.accept().await.map(|(connection, _)| connection);
        Some((accepted, listener))
    });
    tokio::spawn(answer(connections, page));
    Ok(())
}

/// Answers every connection that can be accepted, whatever happens to others.
async fn answer<C: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    connections: impl Stream<Item = io::Result<C>> + Send,
    page: impl Fn(&str) -> Page + Clone + Send + Sync + 'static,
) {
    let mut connections = pin!(connections);
    while let Some(accepted) = connections.next().await {
        match accepted {
            Ok(connection) => drop(tokio::spawn(converse(connection, page.clone()))),
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn converse<C: AsyncRead + AsyncWrite + Unpin>(connection: C, page: impl Fn(&str) -> Page) {
    let service = service_fn(|request: Request<Incoming>| {
        let (status, content_type, body) = page(request.uri().path());
        let answer = Response::builder().status(status).header("content-type", content_type);
        async move { answer.body(Full::new(Bytes::from(body))) }
    });
    // It is the other side's matter how a conversation ends.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test(start_paused = true)]
    async fn a_failed_accept_ends_no_server() {
        let (mut client, server) = tokio::io::duplex(1024);
        let connections = stream::iter([Err(io::Error::other("too many open files")), Ok(server)]);
        let page = |path: &str| (StatusCode::OK, PLAIN, format!("this is {path}"));
        client.write_all(b"GET /there HTTP/1.0\r\n\r\n").await.unwrap();
        answer(connections, page).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("this is /there"), "{answer}");
    }
}
