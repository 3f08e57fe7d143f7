//! From what is wanted to what AWS shows of it.

use jenkinsstack_core::id::Name;
use jenkinsstack_core::kind::service::{Attempt, Breaker, Rollout, Told};
use jenkinsstack_core::kind::{
    Desired, Observed, access_point, backup_policy, cluster, file_system, file_system_policy, listener, listener_rule,
    load_balancer, log_group, mount_target, role, secret, security_group, security_group_rule, service, target_group,
    task_definition,
};
use std::fmt::Display;
use std::str::FromStr;

/// The key by which AWS encrypts what no key is named for.
const AWS_KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/aws-elasticfilesystem";

/// A new resource right after its create call; `number` makes its ids.
pub(super) fn made(desired: &Desired, name: &str, number: usize) -> Observed {
    let id = |prefix: &str| format!("{prefix}-{number:04}");
    let name: Name = name.parse().unwrap();
    match desired {
        Desired::SecurityGroup(d) => security_group(d, &id("sg").replace("sg-", "")),
        Desired::SecurityGroupRule(d) => security_group_rule(d, number),
        Desired::Role(d) => role(d, &name),
        Desired::LogGroup(d) => log_group(d, &name),
        Desired::Secret(d) => secret(d, &name),
        Desired::FileSystem(d) => file_system(d, number, "creating"),
        Desired::FileSystemPolicy(d) => file_system_policy(d),
        Desired::BackupPolicy(d) => backup_policy(d),
        Desired::MountTarget(d) => mount_target(d, number),
        Desired::AccessPoint(d) => access_point(d, number),
        Desired::LoadBalancer(d) => load_balancer(d, number),
        Desired::TargetGroup(d) => target_group(d, number),
        Desired::Listener(d) => listener(d, number),
        Desired::ListenerRule(d) => listener_rule(d, number),
        Desired::Cluster(d) => cluster(d, &name),
        Desired::TaskDefinition(d) => task_definition(d, &name, number),
        Desired::Service(d) => service(d, number),
    }
}

/// The resource after an update: as wanted, with the identity that it has.
pub(super) fn changed(desired: &Desired, before: &Observed, number: usize) -> Observed {
    let mut after = made(desired, "any", number);
    match (&mut after, before) {
        (Observed::SecurityGroup(a), Observed::SecurityGroup(b)) => a.id = b.id.clone(),
        (Observed::SecurityGroupRule(a), Observed::SecurityGroupRule(b)) => a.id = b.id.clone(),
        (Observed::Role(a), Observed::Role(b)) => (a.arn, a.name) = (b.arn.clone(), b.name.clone()),
        (Observed::LogGroup(a), Observed::LogGroup(b)) => (a.arn, a.name) = (b.arn.clone(), b.name.clone()),
        (Observed::Secret(a), Observed::Secret(b)) => (a.arn, a.name) = (b.arn.clone(), b.name.clone()),
        (Observed::FileSystem(a), Observed::FileSystem(b)) => {
            (a.id, a.arn, a.kms_key) = (b.id.clone(), b.arn.clone(), b.kms_key.clone());
            a.life_cycle_state = "updating".into();
        }
        (Observed::MountTarget(a), Observed::MountTarget(b)) => {
            (a.id, a.life_cycle_state) = (b.id.clone(), b.life_cycle_state.clone());
        }
        (Observed::AccessPoint(a), Observed::AccessPoint(b)) => {
            (a.id, a.arn, a.life_cycle_state) = (b.id.clone(), b.arn.clone(), b.life_cycle_state.clone());
        }
        (Observed::LoadBalancer(a), Observed::LoadBalancer(b)) => {
            (a.arn, a.dns_name, a.state_code) = (b.arn.clone(), b.dns_name.clone(), b.state_code.clone());
        }
        (Observed::TargetGroup(a), Observed::TargetGroup(b)) => a.arn = b.arn.clone(),
        (Observed::Listener(a), Observed::Listener(b)) => a.arn = b.arn.clone(),
        (Observed::ListenerRule(a), Observed::ListenerRule(b)) => a.arn = b.arn.clone(),
        (Observed::Cluster(a), Observed::Cluster(b)) => (a.arn, a.name) = (b.arn.clone(), b.name.clone()),
        (Observed::TaskDefinition(a), Observed::TaskDefinition(b)) => a.family = b.family.clone(),
        (Observed::Service(a), Observed::Service(b)) => (a.arn, a.rollout.running) = (b.arn.clone(), b.rollout.running),
        (Observed::FileSystemPolicy(_), Observed::FileSystemPolicy(_))
        | (Observed::BackupPolicy(_), Observed::BackupPolicy(_)) => (),
        (after, before) => panic!("{after:?} can't follow {before:?}"),
    }
    after
}

