//! Secret values: read where the spec says, wrapped at once, and kept by nobody.

use super::{Sources, failed, wrong};
use jenkinsstack_api::JenkinsStackSpec;
use jenkinsstack_api::spec::{ClientSecretRef, ClientSecretSource, SecretKeyRef, SecretSource};
use jenkinsstack_api::status::Reason;
use jenkinsstack_core::desired::SecretText;
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::secret::{Fingerprinter, SecretValue};
use jenkinsstack_status::facts::{Outlook, Trouble};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ObjectMeta, PostParams};
use std::collections::{BTreeMap, BTreeSet};

/// The operator's own Secret with the key of fingerprints.
const KEY_SECRET: &str = "jenkinsstack-fingerprint-key";
/// The key within that Secret.
const KEY: &str = "key";
/// Length of the key: that of the hash.
const KEY_BYTES: usize = 32;

/// Names of the Kubernetes Secrets that a spec refers to.
pub fn referenced_secrets(spec: &JenkinsStackSpec) -> BTreeSet<&str> {
    let environment = spec.controller.secrets.iter().filter_map(|variable| match &variable.value_from {
        SecretSource::SecretKeyRef(reference) => Some(reference.name.as_str()),
        SecretSource::SecretsManager(_) | SecretSource::Parameter(_) => None,
    });
    let client = spec.auth.oidc.iter().filter_map(|oidc| match &oidc.client_secret {
        ClientSecretSource::SecretKeyRef(reference) => Some(reference.name.as_str()),
        ClientSecretSource::SecretsManager(_) => None,
    });
    environment.chain(client).collect()
}

/// Values of the environment variables that come from Kubernetes Secrets.
pub(super) async fn environment(
    sources: &Sources<'_>,
    owner: &Owner,
    spec: &JenkinsStackSpec,
) -> Result<BTreeMap<String, SecretText>, Trouble> {
    let mut values = BTreeMap::new();
    for variable in &spec.controller.secrets {
        if let SecretSource::SecretKeyRef(reference) = &variable.value_from {
            let field = format!("controller.secrets ({})", variable.name);
            let value = kubernetes(sources, owner, &field, reference).await?;
            values.insert(variable.name.clone(), text(sources, &variable.name, value));
        }
    }
    Ok(values)
}

/// The OIDC client secret; none without a login.
pub(super) async fn client_secret(
    sources: &Sources<'_>,
    owner: &Owner,
    spec: &JenkinsStackSpec,
) -> Result<Option<SecretText>, Trouble> {
    let Some(oidc) = &spec.auth.oidc else { return Ok(None) };
    let field = "auth.oidc.clientSecret";
    let value = match &oidc.client_secret {
        ClientSecretSource::SecretKeyRef(reference) => kubernetes(sources, owner, field, reference).await?,
        ClientSecretSource::SecretsManager(reference) => secrets_manager(sources, field, reference).await?,
    };
    Ok(Some(text(sources, "oidc-client-secret", value)))
}

fn text(sources: &Sources<'_>, purpose: &str, value: SecretValue) -> SecretText {
    SecretText { fingerprint: sources.fingerprinter.of(purpose, &value), value }
}

async fn kubernetes(
    sources: &Sources<'_>,
    owner: &Owner,
    field: &str,
    reference: &SecretKeyRef,
) -> Result<SecretValue, Trouble> {
    let SecretKeyRef { name, key } = reference;
    let api: Api<Secret> = Api::namespaced(sources.client.clone(), &owner.namespace);
    let secret = api.get_opt(name).await.map_err(|error| cluster(field, name, &error))?;
    let missing = |what: &str| {
        let message =
            format!("spec.{field}: {what} in namespace {}: create it, it is noticed at once", owner.namespace);
        wrong(Reason::SecretNotFound, message)
    };
    let secret = secret.ok_or_else(|| missing(&format!("there is no Secret {name}")))?;
    let ByteString(bytes) = secret
        .data
        .and_then(|mut data| data.remove(key))
        .ok_or_else(|| missing(&format!("Secret {name} has no key {key}")))?;
    let value =
        String::from_utf8(bytes).map_err(|_| missing(&format!("key {key} of Secret {name} is not UTF-8 text")))?;
    if value.is_empty() {
        return Err(missing(&format!("key {key} of Secret {name} is empty")));
    }
    Ok(SecretValue::new(value))
}

