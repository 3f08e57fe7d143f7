//! The rules of all listeners, by ARN and by the target groups that they forward to: who uses a group is asked at every
//! check of every target.

use super::rule::Rule;
use crate::tags::Tags;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

/// Rules by ARN, which know their target groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    all: BTreeMap<String, Rule>,
    by_group: BTreeMap<String, BTreeSet<String>>,
}

impl Deref for Rules {
    type Target = BTreeMap<String, Rule>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl Rules {
    /// The rules that forward to a target group.
    pub(super) fn forwarding_to(&self, group: &str) -> impl Iterator<Item = &Rule> {
        self.by_group.get(group).into_iter().flatten().filter_map(|arn| self.all.get(arn))
    }

    /// Puts a rule in, or another one with the same ARN in its place.
    pub(super) fn insert(&mut self, rule: Rule) {
        self.remove(&rule.arn);
        for group in rule.actions.groups() {
            self.by_group.entry(group.to_owned()).or_default().insert(rule.arn.clone());
        }
        self.all.insert(rule.arn.clone(), rule);
    }

    /// Takes a rule out.
    pub(super) fn remove(&mut self, arn: &str) {
        let Some(rule) = self.all.remove(arn) else { return };
        for group in rule.actions.groups() {
            if let Some(arns) = self.by_group.get_mut(group) {
                arns.remove(arn);
            }
        }
    }

    /// The tags of a rule, to change.
    pub(super) fn tags_mut(&mut self, arn: &str) -> Option<&mut Tags> {
        self.all.get_mut(arn).map(|rule| &mut rule.tags)
    }
}
