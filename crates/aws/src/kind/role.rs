//! IAM role under the path `/jenkinsstack/CLUSTER/`, with its inline and attached policies.
//!
//! Its name is unique in the account: a repeated create is refused, finds the role by name and gives it the policies
//! that it lacks. Policies are written one after another, because IAM refuses two changes of a role at a time. Calls:
//! CreateRole, PutRolePolicy, AttachRolePolicy, GetAccountAuthorizationDetails (the only listing with tags and policies),
//! GetRole, ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, UpdateAssumeRolePolicy, TagRole,
//! DetachRolePolicy, DeleteRolePolicy, DeleteRole.

use super::wrong_kind;
use crate::account::Account;
use crate::driver::{Deletion, Driver, Listed, Target, changes, gone, retagged};
use crate::error::{Error, present};
use crate::permission::{On, Permission, When, permit};
use crate::tagged::Tagged;
use aws_sdk_iam::error::BuildError;
use aws_sdk_iam::types::{AttachedPolicy, EntityType, Role as Described, RoleDetail, Tag};
use jenkinsstack_core::arn::PolicyArn;
use jenkinsstack_core::diff::Field;
use jenkinsstack_core::graph::Node;
use jenkinsstack_core::kind::Observed as Any;
use jenkinsstack_core::kind::role::{Desired, Observed};
use jenkinsstack_core::observed::Seen;
use jenkinsstack_core::owner::Tags;
use jenkinsstack_core::plan::TAGS;
use jenkinsstack_core::policy::{Document, normal};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) struct Role;

const OURS: On = On::Arn("arn:{partition}:iam::{account}:role/jenkinsstack/{cluster}/*");
/// Our roles by the form of their names.
const NAMED: On = On::Arn("arn:{partition}:iam::{account}:role/jks-*");
/// The most that one page can have (GetAccountAuthorizationDetails, IAM API Reference).
const PAGE: i32 = 1000;

impl Driver for Role {
    type Desired = Desired;

    const PERMISSIONS: &'static [Permission] = &[
        permit("iam:AttachRolePolicy", OURS, When::Owned),
        permit("iam:CreateRole", OURS, When::Tagging),
        permit("iam:DeleteRole", OURS, When::Owned),
        permit("iam:DeleteRolePolicy", OURS, When::Owned),
        permit("iam:DetachRolePolicy", OURS, When::Owned),
        permit("iam:GetAccountAuthorizationDetails", On::Any, When::Always),
        permit("iam:GetRole", OURS, When::Always),
        // IAM asks about a role that does not exist without its path.
        permit("iam:GetRole", NAMED, When::Always),
        permit("iam:GetRolePolicy", OURS, When::Always),
        permit("iam:ListAttachedRolePolicies", OURS, When::Always),
        permit("iam:ListRolePolicies", OURS, When::Always),
        permit("iam:PutRolePolicy", OURS, When::Owned),
        permit("iam:TagRole", OURS, When::Tagging),
        permit("iam:UpdateAssumeRolePolicy", OURS, When::Owned),
    ];

    async fn list(account: &Account, _: &Tagged, _: &[Listed]) -> Result<Vec<Listed>, Error> {
        let (operation, path) = ("GetAccountAuthorizationDetails", path(account));
        let call = account.clients.iam.get_account_authorization_details().filter(EntityType::Role).max_items(PAGE);
        let mut pages = call.into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(Error::of(operation, &path))?;
            for role in page.role_detail_list().iter().filter(|role| role.path() == Some(path.as_str())) {
                all.extend(Listed::of(account, tags(role.tags()), Any::Role(detailed(role)?)));
            }
        }
        Ok(all)
    }

    async fn read(account: &Account, target: Target<'_>, id: &str) -> Result<Option<Seen>, Error> {
        match described(account, id).await? {
            Some(role) => complete(account, target, role).await,
            None => Ok(None),
        }
    }

    async fn create(account: &Account, target: Target<'_>, node: &Node, desired: &Desired) -> Result<Seen, Error> {
        let (mut role, tags) = match make(account, node, desired).await {
            Err(error) if error.is("EntityAlreadyExists") => existing(account, target, node).await?,
            outcome => (outcome?, node.tags.clone()),
        };
        write_inline(account, &mut role, desired).await.map_err(Error::just_made)?;
        write_attached(account, &mut role, desired).await.map_err(Error::just_made)?;
        Ok(target.seen(tags, Any::Role(role)))
    }

    async fn update(
        account: &Account,
        target: Target<'_>,
        seen: &Seen,
        node: &Node,
        desired: &Desired,
        fields: &[Field],
    ) -> Result<Seen, Error> {
        let mut role = known(seen)?.clone();
        if changes(fields, "trustPolicy") {
            write_trust(account, &mut role, desired).await?;
        }
        if changes(fields, "inlinePolicies") {
            write_inline(account, &mut role, desired).await?;
        }
        if changes(fields, "managedPolicies") {
            write_attached(account, &mut role, desired).await?;
        }
        let mut tags = seen.tags.clone().unwrap_or_default();
        if changes(fields, TAGS) {
            let call = account.clients.iam.tag_role().role_name(role.name.as_str());
            let output = call.set_tags(Some(iam_tags(node)?)).send().await;
            output.map_err(Error::of("TagRole", &role.name))?;
            tags = retagged(seen, node);
        }
        Ok(target.seen(tags, Any::Role(role)))
    }

    /// Policies go first: IAM deletes no role that has any.
    async fn delete(account: &Account, _: Target<'_>, seen: &Seen) -> Result<Deletion, Error> {
        let (role, iam) = (known(seen)?, &account.clients.iam);
        let name = role.name.as_str();
        for policy in &role.attached {
            present(detach(account, name, policy).await)?;
        }
        for policy in role.inline.keys() {
            present(remove_inline(account, name, policy).await)?;
        }
        gone(iam.delete_role().role_name(name).send().await.map_err(Error::of("DeleteRole", name)))
    }
}

