//! The judge: lists all that exists and says what is wrong with it.
//!
//! It knows owners by tags whose keys the test gives, so that it is true of any program that owns resources in AWS.
//! Make it when the world is set up and before the program under test starts: all that exists then is foreign.

mod leak;
mod normal;
mod owned;
mod share;
mod touch;

pub use leak::Needles;

use crate::Cloud;
use crate::calls::Mark;
use crate::service::{Item, global_items, items};
use crate::tags::Tags;
use crate::world::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// The tags that make an owner, by their keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TagScheme {
    /// Key of the tag with the installation or cluster.
    pub cluster: String,
    /// Key of the tag with the owner within that.
    pub stack: String,
    /// Key of the tag with the resource's name within its owner.
    pub resource: String,
}

/// Who owns a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Owner {
    /// Value of the cluster tag.
    pub cluster: String,
    /// Value of the stack tag.
    pub stack: String,
}

/// The judge of one cloud.
#[derive(Clone, Debug)]
pub struct Oracle {
    scheme: TagScheme,
    /// Ids and ARNs of what was there before.
    before: BTreeSet<String>,
    living: BTreeSet<Owner>,
    superseded: BTreeSet<String>,
    homes: Homes,
    secrets: Vec<(String, String)>,
    rest: Option<Mark>,
}

/// Whether tasks of one owner may have one directory of a file system mounted at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Homes {
    Shared,
    Exclusive,
}

/// What is wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Findings {
    /// Several things of one kind for one resource of one owner.
    pub duplicates: Vec<Duplicate>,
    /// Things whose owner is not living, or that belong to nobody.
    pub orphans: Vec<Orphan>,
    /// Writes on things of others.
    pub foreign: Vec<Touch>,
    /// Secrets where they do not belong.
    pub leaks: Vec<Leak>,
    /// Homes that two tasks had at the same time, at any moment.
    pub shared: Vec<SharedHome>,
    /// Homes that a program took from under a task, at any moment.
    pub severed: Vec<SeveredHome>,
    /// Writes since the program should have been at rest, as they stand in the log.
    pub restless: Vec<String>,
}

/// Several things of one kind for one resource of one owner.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Duplicate {
    /// Whose they are.
    pub owner: Owner,
    /// The resource tag that they share.
    pub resource: String,
    /// Their kind.
    pub kind: &'static str,
    /// Their ids.
    pub ids: Vec<String>,
}

/// A thing that should be gone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    /// Its kind.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Whose it was, if it has the tags of an owner.
    pub owner: Option<Owner>,
}

/// A write on a thing of others.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Touch {
    /// ARN of the thing.
    pub resource: String,
    /// The action that IAM was asked for.
    pub action: String,
    /// Number of the call.
    pub number: u64,
    /// The call as it stands in the log.
    pub call: String,
}

/// A secret where it does not belong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leak {
    /// Name under which the secret was planted.
    pub secret: String,
    /// Where it was seen: a call and a member, or an item and a member.
    pub place: String,
}

/// A directory of a file system that two tasks of one owner had mounted at the same time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedHome {
    /// Whose tasks they are.
    pub owner: Owner,
    /// File system id.
    pub file_system: String,
    /// The directory.
    pub directory: String,
    /// Ids of the tasks, the one that was there first.
    pub tasks: [String; 2],
    /// When the second one came up.
    pub since: String,
}

/// A file system that a task had mounted when a program deleted the mount target of the task's zone.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeveredHome {
    /// Whose it is.
    pub owner: Owner,
    /// File system id.
    pub file_system: String,
    /// Mount target id.
    pub mount_target: String,
    /// Id of the task.
    pub task: String,
    /// When it happened.
    pub since: String,
}

/// An item and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) item: Item,
}

impl Oracle {
    /// A judge that takes all that exists now for foreign.
    pub fn new(scheme: TagScheme, cloud: &Cloud) -> Self {
        let mut oracle = Self {
            scheme,
            before: BTreeSet::new(),
            living: BTreeSet::new(),
            superseded: BTreeSet::new(),
            homes: Homes::Shared,
            secrets: Vec::new(),
            rest: None,
        };
        oracle.accept(cloud);
        oracle
    }

    /// Takes for foreign what exists now and has no owner, too: for what a test makes later.
    pub fn accept(&mut self, cloud: &Cloud) {
        for Placed { item, .. } in everything(cloud) {
            if self.scheme.owner(&item.tags).is_none() {
                self.before.extend([item.id, item.arn].into_iter().filter(|name| !name.is_empty()));
            }
        }
    }

    /// One more owner that is living.
    pub fn living(mut self, cluster: &str, stack: &str) -> Self {
        self.living.insert(Owner { cluster: cluster.to_owned(), stack: stack.to_owned() });
        self
    }

    /// An owner that is living no longer.
    pub fn died(&mut self, cluster: &str, stack: &str) {
        self.living.remove(&Owner { cluster: cluster.to_owned(), stack: stack.to_owned() });
    }

