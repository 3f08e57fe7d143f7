//! Log group, cluster, task definition and service.

use super::endpoint::Endpoint;
use super::identity::{Roles, Secrets};
use super::network::{Network, group};
use super::storage::Storage;
use super::{JENKINS_PORT, SpecError, Stack, key, parse};
use crate::arn::ClusterArn;
use crate::graph::NodeId;
use crate::input::{Input, Output, Prerequisite};
use crate::kind::service::{Exec, PublicIp};
use crate::kind::{Desired, cluster, log_group, service, task_definition};
use jenkinsstack_api::spec::Architecture;
use std::collections::BTreeMap;

/// Longest names that we make in ECS (CreateService, Amazon ECS API Reference), short enough to read in the console.
const NAME_LIMIT: usize = 100;
/// The container in which Jenkins runs.
const CONTAINER: &str = "jenkins";
/// Home of the official image ("The official image", jenkinsci/docker).
const HOME: &str = "/var/jenkins_home";
/// What ECS gives without being asked, in GiB.
const FREE_DISK: i32 = 20;
/// Largest request header, in bytes: the load balancer adds the user's claims, which do not fit into Jenkins' 8 KiB.
const REQUEST_HEADER_BYTES: u32 = 32 * 1024;
/// By how much Jenkins keeps a silent connection longer than the load balancer does, in milliseconds: the other way
/// round the load balancer would answer 502 on a connection that Jenkins just closed.
const KEEP_ALIVE_MARGIN: i64 = 5000;

/// The log of the task.
pub(super) struct Logs {
    /// Log group.
    pub(super) group: NodeId,
}

