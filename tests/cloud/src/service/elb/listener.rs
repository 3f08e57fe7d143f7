//! Listeners. Their default actions are those of their default rule.

use super::action::{self, Actions, Setting};
use super::attributes::{self, Attributes};
use super::network::{list, texts};
use super::refusal::{duplicate_listener, no_listener, too_many, validation};
use super::rule::{self, Rule};
use super::shared::{ask_about, ask_create, ask_member, page, tags};
use super::{State, balancer, catalog, certificate};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::tags::Tags;
use crate::world::Region;
use serde_json::{Value, json};

/// Listeners a load balancer (quota "Listeners per Application Load Balancer").
const MAX_LISTENERS: usize = 50;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateListener", access: Access::Write, asks: ask_to_create, run: create },
    Operation {
        name: "DescribeListeners",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeListeners"),
        run: describe,
    },
    Operation { name: "ModifyListener", access: Access::Write, asks: ask_to_modify, run: modify },
    Operation {
        name: "DeleteListener",
        access: Access::Write,
        asks: |call| ask_member(call, "DeleteListener", "ListenerArn"),
        run: delete,
    },
    Operation {
        name: "DescribeListenerAttributes",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeListenerAttributes"),
        run: describe_attributes,
    },
];

/// A listener.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub(super) arn: String,
    pub(super) balancer: String,
    pub(super) port: u16,
    /// What HTTPS needs; none for HTTP.
    pub(super) tls: Option<Tls>,
    /// Certificates besides the default one.
    pub(super) more_certificates: Vec<String>,
    pub(super) default_rule: String,
    pub(super) tags: Tags,
}

/// Settings that only HTTPS has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tls {
    policy: String,
    pub(super) certificate: String,
}

impl Listener {
    fn describe(&self, actions: &Value) -> Value {
        let mut shown = json!({
            "ListenerArn": self.arn,
            "LoadBalancerArn": self.balancer,
            "Port": self.port,
            "Protocol": if self.tls.is_some() { "HTTPS" } else { "HTTP" },
            "DefaultActions": actions,
        });
        if let Some(Tls { policy, certificate }) = &self.tls {
            shown["Certificates"] = json!([{"CertificateArn": certificate}]);
            shown["SslPolicy"] = json!(policy);
            shown["MutualAuthentication"] = json!({"Mode": "off"});
        }
        shown
    }

    fn shown(&self, state: &State) -> Value {
        let actions = state.rules.get(&self.default_rule).map(|rule| rule.actions.describe());
        self.describe(&actions.unwrap_or_default())
    }

    /// The description with all certificates and the hash of a client secret.
    pub(super) fn reveal(&self, state: &State) -> Value {
        let actions = state.rules.get(&self.default_rule).map(|rule| rule.actions.reveal());
        let mut shown = self.describe(&actions.unwrap_or_default());
        if !self.more_certificates.is_empty() {
            shown["MoreCertificates"] = json!(self.more_certificates);
        }
        shown
    }

    /// All certificates, the default one first.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &String> {
        self.tls.iter().map(|tls| &tls.certificate).chain(&self.more_certificates)
    }
}

/// The listener of an ARN.
pub(super) fn find<'s>(state: &'s State, arn: &str) -> Result<&'s Listener, Refusal> {
    state.listeners.get(arn).ok_or_else(|| no_listener(arn))
}

/// The listener of an ARN, to change.
pub(super) fn find_mut<'s>(state: &'s mut State, arn: &str) -> Result<&'s mut Listener, Refusal> {
    state.listeners.get_mut(arn).ok_or_else(|| no_listener(arn))
}

/// Removes a listener and its rules.
pub(super) fn remove(region: &mut Region, arn: &str) {
    let rules: Vec<String> = region.elb.rules_of(arn).map(|rule| rule.arn.clone()).collect();
    rules.iter().for_each(|rule| drop(region.elb.rules.remove(rule)));
    if let Some(listener) = region.elb.listeners.remove(arn) {
        let certificates: Vec<String> = listener.certificates().cloned().collect();
        certificate::tell(region, &listener.balancer, &certificates);
    }
}

