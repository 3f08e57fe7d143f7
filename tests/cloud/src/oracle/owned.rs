//! Who owns what: duplicates, and what nobody living owns.

use super::{Duplicate, Oracle, Orphan, Owner, Placed, going};
use crate::service::Item;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Several things of one kind for one resource of one owner.
pub(super) fn duplicates(oracle: &Oracle, all: &[Placed]) -> Vec<Duplicate> {
    let mut groups: BTreeMap<(Owner, &str, &'static str, &str, &str), Vec<String>> = BTreeMap::new();
    for Placed { account, region, item } in all {
        let (Some(owner), Some(resource)) = (oracle.scheme.owner(&item.tags), item.tags.get(&oracle.scheme.resource))
        else {
            continue;
        };
        if !going(item) && !oracle.superseded.contains(item.kind) {
            groups.entry((owner, resource, item.kind, account, region)).or_default().push(item.id.clone());
        }
    }
    let several = groups.into_iter().filter(|(_, ids)| ids.len() > 1);
    several
        .map(|((owner, resource, kind, ..), ids)| Duplicate { owner, resource: resource.to_owned(), kind, ids })
        .collect()
}

/// Things whose owner is not living, and things without owner that were not there before and hang on nothing living.
pub(super) fn orphans(oracle: &Oracle, all: &[Placed]) -> Vec<Orphan> {
    let kept = kept(oracle, all);
    let left = all.iter().enumerate().filter(|(at, placed)| !kept.contains(at) && !going(&placed.item));
    left.map(|(_, Placed { item, .. })| Orphan {
        kind: item.kind,
        id: item.id.clone(),
        owner: oracle.scheme.owner(&item.tags),
    })
    .collect()
}

/// Places in `all` of what may stay: things of the living, what was there before, and what hangs on things of the living.
fn kept(oracle: &Oracle, all: &[Placed]) -> BTreeSet<usize> {
    let mut kept = BTreeSet::new();
    let mut reached = Vec::new();
    for (at, Placed { item, .. }) in all.iter().enumerate() {
        match oracle.scheme.owner(&item.tags) {
            Some(owner) if oracle.living.contains(&owner) => reached.push(at),
            Some(_) => {}
            None if was_before(oracle, item) || made_by_aws(item) => drop(kept.insert(at)),
            None => {}
        }
    }
    let bonds = bonds(all);
    while let Some(at) = reached.pop() {
        if !kept.insert(at) {
            continue;
        }
        let free = |other: &&usize| oracle.scheme.owner(&all[**other].item.tags).is_none() && !kept.contains(*other);
        reached.extend(bonds[at].iter().filter(free));
    }
    kept
}

fn was_before(oracle: &Oracle, item: &Item) -> bool {
    oracle.before.contains(&item.id) || oracle.before.contains(&item.arn)
}

/// Service-linked roles and AWS's own keys and policies stay when what needed them goes.
fn made_by_aws(item: &Item) -> bool {
    item.arn.contains("/aws-service-role/")
        || item.arn.starts_with("arn:aws:iam::aws:")
        || item.state["KeyManager"] == "AWS"
}

/// For each item, the items whose names stand in its state, and those in whose state its own names stand.
fn bonds(all: &[Placed]) -> Vec<BTreeSet<usize>> {
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, Placed { item, .. }) in all.iter().enumerate() {
        named.extend(names(item).map(|name| (name, at)));
    }
    let mut bonds = vec![BTreeSet::new(); all.len()];
    for (at, Placed { item, .. }) in all.iter().enumerate() {
        words(&item.state, &mut |word| {
            if let Some(other) = named.get(word).filter(|other| **other != at) {
                bonds[at].insert(*other);
                bonds[*other].insert(at);
            }
        });
    }
    bonds
}

/// Names that mean this item and nothing else: those with generated parts. The six characters that end a secret's ARN may
/// look like a word.
pub(super) fn names(item: &Item) -> impl Iterator<Item = &str> {
    let last = item.arn.rsplit(['/', ':']).next().unwrap_or_default();
    let secret = item.kind == "secretsmanager:secret";
    [item.id.as_str(), last].into_iter().filter(move |name| generated(name) || (secret && *name == last))
}

/// Whether a name ends as generated ones do: in eight or more hexadecimal digits, or in six characters after a hyphen
/// that are not all of one case (secrets).
pub(super) fn generated(name: &str) -> bool {
    let hex = name.bytes().rev().take_while(u8::is_ascii_hexdigit).count();
    let suffix = name.rsplit_once('-').map(|(_, suffix)| suffix).unwrap_or_default();
    let mixed = suffix.len() == 6
        && suffix.bytes().any(|b| b.is_ascii_uppercase())
        && suffix.bytes().any(|b| b.is_ascii_lowercase());
    hex >= 8 || mixed
}

/// Shows each word in the texts of a value: what is between the characters that no name has.
pub(super) fn words<'v>(value: &'v Value, see: &mut impl FnMut(&'v str)) {
    match value {
        Value::String(text) => text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).for_each(see),
        Value::Array(list) => list.iter().for_each(|value| words(value, see)),
        Value::Object(members) => members.values().for_each(|value| words(value, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a character can be in a name.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}