/// The resource after its delete call; `None` for kinds that are gone at once.
pub(super) fn leaving(before: &Observed) -> Option<Observed> {
    let mut after = before.clone();
    match &mut after {
        Observed::FileSystem(o) => o.life_cycle_state = "deleting".into(),
        Observed::MountTarget(o) => o.life_cycle_state = "deleting".into(),
        Observed::AccessPoint(o) => o.life_cycle_state = "deleting".into(),
        Observed::Service(o) => o.status = "DRAINING".into(),
        _ => return None,
    }
    Some(after)
}

/// The resource a while later; `None` when it is gone by then.
pub(super) fn later(before: &Observed) -> Option<Observed> {
    let mut after = before.clone();
    match &mut after {
        Observed::FileSystem(o) => o.life_cycle_state = efs(&o.life_cycle_state)?,
        Observed::MountTarget(o) => o.life_cycle_state = efs(&o.life_cycle_state)?,
        Observed::AccessPoint(o) => o.life_cycle_state = efs(&o.life_cycle_state)?,
        Observed::LoadBalancer(o) if o.state_code == "provisioning" => o.state_code = "active".into(),
        Observed::Cluster(o) if o.status == "PROVISIONING" => o.status = "ACTIVE".into(),
        Observed::Service(o) if o.status == "DRAINING" => return None,
        // Stop before start: the old task goes, then the new one comes, then the deployment is complete.
        Observed::Service(o) if o.rollout.state == "IN_PROGRESS" => {
            let Rollout { state, running, pending, deployments, told, .. } = &mut o.rollout;
            match (*running, *pending) {
                (1, 0) if *deployments == 2 => *running = 0,
                (0, 0) => *pending = 1,
                (0, _) => (*running, *pending, *deployments) = (1, 0, 1),
                _ => (*state, *told) = ("COMPLETED".into(), Told::Healthy),
            }
        }
        _ => (),
    }
    Some(after)
}

fn efs(state: &str) -> Option<String> {
    match state {
        "creating" | "updating" => Some("available".into()),
        "deleting" => None,
        other => Some(other.into()),
    }
}

fn parsed<T: FromStr<Err: std::fmt::Debug>>(text: impl Display) -> T {
    text.to_string().parse().unwrap()
}

fn arn<T: FromStr<Err: std::fmt::Debug>>(service: &str, rest: impl Display) -> T {
    parsed(format_args!("arn:aws:{service}:eu-central-1:111122223333:{rest}"))
}

fn security_group(d: &security_group::Desired, number: &str) -> Observed {
    Observed::SecurityGroup(security_group::Observed {
        id: parsed(format_args!("sg-{number}")),
        description: d.description.clone(),
        vpc: d.vpc.clone(),
        stray_rules: [].into(),
    })
}

fn security_group_rule(d: &security_group_rule::Desired, number: usize) -> Observed {
    Observed::SecurityGroupRule(security_group_rule::Observed {
        id: parsed(format_args!("sgr-{number:04}")),
        group: d.group.known().unwrap().clone(),
        direction: d.direction,
        ports: Some(d.ports),
        peer: d.peer.known().unwrap(),
        description: d.description.clone(),
    })
}

fn role(d: &role::Desired, name: &Name) -> Observed {
    Observed::Role(role::Observed {
        arn: parsed(format_args!("arn:aws:iam::111122223333:role/{name}")),
        name: name.clone(),
        trust: d.trust.normal().unwrap(),
        inline: d.inline.iter().map(|(name, policy)| (name.clone(), policy.normal().unwrap())).collect(),
        attached: d.attached.clone(),
    })
}

fn log_group(d: &log_group::Desired, name: &Name) -> Observed {
    Observed::LogGroup(log_group::Observed {
        arn: arn("logs", format_args!("log-group:{name}")),
        name: name.clone(),
        retention_days: Some(d.retention_days),
        kms_key: d.kms_key.clone(),
    })
}

fn secret(d: &secret::Desired, name: &Name) -> Observed {
    Observed::Secret(secret::Observed {
        arn: arn("secretsmanager", format_args!("secret:{name}-AbCdEf")),
        name: name.clone(),
        description: d.description.clone(),
        version: Some(parsed(&d.fingerprint)),
        kms_key: d.kms_key.clone(),
        deleted: false,
    })
}

fn file_system(d: &file_system::Desired, number: usize, state: &str) -> Observed {
    let key = d.kms_key.clone().unwrap_or_else(|| AWS_KEY.parse().unwrap());
    Observed::FileSystem(file_system::Observed {
        id: parsed(format_args!("fs-{number:04}")),
        arn: arn("elasticfilesystem", format_args!("file-system/fs-{number:04}")),
        encrypted: d.encrypted,
        kms_key: d.encrypted.then_some(key),
        throughput: d.throughput,
        lifecycle: d.lifecycle.clone(),
        life_cycle_state: state.into(),
    })
}

fn file_system_policy(d: &file_system_policy::Desired) -> Observed {
    Observed::FileSystemPolicy(file_system_policy::Observed {
        file_system: d.file_system.known().unwrap().clone(),
        document: d.document.normal().unwrap(),
    })
}