fn cluster(field: &str, name: &str, error: &kube::Error) -> Trouble {
    let message = format!("spec.{field}: Secret {name} can't be read: {error}");
    Trouble { reason: Reason::SecretNotFound, message, about: None, outlook: Outlook::Retrying }
}

async fn secrets_manager(
    sources: &Sources<'_>,
    field: &str,
    reference: &ClientSecretRef,
) -> Result<SecretValue, Trouble> {
    let ClientSecretRef { arn, key } = reference;
    let found = sources.account.secret_text(arn, sources.max_age).await.map_err(|error| failed(&error))?;
    let missing = |what: &str| wrong(Reason::SecretNotFound, format!("spec.{field}: {what}"));
    let whole = found.ok_or_else(|| missing(&format!("{arn} does not exist or has no text")))?;
    let Some(key) = key else { return Ok(whole) };
    let members: serde_json::Value = serde_json::from_str(whole.expose())
        .map_err(|_| missing(&format!("{arn} is not JSON, so it has no key {key}")))?;
    let value = members.get(key).and_then(serde_json::Value::as_str);
    value.map(SecretValue::new).ok_or_else(|| missing(&format!("{arn} has no text under the key {key}")))
}

/// The installation's fingerprinter, if the operator has made its key.
///
/// # Errors
/// When the Secret can't be read, or has no key in it: another one would be good for this process only, and every secret
/// would be written to AWS at each start.
pub async fn read_fingerprinter(client: &kube::Client, namespace: &str) -> Result<Option<Fingerprinter>, kube::Error> {
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let Some(secret) = api.get_opt(KEY_SECRET).await? else { return Ok(None) };
    let key = secret.data.and_then(|mut data| data.remove(KEY)).filter(|ByteString(key)| !key.is_empty());
    let ByteString(key) = key.ok_or_else(|| {
        let way_out =
            "restore it, or delete the Secret: the operator then makes another key, and writes every secret once more";
        kube::Error::Service(format!("Secret {KEY_SECRET} in namespace {namespace} has no {KEY}: {way_out}").into())
    })?;
    Ok(Some(Fingerprinter::new(key)))
}

/// The installation's fingerprinter. Its key lies in a Secret beside the operator and is made at the first start. Should
/// it get lost, every secret is written to AWS once more, and nothing else happens.
///
/// # Errors
/// When the Secret can be neither read nor made.
pub async fn fingerprinter(client: &kube::Client, namespace: &str) -> Result<Fingerprinter, kube::Error> {
    if let Some(known) = read_fingerprinter(client, namespace).await? {
        return Ok(known);
    }
    let mut key = vec![0; KEY_BYTES];
    let randomness = rustls::crypto::ring::default_provider().secure_random.fill(&mut key);
    randomness.map_err(|_| kube::Error::Service("no randomness for the fingerprint key".into()))?;
    let secret = Secret {
        metadata: ObjectMeta { name: Some(KEY_SECRET.to_owned()), ..ObjectMeta::default() },
        data: Some(BTreeMap::from([(KEY.to_owned(), ByteString(key.clone()))])),
        ..Secret::default()
    };
    let api: Api<Secret> = Api::namespaced(client.clone(), namespace);
    match api.create(&PostParams::default(), &secret).await {
        Ok(_) => Ok(Fingerprinter::new(key)),
        // Another replica was faster: its key counts.
        Err(kube::Error::Api(answer)) if answer.is_already_exists() => {
            let gone = || kube::Error::Service(format!("Secret {KEY_SECRET} came and went: start again").into());
            read_fingerprinter(client, namespace).await?.ok_or_else(gone)
        }
        Err(error) => Err(error),
    }
}
