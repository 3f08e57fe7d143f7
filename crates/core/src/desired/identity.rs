//! Roles, and the secrets that the task is given.

use super::compute::Logs;
use super::storage::Storage;
use super::{SpecError, Stack, parse};
use crate::arn::PolicyArn;
use crate::graph::NodeId;
use crate::id::AccountId;
use crate::input::{Output, Template};
use crate::kind::{Desired, role, secret};
use crate::policy::{Document, Statement};
use jenkinsstack_api::spec::{ParameterRef, SecretSource, SecretsManagerRef};
use std::collections::{BTreeMap, BTreeSet};

/// Longest name of a role (CreateRole, IAM API Reference).
const NAME_LIMIT: usize = 64;
/// The service that runs tasks.
const ECS_TASKS: &str = "ecs-tasks.amazonaws.com";
/// What stands between account and region in the host of a private registry: over IPv4, over both, and as FIPS asks.
const ECR_HOSTS: [&str; 4] = [".dkr.ecr.", ".dkr-ecr.", ".dkr.ecr-fips.", ".dkr-ecr-fips."];

/// The roles of a stack.
pub(super) struct Roles {
    /// By which ECS starts the task.
    pub(super) execution: NodeId,
    /// Of Jenkins itself.
    pub(super) task: NodeId,
}

/// Where the task's secret environment variables come from, and what their reader needs.
#[derive(Default)]
pub(super) struct Secrets {
    /// Reference in ECS's form, by variable.
    pub(super) references: BTreeMap<String, Template>,
    /// ARNs of secrets to read.
    secrets: Vec<Template>,
    /// ARNs of parameters to read.
    parameters: Vec<Template>,
    /// ARNs of keys to decrypt with.
    keys: BTreeSet<String>,
}

impl Stack<'_> {
    /// The secrets that `controller.secrets` asks for; one resource for each that comes from a Kubernetes Secret.
    pub(super) fn secrets(&mut self) -> Result<Secrets, SpecError> {
        let mut secrets = Secrets::default();
        for variable in &self.spec.controller.secrets {
            let reference = match &variable.value_from {
                SecretSource::SecretKeyRef(_) => self.own_secret(&variable.name, &mut secrets)?,
                SecretSource::SecretsManager(reference) => foreign_secret(reference, &mut secrets),
                SecretSource::Parameter(reference) => self.parameter(reference, &mut secrets),
            };
            secrets.references.insert(variable.name.clone(), reference);
        }
        Ok(secrets)
    }

    /// The version is part of the reference, so that a new value is a new task definition, and so a new task.
    fn own_secret(&mut self, variable: &str, secrets: &mut Secrets) -> Result<Template, SpecError> {
        let text = self.context.secrets.get(variable).cloned();
        let missing = || SpecError::field("controller.secrets", format!("the value of {variable} was not read"));
        let text = text.ok_or_else(missing)?;
        let id = NodeId::new("secret").of(variable);
        let owner = &self.context.owner;
        let name = format!("jenkinsstack/{}/{}/{}/{variable}", owner.cluster, owner.namespace, owner.name);
        let desired = secret::Desired {
            description: self.describe(&format!("environment variable {variable}")),
            value: text.value,
            fingerprint: text.fingerprint,
            kms_key: None,
        };
        self.add(&id, name, Desired::Secret(desired));
        secrets.secrets.push(Template::output(&id, Output::Arn));
        Ok(Template::output(&id, Output::Arn).then(":::").then_output(&id, Output::Version))
    }

    fn parameter(&self, reference: &ParameterRef, secrets: &mut Secrets) -> Template {
        let ParameterRef { name, kms_key_arn } = reference;
        let arn = self.context.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')));
        secrets.parameters.push(Template::text(&arn));
        secrets.keys.extend(kms_key_arn.clone());
        Template::text(arn)
    }

    /// The execution role and the task role.
    pub(super) fn roles(&mut self, storage: &Storage, logs: &Logs, secrets: &Secrets) -> Result<Roles, SpecError> {
        let execution = NodeId::new("execution-role");
        let start = Document::new(self.execution_statements(logs, secrets));
        self.role(&execution, "start of the task", start, BTreeSet::new())?;
        let task = NodeId::new("task-role");
        let work = Document::new(self.task_statements(storage));
        let attached = self.spec.controller.task_role_policy_arns.iter();
        let attached = attached.map(|arn| parse("controller.taskRolePolicyArns", arn)).collect::<Result<_, _>>()?;
        self.role(&task, "Jenkins controller", work, attached)?;
        Ok(Roles { execution, task })
    }

    fn role(
        &mut self,
        id: &NodeId,
        what: &str,
        policy: Document,
        attached: BTreeSet<PolicyArn>,
    ) -> Result<(), SpecError> {
        let desired = role::Desired {
            description: self.describe(what),
            trust: Document::trust(ECS_TASKS, &self.context.account),
            inline: BTreeMap::from([(id.to_string(), policy)]),
            attached,
        };
        let name = self.name(id, &[], NAME_LIMIT);
        self.add(id, name, Desired::Role(desired));
        Ok(())
    }

    fn execution_statements(&self, logs: &Logs, secrets: &Secrets) -> Vec<Statement> {
        let streams = Template::output(&logs.group, Output::Arn).then(":*");
        let mut statements =
            vec![Statement::allow("Logs", &["logs:CreateLogStream", "logs:PutLogEvents"], vec![streams])];
        let Secrets { references: _, secrets, parameters, keys } = secrets;
        if !secrets.is_empty() {
            statements.push(Statement::allow("Secrets", &["secretsmanager:GetSecretValue"], secrets.clone()));
        }
        if !parameters.is_empty() {
            statements.push(Statement::allow("Parameters", &["ssm:GetParameters"], parameters.clone()));
        }
        if !keys.is_empty() {
            let keys = keys.iter().map(Template::text).collect();
            statements.push(Statement::allow("Keys", &["kms:Decrypt"], keys));
        }
        statements.extend(self.registry_statements());
        statements
    }

    /// An image in Amazon ECR needs a token, which knows no resource, and the right to read its repository.
    fn registry_statements(&self) -> Vec<Statement> {
        let Some(repository) = ecr_repository(&self.spec.controller.image, &self.context.partition) else {
            return Vec::new();
        };
        let layers = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
        vec![
            Statement::allow("RegistryToken", &["ecr:GetAuthorizationToken"], vec![Template::text("*")]),
            Statement::allow("Image", &layers, vec![Template::text(repository)]),
        ]
    }

    fn task_statements(&self, storage: &Storage) -> Vec<Statement> {
        let mount = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"];
        let mut statements = vec![Statement::allow("Home", &mount, vec![storage.arn.clone()]).when(
            "StringEquals",
            "elasticfilesystem:AccessPointArn",
            vec![storage.access_point_arn.clone()],
        )];
        if self.spec.controller.ecs_exec.is_enabled() {
            // These four know no resources ("Actions defined by Amazon Message Gateway Service").
            let channels = [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ];
            statements.push(Statement::allow("Exec", &channels, vec![Template::text("*")]));
        }
        statements
    }
}

