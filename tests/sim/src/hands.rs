//! What somebody changes by hand on AWS: every setting that the drivers compare, by the calls of the root key.
//!
//! Entry points: [`hands`] is the table; [`fixed`] names the settings that AWS itself can't change, and why.

/// A hand for every part of a setting: its name, and the value that somebody gives it by the same call.
macro_rules! parts {
    ($kind:literal $setting:literal by $deed:path: $($part:literal = $value:tt),+ $(,)?) => {
        vec![$($crate::hands::hand($kind, $setting, |at| $deed(at, $part, serde_json::json!($value))).part($part)),+]
    };
}

mod compute;
mod front;
mod home;
mod identity;
mod network;

use crate::sight::{Resource, Sight};
use crate::stage::Stage;
use anyhow::Context as _;
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// By then every listing shows what was done.
const SEEN: Duration = Duration::from_secs(600);
/// A day and a little more.
const A_DAY: Duration = Duration::from_secs(25 * 60 * 60);

/// One setting of one kind, changed by hand.
#[derive(Clone, Copy)]
pub struct Hand {
    /// The kind: name of its file in `core` and in `aws`.
    pub kind: &'static str,
    /// The setting by its name in `diff`, or what else was done.
    pub setting: &'static str,
    /// Which part of it, where it has several.
    pub part: &'static str,
    /// What becomes of the resource.
    pub repair: Repair,
    /// How long AWS takes no second change of it, and until then every listing shows the first.
    pub apart: Duration,
    /// Does it.
    pub deed: fn(&Desk<'_>) -> anyhow::Result<Value>,
}

/// How a drift is repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Where the resource stands.
    InPlace,
    /// By new resources, of these nodes.
    Anew(&'static [&'static str]),
}

/// What a hand can reach.
pub struct Desk<'a> {
    /// The account.
    pub stage: &'a Stage,
    /// What the stack has there.
    pub sight: &'a Sight,
}

/// A setting that nobody can change, and why.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    /// The kind.
    pub kind: &'static str,
    /// The setting by its name in `diff`.
    pub setting: &'static str,
    /// Why it has no row.
    pub why: &'static str,
}

/// Every setting changed by hand.
pub fn hands() -> Vec<Hand> {
    [network::hands(), identity::hands(), home::hands(), front::hands(), compute::hands()].concat()
}

/// Every setting that can't be.
pub fn fixed() -> Vec<Fixed> {
    let by = |why: &'static str, settings: &[(&'static str, &'static str)]| -> Vec<Fixed> {
        settings.iter().map(|&(kind, setting)| Fixed { kind, setting, why }).collect()
    };
    [
        by(
            "it lives in what it names: another one is another resource",
            &[
                ("access_point", "fileSystemId"),
                ("backup_policy", "fileSystemId"),
                ("file_system_policy", "fileSystemId"),
                ("listener", "loadBalancerArn"),
                ("listener_rule", "listenerArn"),
                ("mount_target", "fileSystemId"),
                ("security_group_rule", "direction"),
                ("security_group_rule", "groupId"),
                ("service", "cluster"),
            ],
        ),
        by(
            "no call of the API changes it after creation",
            &[
                ("access_point", "root"),
                ("file_system", "encrypted"),
                ("file_system", "kmsKeyId"),
                ("load_balancer", "scheme"),
                ("load_balancer", "vpcId"),
                ("mount_target", "subnetId"),
                ("security_group", "description"),
                ("security_group", "vpcId"),
                ("target_group", "port"),
                ("target_group", "vpcId"),
            ],
        ),
        by(
            "UpdateService of this account, as AWS::ECS::Service in AWS CloudFormation, knows no way to another one",
            &[("service", "deploymentController")],
        ),
        by(
            "a revision is fixed, and its fingerprint decides: these only tell how two differ, in the row `revision`",
            &[
                ("task_definition", "container"),
                ("task_definition", "cpu"),
                ("task_definition", "cpuArchitecture"),
                ("task_definition", "ephemeralStorage"),
                ("task_definition", "executionRoleArn"),
                ("task_definition", "memory"),
                ("task_definition", "taskRoleArn"),
                ("task_definition", "volume"),
            ],
        ),
        by(
            "ECS sets it when a deployment fails; tests/e2e has a story of an image that does not start",
            &[("service", "forceNewDeployment")],
        ),
    ]
    .concat()
}

const fn hand(kind: &'static str, setting: &'static str, deed: fn(&Desk<'_>) -> anyhow::Result<Value>) -> Hand {
    Hand { kind, setting, part: "", repair: Repair::InPlace, apart: SEEN, deed }
}

impl Hand {
    /// AWS takes one change a day.
    const fn once_a_day(self) -> Self {
        Self { apart: A_DAY, ..self }
    }

    const fn part(self, part: &'static str) -> Self {
        Self { part, ..self }
    }

    const fn anew(self, nodes: &'static [&'static str]) -> Self {
        Self { repair: Repair::Anew(nodes), ..self }
    }
}

impl Desk<'_> {
    /// One call with the root key.
    fn call(&self, model: &str, operation: &str, input: Value) -> anyhow::Result<Value> {
        self.stage.life.by_hand(model, operation, input)
    }

    fn node(&self, node: &str) -> anyhow::Result<&Resource> {
        self.sight.node(node).with_context(|| format!("there is no {node}"))
    }

    fn id(&self, node: &str) -> anyhow::Result<&str> {
        Ok(&self.node(node)?.id)
    }

    fn arn(&self, node: &str) -> anyhow::Result<&str> {
        Ok(&self.node(node)?.arn)
    }
}

impl fmt::Display for Hand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<20} {:<28} {:<30} {:?}", self.kind, self.setting, self.part, self.repair)
    }
}

/// One tag in the spelling of most services.
fn tag(key: &str, value: &str) -> Value {
    json!([{"Key": key, "Value": value}])
}
