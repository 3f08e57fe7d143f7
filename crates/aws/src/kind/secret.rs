//! Secrets Manager secret with a value out of a Kubernetes Secret.
//!
//! The request token of a value, and so the id of its version, is the value's fingerprint: the same create or put again
//! changes nothing, and whichever version is current tells which value it has, without reading any. Nothing is lost by a
//! deletion, since the value has its source elsewhere; so it is forced. Calls: CreateSecret, ListSecrets, DescribeSecret,
//! PutSecretValue, UpdateSecretVersionStage, UpdateSecret, RestoreSecret, TagResource, DeleteSecret.

use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, gone, retagged, side_by_side};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry, Tag};
use jenkinsstack_core::arn::KeyArn;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::id::SecretVersion;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::secret::{Desired, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::{TAG_CLUSTER, Tags};
use jenkinsstack_core::plan::TAGS;
use std::collections::{BTreeSet, HashMap};

pub(crate) struct Secret;

/// Behind the name AWS puts six characters.
const OURS: On = On::Arn("arn:{partition}:secretsmanager:{region}:{account}:secret:jenkinsstack/{cluster}/*");
/// The most that one page can have (ListSecrets, AWS Secrets Manager API Reference).
const PAGE: i32 = 100;
/// Label of the version that readers get ("AWS Secrets Manager secret versions").
const CURRENT: &str = "AWSCURRENT";
/// The key that encrypts where none is named.
const OWN_KEY: &str = "alias/aws/secretsmanager";

impl Driver for Secret {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("secretsmanager:CreateSecret", OURS, When::Tagging),
        permit("secretsmanager:DeleteSecret", OURS, When::Owned),
        permit("secretsmanager:DescribeSecret", OURS, When::Always),
        permit("secretsmanager:ListSecrets", On::Any, When::Always),
        permit("secretsmanager:PutSecretValue", OURS, When::Owned),
        permit("secretsmanager:RestoreSecret", OURS, When::Owned),
        permit("secretsmanager:TagResource", OURS, When::Tagging),
        permit("secretsmanager:UpdateSecret", OURS, When::Owned),
        permit("secretsmanager:UpdateSecretVersionStage", OURS, When::Owned),
    ];

    /// "ListSecrets might not reflect changes from the last five minutes" (AWS Secrets Manager API Reference): what the
    /// tagging API knows already is asked for by itself.
    async fn list(account: &Account, tagged: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let cluster = account.cluster.as_str();
        let filter = |key, value| Filter::builder().key(key).values(value).build();
        let call = account.clients.secrets.list_secrets().include_planned_deletion(true).max_results(PAGE);
        let call = call.filters(filter(FilterNameStringType::TagKey, TAG_CLUSTER));
        let call = call.filters(filter(FilterNameStringType::TagValue, cluster));
        let mut pages = call.into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(Error::of("ListSecrets", cluster))?;
            all.extend(page.secret_list.unwrap_or_default().into_iter().map(Facts::from));
        }
        let known: BTreeSet<&str> = all.iter().filter_map(|facts| facts.arn.as_deref()).collect();
        let unlisted = secrets(account, tagged).filter(|arn| !known.contains(arn));
        let unlisted = side_by_side(unlisted.map(|arn| described(account, arn))).await?;
        all.extend(unlisted);
        Ok(all.into_iter().filter_map(|facts| facts.listed(account)).collect())
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        let Some(facts) = described(account, id).await? else { return Ok(None) };
        let tags = facts.tags.clone();
        let observed = facts.observed(account).ok_or_else(|| Error::incomplete("DescribeSecret", id, "ARN"))?;
        Ok(Some(target.seen(tags, Any::Secret(observed))))
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let Desired { description, value, fingerprint, kms_key } = desired;
        let call = account.clients.secrets.create_secret().name(&node.name).description(description);
        let call = call.secret_string(value.expose()).client_request_token(fingerprint.as_str());
        let call = call.set_kms_key_id(kms_key.as_ref().map(KeyArn::to_string));
        let call = call.set_tags(Some(secret_tags(&node.tags)));
        let output = match call.send().await.map_err(Error::of("CreateSecret", &node.name)) {
            Err(error) if is_taken(&error) => return existing(account, target, node).await,
            outcome => outcome?,
        };
        let facts = Facts {
            arn: output.arn,
            name: output.name,
            description: Some(description.clone()),
            kms_key: kms_key.as_ref().map(KeyArn::to_string),
            stages: output.version_id.map(|id| (id, vec![CURRENT.to_owned()])).into_iter().collect(),
            deleted: false,
            tags: node.tags.clone(),
        };
        let observed = facts.observed(account).ok_or_else(|| Error::incomplete("CreateSecret", &node.name, "ARN"))?;
        Ok(target.seen(node.tags.clone(), Any::Secret(observed)))
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        desired: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut secret = known(seen)?.clone();
        if changes(fields, "deleted") {
            restore(account, &mut secret).await?;
        }
        if changes(fields, "description") || changes(fields, "kmsKeyId") {
            describe(account, &mut secret, desired).await?;
        }
        if changes(fields, "fingerprint") {
            put(account, &mut secret, desired).await?;
        }
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            let call = account.clients.secrets.tag_resource().secret_id(secret.arn.as_str());
            let output = call.set_tags(Some(secret_tags(&node.tags))).send().await;
            output.map_err(Error::of("TagResource", &secret.name))?;
            tags = retagged(seen, node);
        }
        Ok(target.seen(tags, Any::Secret(secret)))
    }

    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let secret = known(seen)?;
        let call = account.clients.secrets.delete_secret().secret_id(secret.arn.as_str());
        let output = call.force_delete_without_recovery(true).send().await;
        gone(output.map_err(Error::of("DeleteSecret", &secret.name)))
    }
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::Secret(secret) = &seen.observed else { return Err(wrong_kind("Secret", seen)) };
    Ok(secret)
}

