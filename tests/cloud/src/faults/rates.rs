//! Throttling by token buckets: one per account, region and family of operations.
//!
//! Sources: "Request throttling for the Amazon ECS API", "Request throttling for the Elastic Load Balancing API",
//! "Request throttling for the Amazon EC2 API", "Quotas" of the Route 53 Developer Guide, and the API model of CloudWatch
//! Logs for CreateLogStream. The other numbers of CloudWatch Logs, and those of Secrets Manager, KMS and STS, are from
//! memory of their quotas pages. IAM, EFS, ACM, Service Quotas and the tagging API publish none that we know: theirs are
//! cautious numbers of our own.

use super::Facts;
use crate::call::{Access, Refusal};
use crate::clock::Time;
use crate::service::Service;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How fast calls may come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Rates {
    /// What AWS publishes, and cautious numbers where it publishes none.
    Aws,
    /// The same for every family.
    All {
        /// Tokens of a full bucket.
        burst: f64,
        /// Tokens that come back in a second.
        refill: f64,
    },
}

/// A family of operations that share a bucket.
#[derive(Clone, Debug, PartialEq)]
struct Family {
    name: String,
    burst: f64,
    refill: f64,
}

fn family(name: &str, burst: f64, refill: f64) -> Family {
    Family { name: name.to_owned(), burst, refill }
}

/// Buckets that were drawn from, by account, region and family; global services have one region.
#[derive(Clone, Debug)]
pub(super) struct Buckets {
    rates: Rates,
    levels: BTreeMap<[String; 3], (f64, Time)>,
}

impl Buckets {
    pub(super) fn new(rates: Rates) -> Self {
        Self { rates, levels: BTreeMap::new() }
    }

    /// Takes a token from each bucket of the call, or from none if one is empty.
    pub(super) fn take(&mut self, facts: &Facts<'_>) -> bool {
        let families = match self.rates {
            Rates::Aws => families(facts),
            Rates::All { burst, refill } => {
                vec![family(&format!("{} {:?}", facts.request.service.model, facts.access), burst, refill)]
            }
        };
        let levels: Vec<_> = families.iter().map(|family| self.level(facts, family)).collect();
        if levels.iter().any(|(_, level)| *level < 1.0) {
            return false;
        }
        self.levels.extend(levels.into_iter().map(|(key, level)| (key, (level - 1.0, facts.now))));
        true
    }

    fn level(&self, facts: &Facts<'_>, family: &Family) -> ([String; 3], f64) {
        let key = [facts.account.to_owned(), facts.request.credential.region.clone(), family.name.clone()];
        let (left, since) = self.levels.get(&key).copied().unwrap_or((family.burst, facts.now));
        let back = (facts.now - since).as_secs_f64() * family.refill;
        (key, (left + back).min(family.burst))
    }
}

/// The refusal of a call that is one too many.
pub(super) fn refusal(service: &Service) -> Refusal {
    let (text, status) = match service.model {
        "ec2" => ("Request limit exceeded.", 503),
        "efs" => ("Rate exceeded", 429),
        _ => ("Rate exceeded", 400),
    };
    Refusal::new(service.throttled, text).status(status)
}

fn families(facts: &Facts<'_>) -> Vec<Family> {
    let operation = facts.request.operation.as_str();
    match facts.request.service.model {
        "ec2" => vec![ec2(facts, operation)],
        "ecs" => vec![ecs(operation)],
        "elbv2" => vec![elb(operation, facts.access), family("elbv2 account", 40.0, 10.0)],
        "logs" => vec![logs(operation)],
        "secretsmanager" => vec![secrets(operation)],
        // "Frequency of Amazon Route 53 API requests": five a second per account, all operations together.
        "route53" => vec![family("route53", 5.0, 5.0)],
        // From memory: 600 a second per account and region.
        "sts" => vec![family("sts", 600.0, 600.0)],
        // From memory: DescribeKey 2,000 a second, other control plane calls far fewer.
        "kms" if operation == "DescribeKey" => vec![family("kms DescribeKey", 2000.0, 2000.0)],
        "kms" => vec![family(&format!("kms {operation}"), 500.0, 500.0)],
        model => vec![unpublished(model, facts.access)],
    }
}

/// Cautious numbers of our own for services that publish none.
fn unpublished(model: &str, access: Access) -> Family {
    let (burst, refill) = match (model, access) {
        ("iam", Access::Read) => (50.0, 15.0),
        ("iam", Access::Write) => (20.0, 3.0),
        ("efs", Access::Read) => (50.0, 10.0),
        ("efs", Access::Write) => (10.0, 2.0),
        ("resourcegroupstaggingapi", Access::Read) => (15.0, 15.0),
        (_, Access::Read) => (10.0, 10.0),
        (_, Access::Write) => (5.0, 2.0),
    };
    family(&format!("{model} {access:?}"), burst, refill)
}

