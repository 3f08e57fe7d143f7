//! Specs at random: every field of a JenkinsStack, in every way that admission lets through.

use jenkinsstack_api::fargate::SIZES;
use jenkinsstack_api::spec::{
    AccessLogs, AccessPoint, Architecture, AuthSpec, AwsSpec, ClientSecretRef, ClientSecretSource, ControllerSpec,
    EndpointSpec, EnvVar, ExistingFileSystem, ExistingListener, Lifecycle, LogsSpec, NetworkSpec, OidcEndpoints,
    OidcSpec, OnDelete, OnUnauthenticated, OpenPaths, ParameterRef, Protocol, Scheme, SecretEnvVar, SecretKeyRef,
    SecretSource, SecretsManagerRef, StorageSpec, SubnetSelector, Switch, ThroughputMode, VpcSelector,
};
use jenkinsstack_api::{DeletionPolicy, JenkinsStackSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use std::collections::BTreeSet;

const REGION: &str = "eu-central-1";
const ACCOUNT: &str = "111122223333";

/// Any valid spec.
pub(crate) fn spec() -> impl Strategy<Value = JenkinsStackSpec> {
    let front = (endpoint().boxed(), option::of(oidc().boxed())).prop_map(with_login);
    let areas = (aws().boxed(), network().boxed(), controller().boxed(), storage().boxed(), logs().boxed());
    let rest = (areas, any::<bool>(), any::<bool>());
    (rest, front).prop_map(|(((aws, network, controller, storage, logs), suspend, orphan), (endpoint, auth))| {
        let orphan = orphan && storage.on_delete == OnDelete::Retain;
        let deletion_policy = if orphan { DeletionPolicy::Orphan } else { DeletionPolicy::Delete };
        JenkinsStackSpec { aws, network, controller, storage, endpoint, auth, logs, suspend, deletion_policy }
    })
}

/// Two valid specs of which the second may follow the first: what admission holds fixed is the same.
pub(crate) fn change() -> impl Strategy<Value = (JenkinsStackSpec, JenkinsStackSpec)> {
    (spec().boxed(), spec().boxed()).prop_map(|(before, mut after)| {
        after.storage.encryption = before.storage.encryption;
        after.storage.kms_key_arn.clone_from(&before.storage.kms_key_arn);
        after.storage.access_point.clone_from(&before.storage.access_point);
        if before.storage.existing.is_some() || after.storage.existing.is_some() {
            after.storage = before.storage.clone();
        }
        if after.storage.on_delete == OnDelete::Destroy {
            after.deletion_policy = DeletionPolicy::Delete;
        }
        (before, after)
    })
}

fn switch() -> impl Strategy<Value = Switch> {
    prop_oneof![Just(Switch::Enabled), Just(Switch::Disabled)]
}

fn key(what: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{what}")
}

fn aws() -> impl Strategy<Value = AwsSpec> {
    btree_map("[a-z]{1,3}", "[a-z0-9]{0,3}", 0..3).prop_map(|tags| AwsSpec { region: REGION.into(), tags })
}

fn subnets(what: &'static str, least: usize) -> impl Strategy<Value = Option<SubnetSelector>> {
    let ids = btree_set(1..9usize, least..5)
        .prop_map(move |ids| ids.iter().map(|id| format!("subnet-{what}{id}")).collect())
        .prop_map(SubnetSelector::Ids);
    let tags = Just(SubnetSelector::Tags([("net".to_owned(), what.to_owned())].into()));
    option::of(prop_oneof![3 => ids, 1 => tags])
}

fn network() -> impl Strategy<Value = NetworkSpec> {
    let vpc =
        prop_oneof![Just(VpcSelector::Id("vpc-1".into())), Just(VpcSelector::Tags([("a".into(), "b".into())].into()))];
    let groups = btree_set(1..4u32, 0..3).prop_map(|ids| ids.iter().map(|id| format!("sg-extra{id}")).collect());
    (option::of(vpc), subnets("public", 2), subnets("private", 1), groups, switch()).prop_map(
        |(vpc, public_subnets, private_subnets, security_group_ids, assign_public_ip)| NetworkSpec {
            vpc,
            public_subnets,
            private_subnets,
            security_group_ids,
            assign_public_ip,
        },
    )
}

fn secret_source() -> impl Strategy<Value = SecretSource> {
    let arn = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:theirs-AbCdEf");
    prop_oneof![
        3 => Just(SecretSource::SecretKeyRef(SecretKeyRef { name: "s".into(), key: "k".into() })),
        1 => (option::of(Just("k".to_owned())), option::of(Just(key("s")))).prop_map(move |(json, kms_key_arn)| {
            SecretSource::SecretsManager(SecretsManagerRef { arn: arn.clone(), key: json, kms_key_arn })
        }),
        1 => option::of(Just(key("p"))).prop_map(|kms_key_arn| {
            SecretSource::Parameter(ParameterRef { name: "/a/b".into(), kms_key_arn })
        }),
    ]
}

fn controller() -> impl Strategy<Value = ControllerSpec> {
    let image = prop_oneof![
        Just("jenkins/jenkins:lts".to_owned()),
        Just(format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/ci/jenkins:1")),
    ];
    let env = btree_map("A[A-Z]{0,2}", "[a-z ]{0,5}", 0..3)
        .prop_map(|env| env.into_iter().map(|(name, value)| EnvVar { name, value }).collect::<Vec<_>>());
    let secrets = btree_map("S[A-Z]{0,2}", secret_source(), 0..3).prop_map(|all| {
        all.into_iter().map(|(name, value_from)| SecretEnvVar { name, value_from }).collect::<Vec<_>>()
    });
    let policies = btree_set("[a-c]", 0..3)
        .prop_map(|names| names.iter().map(|name| format!("arn:aws:iam::{ACCOUNT}:policy/{name}")).collect::<Vec<_>>());
    let architecture = prop_oneof![Just(Architecture::Amd64), Just(Architecture::Arm64)];
    let size = (image, 0..SIZES.len(), architecture, vec("-X[a-z]{1,4}( [a-z])?", 0..3), 20..200i32);
    let times = (2..=120i32, 0..2000i32, option::of(Just("theirs".to_owned())), switch());
    (size, env, secrets, policies, times).prop_map(|(size, env, secrets, task_role_policy_arns, times)| {
        let (image, place, architecture, java_options, disk) = size;
        let (stop_timeout_seconds, grace_period_seconds, existing_cluster, ecs_exec) = times;
        ControllerSpec {
            image,
            cpu: Quantity(format!("{}m", SIZES[place].cpu_milli)),
            memory: Quantity(format!("{}Mi", SIZES[place].from_mib)),
            architecture,
            java_options,
            env,
            secrets,
            ephemeral_storage: Quantity(format!("{disk}Gi")),
            stop_timeout_seconds,
            grace_period_seconds,
            existing_cluster,
            task_role_policy_arns,
            ecs_exec,
        }
    })
}

fn own_storage() -> impl Strategy<Value = StorageSpec> {
    let mode = prop_oneof![
        Just((ThroughputMode::Elastic, None)),
        Just((ThroughputMode::Bursting, None)),
        (1..4i32).prop_map(|rate| (ThroughputMode::Provisioned, Some(rate))),
    ];
    let lifecycle = option::of(
        (option::of(Just(30)), option::of(Just(90)))
            .prop_filter("one of both", |(ia, archive)| ia.is_some() || archive.is_some()),
    );
    let encryption = prop_oneof![
        Just((Switch::Enabled, None)),
        Just((Switch::Enabled, Some(key("home")))),
        Just((Switch::Disabled, None))
    ];
    (mode, lifecycle, encryption, switch(), 1000..1003i64, on_delete()).prop_map(
        |((throughput_mode, rate), lifecycle, (encryption, kms_key_arn), backups, uid, on_delete)| {
            let elastic = throughput_mode == ThroughputMode::Elastic;
            let lifecycle = lifecycle.map(|(infrequent_access_after_days, archive_after_days)| Lifecycle {
                infrequent_access_after_days: infrequent_access_after_days.or((!elastic).then_some(30)),
                archive_after_days: archive_after_days.filter(|_| elastic),
            });
            let access_point = AccessPoint { path: format!("/home{uid}"), uid, gid: 1000, permissions: "0750".into() };
            StorageSpec {
                throughput_mode,
                provisioned_throughput_mibps: rate,
                encryption,
                kms_key_arn,
                lifecycle,
                backups,
                existing: None,
                access_point,
                on_delete,
            }
        },
    )
}

fn on_delete() -> impl Strategy<Value = OnDelete> {
    prop_oneof![Just(OnDelete::Retain), Just(OnDelete::Destroy)]
}

fn storage() -> impl Strategy<Value = StorageSpec> {
    let existing = option::of(Just("fsap-theirs".to_owned())).prop_map(|access_point_id| {
        let existing = ExistingFileSystem { file_system_id: "fs-theirs".into(), access_point_id };
        StorageSpec { existing: Some(existing), ..StorageSpec::default() }
    });
    prop_oneof![4 => own_storage(), 1 => existing]
}

fn logs() -> impl Strategy<Value = LogsSpec> {
    (prop_oneof![Just(1), Just(30), Just(365)], option::of(Just(key("logs"))))
        .prop_map(|(retention_days, kms_key_arn)| LogsSpec { retention_days, kms_key_arn })
}

fn cidrs() -> impl Strategy<Value = Vec<String>> {
    btree_set(1..9u32, 1..6).prop_map(|all| all.iter().map(|number| format!("10.{number}.0.0/16")).collect())
}

fn own_endpoint() -> impl Strategy<Value = EndpointSpec> {
    let host = prop_oneof![Just("jenkins.example.com"), Just("ci.example.com")].prop_map(str::to_owned);
    let certificate = option::of(Just(format!("arn:aws:acm:{REGION}:{ACCOUNT}:certificate/1")));
    let logs =
        option::of(option::of(Just("a/b".to_owned())).prop_map(|prefix| AccessLogs { bucket: "logs".into(), prefix }));
    let scheme = prop_oneof![Just(Scheme::InternetFacing), Just(Scheme::Internal)];
    let tls = prop_oneof![Just("ELBSecurityPolicy-TLS13-1-2-2021-06"), Just("ELBSecurityPolicy-TLS13-1-3-2021-06")];
    let front = (option::of(host), certificate, scheme, switch(), tls);
    (front, cidrs(), logs, 1..4000i32, option::of(Just("/jenkins".to_owned()))).prop_map(
        |((host, certificate_arn, scheme, http_redirect, tls), allowed_cidrs, access_logs, idle, path_prefix)| {
            EndpointSpec {
                certificate_arn: certificate_arn.filter(|_| host.is_some()),
                host,
                scheme,
                http_redirect,
                tls_policy: tls.to_owned(),
                allowed_cidrs,
                access_logs,
                idle_timeout_seconds: idle,
                path_prefix,
                existing_listener: None,
            }
        },
    )
}

fn endpoint() -> impl Strategy<Value = EndpointSpec> {
    let protocol = prop_oneof![Just(Protocol::Https), Just(Protocol::Http)];
    let existing =
        (1..3u32, prop_oneof![Just(98), Just(99), Just(1000)], protocol).prop_map(|(number, priority, protocol)| {
            let arn = format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/theirs/0/{number}");
            EndpointSpec {
                host: Some("jenkins.example.com".into()),
                existing_listener: Some(ExistingListener { arn, priority, protocol }),
                ..EndpointSpec::default()
            }
        });
    prop_oneof![3 => own_endpoint(), 1 => existing]
}

fn oidc() -> impl Strategy<Value = OidcSpec> {
    let url = |path: &str| format!("https://id.example.com/{path}");
    let written = OidcEndpoints { authorization: url("a"), token: url("t"), user_info: url("u") };
    let secret = prop_oneof![
        Just(ClientSecretSource::SecretKeyRef(SecretKeyRef { name: "s".into(), key: "k".into() })),
        Just(ClientSecretSource::SecretsManager(ClientSecretRef {
            arn: format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:oidc-AbCdEf"),
            key: None,
        })),
    ];
    let unauthenticated = prop_oneof![
        Just(OnUnauthenticated::Authenticate),
        Just(OnUnauthenticated::Allow),
        Just(OnUnauthenticated::Deny)
    ];
    let hooks = btree_set("[a-d]", 1..4).prop_map(|names| names.iter().map(|n| format!("/hook-{n}/")).collect());
    let open = vec((hooks, cidrs()).prop_map(|(paths, source_cidrs)| OpenPaths { paths, source_cidrs }), 0..3);
    let session = (1..604_800i32, "[A-Z][a-z]{1,5}", unauthenticated, btree_map("[a-z]{1,3}", "[a-z]{1,3}", 0..2));
    (option::of(Just(written)), "[a-z]{1,5}", secret, session, open).prop_map(
        |(endpoints, client_id, client_secret, session, open_paths)| {
            let (session_timeout_seconds, session_cookie_name, on_unauthenticated, extra_params) = session;
            OidcSpec {
                issuer: "https://id.example.com".into(),
                endpoints,
                client_id,
                client_secret,
                scopes: vec!["openid".into(), "groups".into()],
                session_timeout_seconds,
                session_cookie_name,
                on_unauthenticated,
                extra_params,
                open_paths,
            }
        },
    )
}

/// A login needs HTTPS and a host; its open paths begin with the prefix and are named once.
fn with_login((endpoint, oidc): (EndpointSpec, Option<OidcSpec>)) -> (EndpointSpec, AuthSpec) {
    let fits = endpoint.protocol() == Protocol::Https && endpoint.host.is_some();
    let oidc = oidc.filter(|_| fits).map(|mut oidc| {
        let prefix = endpoint.path_prefix.clone().unwrap_or_default();
        let mut known = BTreeSet::new();
        for open in &mut oidc.open_paths {
            open.paths.retain(|path| known.insert(path.clone()));
            open.paths.iter_mut().for_each(|path| *path = format!("{prefix}{path}"));
        }
        oidc.open_paths.retain(|open| !open.paths.is_empty());
        oidc
    });
    (endpoint, AuthSpec { oidc })
}