fn foreign_secret(reference: &SecretsManagerRef, secrets: &mut Secrets) -> Template {
    let SecretsManagerRef { arn, key, kms_key_arn } = reference;
    secrets.secrets.push(Template::text(arn));
    secrets.keys.extend(kms_key_arn.clone());
    match key {
        Some(key) => Template::text(format_args!("{arn}:{key}::")),
        None => Template::text(arn),
    }
}

/// ARN of the repository of an image in Amazon ECR: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`, or with one of ECR's
/// other hosts ("Amazon ECR endpoints and quotas"; "Making requests to Amazon ECR registries", Amazon ECR User Guide).
fn ecr_repository(image: &str, partition: &str) -> Option<String> {
    let (registry, rest) = image.split_once('/')?;
    let (account, host) = ECR_HOSTS.iter().find_map(|host| registry.split_once(host))?;
    let account: AccountId = account.parse().ok()?;
    let region = host.split('.').next()?;
    let name = rest.split(['@', ':']).next()?;
    Some(format!("arn:{partition}:ecr:{region}:{account}:repository/{name}"))
}

#[cfg(test)]
mod tests {
    use super::ecr_repository;

    #[test]
    fn an_image_in_ecr_names_its_repository() {
        let arn = "arn:aws:ecr:eu-central-1:111122223333:repository/ci/jenkins";
        for (image, expected) in [
            ("111122223333.dkr.ecr.eu-central-1.amazonaws.com/ci/jenkins:2.541.1", Some(arn)),
            ("111122223333.dkr.ecr.eu-central-1.amazonaws.com/ci/jenkins@sha256:00", Some(arn)),
            ("111122223333.dkr-ecr.eu-central-1.on.aws/ci/jenkins:2.541.1", Some(arn)),
            ("111122223333.dkr.ecr-fips.eu-central-1.amazonaws.com/ci/jenkins:2.541.1", Some(arn)),
            ("111122223333.dkr-ecr-fips.eu-central-1.on.aws/ci/jenkins", Some(arn)),
            ("jenkins/jenkins:lts", None),
            ("mirror.dkr-ecr.example.com/ci/jenkins", None),
            ("ghcr.io/acme/jenkins", None),
        ] {
            assert_eq!(ecr_repository(image, "aws").as_deref(), expected, "{image}");
        }
        for host in ["dkr.ecr.cn-north-1.amazonaws.com.cn", "dkr-ecr.cn-north-1.on.amazonwebservices.com.cn"] {
            let found = ecr_repository(&format!("111122223333.{host}/jenkins:lts"), "aws-cn");
            assert_eq!(found.as_deref(), Some("arn:aws-cn:ecr:cn-north-1:111122223333:repository/jenkins"), "{host}");
        }
    }
}