impl Stack<'_> {
    /// The log group.
    pub(super) fn logs(&mut self) -> Result<Logs, SpecError> {
        let group = NodeId::new("log-group");
        let owner = &self.context.owner;
        let name = format!("/jenkinsstack/{}/{}/{}", owner.cluster, owner.namespace, owner.name);
        let desired = log_group::Desired {
            retention_days: self.spec.logs.retention_days,
            kms_key: key("logs.kmsKeyArn", self.spec.logs.kms_key_arn.as_deref())?,
        };
        self.add(&group, name, Desired::LogGroup(desired));
        Ok(Logs { group })
    }

    /// The service, and what it runs.
    #[allow(clippy::too_many_arguments, reason = "each area of the graph is an input of the task")]
    pub(super) fn service(
        &mut self,
        storage: &Storage,
        logs: &Logs,
        secrets: &Secrets,
        roles: &Roles,
        network: &Network,
        home: &[NodeId],
        endpoint: &Endpoint,
    ) -> Result<(), SpecError> {
        let cluster = self.cluster()?;
        let task_definition = self.task_definition(storage, logs, secrets, roles)?;
        let extra = self.spec.network.security_group_ids.iter();
        let extra = extra.map(|id| parse("network.securityGroupIds", id).map(Input::Known));
        let groups = std::iter::once(Ok(group(&network.controller))).chain(extra).collect::<Result<_, _>>()?;
        let before = home.iter().chain(&network.rules).chain(&endpoint.rules);
        let desired = service::Desired {
            cluster,
            task_definition: Input::from(&task_definition, Output::Arn),
            subnets: self.context.private_subnets.iter().map(|subnet| subnet.id.clone()).collect(),
            security_groups: groups,
            public_ip: if self.spec.network.assign_public_ip.is_enabled() {
                PublicIp::Enabled
            } else {
                PublicIp::Disabled
            },
            target_group: Input::from(&endpoint.target_group, Output::Arn),
            container: (CONTAINER.to_owned(), JENKINS_PORT),
            grace_period: self.spec.controller.grace_period_seconds,
            exec: if self.spec.controller.ecs_exec.is_enabled() { Exec::Enabled } else { Exec::Disabled },
            prerequisites: before.map(Prerequisite::on).collect(),
        };
        let id = NodeId::new("service");
        let name = self.name(&id, &[], NAME_LIMIT);
        self.add(&id, name, Desired::Service(desired));
        Ok(())
    }

    fn cluster(&mut self) -> Result<Input<ClusterArn>, SpecError> {
        if self.spec.controller.existing_cluster.is_some() {
            let missing = || SpecError::field("controller.existingCluster", "it was not found");
            return self.context.existing_cluster.clone().map(Input::Known).ok_or_else(missing);
        }
        let id = NodeId::new("cluster");
        let name = self.name(&id, &[], NAME_LIMIT);
        let capacity_providers = ["FARGATE", "FARGATE_SPOT"].map(str::to_owned).into();
        self.add(&id, name, Desired::Cluster(cluster::Desired { capacity_providers }));
        Ok(Input::from(&id, Output::Arn))
    }

    fn task_definition(
        &mut self,
        storage: &Storage,
        logs: &Logs,
        secrets: &Secrets,
        roles: &Roles,
    ) -> Result<NodeId, SpecError> {
        let controller = &self.spec.controller;
        let size = controller.size().map_err(|error| SpecError::field("controller.memory", error))?;
        let disk = controller.disk_gib().map_err(|error| SpecError::field("controller.ephemeralStorage", error))?;
        let desired = task_definition::Desired {
            cpu: size.cpu_units().unsigned_abs(),
            memory: size.memory_mib.unsigned_abs(),
            architecture: match controller.architecture {
                Architecture::Amd64 => "X86_64".to_owned(),
                Architecture::Arm64 => "ARM64".to_owned(),
            },
            ephemeral_storage: (disk > FREE_DISK).then(|| disk.unsigned_abs()),
            execution_role: Input::from(&roles.execution, Output::Arn),
            task_role: Input::from(&roles.task, Output::Arn),
            home: task_definition::Home {
                file_system: storage.file_system.clone(),
                access_point: storage.access_point.clone(),
                path: HOME.to_owned(),
            },
            container: task_definition::Container {
                name: CONTAINER.to_owned(),
                image: controller.image.clone(),
                port: JENKINS_PORT,
                environment: self.environment(),
                secrets: secrets.references.clone(),
                stop_timeout: controller.stop_timeout_seconds,
                log_group: Input::from(&logs.group, Output::Name),
                log_region: self.context.region.to_string(),
            },
        };
        let id = NodeId::new("task-definition");
        let name = self.name(&id, &[], NAME_LIMIT);
        self.add(&id, name, Desired::TaskDefinition(desired));
        Ok(id)
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let controller = &self.spec.controller;
        let mut environment: BTreeMap<String, String> =
            controller.env.iter().map(|variable| (variable.name.clone(), variable.value.clone())).collect();
        let options: Vec<String> = controller.java_options.iter().map(|option| quoted(option)).collect();
        environment.insert("JENKINS_JAVA_OPTS".into(), options.join(" "));
        environment.insert("JENKINS_OPTS".into(), self.jenkins_options());
        environment
    }

    fn jenkins_options(&self) -> String {
        let endpoint = &self.spec.endpoint;
        let keep_alive = i64::from(endpoint.idle_timeout_seconds) * 1000 + KEEP_ALIVE_MARGIN;
        let prefix = endpoint.path_prefix.iter().map(|prefix| format!(" --prefix={prefix}")).collect::<String>();
        format!("--httpKeepAliveTimeout={keep_alive} --requestHeaderSize={REQUEST_HEADER_BYTES}{prefix}")
    }
}

/// An option in single quotes where it has white space: the image splits its options as `xargs` does.
fn quoted(option: &str) -> String {
    let plain = !option.contains(|c: char| c.is_whitespace() || c == '\'' || c == '"' || c == '\\');
    if plain { option.to_owned() } else { format!("'{}'", option.replace('\'', r#"'"'"'"#)) }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn options_survive_the_splitting_of_xargs() {
        assert_eq!(quoted("-Xmx3g"), "-Xmx3g");
        assert_eq!(quoted("-Da=b c"), "'-Da=b c'");
        assert_eq!(quoted("-Da='"), r#"'-Da='"'"''"#);
    }
}
