//! A stack with everything switched on, from which the order of deletion among kinds is read.

use super::{Context, SecretText, Subnet, graph};
use crate::graph::{Graph, NodeId};
use crate::id::IdError;
use crate::kind::Kind;
use crate::owner::Owner;
use crate::secret::{Fingerprint, SecretValue};
use jenkinsstack_api::JenkinsStackSpec;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Pairs of kinds: a resource of the first can need one of the second, so the first goes first.
///
/// What is to be deleted may come from a spec that is long gone. Its kind says enough, and which kinds need which is read
/// from the inputs of a graph that has them all, not written down a second time.
pub fn kind_needs() -> &'static BTreeSet<(Kind, Kind)> {
    static NEEDS: LazyLock<BTreeSet<(Kind, Kind)>> = LazyLock::new(|| needs(&specimen()));
    &NEEDS
}

fn needs(graph: &Graph) -> BTreeSet<(Kind, Kind)> {
    let kinds = |id: &NodeId| {
        let kind = graph.kind(id);
        let needed = graph.needs(id).into_iter().filter_map(|need| graph.kind(&need)).collect::<Vec<_>>();
        kind.into_iter().flat_map(move |kind| needed.clone().into_iter().map(move |need| (kind, need)))
    };
    graph.nodes().flat_map(|(id, _)| kinds(id)).collect()
}

/// The graph of a stack that uses every kind. Empty only if the specimen itself were invalid, which a test rules out.
pub fn specimen() -> Graph {
    let spec: Option<JenkinsStackSpec> = serde_json::from_value(serde_json::json!({
        "aws": {"region": "eu-central-1"},
        "controller": {"secrets": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        "endpoint": {
            "host": "jenkins.example.com",
            "certificateArn": "arn:aws:acm:eu-central-1:111122223333:certificate/1",
        },
        "auth": {"oidc": {
            "issuer": "https://id.example.com",
            "endpoints": {
                "authorization": "https://id.example.com/a",
                "token": "https://id.example.com/t",
                "userInfo": "https://id.example.com/u",
            },
            "clientId": "jenkins",
            "clientSecret": {"secretKeyRef": {"name": "s", "key": "k"}},
            "openPaths": [{"paths": ["/github-webhook/"], "sourceCidrs": ["192.0.2.0/24"]}],
        }},
    }))
    .ok();
    spec.and_then(|spec| graph(&spec, &context(&spec).ok()?).ok()).unwrap_or_default()
}

fn context(spec: &JenkinsStackSpec) -> Result<Context, IdError> {
    let secret = SecretText { value: SecretValue::new(""), fingerprint: Fingerprint::read("0") };
    let subnets = vec![
        Subnet { zone: "eu-central-1a".parse()?, id: "subnet-1".parse()? },
        Subnet { zone: "eu-central-1b".parse()?, id: "subnet-2".parse()? },
    ];
    Ok(Context {
        owner: Owner { cluster: "c".into(), namespace: "ns".into(), name: "n".into() },
        installation: "i".into(),
        account: "111122223333".parse()?,
        partition: "aws".into(),
        region: "eu-central-1".parse()?,
        vpc: "vpc-1".parse()?,
        public_subnets: subnets.clone(),
        private_subnets: subnets,
        existing_file_system: None,
        existing_cluster: None,
        existing_listener: None,
        secrets: BTreeMap::from([("TOKEN".to_owned(), secret.clone())]),
        client_secret: Some(secret),
        oidc_endpoints: spec.auth.oidc.as_ref().and_then(|oidc| oidc.endpoints.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specimen_has_every_kind() {
        let kinds: BTreeSet<Kind> = specimen().nodes().map(|(_, node)| node.desired.kind()).collect();
        assert_eq!(kinds, Kind::ALL.iter().copied().collect());
    }

    #[test]
    fn no_kind_needs_itself_through_others() {
        let mut reach = kind_needs().clone();
        for _ in Kind::ALL {
            let further: Vec<_> = reach
                .iter()
                .flat_map(|(a, b)| kind_needs().iter().filter(move |(from, _)| from == b).map(move |(_, c)| (*a, *c)))
                .collect();
            reach.extend(further);
        }
        assert!(reach.iter().all(|(a, b)| a != b), "{reach:?}");
    }
}
