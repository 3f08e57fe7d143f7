//! Things by id that are also found by what they belong to: for what is asked far more often than it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

/// What has an id, and stands under other ids.
pub trait Filed {
    /// Its id.
    fn id(&self) -> &str;
    /// What it stands under.
    fn under(&self) -> impl Iterator<Item = &str>;
}

/// Things by id, which know what they stand under.
#[derive(Clone, Debug)]
pub struct Indexed<T> {
    all: BTreeMap<String, T>,
    ids: BTreeMap<String, BTreeSet<String>>,
}

impl<T> Default for Indexed<T> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), ids: BTreeMap::new() }
    }
}

impl<T> Deref for Indexed<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl<T: Filed> Indexed<T> {
    /// What stands under `key`, in the order of the ids.
    pub fn under(&self, key: &str) -> impl Iterator<Item = &T> {
        self.ids.get(key).into_iter().flatten().filter_map(|id| self.all.get(id))
    }

    /// Puts one in, in the place of another with the same id.
    pub fn insert(&mut self, one: T) {
        self.remove(one.id());
        for key in one.under() {
            self.ids.entry(key.to_owned()).or_default().insert(one.id().to_owned());
        }
        self.all.insert(one.id().to_owned(), one);
    }

    /// Takes one out.
    pub fn remove(&mut self, id: &str) -> Option<T> {
        let one = self.all.remove(id)?;
        for key in one.under() {
            if let Some(ids) = self.ids.get_mut(key) {
                ids.remove(id);
            }
        }
        Some(one)
    }

    /// Takes out all that stand under `key`.
    pub fn remove_under(&mut self, key: &str) -> Vec<T> {
        let ids = self.ids.remove(key).unwrap_or_default();
        ids.iter().filter_map(|id| self.remove(id)).collect()
    }

    /// One to change, but for its id and what it stands under: for that it is put in anew.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.all.get_mut(id)
    }
}
