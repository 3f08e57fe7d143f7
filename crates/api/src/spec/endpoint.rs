//! `spec.endpoint`: how browsers and webhooks reach Jenkins.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Switch;
use crate::schema;

/// How browsers and webhooks reach Jenkins: through an Application Load Balancer of its own, or through a rule on an
/// existing listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase", default = "EndpointSpec::default")]
#[x_kube(validation = Rule::new("has(self.host) || !has(self.certificateArn)").message(
    "endpoint.certificateArn needs endpoint.host: set the host name that the certificate is for"
).field_path(".host"))]
#[x_kube(validation = Rule::new("has(self.host) || !has(self.existingListener)").message(
    "endpoint.existingListener needs endpoint.host: the rule on the listener is made for that host name"
).field_path(".host"))]
#[x_kube(validation = Rule::new("!has(self.existingListener) || !has(self.certificateArn)").message(
    "an existing listener brings its certificate: remove endpoint.certificateArn or endpoint.existingListener"
))]
#[x_kube(validation = Rule::new(
    "!has(self.existingListener) || (self.scheme == 'InternetFacing' && self.httpRedirect == 'Enabled' && self.tlsPolicy == 'ELBSecurityPolicy-TLS13-1-2-2021-06' && self.allowedCidrs == ['0.0.0.0/0'] && !has(self.accessLogs) && self.idleTimeoutSeconds == 300)"
).message(
    "an existing load balancer keeps its own settings: remove scheme, httpRedirect, tlsPolicy, allowedCidrs, accessLogs and idleTimeoutSeconds, or remove endpoint.existingListener"
))]
pub struct EndpointSpec {
    /// Host name of Jenkins, lower case, up to 128 characters; its DNS record must lead to the load balancer. Required
    /// with `certificateArn`, `existingListener` and `auth.oidc`.
    /// Default: none, Jenkins is reached by the load balancer's DNS name. Example: `jenkins.example.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"), length(max = 128))]
    pub host: Option<String>,

    /// From where the load balancer is reached: `InternetFacing`, or `Internal` for inside the VPC. A change makes a new
    /// load balancer with a new DNS name. Default: `InternetFacing`. Example: `Internal`.
    pub scheme: Scheme,

    /// ARN of the certificate in AWS Certificate Manager, in the region of the stack. With it the load balancer listens
    /// for HTTPS on port 443, without it for HTTP on port 80 only. Default: none.
    /// Example: `arn:aws:acm:eu-central-1:123456789012:certificate/11111111-2222-3333-4444-555555555555`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = schema::CERTIFICATE_ARN), length(max = schema::ARN_LENGTH))]
    pub certificate_arn: Option<String>,

    /// Whether port 80 redirects to HTTPS when there is a certificate; `Disabled` closes port 80. Without a certificate
    /// there is nothing to redirect to. Default: `Enabled`. Example: `Disabled`.
    pub http_redirect: Switch,

    /// Security policy of the HTTPS listener: the TLS versions and ciphers it accepts.
    /// Default: `ELBSecurityPolicy-TLS13-1-2-2021-06`. Example: `ELBSecurityPolicy-TLS13-1-3-2021-06`.
    #[schemars(regex(pattern = "^ELBSecurityPolicy-[A-Za-z0-9-]+$"), length(max = 64))]
    pub tls_policy: String,

    /// IPv4 networks that may reach the load balancer; 1 to 25, each with its first address.
    /// Default: `["0.0.0.0/0"]`, everybody. Example: `["203.0.113.0/24", "198.51.100.7/32"]`.
    #[schemars(length(min = 1, max = 25), inner(regex(pattern = schema::CIDR), length(max = schema::CIDR_LENGTH)))]
    #[x_kube(validation = schema::cidrs_rule())]
    #[x_kube(validation = Rule::new("self.all(c, self.exists_one(d, d == c))").message(
        "endpoint.allowedCidrs names a network twice: keep one of them"
    ))]
    pub allowed_cidrs: Vec<String>,

    /// Where the load balancer writes its access logs. Default: nowhere. Example: `{bucket: company-alb-logs}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_logs: Option<AccessLogs>,

    /// How long a connection may be silent before the load balancer closes it, in seconds, 1 to 4000; Jenkins holds
    /// connections open for long. Default: `300`. Example: `600`.
    #[schemars(range(min = 1, max = 4000))]
    pub idle_timeout_seconds: i32,

    /// Path below which Jenkins is served, without a slash at the end. Default: none, Jenkins is served at `/`.
    /// Example: `/jenkins`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$"), length(max = 100))]
    pub path_prefix: Option<String>,

    /// A listener of an existing Application Load Balancer, to which the operator adds its rules and nothing else.
    /// Default: the operator makes a load balancer.
    /// Example: `{arn: "arn:aws:elasticloadbalancing:…", priority: 99}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing_listener: Option<ExistingListener>,
}