fn known(seen: &Seen) -> Result<&Observed, Error> {
    let Any::Role(role) = &seen.observed else { return Err(wrong_kind("Role", seen)) };
    Ok(role)
}

/// The path of this cluster's roles.
fn path(account: &Account) -> String {
    format!("/jenkinsstack/{}/", account.cluster)
}

fn tags(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}

fn iam_tags(node: &Node) -> Result<Vec<Tag>, Error> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    let tags: Result<Vec<Tag>, BuildError> = node.tags.iter().map(tag).collect();
    tags.map_err(Error::bug("TagRole", &node.name))
}

/// A policy out of an answer, where it stands percent-encoded, in the form by which it is compared.
fn document(operation: &'static str, role: &str, text: Option<&str>) -> Result<Value, Error> {
    let text = percent_decode_str(text.unwrap_or_default()).decode_utf8_lossy();
    let policy: Value = serde_json::from_str(&text).map_err(Error::bug(operation, role))?;
    Ok(normal(&policy))
}

/// A policy as it goes to AWS, and in the form by which it is compared.
fn written(operation: &'static str, role: &str, document: &Document) -> Result<(String, Value), Error> {
    let policy = document.json().map_err(Error::bug(operation, role))?;
    Ok((policy.to_string(), normal(&policy)))
}

fn arns(policies: &[AttachedPolicy]) -> BTreeSet<PolicyArn> {
    policies.iter().filter_map(|policy| policy.policy_arn()?.parse().ok()).collect()
}

/// A role of the listing.
fn detailed(role: &RoleDetail) -> Result<Observed, Error> {
    let (operation, name) = ("GetAccountAuthorizationDetails", role.role_name().unwrap_or_default());
    let inline = role.role_policy_list().iter().map(|policy| {
        let document = document(operation, name, policy.policy_document())?;
        Ok((policy.policy_name().unwrap_or_default().to_owned(), document))
    });
    Ok(Observed {
        arn: role.arn().unwrap_or_default().parse().map_err(Error::bug(operation, name))?,
        name: name.parse().map_err(Error::bug(operation, name))?,
        trust: document(operation, name, role.assume_role_policy_document())?,
        inline: inline.collect::<Result<_, Error>>()?,
        attached: arns(role.attached_managed_policies()),
    })
}

async fn inline(account: &Account, role: &str) -> Result<BTreeMap<String, Value>, Error> {
    let iam = &account.clients.iam;
    let names = iam.list_role_policies().role_name(role).into_paginator().items().send().try_collect().await;
    let names: Vec<String> = names.map_err(Error::of("ListRolePolicies", role))?;
    let mut policies = BTreeMap::new();
    for name in names {
        let output = iam.get_role_policy().role_name(role).policy_name(&name).send().await;
        if let Some(output) = present(output.map_err(Error::of("GetRolePolicy", role)))? {
            policies.insert(name, document("GetRolePolicy", role, Some(output.policy_document()))?);
        }
    }
    Ok(policies)
}

async fn attached(account: &Account, role: &str) -> Result<BTreeSet<PolicyArn>, Error> {
    let call = account.clients.iam.list_attached_role_policies().role_name(role);
    let policies = call.into_paginator().items().send().try_collect().await;
    policies.map(|policies: Vec<_>| arns(&policies)).map_err(Error::of("ListAttachedRolePolicies", role))
}

