//! `spec.auth`: the login in front of Jenkins.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ClientSecretSource;
use crate::schema;

/// Source networks that fit in one rule of the load balancer: it holds five values, host name and path are two.
const NETWORKS_PER_RULE: usize = 3;

/// The login in front of Jenkins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", default = "AuthSpec::default")]
pub struct AuthSpec {
    /// Single sign-on by OpenID Connect, done by the load balancer before a request reaches Jenkins. Needs HTTPS and
    /// `endpoint.host`. Default: no login in front of Jenkins.
    /// Example: `{issuer: "https://example.okta.com", clientId: jenkins, clientSecret: {…}, scopes: [openid, groups]}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oidc: Option<OidcSpec>,
}

/// Single sign-on by OpenID Connect. Register the URIs in `status.endpoints.redirectUris` at the provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcSpec {
    /// URL of the provider, as it stands in its tokens. Required. Example: `https://example.okta.com/oauth2/default`.
    #[schemars(length(max = 512))]
    #[x_kube(validation = Rule::new("self.startsWith('https://') && isURL(self) && !self.contains('?') && !self.contains('#')").message(
        "auth.oidc.issuer must be a URL that begins with https:// and has no ? or #"
    ))]
    pub issuer: String,

    /// The provider's endpoints, written out. Default: discovered from the metadata document of the issuer, at
    /// `/.well-known/openid-configuration` below it.
    /// Example: `{authorization: "https://…/authorize", token: "https://…/token", userInfo: "https://…/userinfo"}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<OidcEndpoints>,

    /// Client id of Jenkins at the provider. Required. Example: `0oa1b2c3d4e5f6g7h8i9`.
    #[schemars(length(min = 1, max = 256))]
    pub client_id: String,

    /// Where the client secret lies: exactly one of `secretKeyRef` and `secretsManager`. Required.
    /// Example: `{secretKeyRef: {name: jenkins-oidc, key: clientSecret}}`.
    pub client_secret: ClientSecretSource,

    /// Scopes to ask for, with `openid` among them; up to 20, each once.
    /// Default: `[openid, email, profile]`. Example: `[openid, email, profile, groups]`.
    #[serde(default = "default_scopes")]
    #[schemars(length(min = 1, max = 20), inner(regex(pattern = r#"^[!#-\[\]-~]+$"#), length(max = 128)))]
    #[x_kube(validation = Rule::new("'openid' in self").message("auth.oidc.scopes must contain openid"))]
    #[x_kube(validation = Rule::new("self.all(s, self.exists_one(t, t == s))").message(
        "auth.oidc.scopes names a scope twice: keep one of them"
    ))]
    pub scopes: Vec<String>,

    /// How long a login lasts, in seconds, 1 to 604800. Default: `604800`, 7 days. Example: `28800`.
    #[serde(default = "default_session_timeout")]
    #[schemars(range(min = 1, max = 604800))]
    pub session_timeout_seconds: i32,

    /// Name of the session cookie; the load balancer adds `-0`, `-1` and so on to it.
    /// Default: `AWSELBAuthSessionCookie`. Example: `JenkinsSession`.
    #[serde(default = "default_session_cookie")]
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]+$"), length(max = 64))]
    pub session_cookie_name: String,

    /// What happens to a request without login: `Authenticate` sends the browser to the provider, `Allow` lets it pass
    /// to Jenkins, `Deny` answers 401. Default: `Authenticate`. Example: `Deny`.
    #[serde(default)]
    pub on_unauthenticated: OnUnauthenticated,

    /// Further parameters of the request to the provider; up to 10, names made of letters and digits, values of up to
    /// 256 characters. Default: none. Example: `{prompt: login}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::request_parameters")]
    pub extra_params: BTreeMap<String, String>,

    /// Paths that pass without login from given networks, for webhooks; up to 20 entries. Each path takes one rule of
    /// the load balancer for every three networks, at most 50 in all. Default: none.
    /// Example: `[{paths: [/github-webhook/], sourceCidrs: [192.30.252.0/22, 140.82.112.0/20]}]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(validation = Rule::new("self.map(o, size(o.paths) * ((size(o.sourceCidrs) + 2) / 3)).sum() <= 50").message(
        "auth.oidc.openPaths needs more than 50 rules of the load balancer (one for each path and every three networks): use wildcards in paths or wider networks"
    ))]
    pub open_paths: Vec<OpenPaths>,
}

