//! Load balancer, target group, listeners and rules; the login in front.

use super::network::{Network, group};
use super::{Context, HTTP_PORT, HTTPS_PORT, JENKINS_PORT, SpecError, Stack, parse};
use crate::arn::ListenerArn;
use crate::graph::NodeId;
use crate::input::{Input, Output};
use crate::kind::listener::{DefaultAction, Protocol};
use crate::kind::listener_rule::{Conditions, Login, Provider};
use crate::kind::target_group::HealthCheck;
use crate::kind::{Desired, listener, listener_rule, load_balancer, target_group};
use jenkinsstack_api::spec::{ListenerSource, OidcSpec, OnUnauthenticated, OpenRule, Scheme};
use std::collections::{BTreeMap, BTreeSet};

/// Longest name of a load balancer or target group (CreateLoadBalancer, ELB API Reference).
const NAME_LIMIT: usize = 32;
/// Priority of the rule for Jenkins on the stack's own listener; the rules that pass without login stand before it.
const PRIORITY: i32 = 100;
/// How long a stopped task may finish its requests, in seconds: nothing else runs meanwhile, so it is short.
const DEREGISTRATION_DELAY: &str = "15";
/// The path at which the load balancer takes the provider's answer ("Authenticate users using an Application Load
/// Balancer", ELB User Guide).
const CALLBACK: &str = "/oauth2/idpresponse";

/// How Jenkins is reached.
pub(super) struct Endpoint {
    /// Where requests end.
    pub(super) target_group: NodeId,
    /// Rules that lead there.
    pub(super) rules: Vec<NodeId>,
}

impl From<Scheme> for load_balancer::Scheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::InternetFacing => Self::InternetFacing,
            Scheme::Internal => Self::Internal,
        }
    }
}

