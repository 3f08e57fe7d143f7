//! Elastic Load Balancing: balancers, listeners, rules, targets.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::operation::add_listener_certificates::AddListenerCertificatesError;
use aws_sdk_elasticloadbalancingv2::operation::create_listener::CreateListenerError;
use aws_sdk_elasticloadbalancingv2::operation::create_load_balancer::CreateLoadBalancerError;
use aws_sdk_elasticloadbalancingv2::operation::create_rule::CreateRuleError;
use aws_sdk_elasticloadbalancingv2::operation::create_target_group::CreateTargetGroupError;
use aws_sdk_elasticloadbalancingv2::operation::delete_listener::DeleteListenerError;
use aws_sdk_elasticloadbalancingv2::operation::delete_load_balancer::DeleteLoadBalancerError;
use aws_sdk_elasticloadbalancingv2::operation::delete_rule::DeleteRuleError;
use aws_sdk_elasticloadbalancingv2::operation::delete_target_group::DeleteTargetGroupError;
use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::DescribeLoadBalancersError;
use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::DescribeTargetGroupsError;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, Certificate, FixedResponseActionConfig, HostHeaderConditionConfig, IpAddressType,
    LoadBalancerAttribute, LoadBalancerStateEnum, Matcher, ProtocolEnum, RuleCondition, RulePriorityPair, Tag,
    TargetDescription, TargetGroupAttribute, TargetHealthStateEnum, TargetTypeEnum,
};

async fn security_group(desk: &Desk, name: &str) -> String {
    let ec2 = aws_sdk_ec2::Client::new(&desk.config);
    let made = ec2.create_security_group().group_name(name).description(name).vpc_id(&desk.net.vpc).send().await;
    desk.wait(10).await;
    made.expect("a group").group_id().expect("an id").to_owned()
}

async fn balancer(desk: &Desk, elb: &Client) -> String {
    let [one, other] = &desk.net.public_subnets;
    let create = elb.create_load_balancer().name("ci").subnets(one).subnets(other);
    let made = create.security_groups(security_group(desk, "ci").await).send().await.expect("a balancer");
    let made = &made.load_balancers()[0];
    let state = made.state().and_then(|state| state.code());
    assert_eq!(state, Some(&LoadBalancerStateEnum::Provisioning));
    assert_eq!(made.canonical_hosted_zone_id(), Some("Z215JYRZR1TBD5"));
    assert!(made.dns_name().is_some_and(|name| name.starts_with("ci-") && name.ends_with(".elb.amazonaws.com")));
    desk.wait(300).await;
    let shown = elb.describe_load_balancers().names("ci").send().await.expect("balancers");
    let shown = &shown.load_balancers()[0];
    assert_eq!(shown.state().and_then(|state| state.code()), Some(&LoadBalancerStateEnum::Active));
    assert_eq!((shown.availability_zones().len(), shown.created_time()), (2, made.created_time()));
    made.load_balancer_arn().expect("an ARN").to_owned()
}

fn fixed() -> Action {
    let response = FixedResponseActionConfig::builder().status_code("404").build();
    Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(response).build()
}

fn forward(group: &str) -> Action {
    Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(group).build()
}

fn host(name: &str) -> RuleCondition {
    let values = HostHeaderConditionConfig::builder().values(name).build();
    RuleCondition::builder().field("host-header").host_header_config(values).build()
}

fn tag(key: &str) -> Tag {
    Tag::builder().key(key).value("x").build()
}

fn certificate(arn: &str) -> Certificate {
    Certificate::builder().certificate_arn(arn).build()
}

async fn balancer_settings(desk: &Desk, elb: &Client, arn: &str) {
    let other = security_group(desk, "other").await;
    let set = elb.set_security_groups().load_balancer_arn(arn).security_groups(&other).send().await.expect("set");
    assert_eq!(set.security_group_ids(), [other]);
    let subnets = Some(desk.net.public_subnets.to_vec());
    let set = elb.set_subnets().load_balancer_arn(arn).set_subnets(subnets).send().await.expect("set");
    assert_eq!(set.availability_zones().len(), 2);
    let set = elb.set_ip_address_type().load_balancer_arn(arn).ip_address_type(IpAddressType::Ipv4).send().await;
    assert_eq!(set.expect("set").ip_address_type(), Some(&IpAddressType::Ipv4));
    let idle = LoadBalancerAttribute::builder().key("idle_timeout.timeout_seconds").value("300").build();
    let modify = elb.modify_load_balancer_attributes().load_balancer_arn(arn).attributes(idle.clone());
    assert!(modify.send().await.expect("set").attributes().contains(&idle));
    let all = elb.describe_load_balancer_attributes().load_balancer_arn(arn).send().await.expect("attributes");
    assert!(all.attributes().contains(&idle) && all.attributes().len() > 10);
    elb.add_tags().resource_arns(arn).tags(tag("stack")).tags(tag("team")).send().await.expect("tagged");
    elb.remove_tags().resource_arns(arn).tag_keys("team").send().await.expect("untagged");
    let tags = elb.describe_tags().resource_arns(arn).send().await.expect("tags");
    assert_eq!(tags.tag_descriptions()[0].tags(), [tag("stack")]);
}

