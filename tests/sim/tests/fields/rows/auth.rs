//! `spec.auth`.

use crate::row::{Effect, Row, field, in_place};
use jenkinsstack_sim::Stage;
use jenkinsstack_sim::spec::{CLIENT_SECRET, OTHER_SECRET};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) fn rows(stage: &Stage) -> Vec<Row> {
    [provider(), session(), client_secret(stage), open_paths()].concat()
}

/// A setting of the login that the load balancer asks for.
fn login(member: &str, before: impl Into<Value>, after: impl Into<Value>) -> [Effect; 1] {
    [in_place("rule", format!("Actions/Type=authenticate-oidc/AuthenticateOidcConfig/{member}"), before, after)]
}

/// A field whose text the load balancer takes as it is.
fn verbatim(path: &'static str, member: &str, before: &str, after: &str) -> Row {
    field(path, before, after).changes(login(member, before, after))
}

fn provider() -> Vec<Row> {
    let okta = |page: &str| format!("https://bytesource.okta.com/oauth2/v1/{page}");
    let other = |page: &str| format!("https://login.bytesource.internal/{page}");
    vec![
        verbatim("auth.oidc.issuer", "Issuer", "https://bytesource.okta.com", "https://login.bytesource.internal"),
        verbatim("auth.oidc.endpoints.authorization", "AuthorizationEndpoint", &okta("authorize"), &other("authorize")),
        verbatim("auth.oidc.endpoints.token", "TokenEndpoint", &okta("token"), &other("token")),
        verbatim("auth.oidc.endpoints.userInfo", "UserInfoEndpoint", &okta("userinfo"), &other("userinfo")),
        verbatim("auth.oidc.clientId", "ClientId", "jenkins", "ci"),
        field("auth.oidc.scopes[]", json!(["openid", "groups"]), json!(["openid", "email"])).changes(login(
            "Scope",
            "openid groups",
            "openid email",
        )),
        field("auth.oidc.extraParams", json!({}), json!({"prompt": "login"})).changes(login(
            "AuthenticationRequestExtraParams/prompt",
            Value::Null,
            "login",
        )),
    ]
}

fn session() -> Vec<Row> {
    vec![
        field("auth.oidc.sessionTimeoutSeconds", 604_800, 28_800).changes(login("SessionTimeout", 604_800, 28_800)),
        verbatim("auth.oidc.sessionCookieName", "SessionCookieName", "AWSELBAuthSessionCookie", "JenkinsSession"),
        field("auth.oidc.onUnauthenticated", "Authenticate", "Deny").changes(login(
            "OnUnauthenticatedRequest",
            "authenticate",
            "deny",
        )),
    ]
}

/// The load balancer never shows the secret; the account knows its hash.
fn client_secret(stage: &Stage) -> Vec<Row> {
    let [one, other] = stage.user.secrets.each_ref().map(String::as_str);
    let hash = |text: &str| hex::encode(Sha256::digest(text));
    let other_value = || login("ClientSecretSha256", hash(CLIENT_SECRET), hash(OTHER_SECRET));
    let named = json!({"auth": {"oidc": {"clientSecret": {
        "secretKeyRef": null,
        "secretsManager": {"arn": one, "key": "clientSecret"},
    }}}});
    vec![
        field("auth.oidc.clientSecret.secretKeyRef.name", "oidc", "spare-oidc").changes(other_value()),
        field("auth.oidc.clientSecret.secretKeyRef.key", "clientSecret", "other").changes(other_value()),
        // The other secret has the same value, under a key of the user's.
        field("auth.oidc.clientSecret.secretsManager.arn", one, other).given(named.clone()).same_thing(),
        field("auth.oidc.clientSecret.secretsManager.key", "clientSecret", "other").given(named).changes(other_value()),
    ]
}

fn open_paths() -> Vec<Row> {
    let paths = "Conditions/Field=path-pattern/PathPatternConfig/Values";
    let sources = "Conditions/Field=source-ip/SourceIpConfig/Values";
    vec![
        field("auth.oidc.openPaths[].paths[]", json!(["/github-webhook/"]), json!(["/gitlab/*"])).changes([in_place(
            "open-rule/1",
            paths,
            json!(["/github-webhook/"]),
            json!(["/gitlab/*"]),
        )]),
        field("auth.oidc.openPaths[].sourceCidrs[]", json!(["192.30.252.0/22"]), json!(["140.82.112.0/20"]))
            .changes([in_place("open-rule/1", sources, json!(["192.30.252.0/22"]), json!(["140.82.112.0/20"]))]),
    ]
}
