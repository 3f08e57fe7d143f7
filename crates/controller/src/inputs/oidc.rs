//! The endpoints of an OpenID provider: written out in the spec, or discovered from its metadata document.

use super::{Sources, invalid, wrong};
use jenkinsstack_api::JenkinsStackSpec;
use jenkinsstack_api::spec::OidcEndpoints;
use jenkinsstack_api::status::Reason;
use jenkinsstack_aws::innermost;
use jenkinsstack_status::facts::{Outlook, Trouble};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a provider may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest document that is read: real ones have a few thousand bytes.
const LARGEST: usize = 1 << 20;
/// How long a provider that could not be asked is left alone: all its stacks ask at the same time.
const PAUSE: Duration = Duration::from_secs(10);

/// Metadata documents, each fetched once in a while for all stacks. A provider that does not answer keeps only its own
/// stacks waiting.
pub struct Discovery {
    client: reqwest::Client,
    /// For how long a document serves.
    fresh: Duration,
    known: Mutex<BTreeMap<String, Arc<Mutex<Option<Look>>>>>,
}

/// What came of asking a provider.
struct Look {
    answer: Result<OidcEndpoints, Trouble>,
    /// When it is asked again.
    until: Instant,
}

/// The part of the metadata that the load balancer needs (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
}

impl Discovery {
    /// With a client of its own; a document serves for so long.
    ///
    /// # Errors
    /// When the TLS set-up of the machine is broken.
    pub fn new(fresh: Duration) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        Ok(Self { client, fresh, known: Mutex::default() })
    }

    /// The endpoints of `issuer`; with a `max_age` of zero it is asked now. What was found once serves on while the
    /// provider can't be reached.
    async fn find(&self, issuer: &str, max_age: Duration) -> Result<OidcEndpoints, Trouble> {
        let provider = self.known.lock().await.entry(issuer.to_owned()).or_default().clone();
        let mut last = provider.lock().await;
        if let Some(Look { answer, until }) = last.as_ref()
            && Instant::now() < *until
            && !max_age.is_zero()
        {
            return answer.clone();
        }
        let found = self.fetch(issuer).await;
        let until = Instant::now() + if found.is_ok() { self.fresh } else { PAUSE };
        let answer = match (found, last.take().map(|look| look.answer)) {
            (Err(trouble), Some(Ok(before))) if trouble.outlook == Outlook::Retrying => Ok(before),
            (found, _) => found,
        };
        *last = Some(Look { answer: answer.clone(), until });
        answer
    }

    /// The document, or why it can't be had.
    async fn read(&self, url: &str) -> Result<Vec<u8>, String> {
        let answer = self.client.get(url).send().await.and_then(reqwest::Response::error_for_status);
        let mut answer = answer.map_err(|error| innermost(&error))?;
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| innermost(&error))? {
            text.extend_from_slice(&chunk);
            if text.len() > LARGEST {
                return Err(format!("it is longer than {LARGEST} bytes"));
            }
        }
        Ok(text)
    }

    async fn fetch(&self, issuer: &str) -> Result<OidcEndpoints, Trouble> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let unreachable = |why: &str| Trouble {
            reason: Reason::IssuerUnreachable,
            message: format!("spec.auth.oidc.issuer: {url} can't be read: {why}"),
            about: None,
            outlook: Outlook::Retrying,
        };
        let text = self.read(&url).await.map_err(|why| unreachable(&why))?;
        let metadata: Metadata = serde_json::from_slice(&text).map_err(|error| unreachable(&error.to_string()))?;
        if metadata.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
            let message = format!("{url} is the document of {}: write the issuer as it stands there", metadata.issuer);
            return Err(invalid("auth.oidc.issuer", &message));
        }
        let none = || {
            let message = format!("{url} names no userinfo_endpoint: write auth.oidc.endpoints out");
            wrong(Reason::InvalidSpec, format!("spec.auth.oidc.issuer: {message}"))
        };
        Ok(OidcEndpoints {
            authorization: metadata.authorization_endpoint,
            token: metadata.token_endpoint,
            user_info: metadata.userinfo_endpoint.ok_or_else(none)?,
        })
    }
}

/// The endpoints that the load balancer is to use; none without a login.
pub(super) async fn endpoints(
    sources: &Sources<'_>,
    spec: &JenkinsStackSpec,
) -> Result<Option<OidcEndpoints>, Trouble> {
    let Some(oidc) = &spec.auth.oidc else { return Ok(None) };
    match &oidc.endpoints {
        Some(endpoints) => Ok(Some(endpoints.clone())),
        None => sources.discovery.find(&oidc.issuer, sources.max_age).await.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A provider whose document has so many bytes, and what is found there.
    async fn found(length: usize) -> Result<OidcEndpoints, Trouble> {
        // Another test of this process may have done so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let endpoints = r#""authorization_endpoint": "a", "token_endpoint": "t", "userinfo_endpoint": "u""#;
        let document = format!(r#"{{"issuer": "{issuer}", {endpoints}}}"#);
        let document = format!("{document}{}", " ".repeat(length.saturating_sub(document.len())));
        let server = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 1024]).await.unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", document.len());
            // The other side may hang up in the middle.
            let _ = connection.write_all(format!("{head}{document}").as_bytes()).await;
        });
        let found = Discovery::new(PAUSE).unwrap().find(&issuer, Duration::ZERO).await;
        server.abort();
        found
    }

    #[tokio::test]
    async fn a_document_is_read_up_to_a_limit() {
        assert_eq!(found(LARGEST).await.unwrap().token, "t");
        let trouble = found(LARGEST + 1).await.unwrap_err();
        assert!(trouble.message.ends_with("it is longer than 1048576 bytes"), "{}", trouble.message);
        assert_eq!((trouble.reason, trouble.outlook), (Reason::IssuerUnreachable, Outlook::Retrying));
    }
}
