//! Service Quotas: the limits that the other services here keep, to read.
//!
//! One table of codes, names and defaults. A test raises those that are checked by [`crate::call::Call::quota`] in the
//! account's `raised`; asking AWS for more is not part of this cloud.

use super::{Item, Service};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, ask_any};
use crate::page;
use crate::world::Region;
use serde_json::{Value, json};

/// The service's table.
pub static SERVICE: Service = Service {
    model: "service-quotas",
    signing: "servicequotas",
    invalid: "IllegalArgumentException",
    missing: "IllegalArgumentException",
    denied: "AccessDeniedException",
    throttled: "TooManyRequestsException",
    operations: &[OPERATIONS],
};

const OPERATIONS: &[Operation] = &[
    Operation { name: "GetServiceQuota", access: Access::Read, asks: get_asks, run: |call| get(call, Quota::applied) },
    Operation {
        name: "GetAWSDefaultServiceQuota",
        access: Access::Read,
        asks: |_| ask_any("servicequotas:GetAWSDefaultServiceQuota"),
        run: |call| get(call, |quota, call| quota.describe(call, quota.value as usize)),
    },
    Operation {
        name: "ListServiceQuotas",
        access: Access::Read,
        asks: |_| ask_any("servicequotas:ListServiceQuotas"),
        run: list_service_quotas,
    },
];

/// What it holds: nothing, as quotas can't be changed here.
#[derive(Clone, Debug, Default)]
pub struct State {}

/// What exists: quotas are not resources.
pub fn items(_holder: &Region) -> Vec<Item> {
    Vec::new()
}

/// One quota.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    /// Service code, for example `vpc`.
    pub service: &'static str,
    /// Quota code, for example `L-0EA8095F`.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
    /// Default value.
    pub value: u32,
    /// Whether a customer can ask for more.
    pub adjustable: bool,
    /// Whether it holds for the whole account, not for a region.
    pub global: bool,
}

const fn quota(service: &'static str, code: &'static str, name: &'static str, value: u32) -> Quota {
    Quota { service, code, name, value, adjustable: true, global: false }
}

const fn fixed(service: &'static str, code: &'static str, name: &'static str, value: u32) -> Quota {
    Quota { service, code, name, value, adjustable: false, global: false }
}

const fn global(service: &'static str, code: &'static str, name: &'static str, value: u32) -> Quota {
    Quota { service, code, name, value, adjustable: true, global: true }
}

/// All quotas here, by service and code.
#[rustfmt::skip]
pub const QUOTAS: &[Quota] = &[
    quota("acm", "L-F141DD1D", "ACM certificates", 2500),
    quota("acm", "L-FB94F0B0", "Domain names per ACM certificate", 10),
    quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5),
    quota("ecs", "L-21C621EB", "Clusters per account", 10_000),
    quota("ecs", "L-9EF96962", "Services per cluster", 5000),
    quota("elasticfilesystem", "L-848C634D", "File systems per account", 1000),
    quota("elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region", 50),
    quota("elasticloadbalancing", "L-69A177A2", "Network Load Balancers per Region", 50),
    quota("elasticloadbalancing", "L-B22855CB", "Target Groups per Region", 3000),
    quota("elasticloadbalancing", "L-B6DF7632", "Listeners per Application Load Balancer", 50),
    quota("fargate", "L-3032A538", "Fargate On-Demand vCPU resource count", 6),
    global("iam", "L-0DA4ABF3", "Managed policies attached to an IAM role", 10),
    global("iam", "L-E95E4862", "Customer managed policies in an AWS account", 1500),
    global("iam", "L-FE177D64", "Roles per account", 1000),
    quota("kms", "L-C2F1777E", "Customer Master Keys (CMKs)", 100_000),
    quota("logs", "L-D2832119", "CreateLogGroup throttle limit in transactions per second", 10),
    global("route53", "L-4EA4796A", "Hosted zones", 500),
    global("route53", "L-E209CC9F", "Records per hosted zone", 10_000),
    fixed("secretsmanager", "L-2F66C23C", "Secrets", 500_000),
    quota("vpc", "L-0EA8095F", "Inbound or outbound rules per security group", 60),
    quota("vpc", "L-2AFB9258", "Security groups per network interface", 5),
    quota("vpc", "L-407747CB", "Subnets per VPC", 200),
    quota("vpc", "L-DF5E4CA3", "Network interfaces per Region", 5000),
    quota("vpc", "L-E79EC296", "VPC security groups per Region", 2500),
    quota("vpc", "L-F678F1CE", "VPCs per Region", 5),
];