async fn group(desk: &Desk, elb: &Client) -> String {
    let create = elb.create_target_group().name("jenkins").protocol(ProtocolEnum::Http).port(8080);
    let create = create.vpc_id(&desk.net.vpc).target_type(TargetTypeEnum::Ip).health_check_path("/login");
    let made = create.send().await.expect("a group");
    let made = &made.target_groups()[0];
    assert_eq!((made.health_check_path(), made.health_check_interval_seconds()), (Some("/login"), Some(30)));
    let arn = made.target_group_arn().expect("an ARN");
    let matcher = Matcher::builder().http_code("200-399").build();
    let modify = elb.modify_target_group().target_group_arn(arn).matcher(matcher).send().await.expect("modified");
    let code = modify.target_groups()[0].matcher().and_then(|matcher| matcher.http_code());
    assert_eq!(code, Some("200-399"));
    let shown = elb.describe_target_groups().target_group_arns(arn).send().await.expect("groups");
    assert_eq!(shown.target_groups()[0].target_type(), Some(&TargetTypeEnum::Ip));
    let delay = TargetGroupAttribute::builder().key("deregistration_delay.timeout_seconds").value("20").build();
    elb.modify_target_group_attributes().target_group_arn(arn).attributes(delay.clone()).send().await.expect("set");
    let all = elb.describe_target_group_attributes().target_group_arn(arn).send().await.expect("attributes");
    assert!(all.attributes().contains(&delay));
    arn.to_owned()
}

async fn targets(elb: &Client, group: &str) {
    let target = TargetDescription::builder().id("10.0.128.10").port(8080).build();
    elb.register_targets().target_group_arn(group).targets(target.clone()).send().await.expect("registered");
    let health = elb.describe_target_health().target_group_arn(group).send().await.expect("health");
    let [shown] = health.target_health_descriptions() else { panic!("{health:?}") };
    let state = shown.target_health().and_then(|health| health.state());
    assert!(matches!(state, Some(TargetHealthStateEnum::Unused | TargetHealthStateEnum::Initial)), "{shown:?}");
    assert_eq!(shown.target().and_then(|target| target.port()), Some(8080));
    elb.deregister_targets().target_group_arn(group).targets(target).send().await.expect("deregistered");
}

async fn listener(desk: &Desk, elb: &Client, balancer: &str) -> String {
    let create = elb.create_listener().load_balancer_arn(balancer).protocol(ProtocolEnum::Https).port(443);
    let create = create.certificates(certificate(&desk.net.certificate_arn)).default_actions(fixed());
    let made = create.send().await.expect("a listener");
    let made = &made.listeners()[0];
    assert!(made.ssl_policy().is_some_and(|policy| policy.starts_with("ELBSecurityPolicy-")), "{made:?}");
    let arn = made.listener_arn().expect("an ARN");
    let policies = elb.describe_ssl_policies().send().await.expect("policies");
    assert!(policies.ssl_policies().iter().any(|policy| policy.name() == Some("ELBSecurityPolicy-TLS13-1-2-2021-06")));
    let modify = elb.modify_listener().listener_arn(arn).ssl_policy("ELBSecurityPolicy-TLS13-1-2-2021-06");
    modify.send().await.expect("modified");
    let shown = elb.describe_listeners().load_balancer_arn(balancer).send().await.expect("listeners");
    assert_eq!(shown.listeners()[0].ssl_policy(), Some("ELBSecurityPolicy-TLS13-1-2-2021-06"));
    let attributes = elb.describe_listener_attributes().listener_arn(arn).send().await.expect("attributes");
    assert!(attributes.attributes().iter().any(|one| one.key().is_some_and(|key| key.starts_with("routing.http."))));
    arn.to_owned()
}

async fn certificates(desk: &Desk, elb: &Client, listener: &str) {
    let place = jenkinsstack_cloud::world::Place { account: "111122223333".into(), region: crate::desk::REGION.into() };
    let issue = |name| desk.cloud.with(|world| jenkinsstack_cloud::service::acm::issue(world.at(&place), name, &[]));
    let more = issue("ci.example.com");
    let add = elb.add_listener_certificates().listener_arn(listener).certificates(certificate(&more));
    assert_eq!(add.send().await.expect("added").certificates().len(), 1);
    let shown = elb.describe_listener_certificates().listener_arn(listener).send().await.expect("certificates");
    let default: Vec<_> = shown.certificates().iter().filter(|one| one.is_default() == Some(true)).collect();
    assert_eq!((shown.certificates().len(), default.len()), (2, 1));
    let remove = elb.remove_listener_certificates().listener_arn(listener).certificates(certificate(&more));
    remove.send().await.expect("removed");
}