    /// A kind of which there may be several for one resource, since new ones supersede old ones.
    pub fn superseded(mut self, kind: &str) -> Self {
        self.superseded.insert(kind.to_owned());
        self
    }

    /// No two tasks of one owner may ever have one directory of a file system mounted at the same time, except where
    /// ECS replaces a task within one deployment.
    pub fn exclusive_homes(self) -> Self {
        Self { homes: Homes::Exclusive, ..self }
    }

    /// A secret value, under a name by which findings call it.
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The program should be at rest from now on.
    pub fn rest(&mut self, cloud: &Cloud) {
        self.rest = Some(cloud.log(|log| log.mark()));
    }

    /// All that is wrong.
    pub fn look(&self, cloud: &Cloud) -> Findings {
        let all = everything(cloud);
        let (shared, severed) = (share::shared(self, cloud, &all), share::severed(self, cloud, &all));
        cloud.log(|log| Findings {
            duplicates: owned::duplicates(self, &all),
            orphans: owned::orphans(self, &all),
            foreign: touch::foreign(self, log),
            leaks: leak::leaks(self, log, &all),
            shared,
            severed,
            restless: self.rest.as_ref().map(|mark| touch::writes(log, mark)).unwrap_or_default(),
        })
    }

    /// Ids of what one owner has, by kind, for a closer look.
    pub fn owned(&self, cloud: &Cloud, cluster: &str, stack: &str) -> Vec<(&'static str, String)> {
        let owner = Owner { cluster: cluster.to_owned(), stack: stack.to_owned() };
        let of = |placed: &Placed| self.scheme.owner(&placed.item.tags).as_ref() == Some(&owner);
        everything(cloud).into_iter().filter(of).map(|placed| (placed.item.kind, placed.item.id)).collect()
    }

    /// All that exists and is not on its way out, whoever owns it, for a closer look.
    pub fn things(&self, cloud: &Cloud) -> Vec<Item> {
        everything(cloud).into_iter().map(|placed| placed.item).filter(|item| !going(item)).collect()
    }
}

impl TagScheme {
    /// The owner that tags name.
    pub fn owner(&self, tags: &Tags) -> Option<Owner> {
        Some(Owner { cluster: tags.get(&self.cluster)?.clone(), stack: tags.get(&self.stack)?.clone() })
    }
}

/// All that exists, account by account, region by region.
pub(crate) fn everything(cloud: &Cloud) -> Vec<Placed> {
    cloud.with(|world: &mut World| {
        let mut all = Vec::new();
        for (id, account) in &world.accounts {
            let mut add = |region: &str, items: Vec<Item>| {
                let place = |item| Placed { account: id.clone(), region: region.to_owned(), item };
                all.extend(items.into_iter().map(place));
            };
            add("", global_items(account));
            account.regions.iter().for_each(|(name, region)| add(name, items(region)));
        }
        all
    })
}

/// Whether an item is on its way out, or is kept by AWS though it was deleted.
pub(crate) fn going(item: &Item) -> bool {
    let says = |member: &str, words: &[&str]| {
        item.state[member]
            .as_str()
            .or_else(|| item.state[member]["Code"].as_str())
            .is_some_and(|word| words.contains(&word))
    };
    says("LifeCycleState", &["deleting", "deleted"])
        || says("status", &["INACTIVE", "DELETE_IN_PROGRESS"])
        || says("lastStatus", &["STOPPED", "DEPROVISIONING", "STOPPING", "DEACTIVATING"])
        || says("State", &["deleted", "deleting"])
        || !item.state["DeletedDate"].is_null()
}

impl Findings {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { duplicates, orphans, foreign, leaks, shared, severed, restless } = self;
        for Duplicate { owner, resource, kind, ids } in duplicates {
            writeln!(f, "duplicate: {owner} has {} of {kind} {resource}: {}", ids.len(), ids.join(", "))?;
        }
        for Orphan { kind, id, owner } in orphans {
            match owner {
                Some(owner) => writeln!(f, "orphan: {kind} {id} of {owner}")?,
                None => writeln!(f, "orphan: {kind} {id} of nobody")?,
            }
        }
        for Touch { resource, action, call, .. } in foreign {
            writeln!(f, "foreign: {action} on {resource}: {call}")?;
        }
        for Leak { secret, place } in leaks {
            writeln!(f, "leak: {secret} in {place}")?;
        }
        for SharedHome { owner, file_system, directory, tasks: [first, second], since } in shared {
            writeln!(f, "shared: {owner} has {file_system} {directory} in {first} and, since {since}, in {second}")?;
        }
        for SeveredHome { owner, file_system, mount_target, task, since } in severed {
            writeln!(
                f,
                "severed: {owner} deleted {mount_target} of {file_system} at {since} while {task} had it mounted"
            )?;
        }
        restless.iter().try_for_each(|call| writeln!(f, "restless: {call}"))
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.stack)
    }
}
