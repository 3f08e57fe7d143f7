//! Conditions and actions of a rule, to AWS and back.

use super::Secret;
use crate::driver::Target;
use crate::error::Error;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, AuthenticateOidcActionConditionalBehaviorEnum, AuthenticateOidcActionConfig,
    HostHeaderConditionConfig, PathPatternConditionConfig, Rule, RuleCondition, SourceIpConditionConfig,
};
use jenkinsstack_core::kind::listener_rule::{Conditions, Desired, Login, Observed, Provider};
use jenkinsstack_core::secret::Fingerprint;
use std::collections::BTreeSet;

/// Fields of the conditions that we set.
const OURS: [&str; 3] = ["host-header", "path-pattern", "source-ip"];

/// Conditions as AWS takes them.
pub(super) fn conditions(conditions: &Conditions) -> Vec<RuleCondition> {
    let Conditions { hosts, paths, sources, others: _ } = conditions;
    let list = |values: &BTreeSet<String>| Some(values.iter().cloned().collect::<Vec<_>>());
    let mut all = Vec::new();
    if !hosts.is_empty() {
        let config = HostHeaderConditionConfig::builder().set_values(list(hosts)).build();
        all.push(RuleCondition::builder().field("host-header").host_header_config(config).build());
    }
    if !paths.is_empty() {
        let config = PathPatternConditionConfig::builder().set_values(list(paths)).build();
        all.push(RuleCondition::builder().field("path-pattern").path_pattern_config(config).build());
    }
    if !sources.is_empty() {
        let config = SourceIpConditionConfig::builder().set_values(list(sources)).build();
        all.push(RuleCondition::builder().field("source-ip").source_ip_config(config).build());
    }
    all
}

/// Actions as AWS takes them: the login first, if there is one, and then to the target group.
pub(super) fn actions(target: Target<'_>, desired: &Desired, secret: Secret) -> Result<Vec<Action>, Error> {
    let group = desired.target_group.known().map_err(Error::bug("CreateRule", target.node))?;
    let mut all = Vec::new();
    if let Some(login) = &desired.login {
        let action = Action::builder().r#type(ActionTypeEnum::AuthenticateOidc).order(1);
        all.push(action.authenticate_oidc_config(oidc(login, secret)).build());
    }
    let forward = Action::builder().r#type(ActionTypeEnum::Forward).order(2);
    all.push(forward.target_group_arn(group.as_str()).build());
    Ok(all)
}

fn oidc(login: &Login, secret: Secret) -> AuthenticateOidcActionConfig {
    let Login { provider, client_secret, fingerprint: _ } = login;
    let Provider {
        issuer,
        authorization_endpoint,
        token_endpoint,
        user_info_endpoint,
        client_id,
        scope,
        session_cookie_name,
        session_timeout,
        on_unauthenticated_request,
        extra_params,
    } = provider;
    let config = AuthenticateOidcActionConfig::builder().issuer(issuer).client_id(client_id).scope(scope);
    let config = config.authorization_endpoint(authorization_endpoint).token_endpoint(token_endpoint);
    let config = config.user_info_endpoint(user_info_endpoint).session_cookie_name(session_cookie_name);
    let behaviour = AuthenticateOidcActionConditionalBehaviorEnum::from(on_unauthenticated_request.as_str());
    let config = config.session_timeout(*session_timeout).on_unauthenticated_request(behaviour);
    let params = extra_params.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let config = config.set_authentication_request_extra_params(Some(params).filter(|_| !extra_params.is_empty()));
    match secret {
        Secret::Send => config.client_secret(client_secret.expose()).build(),
        Secret::Keep => config.use_existing_client_secret(true).build(),
    }
}

/// A rule as it was seen; `None` for one that can't be ours.
pub(super) fn observed(rule: &Rule, fingerprint: Option<Fingerprint>) -> Option<Observed> {
    let arn = rule.rule_arn()?;
    let forward = rule.actions().iter().find(|action| action.r#type() == Some(&ActionTypeEnum::Forward));
    let login = rule.actions().iter().find_map(Action::authenticate_oidc_config);
    Some(Observed {
        arn: arn.parse().ok()?,
        listener: listener_of(arn)?.parse().ok()?,
        priority: rule.priority()?.parse().ok()?,
        conditions: seen_conditions(rule.conditions()),
        provider: login.map(provider),
        fingerprint,
        target_group: forward.and_then(|action| action.target_group_arn()?.parse().ok()),
    })
}

/// `…:listener-rule/app/NAME/LB/LISTENER/RULE` is a rule of `…:listener/app/NAME/LB/LISTENER`.
fn listener_of(rule: &str) -> Option<String> {
    let (listener, _) = rule.rsplit_once('/')?;
    Some(listener.replacen(":listener-rule/", ":listener/", 1))
}

fn seen_conditions(list: &[RuleCondition]) -> Conditions {
    let mut all = Conditions::default();
    for condition in list {
        let hosts = condition.host_header_config().map(|config| config.values()).unwrap_or_default();
        let paths = condition.path_pattern_config().map(|config| config.values()).unwrap_or_default();
        let sources = condition.source_ip_config().map(|config| config.values()).unwrap_or_default();
        all.hosts.extend(hosts.iter().cloned());
        all.paths.extend(paths.iter().cloned());
        all.sources.extend(sources.iter().cloned());
        let field = condition.field().unwrap_or_default();
        if !OURS.contains(&field) {
            all.others.insert(field.to_owned());
        }
    }
    all
}

fn provider(config: &AuthenticateOidcActionConfig) -> Provider {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let behaviour = config.on_unauthenticated_request().map(|behaviour| behaviour.as_str());
    let params = config.authentication_request_extra_params();
    Provider {
        issuer: text(config.issuer()),
        authorization_endpoint: text(config.authorization_endpoint()),
        token_endpoint: text(config.token_endpoint()),
        user_info_endpoint: text(config.user_info_endpoint()),
        client_id: text(config.client_id()),
        scope: text(config.scope()),
        session_cookie_name: text(config.session_cookie_name()),
        session_timeout: config.session_timeout().unwrap_or_default(),
        on_unauthenticated_request: text(behaviour),
        extra_params: params.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::listener_of;

    #[test]
    fn a_rule_names_its_listener() {
        let rule = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener-rule/app/a/b/c/d";
        let listener = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/a/b/c";
        assert_eq!(listener_of(rule).as_deref(), Some(listener));
    }
}
