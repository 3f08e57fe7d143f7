//! The action `authenticate-oidc`. Its client secret is write-only: only its hash is kept.

use super::super::refusal::{action, validation};
use crate::call::Refusal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// At most this many parameters are added to the request to the identity provider (API Reference,
/// AuthenticateOidcActionConfig).
const MAX_EXTRA_PARAMS: usize = 10;
const SESSION_COOKIE: &str = "AWSELBAuthSessionCookie";
const SESSION_SECONDS: i64 = 604_800;

/// How a load balancer signs users in.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Oidc {
    issuer: String,
    pub(in super::super) authorization_endpoint: String,
    token_endpoint: String,
    user_info_endpoint: String,
    pub(in super::super) client_id: String,
    pub(in super::super) secret_sha256: String,
    session_cookie: String,
    pub(in super::super) scope: String,
    session_seconds: i64,
    pub(in super::super) extra_params: BTreeMap<String, String>,
    pub(in super::super) unauthenticated: Unauthenticated,
}

/// What becomes of a request without a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unauthenticated {
    /// It is refused with 401.
    Deny,
    /// It is let through.
    Allow,
    /// It is sent to the identity provider.
    Authenticate,
}

impl Oidc {
    /// Reads and checks the settings of a request; `existing` are those that the rule has so far.
    pub(super) fn read(config: &Value, existing: Option<&Self>) -> Result<Self, Refusal> {
        if !config.is_object() {
            let kind = "authenticate-oidc";
            return Err(action(format!("An AuthenticateOidcConfig must be specified for actions of type '{kind}'")));
        }
        let or = |member: &str, default: &str| config[member].as_str().unwrap_or(default).to_owned();
        let session_seconds = config["SessionTimeout"].as_i64().unwrap_or(SESSION_SECONDS);
        if !(1..=SESSION_SECONDS).contains(&session_seconds) {
            return Err(validation(format!("Session timeout '{session_seconds}' must be between '1' and '604800'")));
        }
        let extra_params = params(&config["AuthenticationRequestExtraParams"])?;
        Ok(Self {
            issuer: endpoint(config, "Issuer")?,
            authorization_endpoint: endpoint(config, "AuthorizationEndpoint")?,
            token_endpoint: endpoint(config, "TokenEndpoint")?,
            user_info_endpoint: endpoint(config, "UserInfoEndpoint")?,
            client_id: or("ClientId", ""),
            secret_sha256: secret(config, existing)?,
            session_cookie: or("SessionCookieName", SESSION_COOKIE),
            scope: or("Scope", "openid"),
            session_seconds,
            extra_params,
            unauthenticated: Unauthenticated::read(&config["OnUnauthenticatedRequest"]),
        })
    }

    /// The action as a Describe operation shows it: with all defaults, without the secret.
    pub(super) fn describe(&self) -> Value {
        let mut config = json!({
            "Issuer": self.issuer,
            "AuthorizationEndpoint": self.authorization_endpoint,
            "TokenEndpoint": self.token_endpoint,
            "UserInfoEndpoint": self.user_info_endpoint,
            "ClientId": self.client_id,
            "SessionCookieName": self.session_cookie,
            "Scope": self.scope,
            "SessionTimeout": self.session_seconds,
            "OnUnauthenticatedRequest": self.unauthenticated.name(),
        });
        if !self.extra_params.is_empty() {
            config["AuthenticationRequestExtraParams"] = json!(self.extra_params);
        }
        json!({"Type": "authenticate-oidc", "AuthenticateOidcConfig": config})
    }
}

impl Unauthenticated {
    fn read(value: &Value) -> Self {
        match value.as_str() {
            Some("deny") => Self::Deny,
            Some("allow") => Self::Allow,
            _ => Self::Authenticate,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Authenticate => "authenticate",
        }
    }
}

/// A full URL with scheme `https` and a host.
fn endpoint(config: &Value, member: &str) -> Result<String, Refusal> {
    let url = config[member].as_str().unwrap_or_default();
    let host = url.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if host.is_empty() || url.contains(char::is_whitespace) {
        return Err(action(format!("The {member} '{url}' must be a full URL, including the HTTPS protocol")));
    }
    Ok(url.to_owned())
}

fn secret(config: &Value, existing: Option<&Oidc>) -> Result<String, Refusal> {
    let again = config["UseExistingClientSecret"] == true;
    match (config["ClientSecret"].as_str(), again) {
        (Some(_), true) => {
            Err(action("You cannot both specify a client secret and set UseExistingClientSecret to true"))
        }
        (Some(secret), false) => Ok(hex::encode(Sha256::digest(secret))),
        (None, true) => existing.map(|oidc| oidc.secret_sha256.clone()).ok_or_else(|| {
            action("You cannot set UseExistingClientSecret to true: there is no existing client secret")
        }),
        (None, false) => Err(action("You must either specify a client secret or set UseExistingClientSecret to true")),
    }
}

fn params(request: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let given = request.as_object().into_iter().flatten();
    let params: BTreeMap<String, String> =
        given.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect();
    if params.len() > MAX_EXTRA_PARAMS {
        return Err(action("You can specify up to '10' authentication request extra parameters"));
    }
    Ok(params)
}
