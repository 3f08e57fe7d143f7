//! ECS task definition of the Jenkins controller. Every change is a new revision of the same family.

use super::{State, outputs};
use crate::arn::{RoleArn, TaskDefinitionArn};
use crate::diff::{Change, Diff};
use crate::id::{AccessPointId, FileSystemId, Name};
use crate::input::{AnyInput, HasInputs, Input, Output, Outputs, Template, Unresolved};
use crate::secret::Fingerprint;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// As it is wanted. Holds no secret values, only where ECS finds them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Desired {
    /// CPU units, 1024 a vCPU.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// `X86_64` or `ARM64`.
    pub architecture: String,
    /// Ephemeral storage in GiB, 21 to 200; AWS's 20 when absent.
    pub ephemeral_storage: Option<u32>,
    /// Role by which ECS pulls the image, writes logs and reads secrets.
    pub execution_role: Input<RoleArn>,
    /// Role of Jenkins itself.
    pub task_role: Input<RoleArn>,
    /// The home.
    pub home: Home,
    /// The Jenkins container.
    pub container: Container,
}

/// The file system that is mounted as the home, with transit encryption and IAM authorization.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Home {
    /// File system.
    pub file_system: Input<FileSystemId>,
    /// Access point.
    pub access_point: Input<AccessPointId>,
    /// Where it is mounted in the container.
    pub path: String,
}

/// The Jenkins container.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Name.
    pub name: String,
    /// Image.
    pub image: String,
    /// Port on which it listens.
    pub port: u16,
    /// Environment.
    pub environment: BTreeMap<String, String>,
    /// Environment variables that ECS fills from a secret: name, and the reference in ECS's form.
    pub secrets: BTreeMap<String, Template>,
    /// Seconds between SIGTERM and SIGKILL, 2 to 120.
    pub stop_timeout: i32,
    /// Log group.
    pub log_group: Input<Name>,
    /// Region of the log group.
    pub log_region: String,
}

impl HasInputs for Desired {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        let Self {
            cpu: _,
            memory: _,
            architecture: _,
            ephemeral_storage: _,
            execution_role,
            task_role,
            home,
            container,
        } = self;
        let Home { file_system, access_point, path: _ } = home;
        walk(execution_role);
        walk(task_role);
        walk(file_system);
        walk(access_point);
        walk(&mut container.log_group);
        container.secrets.values_mut().for_each(|reference| reference.walk(walk));
    }
}

impl Desired {
    /// What a registered revision is compared by, since AWS fills in and reorders what it is given.
    pub fn fingerprint(&self) -> Result<Fingerprint, Unresolved> {
        let mut unknown = None;
        self.clone().walk(&mut |input| unknown = unknown.take().or_else(|| input.source().cloned()));
        if let Some(source) = unknown {
            return Err(Unresolved(source));
        }
        let content = serde_json::to_string(self).unwrap_or_default();
        Ok(Fingerprint::read(hex::encode(Sha256::digest(content)).chars().take(32).collect::<String>()))
    }
}

/// As it was seen: the newest active revision of the family. The family is what has an identity; revisions come and go.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// Family.
    pub family: Name,
    /// ARN with its revision.
    pub arn: TaskDefinitionArn,
    /// Fingerprint of its content, from the tag.
    pub fingerprint: Option<Fingerprint>,
    /// Its content, if it was read directly: listings tell the fingerprint only.
    #[serde(skip)]
    pub content: Option<Box<Desired>>,
}

/// A revision can't change: what it says follows from its ARN, whether it was read or not.
impl PartialEq for Observed {
    fn eq(&self, other: &Self) -> bool {
        let Self { family, arn, fingerprint, content: _ } = self;
        (family, arn, fingerprint) == (&other.family, &other.arn, &other.fingerprint)
    }
}

impl Observed {
    /// What it yields to others.
    pub fn outputs(&self) -> Outputs {
        outputs([(Output::Arn, self.arn.to_string()), (Output::Id, self.family.to_string())])
    }

    /// Whether others can use it.
    pub fn state(&self) -> State {
        State::Ready
    }
}

/// A revision can't change, so its fingerprint says whether it differs; that is mended by registering the next revision.
/// In which fields it differs can be told of a content that was read.
pub fn diff(desired: &Desired, observed: &Observed) -> Result<Change, Unresolved> {
    let fingerprint = Some(desired.fingerprint()?);
    let change = Diff::default().in_place("revision", &fingerprint, &observed.fingerprint).done();
    let content = observed.content.as_deref().filter(|_| change != Change::Same);
    Ok(content.map(|content| fields(desired, content)).filter(|fields| *fields != Change::Same).unwrap_or(change))
}

fn fields(desired: &Desired, content: &Desired) -> Change {
    let Desired { cpu, memory, architecture, ephemeral_storage, execution_role, task_role, home, container } = desired;
    Diff::default()
        .in_place("cpu", cpu, &content.cpu)
        .in_place("memory", memory, &content.memory)
        .in_place("cpuArchitecture", architecture, &content.architecture)
        .in_place("ephemeralStorage", ephemeral_storage, &content.ephemeral_storage)
        .in_place("executionRoleArn", execution_role, &content.execution_role)
        .in_place("taskRoleArn", task_role, &content.task_role)
        .in_place("volume", home, &content.home)
        .in_place("container", container, &content.container)
        .done()
}