/// ARNs of secrets that the tagging API knows.
fn secrets<'a>(account: &Account, tagged: &'a Tagged) -> impl Iterator<Item = &'a str> {
    let prefix = account.arn("secretsmanager", "secret:");
    tagged.keys().map(String::as_str).filter(move |arn| arn.starts_with(&prefix))
}

/// A secret by its name or ARN, as it is now.
async fn described(account: &Account, id: &str) -> Result<Option<Facts>, Error> {
    let output = account.clients.secrets.describe_secret().secret_id(id).send().await;
    let output = present(output.map_err(Error::of("DescribeSecret", id)))?;
    Ok(output.map(|output| Facts {
        arn: output.arn,
        name: output.name,
        description: output.description,
        kms_key: output.kms_key_id,
        stages: output.version_ids_to_stages.unwrap_or_default(),
        deleted: output.deleted_date.is_some(),
        tags: tags(output.tags.unwrap_or_default()),
    }))
}

/// What the two reads and the create call tell of a secret.
struct Facts {
    arn: Option<String>,
    name: Option<String>,
    description: Option<String>,
    kms_key: Option<String>,
    /// Labels by version.
    stages: HashMap<String, Vec<String>>,
    deleted: bool,
    tags: Tags,
}

impl From<SecretListEntry> for Facts {
    fn from(secret: SecretListEntry) -> Self {
        Self {
            arn: secret.arn,
            name: secret.name,
            description: secret.description,
            kms_key: secret.kms_key_id,
            stages: secret.secret_versions_to_stages.unwrap_or_default(),
            deleted: secret.deleted_date.is_some(),
            tags: tags(secret.tags.unwrap_or_default()),
        }
    }
}

impl Facts {
    /// As one of a listing; `None` for one that is not of this cluster.
    fn listed(self, account: &Account) -> Option<Listed> {
        let tags = self.tags.clone();
        Listed::of(account, tags, Any::Secret(self.observed(account)?))
    }

