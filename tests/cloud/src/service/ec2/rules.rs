//! The rules of all security groups, by id and by group: who reaches whom is asked far more often than rules change.

use super::Rule;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

/// Rules by id, which know their groups.
#[derive(Debug, Clone, Default)]
pub struct Rules {
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
    /// The rules of a group, in the order of their ids.
    pub fn of(&self, group: &str) -> impl Iterator<Item = &Rule> {
        self.by_group.get(group).into_iter().flatten().filter_map(|id| self.all.get(id))
    }

    /// Puts a rule in, or another one with the same id and group in its place.
    pub(super) fn insert(&mut self, rule: Rule) {
        self.by_group.entry(rule.group.clone()).or_default().insert(rule.id.clone());
        self.all.insert(rule.id.clone(), rule);
    }

    /// Takes a rule out.
    pub(super) fn remove(&mut self, id: &str) -> Option<Rule> {
        let rule = self.all.remove(id)?;
        if let Some(ids) = self.by_group.get_mut(&rule.group) {
            ids.remove(id);
        }
        Some(rule)
    }

    /// Takes all rules of a group out.
    pub(super) fn remove_of(&mut self, group: &str) -> Vec<Rule> {
        let ids = self.by_group.remove(group).unwrap_or_default();
        ids.iter().filter_map(|id| self.all.remove(id)).collect()
    }

    /// Gives a rule another description.
    pub(super) fn describe(&mut self, id: &str, description: Option<String>) {
        if let Some(rule) = self.all.get_mut(id) {
            rule.description = description;
        }
    }
}