impl OidcSpec {
    /// The rules of the load balancer that let `openPaths` pass, in the order of the spec.
    pub fn open_rules(&self) -> Vec<OpenRule<'_>> {
        let mut rules = Vec::new();
        for OpenPaths { paths, source_cidrs } in &self.open_paths {
            for path in paths {
                rules
                    .extend(source_cidrs.chunks(NETWORKS_PER_RULE).map(|source_cidrs| OpenRule { path, source_cidrs }));
            }
        }
        rules
    }
}

fn default_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

fn default_session_timeout() -> i32 {
    604_800
}

fn default_session_cookie() -> String {
    "AWSELBAuthSessionCookie".to_owned()
}

/// The provider's endpoints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new(
    "[self.authorization, self.token, self.userInfo].all(u, u.startsWith('https://') && isURL(u))"
).message("each of auth.oidc.endpoints must be a URL that begins with https://"))]
pub struct OidcEndpoints {
    /// Where the browser is sent to log in. Required. Example: `https://example.okta.com/oauth2/default/v1/authorize`.
    #[schemars(length(max = 512))]
    pub authorization: String,
    /// Where the load balancer fetches tokens. Required. Example: `https://example.okta.com/oauth2/default/v1/token`.
    #[schemars(length(max = 512))]
    pub token: String,
    /// Where the load balancer fetches the user's claims. Required.
    /// Example: `https://example.okta.com/oauth2/default/v1/userinfo`.
    #[schemars(length(max = 512))]
    pub user_info: String,
}

/// What happens to a request without login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnUnauthenticated {
    /// The browser is sent to the provider.
    #[default]
    Authenticate,
    /// It passes to Jenkins.
    Allow,
    /// It is answered with 401.
    Deny,
}

/// Paths that pass without login from given networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenPaths {
    /// Path patterns as the client sends them, with `endpoint.pathPrefix` if there is one; `*` stands for any characters
    /// and `?` for one, at most 5 of them in a path; 1 to 20 paths. Required. Example: `[/github-webhook/, /generic-webhook-trigger/*]`.
    #[schemars(
        length(min = 1, max = 20),
        inner(regex(pattern = r#"^/[A-Za-z0-9_.$/~"'@:+&()*?-]*$"#), length(max = 128))
    )]
    #[x_kube(validation = Rule::new("self.all(p, !p.matches('^[/*?]*$') && !p.contains('/securityRealm'))").message(
        "auth.oidc.openPaths must not open all of Jenkins or its login: name the paths of the webhooks"
    ))]
    #[x_kube(validation = Rule::new("self.all(p, !p.matches('([^*?]*[*?]){6}'))").message(
        "a path of auth.oidc.openPaths has more than 5 wildcards, the load balancer takes no more: write a simpler one"
    ))]
    pub paths: Vec<String>,

    /// IPv4 networks that the requests may come from; 1 to 30, each with its first address. Required.
    /// Example: `[192.30.252.0/22, 140.82.112.0/20]`.
    #[schemars(length(min = 1, max = 30), inner(regex(pattern = schema::CIDR), length(max = schema::CIDR_LENGTH)))]
    #[x_kube(validation = schema::cidrs_rule())]
    pub source_cidrs: Vec<String>,
}

/// One rule of the load balancer that lets requests pass without login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRule<'a> {
    /// Its path pattern.
    pub path: &'a str,
    /// The networks it is for; 1 to 3.
    pub source_cidrs: &'a [String],
}
