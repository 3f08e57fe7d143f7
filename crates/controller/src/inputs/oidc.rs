//! The endpoints of an OpenID provider: written out in the spec, or discovered from its metadata document.

use super::{invalid, wrong};
use jenkinsstack_api::JenkinsStackSpec;
use jenkinsstack_api::spec::OidcEndpoints;
use jenkinsstack_api::status::Reason;
use jenkinsstack_status::facts::{Outlook, Trouble};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a provider may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// For how long a metadata document serves: providers change their endpoints hardly ever.
const FRESH: Duration = Duration::from_secs(3600);

/// Metadata documents, each fetched once an hour for all stacks.
pub struct Discovery {
    client: reqwest::Client,
    known: Mutex<BTreeMap<String, (Instant, OidcEndpoints)>>,
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
    /// With a client of its own.
    ///
    /// # Errors
    /// When the TLS set-up of the machine is broken.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        Ok(Self { client, known: Mutex::default() })
    }

    /// The endpoints of `issuer`. What was found once serves on while the provider can't be reached.
    async fn find(&self, issuer: &str) -> Result<OidcEndpoints, Trouble> {
        let mut known = self.known.lock().await;
        let before = known.get(issuer).cloned();
        if let Some((at, endpoints)) = &before
            && at.elapsed() < FRESH
        {
            return Ok(endpoints.clone());
        }
        match (self.fetch(issuer).await, before) {
            (Ok(endpoints), _) => {
                known.insert(issuer.to_owned(), (Instant::now(), endpoints.clone()));
                Ok(endpoints)
            }
            (Err(trouble), Some((_, endpoints))) if trouble.outlook == Outlook::Retrying => Ok(endpoints),
            (Err(trouble), _) => Err(trouble),
        }
    }

    async fn fetch(&self, issuer: &str) -> Result<OidcEndpoints, Trouble> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let unreachable = |error: reqwest::Error| Trouble {
            reason: Reason::IssuerUnreachable,
            message: format!("spec.auth.oidc.issuer: {url} can't be read: {}", cause(&error)),
            about: None,
            outlook: Outlook::Retrying,
        };
        let answer = self.client.get(&url).send().await.and_then(reqwest::Response::error_for_status);
        let metadata: Metadata = answer.map_err(unreachable)?.json().await.map_err(unreachable)?;
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
    discovery: &Discovery,
    spec: &JenkinsStackSpec,
) -> Result<Option<OidcEndpoints>, Trouble> {
    let Some(oidc) = &spec.auth.oidc else { return Ok(None) };
    match &oidc.endpoints {
        Some(endpoints) => Ok(Some(endpoints.clone())),
        None => discovery.find(&oidc.issuer).await.map(Some),
    }
}

/// The innermost cause of an error: reqwest's own text only says that something failed.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