/// Every operation has its own bucket.
fn ec2(facts: &Facts<'_>, operation: &str) -> Family {
    let plain = |member: &str| facts.request.input[member].is_null();
    let (burst, refill) = match operation {
        "CreateTags" | "DeleteTags" => (100.0, 10.0),
        "CreateNetworkInterface" | "DeleteNetworkInterface" | "ModifyNetworkInterfaceAttribute" => (100.0, 5.0),
        "CreateNatGateway" | "DeleteNatGateway" => (10.0, 1.0),
        "DescribeSecurityGroups" | "DescribeNetworkInterfaces" if plain("Filters") && plain("MaxResults") => {
            return family(&format!("ec2 {operation} of all"), 50.0, 10.0);
        }
        _ if facts.access == Access::Read => (100.0, 20.0),
        _ => (50.0, 5.0),
    };
    family(&format!("ec2 {operation}"), burst, refill)
}

fn ecs(operation: &str) -> Family {
    let (name, burst, refill) = match operation {
        "CreateCluster"
        | "DeleteCluster"
        | "PutClusterCapacityProviders"
        | "UpdateCluster"
        | "UpdateClusterSettings" => ("cluster modify", 20.0, 1.0),
        "DescribeClusters" | "ListClusters" => ("cluster read", 50.0, 20.0),
        "RegisterTaskDefinition" | "DeregisterTaskDefinition" => ("task definition modify", 20.0, 1.0),
        "DescribeTaskDefinition" | "ListTaskDefinitions" | "ListTaskDefinitionFamilies" => {
            ("task definition read", 50.0, 20.0)
        }
        "DeleteTaskDefinitions" => ("task definition deletion", 5.0, 1.0),
        "TagResource" | "UntagResource" => ("tag modify", 20.0, 10.0),
        "ListTagsForResource" => ("tag read", 50.0, 20.0),
        "RunTask" | "StartTask" | "StopTask" | "ExecuteCommand" => ("cluster resource modify", 100.0, 40.0),
        "DescribeTasks" | "ListTasks" | "DescribeContainerInstances" | "ListContainerInstances" => {
            ("cluster resource read", 100.0, 20.0)
        }
        "CreateService" | "DeleteService" | "UpdateService" => ("service modify", 50.0, 5.0),
        "DescribeServices" | "ListServices" => ("service read", 100.0, 20.0),
        "PutAccountSetting" | "PutAccountSettingDefault" | "DeleteAccountSetting" => ("setting modify", 10.0, 1.0),
        "DescribeServiceDeployments" | "ListServiceDeployments" => ("service deployment", 50.0, 20.0),
        "DescribeServiceRevisions" => ("service revision", 50.0, 20.0),
        _ => ("other", 50.0, 20.0),
    };
    family(&format!("ecs {name}"), burst, refill)
}

fn elb(operation: &str, access: Access) -> Family {
    match operation {
        "CreateLoadBalancer" | "SetSubnets" => family("elbv2 resource-intensive", 10.0, 0.2),
        "RegisterTargets" | "DeregisterTargets" => family("elbv2 registration", 20.0, 4.0),
        _ if access == Access::Read => family("elbv2 non-mutating", 40.0, 10.0),
        _ => family("elbv2 mutating", 20.0, 3.0),
    }
}

/// CreateLogStream as its API model says; the rest from memory of "CloudWatch Logs quotas".
fn logs(operation: &str) -> Family {
    let rate = match operation {
        "CreateLogGroup" | "DeleteLogGroup" | "DescribeLogGroups" => 10.0,
        "GetLogEvents" | "FilterLogEvents" | "DescribeLogStreams" => 25.0,
        "CreateLogStream" => 50.0,
        "PutRetentionPolicy" | "DeleteRetentionPolicy" => 5.0,
        _ => 5.0,
    };
    family(&format!("logs {operation}"), rate, rate)
}

/// From memory of "AWS Secrets Manager quotas".
fn secrets(operation: &str) -> Family {
    match operation {
        "GetSecretValue" | "DescribeSecret" => family("secretsmanager get and describe", 10_000.0, 10_000.0),
        "ListSecrets" | "BatchGetSecretValue" => family(&format!("secretsmanager {operation}"), 100.0, 100.0),
        "PutResourcePolicy" | "DeleteResourcePolicy" | "GetResourcePolicy" | "ValidateResourcePolicy" => {
            family("secretsmanager resource policy", 50.0, 50.0)
        }
        _ => family("secretsmanager modify", 50.0, 50.0),
    }
}