impl Default for EndpointSpec {
    fn default() -> Self {
        Self {
            host: None,
            scheme: Scheme::InternetFacing,
            certificate_arn: None,
            http_redirect: Switch::Enabled,
            tls_policy: "ELBSecurityPolicy-TLS13-1-2-2021-06".to_owned(),
            allowed_cidrs: vec!["0.0.0.0/0".to_owned()],
            access_logs: None,
            idle_timeout_seconds: 300,
            path_prefix: None,
            existing_listener: None,
        }
    }
}

/// The listener that serves Jenkins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ListenerSource<'a> {
    /// HTTP on port 80 of the stack's own load balancer.
    OwnHttp,
    /// HTTPS on port 443 of the stack's own load balancer.
    OwnHttps {
        /// ARN of its certificate.
        certificate_arn: &'a str,
    },
    /// A listener that exists.
    Existing(&'a ExistingListener),
}

impl EndpointSpec {
    /// The listener that serves Jenkins.
    pub fn listener(&self) -> ListenerSource<'_> {
        match (&self.existing_listener, &self.certificate_arn) {
            (Some(existing), _) => ListenerSource::Existing(existing),
            (None, Some(certificate_arn)) => ListenerSource::OwnHttps { certificate_arn },
            (None, None) => ListenerSource::OwnHttp,
        }
    }

    /// The protocol between browser and load balancer.
    pub fn protocol(&self) -> Protocol {
        match self.listener() {
            ListenerSource::OwnHttp => Protocol::Http,
            ListenerSource::OwnHttps { .. } => Protocol::Https,
            ListenerSource::Existing(existing) => existing.protocol,
        }
    }
}

/// From where the load balancer is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Scheme {
    /// From the internet.
    InternetFacing,
    /// From inside the VPC.
    Internal,
}

/// The protocol between browser and load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// Encrypted; needed for OIDC.
    Https,
    /// Not encrypted.
    Http,
}

/// Where the load balancer writes its access logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessLogs {
    /// S3 bucket in the region of the stack; its policy must let Elastic Load Balancing write. Required.
    /// Example: `company-alb-logs`.
    #[schemars(regex(pattern = "^[a-z0-9][a-z0-9.-]+[a-z0-9]$"), length(min = 3, max = 63))]
    pub bucket: String,

    /// Prefix of the objects in the bucket, without a slash at either end. Default: none. Example: `jenkins/build`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*$"), length(max = 256))]
    pub prefix: Option<String>,
}

/// A listener of an existing Application Load Balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExistingListener {
    /// ARN of the listener, in the account and region of the stack. Required.
    /// Example: `arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/shared/0123456789abcdef/0123456789abcdef`.
    #[schemars(regex(pattern = schema::LISTENER_ARN), length(max = schema::ARN_LENGTH))]
    pub arn: String,

    /// Priority of the rule for Jenkins, 1 to 50000; lower numbers are asked first and each may be used once on a
    /// listener. `auth.oidc.openPaths` takes the numbers right below it. Required. Example: `99`.
    #[schemars(range(min = 1, max = 50000))]
    pub priority: i32,

    /// Protocol of the listener, `HTTPS` or `HTTP`; the operator checks that it is so. Default: `HTTPS`.
    /// Example: `HTTP`.
    #[serde(default = "https")]
    pub protocol: Protocol,
}

fn https() -> Protocol {
    Protocol::Https
}