async fn rules(elb: &Client, listener: &str, group: &str) {
    let create = elb.create_rule().listener_arn(listener).priority(10).conditions(host("ci.example.com"));
    let made = create.actions(forward(group)).send().await.expect("a rule");
    let rule = made.rules()[0].rule_arn().expect("an ARN").to_owned();
    let modify =
        elb.modify_rule().rule_arn(&rule).conditions(host("build.example.com")).send().await.expect("modified");
    let values = modify.rules()[0].conditions()[0].host_header_config().map(|host| host.values().to_vec());
    assert_eq!(values, Some(vec!["build.example.com".to_owned()]));
    let pair = RulePriorityPair::builder().rule_arn(&rule).priority(20).build();
    elb.set_rule_priorities().rule_priorities(pair).send().await.expect("set");
    let shown = elb.describe_rules().listener_arn(listener).send().await.expect("rules");
    let priorities: Vec<_> = shown.rules().iter().map(|rule| (rule.priority(), rule.is_default())).collect();
    assert_eq!(priorities, [(Some("20"), Some(false)), (Some("default"), Some(true))]);
    let config = shown.rules()[0].actions()[0].forward_config().expect("a configuration");
    assert_eq!(config.target_groups()[0].target_group_arn(), Some(group));
    elb.delete_rule().rule_arn(rule).send().await.expect("deleted");
}

pub(crate) async fn good_cases(desk: &Desk) {
    let elb = Client::new(&desk.config);
    let limits = elb.describe_account_limits().send().await.expect("limits");
    assert!(limits.limits().iter().any(|limit| limit.name() == Some("application-load-balancers")));
    let balancer = balancer(desk, &elb).await;
    balancer_settings(desk, &elb, &balancer).await;
    let group = group(desk, &elb).await;
    targets(&elb, &group).await;
    let listener = listener(desk, &elb, &balancer).await;
    certificates(desk, &elb, &listener).await;
    rules(&elb, &listener, &group).await;
    elb.delete_listener().listener_arn(listener).send().await.expect("deleted");
    elb.delete_target_group().target_group_arn(group).send().await.expect("deleted");
    elb.delete_load_balancer().load_balancer_arn(balancer).send().await.expect("deleted");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_typed() {
    let desk = Desk::new();
    let elb = Client::new(&desk.config);
    let error = refused!(
        elb.describe_load_balancers().names("none").send(),
        DescribeLoadBalancersError::LoadBalancerNotFoundException
    );
    assert!(error.message().is_some_and(|text| text.contains("none")), "{error}");
    refused!(
        elb.describe_target_groups().names("none").send(),
        DescribeTargetGroupsError::TargetGroupNotFoundException
    );
    let nothing =
        |rest: &str| format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:{rest}/0123456789abcdef");
    let delete = elb.delete_listener().listener_arn(nothing("listener/app/x/0123456789abcdef")).send();
    refused!(delete, DeleteListenerError::ListenerNotFoundException);
    let rule = nothing("listener-rule/app/x/0123456789abcdef/0123456789abcdef");
    refused!(elb.delete_rule().rule_arn(rule).send(), DeleteRuleError::RuleNotFoundException);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let elb = Client::new(&desk.config);
    let balancer = balancer(&desk, &elb).await;
    let again = elb.create_load_balancer().name("ci").subnets(&desk.net.public_subnets[0]);
    let again = again.subnets(&desk.net.public_subnets[1]).scheme("internal".into()).send();
    refused!(again, CreateLoadBalancerError::DuplicateLoadBalancerNameException);
    let group = group(&desk, &elb).await;
    let again = elb.create_target_group().name("jenkins").protocol(ProtocolEnum::Http).port(80).vpc_id(&desk.net.vpc);
    let again = again.target_type(TargetTypeEnum::Ip).send();
    refused!(again, CreateTargetGroupError::DuplicateTargetGroupNameException);
    let listener = listener(&desk, &elb, &balancer).await;
    let again = elb.create_listener().load_balancer_arn(&balancer).protocol(ProtocolEnum::Http).port(443);
    let again = again.default_actions(fixed()).send();
    refused!(again, CreateListenerError::DuplicateListenerException);
    let rule = || elb.create_rule().listener_arn(&listener).priority(1).conditions(host("ci.example.com"));
    rule().actions(forward(&group)).send().await.expect("a rule");
    refused!(rule().actions(fixed()).send(), CreateRuleError::PriorityInUseException);
    let held = elb.delete_target_group().target_group_arn(&group).send();
    refused!(held, DeleteTargetGroupError::ResourceInUseException);
    let arn = "arn:aws:acm:eu-central-1:111122223333:certificate/0123abcd-0123-4123-8123-0123456789ab";
    let unknown = elb.add_listener_certificates().listener_arn(&listener).certificates(certificate(arn)).send();
    refused!(unknown, AddListenerCertificatesError::CertificateNotFoundException);
    let on = LoadBalancerAttribute::builder().key("deletion_protection.enabled").value("true").build();
    elb.modify_load_balancer_attributes().load_balancer_arn(&balancer).attributes(on).send().await.expect("set");
    let protected = elb.delete_load_balancer().load_balancer_arn(&balancer).send();
    refused!(protected, DeleteLoadBalancerError::OperationNotPermittedException);
}