impl Stack<'_> {
    /// Everything between the clients and the task.
    pub(super) fn endpoint(&mut self, network: &Network) -> Result<Endpoint, SpecError> {
        let target_group = self.target_group();
        let (listener, priority) = match self.spec.endpoint.listener() {
            ListenerSource::Existing(existing) => {
                let missing = || SpecError::field("endpoint.existingListener.arn", "it was not found");
                let found = self.context.existing_listener.clone().ok_or_else(missing)?;
                (Input::Known(found.arn), existing.priority)
            }
            ListenerSource::OwnHttp | ListenerSource::OwnHttps { .. } => (self.own_listener(network)?, PRIORITY),
        };
        let rules = self.rules(&listener, priority, &target_group)?;
        Ok(Endpoint { target_group, rules })
    }

    fn target_group(&mut self) -> NodeId {
        let id = NodeId::new("target-group");
        let vpc = self.context.vpc.clone();
        let name = self.name(&id, &[vpc.as_str(), &JENKINS_PORT.to_string()], NAME_LIMIT);
        let prefix = self.spec.endpoint.path_prefix.as_deref().unwrap_or_default();
        let health_check = HealthCheck {
            protocol: "HTTP".into(),
            port: "traffic-port".into(),
            // The login page answers without a login, and only once Jenkins is up.
            path: format!("{prefix}/login"),
            matcher: "200".into(),
            interval_seconds: 15,
            timeout_seconds: 10,
            healthy_threshold: 2,
            unhealthy_threshold: 5,
        };
        let delay = ("deregistration_delay.timeout_seconds".to_owned(), DEREGISTRATION_DELAY.to_owned());
        let desired =
            target_group::Desired { vpc, port: JENKINS_PORT, health_check, attributes: BTreeMap::from([delay]) };
        self.add(&id, name, Desired::TargetGroup(desired));
        id
    }

    fn own_listener(&mut self, network: &Network) -> Result<Input<ListenerArn>, SpecError> {
        let load_balancer = self.load_balancer(network);
        match self.spec.endpoint.listener() {
            ListenerSource::OwnHttps { certificate_arn } => {
                let protocol = Protocol::Https {
                    certificate: parse("endpoint.certificateArn", certificate_arn)?,
                    tls_policy: self.spec.endpoint.tls_policy.clone(),
                };
                if self.spec.endpoint.http_redirect.is_enabled() {
                    let action = DefaultAction::RedirectToHttps;
                    self.listener("redirect-listener", &load_balancer, HTTP_PORT, Protocol::Http, action);
                }
                Ok(self.listener("listener", &load_balancer, HTTPS_PORT, protocol, DefaultAction::NotFound))
            }
            ListenerSource::OwnHttp | ListenerSource::Existing(_) => {
                Ok(self.listener("listener", &load_balancer, HTTP_PORT, Protocol::Http, DefaultAction::NotFound))
            }
        }
    }

    fn load_balancer(&mut self, network: &Network) -> NodeId {
        let id = NodeId::new("load-balancer");
        let scheme = load_balancer::Scheme::from(self.spec.endpoint.scheme);
        let fixed = match scheme {
            load_balancer::Scheme::InternetFacing => "internet-facing",
            load_balancer::Scheme::Internal => "internal",
        };
        let name = self.name(&id, &[fixed, self.context.vpc.as_str()], NAME_LIMIT);
        let desired = load_balancer::Desired {
            scheme,
            vpc: self.context.vpc.clone(),
            subnets: Context::by_zone(&self.context.public_subnets),
            security_groups: network.load_balancer.iter().map(group).collect(),
            attributes: self.load_balancer_attributes(),
        };
        self.add(&id, name, Desired::LoadBalancer(desired));
        id
    }

    fn load_balancer_attributes(&self) -> BTreeMap<String, String> {
        let endpoint = &self.spec.endpoint;
        let mut attributes = BTreeMap::from([
            ("idle_timeout.timeout_seconds".to_owned(), endpoint.idle_timeout_seconds.to_string()),
            ("routing.http.drop_invalid_header_fields.enabled".to_owned(), "true".to_owned()),
            // Not in the spec, so not the stack's: a deletion would stand still.
            ("deletion_protection.enabled".to_owned(), "false".to_owned()),
            ("access_logs.s3.enabled".to_owned(), endpoint.access_logs.is_some().to_string()),
        ]);
        if let Some(logs) = &endpoint.access_logs {
            attributes.insert("access_logs.s3.bucket".into(), logs.bucket.clone());
            attributes.insert("access_logs.s3.prefix".into(), logs.prefix.clone().unwrap_or_default());
        }
        attributes
    }

    fn listener(
        &mut self,
        name: &str,
        load_balancer: &NodeId,
        port: u16,
        protocol: Protocol,
        default_action: DefaultAction,
    ) -> Input<ListenerArn> {
        let id = NodeId::new(name);
        let load_balancer = Input::from(load_balancer, Output::Arn);
        let desired = listener::Desired { load_balancer, port, protocol, default_action };
        let name = self.context.owner.token(&id, &[]);
        self.add(&id, name, Desired::Listener(desired));
        Input::from(&id, Output::Arn)
    }

    /// The rules that pass without login, and behind them the rule for everything else. They count downwards from it, so
    /// that one more or less moves none of the others.
    fn rules(
        &mut self,
        listener: &Input<ListenerArn>,
        priority: i32,
        target_group: &NodeId,
    ) -> Result<Vec<NodeId>, SpecError> {
        let open = self.spec.auth.oidc.as_ref().map(OidcSpec::open_rules).unwrap_or_default();
        let mut rules = Vec::new();
        for (place, OpenRule { path, source_cidrs }) in (1..).zip(open) {
            let conditions = Conditions {
                hosts: self.spec.endpoint.host.iter().cloned().collect(),
                paths: BTreeSet::from([path.to_owned()]),
                sources: source_cidrs.iter().cloned().collect(),
                ..Conditions::default()
            };
            let id = NodeId::new("open-rule").of(place);
            rules.push(self.rule_to(id, listener, priority - place, conditions, None, target_group));
        }
        let login = self.login()?;
        let conditions = self.conditions();
        rules.push(self.rule_to(NodeId::new("rule"), listener, priority, conditions, login, target_group));
        Ok(rules)
    }

    fn rule_to(
        &mut self,
        id: NodeId,
        listener: &Input<ListenerArn>,
        priority: i32,
        conditions: Conditions,
        login: Option<Login>,
        target_group: &NodeId,
    ) -> NodeId {
        let target_group = Input::from(target_group, Output::Arn);
        let desired = listener_rule::Desired { listener: listener.clone(), priority, conditions, login, target_group };
        let name = self.context.owner.token(&id, &[]);
        self.add(&id, name, Desired::ListenerRule(desired));
        id
    }

    /// What makes a request one for this Jenkins: its host, its path prefix, or just any path.
    fn conditions(&self) -> Conditions {
        let endpoint = &self.spec.endpoint;
        let mut paths = BTreeSet::new();
        if let Some(prefix) = &endpoint.path_prefix {
            paths.extend([prefix.clone(), format!("{prefix}/*")]);
            paths.extend(self.spec.auth.oidc.is_some().then(|| CALLBACK.to_owned()));
        } else if endpoint.host.is_none() {
            paths.insert("/*".to_owned());
        }
        Conditions { hosts: endpoint.host.iter().cloned().collect(), paths, ..Conditions::default() }
    }

    fn login(&self) -> Result<Option<Login>, SpecError> {
        let Some(oidc) = &self.spec.auth.oidc else { return Ok(None) };
        let missing = |field, what: &str| SpecError::field(field, what);
        let endpoints = self.context.oidc_endpoints.clone();
        let endpoints = endpoints.ok_or_else(|| missing("auth.oidc.issuer", "its endpoints were not discovered"))?;
        let secret = self.context.client_secret.clone();
        let secret = secret.ok_or_else(|| missing("auth.oidc.clientSecret", "it was not read"))?;
        let provider = Provider {
            issuer: oidc.issuer.clone(),
            authorization_endpoint: endpoints.authorization,
            token_endpoint: endpoints.token,
            user_info_endpoint: endpoints.user_info,
            client_id: oidc.client_id.clone(),
            scope: oidc.scopes.join(" "),
            session_cookie_name: oidc.session_cookie_name.clone(),
            session_timeout: i64::from(oidc.session_timeout_seconds),
            on_unauthenticated_request: match oidc.on_unauthenticated {
                OnUnauthenticated::Authenticate => "authenticate".to_owned(),
                OnUnauthenticated::Allow => "allow".to_owned(),
                OnUnauthenticated::Deny => "deny".to_owned(),
            },
            extra_params: oidc.extra_params.clone(),
        };
        Ok(Some(Login { provider, client_secret: secret.value, fingerprint: secret.fingerprint }))
    }
}
