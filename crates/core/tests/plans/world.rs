//! What has to be looked up for a spec, made up: subnets, existing resources, secrets, the OpenID provider.

use jenkinsstack_api::JenkinsStackSpec;
use jenkinsstack_api::spec::{FileSystemSource, ListenerSource, OidcEndpoints, SecretSource, SubnetSelector};
use jenkinsstack_core::desired::{Context, ExistingFileSystem, ExistingListener, SecretText, Subnet, graph};
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::secret::{Fingerprinter, SecretValue};

/// The installation that the tests act for.
pub(crate) const INSTALLATION: &str = "installation-1";
/// Text that stands in every secret value, so that its absence can be asserted.
pub(crate) const PLANTED: &str = "hunter2";

/// The graph of a valid spec.
pub(crate) fn graph_of(spec: &JenkinsStackSpec) -> Graph {
    graph(spec, &context(spec, 1)).unwrap()
}

/// The graph of a valid spec after its secrets were rotated `rotation - 1` times.
pub(crate) fn graph_rotated(spec: &JenkinsStackSpec, rotation: u32) -> Graph {
    graph(spec, &context(spec, rotation)).unwrap()
}

/// What would be found for `spec`.
pub(crate) fn context(spec: &JenkinsStackSpec, rotation: u32) -> Context {
    Context {
        owner: Owner { cluster: "prod".into(), namespace: "ci".into(), name: "jenkins".into() },
        installation: INSTALLATION.into(),
        account: "111122223333".parse().unwrap(),
        partition: "aws".into(),
        region: spec.aws.region.parse().unwrap(),
        vpc: "vpc-1".parse().unwrap(),
        public_subnets: subnets(spec.network.public_subnets.as_ref(), "public", &spec.aws.region),
        private_subnets: subnets(spec.network.private_subnets.as_ref(), "private", &spec.aws.region),
        existing_file_system: existing_file_system(spec),
        existing_cluster: spec
            .controller
            .existing_cluster
            .as_ref()
            .map(|name| format!("arn:aws:ecs:{}:111122223333:cluster/{name}", spec.aws.region).parse().unwrap()),
        existing_listener: match spec.endpoint.listener() {
            ListenerSource::Existing(existing) => Some(ExistingListener {
                arn: existing.arn.parse().unwrap(),
                security_groups: ["sg-shared".parse().unwrap()].into(),
            }),
            ListenerSource::OwnHttp | ListenerSource::OwnHttps { .. } => None,
        },
        secrets: spec
            .controller
            .secrets
            .iter()
            .filter(|variable| matches!(variable.value_from, SecretSource::SecretKeyRef(_)))
            .map(|variable| (variable.name.clone(), secret(&variable.name, rotation)))
            .collect(),
        client_secret: spec.auth.oidc.as_ref().map(|_| secret("client secret", rotation)),
        oidc_endpoints: spec.auth.oidc.as_ref().map(|oidc| oidc.endpoints.clone().unwrap_or_else(discovered)),
    }
}

fn discovered() -> OidcEndpoints {
    let url = |path: &str| format!("https://id.example.com/{path}");
    OidcEndpoints { authorization: url("authorize"), token: url("token"), user_info: url("userinfo") }
}

fn secret(what: &str, rotation: u32) -> SecretText {
    let value = SecretValue::new(format!("{PLANTED} {what} {rotation}"));
    SecretText { fingerprint: Fingerprinter::new([7; 32]).of(what, &value), value }
}

/// Named subnets lie in the zones a, b, c, a, …; found ones in a and b.
fn subnets(selector: Option<&SubnetSelector>, what: &str, region: &str) -> Vec<Subnet> {
    let ids = match selector {
        Some(SubnetSelector::Ids(ids)) => ids.clone(),
        Some(SubnetSelector::Tags(_)) | None => ["1", "2"].map(|number| format!("subnet-{what}{number}")).to_vec(),
    };
    let zone = |index: usize| format!("{region}{}", ["a", "b", "c"][index % 3]);
    let subnet = |(index, id): (usize, &String)| Subnet { zone: zone(index).parse().unwrap(), id: id.parse().unwrap() };
    ids.iter().enumerate().map(subnet).collect()
}

fn existing_file_system(spec: &JenkinsStackSpec) -> Option<ExistingFileSystem> {
    let FileSystemSource::Existing(existing) = spec.storage.file_system() else { return None };
    let arn = |rest: String| format!("arn:aws:elasticfilesystem:{}:111122223333:{rest}", spec.aws.region);
    Some(ExistingFileSystem {
        id: existing.file_system_id.parse().unwrap(),
        arn: arn(format!("file-system/{}", existing.file_system_id)).parse().unwrap(),
        access_point: existing
            .access_point_id
            .as_ref()
            .map(|id| (id.parse().unwrap(), arn(format!("access-point/{id}")).parse().unwrap())),
        security_groups: ["sg-efs".parse().unwrap()].into(),
    })
}
