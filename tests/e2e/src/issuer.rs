//! An OpenID provider on loopback: as much of one as an operator asks, its metadata document over TLS.

use anyhow::Context;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A provider; it hangs up on everybody until something is published, and ends when it is dropped.
pub struct Issuer {
    port: u16,
    document: Arc<Mutex<Option<Value>>>,
    task: JoinHandle<()>,
}

impl Issuer {
    /// Starts one with a certificate for `127.0.0.1`.
    ///
    /// # Errors
    /// When the certificate is none, or nothing can listen on loopback.
    pub async fn start(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(key).context("the key of the certificate")?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(chain, key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let document = Arc::new(Mutex::new(None));
        let task = tokio::spawn(accept(listener, acceptor, document.clone()));
        Ok(Self { port, document, task })
    }

    /// The issuer as it stands in its tokens.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Publishes a document of `issuer` with endpoints below `base`.
    pub fn publish(&self, issuer: &str, base: &str) {
        self.say(Some(json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "userinfo_endpoint": format!("{base}/userinfo"),
            "jwks_uri": format!("{base}/keys"),
        })));
    }

    /// Hangs up on everybody again.
    pub fn fall_silent(&self) {
        self.say(None);
    }

    fn say(&self, document: Option<Value>) {
        *self.document.lock().unwrap_or_else(PoisonError::into_inner) = document;
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Document = Arc<Mutex<Option<Value>>>;

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, document: Document) {
    while let Ok((connection, _)) = listener.accept().await {
        let said = document.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(said) = said {
            tokio::spawn(answer(connection, acceptor.clone(), said));
        }
    }
}

/// One answer for each connection, so that what is published next is seen by the next question.
async fn answer(connection: TcpStream, acceptor: TlsAcceptor, document: Value) {
    let Ok(connection) = acceptor.accept(connection).await else { return };
    let page = |request: Request<Incoming>| {
        let found = request.uri().path() == "/.well-known/openid-configuration";
        let (status, body) =
            if found { (StatusCode::OK, document.to_string()) } else { (StatusCode::NOT_FOUND, String::new()) };
        async move { Response::builder().status(status).body(Full::new(Bytes::from(body))) }
    };
    let server = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(connection), service_fn(page));
    let _ = server.await;
}
