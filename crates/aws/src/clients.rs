//! The only place that builds SDK clients: credentials, region, retries, time limits.

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::region::Region;
use std::time::Duration;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one attempt may take; the slowest calls (RegisterTaskDefinition, CreateLoadBalancer) take about 3 s.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a call may take with its retries.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);
/// Attempts of one call. Adaptive mode slows a client down while its API throttles it.
const ATTEMPTS: u32 = 4;

/// The configuration of one service, with a retry budget and a pace of its own. The SDK would otherwise share both by
/// service and region through the whole process, and an account that is throttled would slow down the others.
macro_rules! own_pace {
    ($service:ident, $config:expr) => {
        $service::config::Builder::from(&$config)
            .retry_partition($service::config::retry::RetryPartition::custom(stringify!($service)).build())
            .build()
    };
}

/// SDK clients for one account in one region; cheap to clone, and shared by all its stacks so that they share one pace.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Certificates.
    pub acm: aws_sdk_acm::Client,
    /// Networks.
    pub ec2: aws_sdk_ec2::Client,
    /// Containers.
    pub ecs: aws_sdk_ecs::Client,
    /// File systems.
    pub efs: aws_sdk_efs::Client,
    /// Load balancers.
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    /// Roles; a global service.
    pub iam: aws_sdk_iam::Client,
    /// Log groups.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Hosted zones; a global service.
    pub route53: aws_sdk_route53::Client,
    /// Secrets.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// Who we are.
    pub sts: aws_sdk_sts::Client,
    /// Resources by tag.
    pub tagging: aws_sdk_resourcegroupstagging::Client,
}

impl Clients {
    /// Clients by the standard chain of credentials and the standard environment variables (`AWS_ENDPOINT_URL`, …,
    /// `HTTPS_PROXY`, `NO_PROXY`).
    pub async fn from_env(region: &str) -> Self {
        let http = Builder::new().build_with_connector_fn(connector);
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(http)
            .load()
            .await;
        Self::new(config)
    }

    /// Clients on top of `config`, with our retries and time limits.
    pub fn new(config: SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let retries = aws_config::retry::RetryConfig::adaptive().with_max_attempts(ATTEMPTS);
        let config = config.into_builder().timeout_config(timeouts).retry_config(retries).build();
        Self {
            acm: aws_sdk_acm::Client::from_conf(own_pace!(aws_sdk_acm, config)),
            ec2: aws_sdk_ec2::Client::from_conf(own_pace!(aws_sdk_ec2, config)),
            ecs: aws_sdk_ecs::Client::from_conf(own_pace!(aws_sdk_ecs, config)),
            efs: aws_sdk_efs::Client::from_conf(own_pace!(aws_sdk_efs, config)),
            elb: aws_sdk_elasticloadbalancingv2::Client::from_conf(own_pace!(aws_sdk_elasticloadbalancingv2, config)),
            iam: aws_sdk_iam::Client::from_conf(own_pace!(aws_sdk_iam, config)),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(own_pace!(aws_sdk_cloudwatchlogs, config)),
            route53: aws_sdk_route53::Client::from_conf(own_pace!(aws_sdk_route53, config)),
            secrets: aws_sdk_secretsmanager::Client::from_conf(own_pace!(aws_sdk_secretsmanager, config)),
            sts: aws_sdk_sts::Client::from_conf(own_pace!(aws_sdk_sts, config)),
            tagging: aws_sdk_resourcegroupstagging::Client::from_conf(own_pace!(aws_sdk_resourcegroupstagging, config)),
        }
    }
}

/// A way to AWS: by the proxy that the environment names, with the roots of trust of the machine.
fn connector(settings: Option<&HttpConnectorSettings>, components: Option<&RuntimeComponents>) -> Connector {
    let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env());
    builder.set_connector_settings(settings.cloned());
    builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
    builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
}
