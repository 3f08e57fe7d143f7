//! Specs that lives begin with, and the context that goes with them.

use jenkinsstack_api::JenkinsStackSpec;
use jenkinsstack_cloud::seed::Network;
use jenkinsstack_core::desired::{Context, SecretText, Subnet};
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::secret::{Fingerprinter, SecretValue};
use serde_json::{Value, json};

/// Uid of the `kube-system` namespace of this world.
pub const INSTALLATION: &str = "6f1b0c9e-0000-4000-8000-000000000001";
/// The client secret of the login; the oracle looks for it everywhere.
pub const CLIENT_SECRET: &str = "sim-client-secret-0d5e7b";
/// The value of the secret environment variable; the oracle looks for it everywhere.
pub const TOKEN: &str = "sim-token-9a41c2";

/// Another secret value, for what is changed; the oracle looks for it as well.
pub const OTHER_SECRET: &str = "sim-other-secret-71c3f8";

/// Whose the stack is.
pub fn owner() -> Owner {
    Owner { cluster: "sim".into(), namespace: "default".into(), name: "jenkins".into() }
}

/// The reference stack, with a secret environment variable and an open path, so that every kind is there.
pub fn reference(network: &Network) -> Value {
    json!({
        "aws": {"region": "eu-central-1", "tags": {"team": "build"}},
        "network": {"vpc": {"id": network.vpc}},
        "controller": {
            "secrets": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token"}}}],
        },
        "endpoint": {"host": "jenkins.bytesource.internal", "certificateArn": network.certificate_arn},
        "auth": {"oidc": {
            "issuer": "https://bytesource.okta.com",
            "endpoints": {
                "authorization": "https://bytesource.okta.com/oauth2/v1/authorize",
                "token": "https://bytesource.okta.com/oauth2/v1/token",
                "userInfo": "https://bytesource.okta.com/oauth2/v1/userinfo",
            },
            "clientId": "jenkins",
            "clientSecret": {"secretKeyRef": {"name": "oidc", "key": "clientSecret"}},
            "scopes": ["openid", "email", "profile", "groups"],
            "openPaths": [{"paths": ["/github-webhook/"], "sourceCidrs": ["192.30.252.0/22"]}],
        }},
    })
}

/// What secrets are compared by.
pub fn fingerprinter() -> Fingerprinter {
    Fingerprinter::new(b"a key of thirty-two bytes, no less".to_vec())
}

/// The spec that a text in the API's form says.
///
/// # Errors
/// When it says none.
pub fn parse(spec: &Value) -> anyhow::Result<JenkinsStackSpec> {
    Ok(serde_json::from_value(spec.clone())?)
}

/// Everything that the operator would have looked up.
///
/// # Errors
/// When an id is not one.
pub fn context(network: &Network, spec: &JenkinsStackSpec, secrets: &Secrets) -> anyhow::Result<Context> {
    let subnets = |ids: &[String; 2]| -> anyhow::Result<Vec<Subnet>> {
        let zones = ["eu-central-1a", "eu-central-1b"];
        zones.into_iter().zip(ids).map(|(zone, id)| Ok(Subnet { zone: zone.parse()?, id: id.parse()? })).collect()
    };
    let fingerprinter = fingerprinter();
    let text = |purpose: &str, value: &str| {
        let value = SecretValue::new(value);
        SecretText { fingerprint: fingerprinter.of(purpose, &value), value }
    };
    let Secrets { client_secret, token } = secrets;
    Ok(Context {
        owner: owner(),
        installation: INSTALLATION.to_owned(),
        account: "111122223333".parse()?,
        partition: "aws".to_owned(),
        region: "eu-central-1".parse()?,
        vpc: network.vpc.parse()?,
        public_subnets: subnets(&network.public_subnets)?,
        private_subnets: subnets(&network.private_subnets)?,
        existing_file_system: None,
        existing_cluster: None,
        existing_listener: None,
        secrets: [("TOKEN".to_owned(), text("TOKEN", token))].into(),
        client_secret: Some(text("oidc-client-secret", client_secret)),
        oidc_endpoints: spec.auth.oidc.as_ref().and_then(|oidc| oidc.endpoints.clone()),
    })
}

/// The secret values of a life.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// Of the login.
    pub client_secret: String,
    /// Of the environment variable `TOKEN`.
    pub token: String,
}

impl Default for Secrets {
    fn default() -> Self {
        Self { client_secret: CLIENT_SECRET.to_owned(), token: TOKEN.to_owned() }
    }
}