impl Quota {
    /// With the value that applies to the caller's account.
    fn applied(&self, call: &Call<'_>) -> Value {
        self.describe(call, call.quota(self.code, self.value as usize))
    }

    fn describe(&self, call: &Call<'_>, value: usize) -> Value {
        let arn = call.arn("servicequotas", &format!("{}/{}", self.service, self.code));
        json!({
            "ServiceCode": self.service, "ServiceName": service_name(self.service), "QuotaArn": arn,
            "QuotaCode": self.code, "QuotaName": self.name, "Value": value, "Unit": "None",
            "Adjustable": self.adjustable, "GlobalQuota": self.global, "QuotaAppliedAtLevel": "ACCOUNT",
        })
    }
}

fn service_name(code: &str) -> &str {
    match code {
        "acm" => "AWS Certificate Manager (ACM)",
        "ec2" => "Amazon Elastic Compute Cloud (Amazon EC2)",
        "ecs" => "Amazon Elastic Container Service (Amazon ECS)",
        "elasticfilesystem" => "Amazon Elastic File System (EFS)",
        "elasticloadbalancing" => "Elastic Load Balancing (ELB)",
        "fargate" => "AWS Fargate",
        "iam" => "AWS Identity and Access Management (IAM)",
        "kms" => "AWS Key Management Service (AWS KMS)",
        "logs" => "Amazon CloudWatch Logs",
        "route53" => "Amazon Route 53",
        "secretsmanager" => "AWS Secrets Manager",
        "vpc" => "Amazon Virtual Private Cloud (Amazon VPC)",
        other => other,
    }
}

fn get_asks(call: &Call<'_>) -> Vec<Ask> {
    let (service, code) = (call.text("ServiceCode"), call.text("QuotaCode"));
    let arn = call.arn("servicequotas", &format!("{service}/{code}"));
    vec![Ask::new("servicequotas:GetServiceQuota", arn).when("servicequotas:service", service)]
}

/// The quotas of a service that this region knows: global ones live in us-east-1.
fn known<'q>(call: &'q Call<'_>) -> impl Iterator<Item = &'static Quota> + 'q {
    let here = |quota: &&Quota| !quota.global || call.region == "us-east-1";
    QUOTAS.iter().filter(|quota| quota.service == call.text("ServiceCode")).filter(here)
}

fn no_such() -> Refusal {
    Refusal::new("NoSuchResourceException", "The request failed because the specified service or quota does not exist.")
}

fn get(call: &mut Call<'_>, describe: fn(&Quota, &Call<'_>) -> Value) -> Answer {
    let code = call.text("QuotaCode").to_owned();
    let quota = known(call).find(|quota| quota.code == code).ok_or_else(no_such)?;
    Ok(json!({"Quota": describe(quota, call)}))
}

fn list_service_quotas(call: &mut Call<'_>) -> Answer {
    if !QUOTAS.iter().any(|quota| quota.service == call.text("ServiceCode")) {
        return Err(no_such());
    }
    let quotas: Vec<&Quota> = known(call).collect();
    let limit = call.input["MaxResults"].as_u64().unwrap_or(100) as usize;
    let listing = format!("ListServiceQuotas {}", call.text("ServiceCode"));
    let token = call.input["NextToken"].as_str().map(|token| token.replace('+', "-").replace('/', "_"));
    let (page, next) = page::cut(quotas, |quota| quota.code.to_owned(), limit, token.as_deref(), &listing, call.now)
        .map_err(|page::BadToken| Refusal::new("InvalidPaginationTokenException", "Invalid pagination token"))?;
    let shown: Vec<Value> = page.iter().map(|quota| quota.applied(call)).collect();
    let next = next.map(|token| token.replace('-', "+").replace('_', "/"));
    Ok(json!({"Quotas": shown, "NextToken": next}))
}