/// Makes the role, yet without policies.
async fn make(account: &Account, node: &Node, desired: &Desired) -> Result<Observed, Error> {
    let Desired { description, trust, inline: _, attached: _ } = desired;
    let (text, trust) = written("CreateRole", &node.name, trust)?;
    let call = account.clients.iam.create_role().role_name(&node.name).path(path(account)).description(description);
    let output = call.assume_role_policy_document(text).set_tags(Some(iam_tags(node)?)).send().await;
    let output = output.map_err(Error::of("CreateRole", &node.name))?;
    let Some(role) = output.role else { return Err(Error::incomplete("CreateRole", &node.name, "role")) };
    Ok(Observed {
        arn: role.arn.parse().map_err(Error::bug("CreateRole", &node.name))?,
        name: role.role_name.parse().map_err(Error::bug("CreateRole", &node.name))?,
        trust,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
    })
}

/// The role that has our name. The policies of one that is not ours we may not read.
async fn existing(account: &Account, target: Target<'_>, node: &Node) -> Result<(Observed, Tags), Error> {
    let unseen = || Error::unseen("GetRole", &node.name);
    let role = described(account, &node.name).await?.ok_or_else(unseen)?;
    let tags = tags(role.tags());
    if !target.owns(&tags) {
        return Err(Error::foreign("CreateRole", &node.name));
    }
    let seen = complete(account, target, role).await?.ok_or_else(unseen)?;
    Ok((known(&seen)?.clone(), tags))
}

/// A role by its name, without its policies.
async fn described(account: &Account, name: &str) -> Result<Option<Described>, Error> {
    let output = account.clients.iam.get_role().role_name(name).send().await;
    let Some(output) = present(output.map_err(Error::of("GetRole", name)))? else { return Ok(None) };
    output.role.map(Some).ok_or_else(|| Error::incomplete("GetRole", name, "role"))
}

/// A role with its policies; `None` when it is gone by now.
async fn complete(account: &Account, target: Target<'_>, role: Described) -> Result<Option<Seen>, Error> {
    let id = role.role_name();
    let policies = futures::future::try_join(inline(account, id), attached(account, id)).await;
    let Some((inline, attached)) = present(policies)? else { return Ok(None) };
    let observed = Observed {
        arn: role.arn.parse().map_err(Error::bug("GetRole", id))?,
        name: id.parse().map_err(Error::bug("GetRole", id))?,
        trust: document("GetRole", id, role.assume_role_policy_document.as_deref())?,
        inline,
        attached,
    };
    Ok(Some(target.seen(tags(role.tags()), Any::Role(observed))))
}

async fn write_trust(account: &Account, role: &mut Observed, desired: &Desired) -> Result<(), Error> {
    let name = role.name.as_str();
    let (text, trust) = written("UpdateAssumeRolePolicy", name, &desired.trust)?;
    let call = account.clients.iam.update_assume_role_policy().role_name(name).policy_document(text);
    call.send().await.map_err(Error::of("UpdateAssumeRolePolicy", name))?;
    role.trust = trust;
    Ok(())
}

/// Writes the inline policies that differ. Others go first: all of a role share one limit of size.
async fn write_inline(account: &Account, role: &mut Observed, desired: &Desired) -> Result<(), Error> {
    let name = role.name.as_str();
    let extra: Vec<String> = role.inline.keys().filter(|key| !desired.inline.contains_key(*key)).cloned().collect();
    for policy in extra {
        present(remove_inline(account, name, &policy).await)?;
        role.inline.remove(&policy);
    }
    for (policy, document) in &desired.inline {
        let (text, document) = written("PutRolePolicy", name, document)?;
        if role.inline.get(policy) != Some(&document) {
            let call = account.clients.iam.put_role_policy().role_name(name).policy_name(policy);
            call.policy_document(text).send().await.map_err(Error::of("PutRolePolicy", name))?;
            role.inline.insert(policy.clone(), document);
        }
    }
    Ok(())
}

/// Attaches and detaches what differs. Others go first: a role takes only so many.
async fn write_attached(account: &Account, role: &mut Observed, desired: &Desired) -> Result<(), Error> {
    let name = role.name.as_str();
    for policy in role.attached.difference(&desired.attached) {
        present(detach(account, name, policy).await)?;
    }
    for policy in desired.attached.difference(&role.attached) {
        let output = account.clients.iam.attach_role_policy().role_name(name).policy_arn(policy.as_str()).send().await;
        output.map_err(Error::of("AttachRolePolicy", format_args!("{policy} to {name}")))?;
    }
    role.attached.clone_from(&desired.attached);
    Ok(())
}

async fn detach(account: &Account, role: &str, policy: &PolicyArn) -> Result<(), Error> {
    let output = account.clients.iam.detach_role_policy().role_name(role).policy_arn(policy.as_str()).send().await;
    output.map(drop).map_err(Error::of("DetachRolePolicy", role))
}

async fn remove_inline(account: &Account, role: &str, policy: &str) -> Result<(), Error> {
    let output = account.clients.iam.delete_role_policy().role_name(role).policy_name(policy).send().await;
    output.map(drop).map_err(Error::of("DeleteRolePolicy", role))
}