    /// In core's form; `None` for an answer without name or ARN.
    fn observed(self, account: &Account) -> Option<Observed> {
        let Self { arn, name, description, kms_key, stages, deleted, tags: _ } = self;
        let current = stages.iter().find(|(_, labels)| labels.iter().any(|label| label == CURRENT));
        Some(Observed {
            arn: arn?.parse().ok()?,
            name: name?.parse().ok()?,
            description: description.unwrap_or_default(),
            version: current.and_then(|(id, _)| id.parse().ok()),
            kms_key: kms_key.and_then(|key| key_arn(account, &key)),
            deleted,
        })
    }
}

/// The key's ARN: answers name a key as it was named, by its ARN or its id, and AWS's own by its alias or not at all.
fn key_arn(account: &Account, key: &str) -> Option<KeyArn> {
    let is_alias = key == OWN_KEY || key.contains(":alias/");
    if is_alias { None } else { key.parse().or_else(|_| account.arn("kms", &format!("key/{key}")).parse()).ok() }
}

fn tags(tags: Vec<Tag>) -> Tags {
    tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value?))).collect()
}

fn secret_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Whether a create was refused because of its name: it has another value, or is scheduled for deletion.
fn is_taken(error: &Error) -> bool {
    error.is("ResourceExistsException")
        || error.is("InvalidRequestException") && error.message.contains("scheduled for deletion")
}

/// The secret that has our name. One that is scheduled for deletion is restored; one that is being deleted for good
/// keeps its name for a moment longer.
async fn existing(account: &Account, target: Target<'_>, node: &Node) -> Result<Seen, Error> {
    let Some(mut seen) = Secret::read(account, target, &node.name).await? else {
        return Err(Error::unseen("DescribeSecret", &node.name));
    };
    if !seen.tags.as_ref().is_some_and(|tags| target.owns(tags)) {
        return Err(Error::foreign("CreateSecret", &node.name));
    }
    let mut secret = known(&seen)?.clone();
    if secret.deleted {
        restore(account, &mut secret).await.map_err(Error::just_made)?;
        seen.observed = Any::Secret(secret);
    }
    Ok(seen)
}

async fn restore(account: &Account, secret: &mut Observed) -> Result<(), Error> {
    let output = account.clients.secrets.restore_secret().secret_id(secret.arn.as_str()).send().await;
    output.map_err(Error::of("RestoreSecret", &secret.name))?;
    secret.deleted = false;
    Ok(())
}

async fn describe(account: &Account, secret: &mut Observed, desired: &Desired) -> Result<(), Error> {
    let call = account.clients.secrets.update_secret().secret_id(secret.arn.as_str());
    let call = call.description(&desired.description);
    let output = call.kms_key_id(desired.kms_key.as_ref().map_or(OWN_KEY, KeyArn::as_str)).send().await;
    output.map_err(Error::of("UpdateSecret", &secret.name))?;
    secret.description.clone_from(&desired.description);
    secret.kms_key.clone_from(&desired.kms_key);
    Ok(())
}

/// Makes the value current. A value that the secret had before has a version already, which a put leaves where it is.
async fn put(account: &Account, secret: &mut Observed, desired: &Desired) -> Result<(), Error> {
    let Desired { description: _, value, fingerprint, kms_key: _ } = desired;
    let version: SecretVersion = fingerprint.as_str().parse().map_err(Error::bug("PutSecretValue", &secret.name))?;
    let call = account.clients.secrets.put_secret_value().secret_id(secret.arn.as_str());
    let output = call.secret_string(value.expose()).client_request_token(version.as_str()).send().await;
    let output = output.map_err(Error::of("PutSecretValue", &secret.name))?;
    if !output.version_stages().iter().any(|label| label == CURRENT) {
        let call = account.clients.secrets.update_secret_version_stage().secret_id(secret.arn.as_str());
        let call = call.version_stage(CURRENT).move_to_version_id(version.as_str());
        let output = call.set_remove_from_version_id(secret.version.as_ref().map(SecretVersion::to_string)).send().await;
        output.map_err(Error::of("UpdateSecretVersionStage", &secret.name))?;
    }
    secret.version = Some(version);
    Ok(())
}
