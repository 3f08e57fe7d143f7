//! The OpenID provider: found by its metadata document, over TLS of a company's own authority.

use crate::{LIMIT, RESYNC};
use anyhow::{Context, ensure};
use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_e2e::issuer::Issuer;
use jenkinsstack_e2e::status::{condition, says, stalled};
use jenkinsstack_e2e::{Site, World, stack};
use serde_json::{Value, json};
use std::sync::Arc;

const NAME: &str = "login";

pub(crate) async fn endpoints_are_discovered_and_followed(world: Arc<World>) -> anyhow::Result<()> {
    let mut world = world.beside(Site::named("login")).await?;
    let (certificate, key) = world.cluster.serving_certificate().context("a certificate")?;
    let issuer = Issuer::start(&certificate, &key).await?;
    world.environment.insert("SSL_CERT_FILE".to_owned(), certificate.display().to_string());
    world.operate(RESYNC)?;
    world.apply(&world.here(stack::client_secret("a secret of a discovered login"))).await?;
    let mut object = world.here(stack::reference(NAME, &world.network));
    let oidc = object["spec"]["auth"]["oidc"].as_object_mut().context("a login")?;
    oidc.insert("issuer".to_owned(), json!(issuer.url()));
    oidc.remove("endpoints");
    world.apply(&object).await?;

    let document = format!("spec.auth.oidc.issuer: {}/.well-known/openid-configuration can't be read: ", issuer.url());
    world.until(NAME, LIMIT, unreachable(&document)).await?;
    ensure!(world.items(NAME).is_empty(), "nothing is made before the login is known");

    issuer.publish(&issuer.url(), "https://login.bytesource.internal/v1");
    world.ready(NAME, LIMIT).await?;
    ensure!(
        authenticates(&world)?["AuthorizationEndpoint"] == "https://login.bytesource.internal/v1/authorize",
        "of the document"
    );
    ensure!(
        authenticates(&world)?["UserInfoEndpoint"] == "https://login.bytesource.internal/v1/userinfo",
        "of the document"
    );

    issuer.publish(&issuer.url(), "https://login.bytesource.internal/v2");
    let followed = || {
        let endpoint = authenticates(&world).map(|config| config["TokenEndpoint"].clone());
        endpoint.is_ok_and(|endpoint| endpoint == "https://login.bytesource.internal/v2/token")
    };
    world.eventually(LIMIT, "a changed document reaches the rule", followed).await?;

    issuer.fall_silent();
    let ask =
        ["annotate", "jks", NAME, "--namespace", &world.site.namespace, "jenkinsstack.io/reconcile-requested-at=now"];
    world.kubectl(&ask).await?;
    let seen = |status: &JenkinsStackStatus| status.last_handled_reconcile_at.as_deref() == Some("now");
    let status = world.until(NAME, LIMIT, seen).await?.status.context("a status")?;
    ensure!(condition(&status, ConditionType::Ready) == "True", "what was found once serves on: {status:?}");

    issuer.publish("https://somebody.example.com", "https://somebody.example.com");
    let texts = ["spec.auth.oidc.issuer", "is the document of https://somebody.example.com"];
    world.until(NAME, LIMIT, stalled("InvalidSpec", &texts)).await?;
    ensure!(followed(), "and the rule stays as it is");
    Ok(())
}

fn unreachable(document: &str) -> impl Fn(&JenkinsStackStatus) -> bool + '_ {
    move |status| {
        let retried = says(status, ConditionType::Reconciling, "ProgressingWithRetry", &[document]);
        retried && says(status, ConditionType::Ready, "IssuerUnreachable", &[document])
    }
}

/// How the stack's listener rule asks for a login.
fn authenticates(world: &World) -> anyhow::Result<Value> {
    let rule = world.item(NAME, "elasticloadbalancing:listener-rule")?;
    let actions = rule.state["Actions"].as_array().cloned().unwrap_or_default();
    let login = actions.into_iter().find(|action| action["Type"] == "authenticate-oidc");
    Ok(login.with_context(|| format!("no login: {}", rule.state))?["AuthenticateOidcConfig"].clone())
}
