//! Load balancers: create, describe, delete.

use super::common::{
    balancer, balancer_arn, balancer_input, closed_net, group, listener, net, new_rule, nothing, security_group,
    subnet, text, with,
};
use crate::lab::Lab;
use crate::rule;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn names_and_arns_have_aws_forms() {
    rule!(
        "ELB",
        "A load balancer's ARN ends in app/NAME/ and 16 hex digits, its DNS name in REGION.elb.amazonaws.com, in the region's hosted zone",
        "AWS General Reference, Elastic Load Balancing endpoints and quotas"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let made = balancer(&lab, &net, "ci");
    let arn = text(&made["LoadBalancerArn"]);
    let id = arn.strip_prefix(&nothing("loadbalancer/app/ci/")).expect("the ARN's form");
    assert!(id.len() == 16 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
    let dns = text(&made["DNSName"]);
    assert!(dns.starts_with("ci-") && dns.ends_with(".eu-central-1.elb.amazonaws.com"), "{dns}");
    assert_eq!(made["CanonicalHostedZoneId"], "Z215JYRZR1TBD5");
    assert_eq!(made["Scheme"], "internet-facing");
    assert_eq!(made["VpcId"], json!(net.vpc));
    assert_eq!(made["AvailabilityZones"][1]["ZoneName"], "eu-central-1b");
}

#[tokio::test(start_paused = true)]
async fn an_internal_load_balancer_says_so_in_its_dns_name() {
    rule!(
        "ELB",
        "The DNS name of an internal load balancer begins with internal-, and it needs no internet gateway",
        "User Guide for Application Load Balancers, Load balancer scheme"
    );
    let lab = Lab::new();
    let net = closed_net(&lab).await;
    let input = with(balancer_input(&net, "ci"), json!({"Scheme": "internal"}));
    let made = lab.ok("elbv2", "CreateLoadBalancer", input);
    assert!(text(&made["LoadBalancers"][0]["DNSName"]).starts_with("internal-ci-"));
}

#[tokio::test(start_paused = true)]
async fn it_is_provisioning_for_minutes_before_it_is_active() {
    rule!(
        "ELB",
        "A load balancer is provisioning at first and active within four minutes",
        "LoadBalancerState$Code; the time is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let made = balancer(&lab, &net, "ci");
    assert_eq!(made["State"]["Code"], "provisioning");
    let state =
        || lab.ok("elbv2", "DescribeLoadBalancers", json!({"Names": ["ci"]}))["LoadBalancers"][0]["State"].clone();
    lab.wait(110).await;
    assert_eq!(state()["Code"], "provisioning");
    lab.wait(135).await;
    assert_eq!(state()["Code"], "active");
}

#[tokio::test(start_paused = true)]
async fn an_equal_repeat_answers_the_same_load_balancer() {
    rule!(
        "ELB",
        "CreateLoadBalancer with the same name and settings answers the existing load balancer",
        "Elastic Load Balancing API Reference, CreateLoadBalancer"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let first = balancer(&lab, &net, "ci");
    let [one, two] = &net.subnets;
    let swapped = with(balancer_input(&net, "ci"), json!({"Subnets": [two, one]}));
    let again = lab.ok("elbv2", "CreateLoadBalancer", swapped);
    assert_eq!(again["LoadBalancers"][0]["LoadBalancerArn"], first["LoadBalancerArn"]);
    let all = lab.ok("elbv2", "DescribeLoadBalancers", json!({}));
    assert_eq!(all["LoadBalancers"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn an_unequal_repeat_is_refused() {
    rule!(
        "ELB",
        "CreateLoadBalancer with a taken name and another scheme is refused",
        "Elastic Load Balancing API Reference, CreateLoadBalancer, DuplicateLoadBalancerName"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    balancer(&lab, &net, "ci");
    let input = with(balancer_input(&net, "ci"), json!({"Scheme": "internal"}));
    let refusal = lab.refused("elbv2", "CreateLoadBalancer", input, "DuplicateLoadBalancerName");
    assert_eq!(refusal.message, "A load balancer with the same name 'ci' exists, but with different settings");
}

#[tokio::test(start_paused = true)]
async fn other_tags_are_other_settings() {
    rule!(
        "ELB",
        "CreateLoadBalancer with a taken name and other tags is refused",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    balancer(&lab, &net, "ci");
    let input = with(balancer_input(&net, "ci"), json!({"Tags": [{"Key": "team", "Value": "ci"}]}));
    lab.refused("elbv2", "CreateLoadBalancer", input, "DuplicateLoadBalancerName");
}

#[tokio::test(start_paused = true)]
async fn names_are_short_and_plain() {
    rule!(
        "ELB",
        "A load balancer's name has at most 32 letters, digits and inner hyphens, and does not begin with internal-",
        "CreateLoadBalancerInput$Name"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let long = "a".repeat(33);
    for name in [long.as_str(), "-ci", "ci-", "c_i", "internal-ci"] {
        lab.refused("elbv2", "CreateLoadBalancer", balancer_input(&net, name), "ValidationError");
    }
    balancer(&lab, &net, &"a".repeat(32));
}

#[tokio::test(start_paused = true)]
async fn two_zones_are_needed() {
    rule!(
        "ELB",
        "A load balancer needs subnets of at least two zones",
        "CreateLoadBalancerInput$Subnets; the code is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let input = with(balancer_input(&net, "ci"), json!({"Subnets": [net.subnets[0]]}));
    lab.refused("elbv2", "CreateLoadBalancer", input, "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn one_subnet_a_zone() {
    rule!(
        "ELB",
        "Two subnets of one zone are refused",
        "CreateLoadBalancerInput$Subnets; Elastic Load Balancing API Reference, InvalidConfigurationRequest"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let third = subnet(&lab, &net.vpc, "10.0.2.0/24", "a");
    let input = with(balancer_input(&net, "ci"), json!({"Subnets": [net.subnets[0], net.subnets[1], third]}));
    lab.refused("elbv2", "CreateLoadBalancer", input, "InvalidConfigurationRequest");
}

#[tokio::test(start_paused = true)]
async fn subnets_must_exist() {
    rule!("ELB", "A subnet that does not exist is refused", "CreateLoadBalancer, SubnetNotFound");
    let lab = Lab::new();
    let net = net(&lab).await;
    let input = with(balancer_input(&net, "ci"), json!({"Subnets": [net.subnets[0], "subnet-0123456789abcdef0"]}));
    lab.refused("elbv2", "CreateLoadBalancer", input, "SubnetNotFound");
}

#[tokio::test(start_paused = true)]
async fn facing_the_internet_needs_a_gateway() {
    rule!(
        "ELB",
        "An internet-facing load balancer is refused in a VPC without internet gateway",
        "CreateLoadBalancer, InvalidSubnet; the text is observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = closed_net(&lab).await;
    let refusal = lab.refused("elbv2", "CreateLoadBalancer", balancer_input(&net, "ci"), "InvalidSubnet");
    assert_eq!(refusal.message, format!("VPC {} has no internet gateway", net.vpc));
}

#[tokio::test(start_paused = true)]
async fn subnets_need_eight_free_addresses() {
    rule!(
        "ELB",
        "A subnet with fewer than 8 free addresses is refused",
        "User Guide for Application Load Balancers, Subnets for your load balancer"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let small = subnet(&lab, &net.vpc, "10.0.9.0/28", "b");
    for name in ["one", "two", "three"] {
        let input = with(balancer_input(&net, name), json!({"Subnets": [net.subnets[0], small]}));
        lab.ok("elbv2", "CreateLoadBalancer", input);
    }
    let input = with(balancer_input(&net, "four"), json!({"Subnets": [net.subnets[0], small]}));
    lab.ok("elbv2", "CreateLoadBalancer", input);
    let input = with(balancer_input(&net, "five"), json!({"Subnets": [net.subnets[0], small]}));
    lab.refused("elbv2", "CreateLoadBalancer", input, "InvalidSubnet");
}

#[tokio::test(start_paused = true)]
async fn security_groups_must_be_of_the_vpc() {
    rule!(
        "ELB",
        "A security group that does not exist or belongs to another VPC is refused",
        "CreateLoadBalancer, InvalidSecurityGroup"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let other = closed_net(&lab).await;
    let foreign = security_group(&lab, &other.vpc, "foreign").await;
    for group in [foreign.as_str(), "sg-0123456789abcdef0"] {
        let input = with(balancer_input(&net, "ci"), json!({"SecurityGroups": [group]}));
        lab.refused("elbv2", "CreateLoadBalancer", input, "InvalidSecurityGroup");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_security_group_is_unknown_for_a_moment() {
    rule!(
        "ELB",
        "A security group that was made a moment ago may count as one that does not exist",
        "Amazon EC2 API Reference, Eventual consistency; CreateLoadBalancer, InvalidSecurityGroup"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let made = |name: &str| {
        let group = json!({"GroupName": name, "Description": name, "VpcId": net.vpc});
        let group = lab.ok("ec2", "CreateSecurityGroup", group)["GroupId"].clone();
        with(balancer_input(&net, name), json!({"SecurityGroups": [group]}))
    };
    let early = (0..8).find_map(|number| {
        let input = made(&format!("early-{number}"));
        let refusal = lab.call("elbv2", "CreateLoadBalancer", input.clone()).err()?;
        Some((input, refusal))
    });
    let (input, refusal) = early.expect("a group that ELB does not know yet");
    assert_eq!(refusal.code, "InvalidSecurityGroup");
    lab.wait(3).await;
    lab.ok("elbv2", "CreateLoadBalancer", input);
}

#[tokio::test(start_paused = true)]
async fn without_security_groups_it_gets_the_default_one() {
    rule!(
        "ELB",
        "A load balancer without security groups gets the VPC's default one",
        "User Guide for Application Load Balancers, Security groups"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let input = json!({"Name": "ci", "Subnets": net.subnets});
    let made = lab.ok("elbv2", "CreateLoadBalancer", input)["LoadBalancers"][0].clone();
    let filters = json!([{"Name": "vpc-id", "Values": [net.vpc]}, {"Name": "group-name", "Values": ["default"]}]);
    let default = lab.ok("ec2", "DescribeSecurityGroups", json!({"Filters": filters}));
    assert_eq!(made["SecurityGroups"], json!([default["SecurityGroups"][0]["GroupId"]]));
}

#[tokio::test(start_paused = true)]
async fn its_interfaces_stay_behind_for_minutes() {
    rule!(
        "ELB",
        "A load balancer has an interface in each subnet, described ELB app/NAME/ID; after deletion they hold security groups for minutes",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    let path = arn.split("loadbalancer/").nth(1).expect("a path");
    let filter = json!({"Filters": [{"Name": "description", "Values": [format!("ELB {path}")]}]});
    let interfaces = || lab.ok("ec2", "DescribeNetworkInterfaces", filter.clone())["NetworkInterfaces"].clone();
    lab.wait(10).await;
    assert_eq!(interfaces().as_array().map(Vec::len), Some(2));
    assert_eq!(interfaces()[0]["RequesterId"], "amazon-elb");
    lab.ok("elbv2", "DeleteLoadBalancer", json!({"LoadBalancerArn": arn}));
    lab.refused("elbv2", "DescribeLoadBalancers", json!({"Names": ["ci"]}), "LoadBalancerNotFound");
    lab.refused("ec2", "DeleteSecurityGroup", json!({"GroupId": net.group}), "DependencyViolation");
    lab.wait(310).await;
    assert_eq!(interfaces(), json!([]));
    lab.ok("ec2", "DeleteSecurityGroup", json!({"GroupId": net.group}));
}

#[tokio::test(start_paused = true)]
async fn deletion_takes_listeners_and_rules_along_and_may_be_repeated() {
    rule!(
        "ELB",
        "Deleting a load balancer deletes its listeners and rules, and succeeds again when it is gone",
        "Elastic Load Balancing API Reference, DeleteLoadBalancer"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    let target_group = group(&lab, &net, "ci");
    let port = listener(&lab, &arn, 80, super::common::forward(&target_group));
    let own = new_rule(&lab, &port, 1);
    lab.ok("elbv2", "DeleteLoadBalancer", json!({"LoadBalancerArn": arn}));
    lab.ok("elbv2", "DeleteLoadBalancer", json!({"LoadBalancerArn": arn}));
    lab.refused("elbv2", "DescribeListeners", json!({"ListenerArns": [port]}), "ListenerNotFound");
    lab.refused("elbv2", "DescribeRules", json!({"RuleArns": [own]}), "RuleNotFound");
    lab.ok("elbv2", "DeleteTargetGroup", json!({"TargetGroupArn": target_group}));
}

#[tokio::test(start_paused = true)]
async fn deletion_protection_holds() {
    rule!(
        "ELB",
        "A load balancer with deletion protection is not deleted",
        "DeleteLoadBalancer, OperationNotPermitted"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    let protect = |on: &str| {
        let attributes = json!([{"Key": "deletion_protection.enabled", "Value": on}]);
        lab.ok("elbv2", "ModifyLoadBalancerAttributes", json!({"LoadBalancerArn": arn, "Attributes": attributes}));
    };
    protect("true");
    lab.refused("elbv2", "DeleteLoadBalancer", json!({"LoadBalancerArn": arn}), "OperationNotPermitted");
    protect("false");
    lab.ok("elbv2", "DeleteLoadBalancer", json!({"LoadBalancerArn": arn}));
}

#[tokio::test(start_paused = true)]
async fn one_missing_fails_the_whole_description() {
    rule!(
        "ELB",
        "DescribeLoadBalancers with one unknown name or ARN fails as a whole",
        "DescribeLoadBalancers, LoadBalancerNotFound"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    let arn = balancer_arn(&lab, &net, "ci");
    lab.refused("elbv2", "DescribeLoadBalancers", json!({"Names": ["ci", "other"]}), "LoadBalancerNotFound");
    let arns = json!({"LoadBalancerArns": [arn, nothing("loadbalancer/app/other/0123456789abcdef")]});
    lab.refused("elbv2", "DescribeLoadBalancers", arns, "LoadBalancerNotFound");
    let both = json!({"LoadBalancerArns": [arn], "Names": ["ci"]});
    lab.refused("elbv2", "DescribeLoadBalancers", both, "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn listings_come_in_pages() {
    rule!(
        "ELB",
        "A listing is cut at PageSize and goes on at NextMarker",
        "Elastic Load Balancing API Reference, DescribeLoadBalancers"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    for name in ["one", "two", "three"] {
        balancer(&lab, &net, name);
    }
    let first = lab.ok("elbv2", "DescribeLoadBalancers", json!({"PageSize": 2}));
    assert_eq!(first["LoadBalancers"].as_array().map(Vec::len), Some(2));
    let next = json!({"PageSize": 2, "Marker": first["NextMarker"]});
    let second = lab.ok("elbv2", "DescribeLoadBalancers", next);
    assert_eq!(second["LoadBalancers"].as_array().map(Vec::len), Some(1));
    assert!(second["NextMarker"].is_null());
    lab.refused("elbv2", "DescribeLoadBalancers", json!({"Marker": "x"}), "ValidationError");
}

#[tokio::test(start_paused = true)]
async fn fifty_is_the_limit() {
    rule!(
        "ELB",
        "A region has at most 50 Application Load Balancers by default",
        "Quotas for your Application Load Balancers; CreateLoadBalancer, TooManyLoadBalancers"
    );
    let lab = Lab::new();
    let net = net(&lab).await;
    for number in 0..50 {
        balancer(&lab, &net, &format!("ci-{number}"));
    }
    lab.refused("elbv2", "CreateLoadBalancer", balancer_input(&net, "more"), "TooManyLoadBalancers");
    let limits = lab.ok("elbv2", "DescribeAccountLimits", json!({}))["Limits"].clone();
    let own = limits.as_array().and_then(|all| all.iter().find(|limit| limit["Name"] == "application-load-balancers"));
    assert_eq!(own.map(|limit| limit["Max"].clone()), Some(json!("50")));
}
