//! Changes of a spec that reach different ends of the graph.

use crate::theirs::Theirs;
use jenkinsstack_cloud::seed::Network;
use jenkinsstack_sim::spec::{self, Secrets};
use serde_json::{Value, json};

/// What is wanted: a spec, and what it depends on.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) spec: Value,
    pub(crate) network: Network,
    pub(crate) secrets: Secrets,
}

/// A change of the reference stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing: the reference stack.
    Nothing,
    /// Another task definition, and so another task.
    Bigger,
    /// An internal load balancer, which is another one, with new listeners and rules.
    Internal,
    /// Listeners and rules of who may come.
    Doors,
    /// Both secrets have new values.
    Rotated,
    /// What is optional goes: open paths, secrets, backups, redirect.
    Fewer,
    /// Settings that change where they stand.
    Settings,
    /// A listener and a cluster of others in the place of its own.
    Theirs,
    /// Other private subnets: other mount targets, and another place of the task.
    Moved,
}

impl Change {
    /// What is wanted after the change.
    pub(crate) fn wish(self, network: &Network, theirs: &Theirs) -> Wish {
        let mut wish = Wish { spec: spec::reference(network), network: network.clone(), secrets: Secrets::default() };
        match self {
            Self::Nothing | Self::Moved | Self::Rotated => (),
            Self::Bigger => {
                merge(&mut wish.spec, json!({"controller": {"cpu": "4", "memory": "8Gi", "javaOptions": ["-Xmx6g"]}}))
            }
            Self::Internal => merge(&mut wish.spec, json!({"endpoint": {"scheme": "Internal"}})),
            Self::Doors => merge(&mut wish.spec, doors()),
            Self::Fewer => merge(&mut wish.spec, fewer()),
            Self::Settings => merge(&mut wish.spec, settings()),
            Self::Theirs => merge(&mut wish.spec, of_others(theirs)),
        }
        match self {
            Self::Moved => wish.network.private_subnets.clone_from(&theirs.subnets),
            Self::Rotated => wish.secrets = rotated(),
            _ => (),
        }
        wish
    }
}

/// The secrets after a rotation.
pub(crate) fn rotated() -> Secrets {
    Secrets { client_secret: "sim-client-secret-next-8b21".to_owned(), token: "sim-token-next-77f0".to_owned() }
}

fn doors() -> Value {
    json!({
        "endpoint": {
            "tlsPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06", "httpRedirect": "Disabled", "idleTimeoutSeconds": 120,
            "allowedCidrs": ["10.0.0.0/8", "192.0.2.0/24"],
        },
        "auth": {"oidc": {"sessionTimeoutSeconds": 3600, "openPaths": [
            {"paths": ["/github-webhook/", "/generic-webhook-trigger/*"], "sourceCidrs": ["192.30.252.0/22"]},
        ]}},
    })
}

fn fewer() -> Value {
    json!({
        "controller": {"secrets": null},
        "storage": {"backups": "Disabled"},
        "endpoint": {"httpRedirect": "Disabled"},
        "auth": {"oidc": {"openPaths": null}},
    })
}

fn settings() -> Value {
    json!({
        "aws": {"tags": {"team": "platform", "cost-centre": "4711"}},
        "controller": {"gracePeriodSeconds": 900, "ecsExec": "Enabled"},
        "storage": {"throughputMode": "Bursting", "lifecycle": {"infrequentAccessAfterDays": 30}},
        "logs": {"retentionDays": 90},
    })
}

fn of_others(theirs: &Theirs) -> Value {
    json!({
        "controller": {"existingCluster": "theirs"},
        "endpoint": {"certificateArn": null, "existingListener": {"arn": theirs.listener, "priority": 99}},
    })
}

/// Puts `with` over `value`, as a merge patch (RFC 7386) does.
fn merge(value: &mut Value, with: Value) {
    match (value, with) {
        (Value::Object(members), Value::Object(with)) => {
            for (name, with) in with {
                match with {
                    Value::Null => drop(members.remove(&name)),
                    with => merge(members.entry(name).or_insert(Value::Null), with),
                }
            }
        }
        (value, with) => *value = with,
    }
}