/// Puts a new or changed listener in place; what it shows then.
fn put(region: &mut Region, listener: Listener) -> Value {
    let (arn, balancer) = (listener.arn.clone(), listener.balancer.clone());
    let shown = listener.shown(&region.elb);
    let mut certificates: Vec<String> = listener.certificates().cloned().collect();
    let before = region.elb.listeners.insert(arn, listener);
    certificates.extend(before.iter().flat_map(|listener| listener.certificates().cloned()));
    certificate::tell(region, &balancer, &certificates);
    shown
}

fn ask_to_create(call: &Call<'_>) -> Vec<Ask> {
    let about = call.text("LoadBalancerArn");
    let made = format!("{}/*", about.replacen(":loadbalancer/", ":listener/", 1));
    let mut asks = ask_create(call, "CreateListener", about, &made);
    if let Some(first) = asks.first_mut() {
        *first = with_settings(call, first.clone());
    }
    asks
}

fn ask_to_modify(call: &Call<'_>) -> Vec<Ask> {
    vec![with_settings(call, ask_about(call, "ModifyListener", call.text("ListenerArn")))]
}

fn with_settings(call: &Call<'_>, mut ask: Ask) -> Ask {
    let keys = [("ListenerProtocol", "Protocol"), ("SecurityPolicy", "SslPolicy")];
    for (key, member) in keys {
        if let Some(value) = call.input[member].as_str() {
            ask = ask.when(format!("elasticloadbalancing:{key}"), value);
        }
    }
    ask
}

fn create(call: &mut Call<'_>) -> Answer {
    let of = call.text("LoadBalancerArn").to_owned();
    balancer::find(&call.peek().elb, &of)?;
    let input = call.input.clone();
    let port = port(&input)?.ok_or_else(|| validation("A listener port must be specified"))?;
    let protocol = input["Protocol"].as_str().ok_or_else(|| validation("A listener protocol must be specified"))?;
    let tags = tags(call)?;
    let tls = read_tls(call.peek(), &input, protocol, None)?;
    let actions = action::read(&input["DefaultActions"], Setting { https: tls.is_some(), existing: None })?;
    rule::check_groups(&call.peek().elb, &of, &actions, None)?;
    if let Some(existing) = on_port(&call.peek().elb, &of, port) {
        let state = &call.peek().elb;
        let same_actions = state.rules.get(&existing.default_rule).is_some_and(|rule| rule.actions == actions);
        if same_actions && existing.tls == tls && existing.tags == tags {
            return Ok(json!({"Listeners": [existing.shown(state)]}));
        }
        return Err(duplicate_listener(&of));
    }
    if call.peek().elb.listeners_of(&of).count() >= MAX_LISTENERS {
        return Err(too_many("TooManyListeners", "listeners for the load balancer"));
    }
    let arn = format!("{}/{}", of.replacen(":loadbalancer/", ":listener/", 1), call.world.random.hex(16));
    let default = Rule::new(call, &arn, None, Vec::new(), actions, Tags::new());
    let default_rule = default.arn.clone();
    let listener = Listener { arn, balancer: of, port, tls, more_certificates: Vec::new(), default_rule, tags };
    let region = call.regional();
    region.elb.rules.insert(default);
    Ok(json!({"Listeners": [put(region, listener)]}))
}

fn port(input: &Value) -> Result<Option<u16>, Refusal> {
    let Some(port) = input["Port"].as_u64() else { return Ok(None) };
    u16::try_from(port).ok().filter(|port| *port > 0).map(Some).ok_or_else(|| validation("The port is not valid"))
}

fn on_port<'s>(state: &'s State, balancer: &'s str, port: u16) -> Option<&'s Listener> {
    state.listeners_of(balancer).find(|listener| listener.port == port)
}

