//! AssumeRoleWithWebIdentity: a token of an OpenID Connect provider instead of a signature.

use super::{duration, open, refuse_session_policy};
use crate::call::{Answer, Ask, Call, Refusal};
use crate::iam::{may_federate, role_at};
use crate::service::iam::Provider;
use crate::tags::Tags;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Opens a session for the subject of a token.
pub(super) fn assume(call: &mut Call<'_>) -> Answer {
    refuse_session_policy(call)?;
    let claims = claims(call.text("WebIdentityToken"))?;
    let provider = provider(call, &claims)?.clone();
    refuse_expired(call, &claims)?;
    let audience = audience(&provider, &claims)?;
    let arn = call.text("RoleArn");
    let role = role_at(call.world, arn).cloned().ok_or_else(not_authorized)?;
    let subject = claims["sub"].as_str().unwrap_or_default().to_owned();
    let mut ask = Ask::new("sts:AssumeRoleWithWebIdentity", arn)
        .when(format!("{}:sub", provider.url), &subject)
        .when(format!("{}:aud", provider.url), &audience)
        .when("sts:RoleSessionName", call.text("RoleSessionName"));
    if let Some(party) = claims["azp"].as_str() {
        ask = ask.when(format!("{}:azp", provider.url), party);
    }
    if !may_federate(call.world, &role, &provider.arn, &ask, call.now) {
        return Err(not_authorized());
    }
    let seconds = duration(call, &role, false)?;
    let session = call.text("RoleSessionName").to_owned();
    let mut answer = open(call, &role, &session, Tags::new(), seconds);
    answer["SubjectFromWebIdentityToken"] = json!(subject);
    answer["Provider"] = json!(provider.arn);
    answer["Audience"] = json!(audience);
    Ok(answer)
}

fn not_authorized() -> Refusal {
    Refusal::new("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity").status(403)
}

fn bad_token(message: &str) -> Refusal {
    Refusal::new("InvalidIdentityToken", message)
}

/// The claims of a JSON web token.
fn claims(token: &str) -> Result<Value, Refusal> {
    let parts: Vec<&str> = token.split('.').collect();
    let body = if let [_, body, _] = parts.as_slice() { URL_SAFE_NO_PAD.decode(body).ok() } else { None };
    let claims = body.and_then(|bytes| serde_json::from_slice(&bytes).ok()).filter(Value::is_object);
    claims.ok_or_else(|| {
        bad_token("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
    })
}

/// The provider of the role's account that has the issuer of the token.
fn provider<'c>(call: &'c Call<'_>, claims: &Value) -> Result<&'c Provider, Refusal> {
    let issuer = claims["iss"].as_str().unwrap_or_default();
    let account = call.text("RoleArn").split(':').nth(4).unwrap_or_default();
    let url = issuer.trim_start_matches("https://").trim_end_matches('/');
    let providers = call.world.accounts.get(account).map(|account| &account.iam.providers);
    let provider = providers.and_then(|all| all.values().find(|provider| provider.url == url));
    provider.ok_or_else(|| bad_token(&format!("No OpenIDConnect provider found in your account for {issuer}")))
}

fn refuse_expired(call: &Call<'_>, claims: &Value) -> Result<(), Refusal> {
    let (now, end) = ((call.now.0 / 1000) as f64, claims["exp"].as_f64());
    match end {
        Some(end) if end > now => Ok(()),
        Some(end) => Err(Refusal::new(
            "ExpiredTokenException",
            format!("Token expired: current date/time {now} must be before the expiration date/time {end}"),
        )),
        None => Err(bad_token("Missing a required claim: exp")),
    }
}

/// The audience of the token that the provider accepts.
fn audience(provider: &Provider, claims: &Value) -> Result<String, Refusal> {
    let offered: Vec<&str> = match &claims["aud"] {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        single => single.as_str().into_iter().collect(),
    };
    let accepted = offered.into_iter().find(|audience| provider.clients.iter().any(|client| client == audience));
    accepted.map(str::to_owned).ok_or_else(|| bad_token("Incorrect token audience"))
}
