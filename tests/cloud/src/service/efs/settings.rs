//! Automatic backups, lifecycle management and replication of a file system.

use super::{available, id_in, named, on_file_system, refusals};
use crate::call::{Access, Answer, Call, Operation, Refusal};
use crate::world::Event;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "PutBackupPolicy",
        access: Access::Write,
        asks: |call| on_file_system(call, "PutBackupPolicy"),
        run: put_backup,
    },
    Operation {
        name: "DescribeBackupPolicy",
        access: Access::Read,
        asks: |call| on_file_system(call, "DescribeBackupPolicy"),
        run: describe_backup,
    },
    Operation {
        name: "PutLifecycleConfiguration",
        access: Access::Write,
        asks: |call| on_file_system(call, "PutLifecycleConfiguration"),
        run: put_lifecycle,
    },
    Operation {
        name: "DescribeLifecycleConfiguration",
        access: Access::Read,
        asks: |call| on_file_system(call, "DescribeLifecycleConfiguration"),
        run: describe_lifecycle,
    },
    Operation {
        name: "DescribeReplicationConfigurations",
        access: Access::Read,
        asks: |call| on_file_system(call, "DescribeReplicationConfigurations"),
        run: describe_replications,
    },
];

/// Tag of a file system that is in the default backup plan ("Automatic backups", Amazon EFS User Guide).
const BACKUP_TAG: &str = "aws:elasticfilesystem:default-backup";
/// Seconds until automatic backups are on or off (observed order of magnitude).
const SWITCHING: (f64, f64) = (2.0, 20.0);

/// Whether a file system is backed up automatically.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backup {
    Enabled,
    Enabling,
    Disabled,
    Disabling,
}

impl Backup {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Enabling => "ENABLING",
            Self::Disabled => "DISABLED",
            Self::Disabling => "DISABLING",
        }
    }

    pub(super) fn settled(self) -> Self {
        match self {
            Self::Enabled | Self::Enabling => Self::Enabled,
            Self::Disabled | Self::Disabling => Self::Disabled,
        }
    }

    fn describe(self) -> Value {
        json!({"BackupPolicy": {"Status": self.text()}})
    }
}

/// One transition of lifecycle management.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    /// Member of `LifecyclePolicy`, for example `TransitionToIA`.
    to: String,
    /// Its value, for example `AFTER_30_DAYS`.
    after: String,
}

impl Transition {
    /// The one transition of an element.
    fn read(element: &Value) -> Result<Self, Refusal> {
        let members: Vec<(&String, &str)> = element
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(member, value)| value.as_str().map(|value| (member, value)))
            .collect();
        match members[..] {
            [(to, after)] => Ok(Self { to: to.clone(), after: after.to_owned() }),
            _ => Err(malformed()),
        }
    }

    pub(super) fn describe(&self) -> Value {
        json!({self.to.as_str(): self.after})
    }

    pub(super) fn is_to_archive(&self) -> bool {
        self.to == "TransitionToArchive"
    }

    /// Days after the last access.
    fn days(&self) -> Option<u32> {
        self.after.split('_').find_map(|word| word.parse().ok())
    }
}

fn malformed() -> Refusal {
    refusals::bad_request("One or more LifecyclePolicy objects specified are malformed.")
}

fn put_backup(call: &mut Call<'_>) -> Answer {
    let enable = match call.input["BackupPolicy"]["Status"].as_str() {
        Some("ENABLED") => true,
        Some("DISABLED") => false,
        _ => return Err(refusals::bad_request("The backup policy status must be ENABLED or DISABLED.")),
    };
    let id = available(call)?.id.clone();
    switch_backup(call, &id, enable);
    describe_backup(call)
}

/// Lets automatic backups begin or end; nothing happens where they are so already.
pub(super) fn switch_backup(call: &mut Call<'_>, id: &str, enable: bool) {
    let region = call.regional();
    let place = region.place();
    let Some(file_system) = region.efs.file_systems.get_mut(id) else { return };
    let (done, doing) =
        if enable { (Backup::Enabled, Backup::Enabling) } else { (Backup::Disabled, Backup::Disabling) };
    if file_system.backup.is_some_and(|backup| backup == done || backup == doing) {
        return;
    }
    file_system.backup = Some(doing);
    if enable {
        file_system.tags.insert(BACKUP_TAG.to_owned(), "enabled".to_owned());
    } else {
        file_system.tags.remove(BACKUP_TAG);
    }
    let delay = call.world.random.seconds(SWITCHING.0, SWITCHING.1);
    call.world.after(delay, &place, Event::Efs(super::Event::BackupSettles(id.to_owned())));
}

fn describe_backup(call: &mut Call<'_>) -> Answer {
    let file_system = named(call.peek(), call.text("FileSystemId"))?;
    file_system.backup.map(Backup::describe).ok_or_else(|| refusals::no_policy(&file_system.id))
}

fn put_lifecycle(call: &mut Call<'_>) -> Answer {
    let elements = call.input["LifecyclePolicies"].as_array().cloned().unwrap_or_default();
    let transitions: Vec<Transition> = elements.iter().map(Transition::read).collect::<Result<_, _>>()?;
    let file_system = available(call)?;
    check_transitions(&transitions)?;
    if transitions.iter().any(Transition::is_to_archive) && !file_system.can_archive() {
        return Err(refusals::bad_request(
            "TransitionToArchive is supported for Regional file systems with elastic throughput and generalPurpose performance only.",
        ));
    }
    file_system.transitions = transitions;
    describe_lifecycle(call)
}

/// Each kind of transition once, and to Archive later than to Infrequent Access.
fn check_transitions(transitions: &[Transition]) -> Result<(), Refusal> {
    let days = |to: &str| transitions.iter().find(|t| t.to == to).and_then(Transition::days);
    let repeats = transitions.iter().enumerate().any(|(i, t)| transitions.iter().take(i).any(|other| other.to == t.to));
    match (days("TransitionToIA"), days("TransitionToArchive")) {
        _ if repeats => Err(malformed()),
        (Some(rare), Some(archive)) if archive <= rare => {
            Err(refusals::bad_request("TransitionToArchive must be later than TransitionToIA."))
        }
        _ => Ok(()),
    }
}

fn describe_lifecycle(call: &mut Call<'_>) -> Answer {
    let file_system = named(call.peek(), call.text("FileSystemId"))?;
    let policies: Value = file_system.transitions.iter().map(Transition::describe).collect();
    Ok(json!({"LifecyclePolicies": policies}))
}

fn describe_replications(call: &mut Call<'_>) -> Answer {
    match call.input["FileSystemId"].as_str() {
        Some(id) => {
            named(call.peek(), id)?;
            Err(refusals::no_replication(id_in(id)))
        }
        None => Ok(json!({"Replications": []})),
    }
}