/// The TLS settings of a request for a listener that has `existing` so far.
fn read_tls(region: &Region, input: &Value, protocol: &str, existing: Option<&Tls>) -> Result<Option<Tls>, Refusal> {
    let (policy, certificates) = (input["SslPolicy"].as_str(), list(&input["Certificates"]));
    match protocol {
        "HTTP" if !certificates.is_empty() => Err(validation("A certificate cannot be specified for HTTP listeners")),
        "HTTP" if policy.is_some() => Err(validation("An SSL policy cannot be specified for HTTP listeners")),
        "HTTP" => Ok(None),
        "HTTPS" => {
            let given = certificate::read_one(region, certificates)?;
            let certificate = given.or_else(|| existing.map(|tls| tls.certificate.clone()));
            let missing = || validation("A certificate must be specified for HTTPS listeners");
            let certificate = certificate.ok_or_else(missing)?;
            let so_far = existing.map_or(catalog::DEFAULT_POLICY, |tls| tls.policy.as_str());
            let policy = policy.unwrap_or(so_far).to_owned();
            catalog::check_policy(&policy)?;
            Ok(Some(Tls { policy, certificate }))
        }
        _ => Err(validation(format!("Listener protocol '{protocol}' must be one of 'HTTPS, HTTP'"))),
    }
}

fn describe(call: &mut Call<'_>) -> Answer {
    let state = &call.peek().elb;
    let (of, arns) = (call.text("LoadBalancerArn"), texts(&call.input["ListenerArns"]));
    let chosen: Vec<&Listener> = match (of, arns.is_empty()) {
        ("", true) => return Err(validation("You must specify either listener ARNs or a load balancer ARN")),
        ("", false) => arns.iter().map(|arn| find(state, arn)).collect::<Result<_, _>>()?,
        (of, true) => {
            balancer::find(state, of)?;
            state.listeners_of(of).collect()
        }
        _ => {
            let message = "Load balancer ARN and listener ARNs cannot be specified at the same time";
            return Err(validation(message));
        }
    };
    let items = chosen.iter().map(|listener| (listener.arn.clone(), listener.shown(state))).collect();
    page(call, "Listeners", &format!("listeners {of} {arns:?}"), items)
}

fn modify(call: &mut Call<'_>) -> Answer {
    let mut listener = find(&call.peek().elb, call.text("ListenerArn"))?.clone();
    let input = call.input.clone();
    if let Some(port) = port(&input)? {
        let other = on_port(&call.peek().elb, &listener.balancer, port).is_some_and(|other| other.arn != listener.arn);
        if other {
            return Err(duplicate_listener(&listener.balancer));
        }
        listener.port = port;
    }
    let so_far = if listener.tls.is_some() { "HTTPS" } else { "HTTP" };
    let protocol = input["Protocol"].as_str().unwrap_or(so_far);
    listener.tls = read_tls(call.peek(), &input, protocol, listener.tls.as_ref())?;
    let actions = modified_actions(&call.peek().elb, &listener, &input["DefaultActions"])?;
    if listener.tls.is_none() {
        listener.more_certificates.clear();
    }
    let region = call.regional();
    if let (Some(actions), Some(rule)) = (actions, region.elb.rules.get(&listener.default_rule).cloned()) {
        region.elb.rules.insert(Rule { actions, ..rule });
    }
    Ok(json!({"Listeners": [put(region, listener)]}))
}

/// The default actions of a request to modify, if it has any.
fn modified_actions(state: &State, listener: &Listener, request: &Value) -> Result<Option<Actions>, Refusal> {
    let https = listener.tls.is_some();
    let default = rule::find(state, &listener.default_rule)?;
    if request.is_null() {
        let signs_in = !https && state.rules_of(&listener.arn).any(|rule| rule.actions.oidc().is_some());
        let message = "Actions of type 'authenticate-oidc' are supported only on HTTPS listeners";
        return if signs_in { Err(super::refusal::action(message)) } else { Ok(None) };
    }
    let actions = action::read(request, Setting { https, existing: default.actions.oidc() })?;
    rule::check_groups(state, &listener.balancer, &actions, Some(&default.arn))?;
    Ok(Some(actions))
}

fn delete(call: &mut Call<'_>) -> Answer {
    let arn = call.text("ListenerArn").to_owned();
    find(&call.peek().elb, &arn)?;
    remove(call.regional(), &arn);
    nothing()
}

fn describe_attributes(call: &mut Call<'_>) -> Answer {
    find(&call.peek().elb, call.text("ListenerArn"))?;
    Ok(json!({"Attributes": attributes::describe(attributes::LISTENER, &Attributes::new())}))
}
