//! What IAM is asked.

use super::common::{balancer_arn, balancer_input, group, group_input, net, with};
use crate::iam::{call_as, granted};
use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use serde_json::{Value, json};

fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn code(lab: &Lab, key: &str, operation: &str, input: Value) -> Option<String> {
    call_as(lab, key, "elbv2", operation, input).err().map(|refusal| refusal.code.into_owned())
}

#[tokio::test(start_paused = true)]
async fn tags_in_a_create_call_need_add_tags() {
    rule!(
        "ELB",
        "A create call with tags needs elasticloadbalancing:AddTags besides its own action, and CreateAction names the call",
        "Service Authorization Reference, Elastic Load Balancing V2; Tag resources during creation"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let create = json!({"Effect": "Allow", "Action": "elasticloadbalancing:CreateTargetGroup", "Resource": "*"});
    let tag = |creating: &str| {
        let condition = json!({"StringEquals": {"elasticloadbalancing:CreateAction": creating}});
        json!({"Effect": "Allow", "Action": "elasticloadbalancing:AddTags", "Resource": "*", "Condition": condition})
    };
    let bare = granted(&lab, HOME_ACCOUNT, "bare", &policy(json!([create])));
    let other = granted(&lab, HOME_ACCOUNT, "other", &policy(json!([create, tag("CreateRule")])));
    let full = granted(&lab, HOME_ACCOUNT, "full", &policy(json!([create, tag("CreateTargetGroup")])));
    lab.wait(30).await;
    let input = |name: &str| with(group_input(&net, name), json!({"Tags": [{"Key": "stack", "Value": "a"}]}));
    assert_eq!(code(&lab, &bare, "CreateTargetGroup", group_input(&net, "plain")), None);
    assert_eq!(code(&lab, &bare, "CreateTargetGroup", input("ci")).as_deref(), Some("AccessDenied"));
    assert_eq!(code(&lab, &other, "CreateTargetGroup", input("ci")).as_deref(), Some("AccessDenied"));
    assert_eq!(code(&lab, &full, "CreateTargetGroup", input("ci")), None);
}

#[tokio::test(start_paused = true)]
async fn tags_of_a_resource_decide() {
    rule!(
        "ELB",
        "A call about a resource is decided by the resource's tags, also under elasticloadbalancing:ResourceTag",
        "Service Authorization Reference, Elastic Load Balancing V2, condition keys"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let may = |key: &str| {
        let condition = json!({"StringEquals": {key: "a"}});
        let action = "elasticloadbalancing:DeleteTargetGroup";
        policy(json!([{"Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition}]))
    };
    for (name, key) in [("one", "aws:ResourceTag/stack"), ("two", "elasticloadbalancing:ResourceTag/stack")] {
        let caller = granted(&lab, HOME_ACCOUNT, name, &may(key));
        lab.wait(30).await;
        let arn = group(&lab, &net, name);
        let delete = json!({"TargetGroupArn": arn});
        assert_eq!(code(&lab, &caller, "DeleteTargetGroup", delete.clone()).as_deref(), Some("AccessDenied"));
        lab.ok("elbv2", "AddTags", json!({"ResourceArns": [arn], "Tags": [{"Key": "stack", "Value": "a"}]}));
        assert_eq!(code(&lab, &caller, "DeleteTargetGroup", delete), None);
    }
}

#[tokio::test(start_paused = true)]
async fn create_and_change_are_about_what_they_name() {
    rule!(
        "ELB",
        "CreateLoadBalancer is about the ARN with the requested name and shows the scheme; DeleteLoadBalancer about its own ARN",
        "Service Authorization Reference, Elastic Load Balancing V2, resource types and condition keys"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let scheme = json!({"StringEquals": {"elasticloadbalancing:Scheme": "internal"}});
    let resource = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/jks-*";
    let create = json!({
        "Effect": "Allow", "Action": "elasticloadbalancing:CreateLoadBalancer", "Resource": resource, "Condition": scheme,
    });
    let delete = json!({"Effect": "Allow", "Action": "elasticloadbalancing:DeleteLoadBalancer", "Resource": resource});
    let linked = json!({"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*"});
    let look = json!({"Effect": "Allow", "Action": LOOKS, "Resource": "*"});
    let caller = granted(&lab, HOME_ACCOUNT, "caller", &policy(json!([create, delete, linked, look])));
    lab.wait(30).await;
    let input = |name: &str, scheme: &str| with(balancer_input(&net, name), json!({"Scheme": scheme}));
    let denied = Some("AccessDenied");
    assert_eq!(code(&lab, &caller, "CreateLoadBalancer", input("jks-a", "internet-facing")).as_deref(), denied);
    assert_eq!(code(&lab, &caller, "CreateLoadBalancer", input("ci", "internal")).as_deref(), denied);
    assert_eq!(code(&lab, &caller, "CreateLoadBalancer", input("jks-a", "internal")), None);
    let (own, foreign) = (balancer_arn(&lab, &net, "jks-b"), balancer_arn(&lab, &net, "ci"));
    assert_eq!(code(&lab, &caller, "DeleteLoadBalancer", json!({"LoadBalancerArn": own})), None);
    assert_eq!(code(&lab, &caller, "DeleteLoadBalancer", json!({"LoadBalancerArn": foreign})).as_deref(), denied);
}

/// What ELB reads of EC2 with the caller's rights, for a policy.
const LOOKS: [&str; 6] = [
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
];

#[tokio::test(start_paused = true)]
async fn without_the_linked_role_the_caller_looks_at_ec2() {
    rule!(
        "ELB",
        "Until an account has the linked role, CreateLoadBalancer looks at EC2 with the caller's rights",
        "Elastic Load Balancing User Guide, Elastic Load Balancing API permissions; aws-load-balancer-controller#748, eksctl#2570"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let allow = |actions: Vec<&str>| policy(json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]));
    let own = ["elasticloadbalancing:CreateLoadBalancer", "iam:CreateServiceLinkedRole"];
    let callers: Vec<(&str, String)> = LOOKS
        .iter()
        .map(|without| {
            let actions = own.into_iter().chain(LOOKS.into_iter().filter(|look| look != without)).collect();
            let name = without.trim_start_matches("ec2:");
            (*without, granted(&lab, HOME_ACCOUNT, name, &allow(actions)))
        })
        .collect();
    lab.wait(30).await;
    let made = |key: &str, name: &str| call_as(&lab, key, "elbv2", "CreateLoadBalancer", balancer_input(&net, name));
    for (missing, caller) in &callers {
        let refusal = made(caller, "a").expect_err("a look that is not allowed");
        assert_eq!(refusal.code, "AccessDenied");
        assert!(refusal.message.contains(missing), "{refusal:?}");
    }
    balancer_arn(&lab, &net, "others");
    callers.iter().for_each(|(_, caller)| drop(made(caller, "a").expect("the role looks")));
}

#[tokio::test(start_paused = true)]
async fn the_first_load_balancer_of_an_account_makes_the_linked_role() {
    rule!(
        "ELB",
        "The first load balancer of an account also needs iam:CreateServiceLinkedRole; later ones find the role",
        "Elastic Load Balancing User Guide, Service-linked roles; kubernetes/kops#16218"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let create = json!({"Effect": "Allow", "Action": "elasticloadbalancing:CreateLoadBalancer", "Resource": "*"});
    let condition = json!({"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}});
    let link =
        json!({"Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*", "Condition": condition});
    let look = json!({"Effect": "Allow", "Action": LOOKS, "Resource": "*"});
    let bare = granted(&lab, HOME_ACCOUNT, "bare", &policy(json!([create, look])));
    let full = granted(&lab, HOME_ACCOUNT, "full", &policy(json!([create, link, look])));
    lab.wait(30).await;
    let made = |key: &str, name: &str| call_as(&lab, key, "elbv2", "CreateLoadBalancer", balancer_input(&net, name));
    let refusal = made(&bare, "a").expect_err("no role");
    assert_eq!(refusal.code, "AccessDenied");
    let role = "role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing";
    assert!(refusal.message.contains("iam:CreateServiceLinkedRole") && refusal.message.contains(role), "{refusal:?}");
    made(&full, "a").expect("the role is made");
    made(&bare, "b").expect("the role is there");
}