fn backup_policy(d: &backup_policy::Desired) -> Observed {
    let file_system = d.file_system.known().unwrap().clone();
    Observed::BackupPolicy(backup_policy::Observed { file_system, backups: d.backups })
}

fn mount_target(d: &mount_target::Desired, number: usize) -> Observed {
    Observed::MountTarget(mount_target::Observed {
        id: parsed(format_args!("fsmt-{number:04}")),
        file_system: d.file_system.known().unwrap().clone(),
        subnet: d.subnets.first().unwrap().clone(),
        security_groups: [d.security_group.known().unwrap().clone()].into(),
        life_cycle_state: "creating".into(),
    })
}

fn access_point(d: &access_point::Desired, number: usize) -> Observed {
    Observed::AccessPoint(access_point::Observed {
        id: parsed(format_args!("fsap-{number:04}")),
        arn: arn("elasticfilesystem", format_args!("access-point/fsap-{number:04}")),
        file_system: d.file_system.known().unwrap().clone(),
        root: d.root.clone(),
        life_cycle_state: "creating".into(),
    })
}

fn load_balancer(d: &load_balancer::Desired, number: usize) -> Observed {
    Observed::LoadBalancer(load_balancer::Observed {
        arn: arn("elasticloadbalancing", format_args!("loadbalancer/app/jks/{number:04}")),
        dns_name: format!("jks-{number:04}.eu-central-1.elb.amazonaws.com"),
        zone: Some("Z215JYRZR1TBD5".into()),
        scheme: d.scheme,
        vpc: d.vpc.clone(),
        subnets: d.subnets_beside(&[].into()),
        security_groups: d.security_groups.iter().map(|group| group.known().unwrap().clone()).collect(),
        attributes: d.attributes.clone(),
        state_code: "provisioning".into(),
        state_reason: String::new(),
    })
}

fn target_group(d: &target_group::Desired, number: usize) -> Observed {
    Observed::TargetGroup(target_group::Observed {
        arn: arn("elasticloadbalancing", format_args!("targetgroup/jks/{number:04}")),
        vpc: d.vpc.clone(),
        port: d.port,
        health_check: d.health_check.clone(),
        attributes: d.attributes.clone(),
    })
}

fn listener(d: &listener::Desired, number: usize) -> Observed {
    Observed::Listener(listener::Observed {
        arn: arn("elasticloadbalancing", format_args!("listener/app/jks/0/{number:04}")),
        load_balancer: d.load_balancer.known().unwrap().clone(),
        port: d.port,
        protocol: d.protocol.clone(),
        default_action: Some(d.default_action),
    })
}

fn listener_rule(d: &listener_rule::Desired, number: usize) -> Observed {
    Observed::ListenerRule(listener_rule::Observed {
        arn: arn("elasticloadbalancing", format_args!("listener-rule/app/jks/0/0/{number:04}")),
        listener: d.listener.known().unwrap().clone(),
        priority: d.priority,
        conditions: d.conditions.clone(),
        provider: d.login.as_ref().map(|login| login.provider.clone()),
        fingerprint: d.login.as_ref().map(|login| login.fingerprint.clone()),
        target_group: Some(d.target_group.known().unwrap().clone()),
    })
}

fn cluster(d: &cluster::Desired, name: &Name) -> Observed {
    Observed::Cluster(cluster::Observed {
        arn: arn("ecs", format_args!("cluster/{name}")),
        name: name.clone(),
        capacity_providers: d.capacity_providers.clone(),
        default_strategy: std::collections::BTreeSet::new(),
        status: "PROVISIONING".into(),
    })
}

fn task_definition(d: &task_definition::Desired, family: &Name, number: usize) -> Observed {
    Observed::TaskDefinition(task_definition::Observed {
        family: family.clone(),
        arn: arn("ecs", format_args!("task-definition/jks:{number}")),
        fingerprint: Some(d.fingerprint().unwrap()),
        content: Some(Box::new(d.clone())),
    })
}

fn service(d: &service::Desired, number: usize) -> Observed {
    Observed::Service(service::Observed {
        arn: arn("ecs", format_args!("service/jks/{number:04}")),
        cluster: d.cluster.known().unwrap().clone(),
        status: "ACTIVE".into(),
        task_definition: d.task_definition.known().unwrap().clone(),
        subnets: d.subnets.clone(),
        security_groups: d.security_groups.iter().map(|group| group.known().unwrap().clone()).collect(),
        public_ip: d.public_ip,
        target_group: Some(d.target_group.known().unwrap().clone()),
        container: Some(d.container.clone()),
        grace_period: d.grace_period,
        exec: d.exec,
        desired_count: 1,
        percents: service::ONE_AT_A_TIME,
        breaker: Breaker::GivesUp,
        settings: service::Settings::ours(),
        rollout: Rollout {
            state: "IN_PROGRESS".into(),
            reason: String::new(),
            running: 0,
            pending: 0,
            deployments: 2,
            left: 0,
            attempt: Attempt::Current,
            told: Told::Nothing,
        },
    })
}
