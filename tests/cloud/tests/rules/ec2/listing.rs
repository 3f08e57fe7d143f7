//! Filters and pages.

use super::common::{group, lone_group, nothing, subnet, tcp, vpc};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn ids(answer: &Value) -> Vec<String> {
    let groups = answer["SecurityGroups"].as_array().expect("groups");
    groups.iter().map(|group| group["GroupId"].as_str().expect("an id").to_owned()).collect()
}

fn filtered(lab: &Lab, name: &str, values: Value) -> Vec<String> {
    ids(&lab.ok("ec2", "DescribeSecurityGroups", json!({"Filters": [{"Name": name, "Values": values}]})))
}

#[tokio::test(start_paused = true)]
async fn an_unknown_filter_is_refused() {
    rule!(
        "EC2",
        "An unknown filter name is refused, not ignored",
        "Amazon EC2 API Reference, Filter; text observed (not documented)"
    );
    let lab = Lab::new();
    for operation in [
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeVpcs",
        "DescribeNetworkInterfaces",
        "DescribeRouteTables",
        "DescribeTags",
        "DescribeAvailabilityZones",
        "DescribeInternetGateways",
        "DescribeSecurityGroupRules",
    ] {
        let input = json!({"Filters": [{"Name": "colour", "Values": ["red"]}]});
        let refusal = lab.refused("ec2", operation, input, "InvalidParameterValue");
        assert_eq!(refusal.message, "The filter 'colour' is invalid");
    }
}

#[tokio::test(start_paused = true)]
async fn filters_are_anded_and_values_ored() {
    rule!(
        "EC2",
        "Filters are joined by and, the values of one filter by or",
        "Amazon EC2 User Guide, Filtering your resources"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let (a, b) = (group(&lab, &vpc, "a").await, group(&lab, &vpc, "b").await);
    let mut both = filtered(&lab, "group-name", json!(["a", "b"]));
    both.sort();
    let mut expected = vec![a.clone(), b];
    expected.sort();
    assert_eq!(both, expected);
    let filters = json!([{"Name": "group-name", "Values": ["a", "b"]}, {"Name": "group-id", "Values": [a]}]);
    assert_eq!(ids(&lab.ok("ec2", "DescribeSecurityGroups", json!({"Filters": filters}))), [a]);
}

#[tokio::test(start_paused = true)]
async fn filter_values_have_wildcards() {
    rule!(
        "EC2",
        "Filter values are case-sensitive; * is any text, ? any character, a backslash takes them literally",
        "Amazon EC2 User Guide, Filtering your resources"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let (alb, star) = (group(&lab, &vpc, "ci-alb").await, group(&lab, &vpc, "ci*").await);
    assert_eq!(filtered(&lab, "group-name", json!(["ci-a??"])), std::slice::from_ref(&alb));
    assert_eq!(filtered(&lab, "group-name", json!(["ci*"])).len(), 2);
    assert_eq!(filtered(&lab, "group-name", json!(["ci\\*"])), [star]);
    assert!(filtered(&lab, "group-name", json!(["CI-ALB"])).is_empty());
    assert!(filtered(&lab, "group-name", json!(["ci-a?"])).is_empty());
}

#[tokio::test(start_paused = true)]
async fn tags_filter_on_the_server() {
    rule!(
        "EC2",
        "tag:KEY filters by key and value, tag-key by key alone",
        "Amazon EC2 API Reference, DescribeSecurityGroups, Filters"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let (a, b) = (group(&lab, &vpc, "a").await, group(&lab, &vpc, "b").await);
    lab.ok("ec2", "CreateTags", json!({"Resources": [a], "Tags": [{"Key": "stack", "Value": "one"}]}));
    lab.ok("ec2", "CreateTags", json!({"Resources": [b], "Tags": [{"Key": "stack", "Value": "two"}]}));
    assert_eq!(filtered(&lab, "tag:stack", json!(["one"])), [a]);
    assert_eq!(filtered(&lab, "tag-key", json!(["stack"])).len(), 2);
    assert!(filtered(&lab, "tag:Stack", json!(["*"])).is_empty());
}

#[tokio::test(start_paused = true)]
async fn groups_are_found_by_their_rules() {
    rule!(
        "EC2",
        "Groups are found by the CIDR, port or group of their rules",
        "Amazon EC2 API Reference, DescribeSecurityGroups, Filters, ip-permission.*"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let input = json!({"GroupId": id, "IpPermissions": [tcp(8080, "10.9.0.0/16")]});
    lab.ok("ec2", "AuthorizeSecurityGroupIngress", input);
    assert_eq!(filtered(&lab, "ip-permission.cidr", json!(["10.9.0.0/16"])), std::slice::from_ref(&id));
    assert_eq!(filtered(&lab, "ip-permission.from-port", json!(["8080"])), [id]);
    assert!(filtered(&lab, "egress.ip-permission.from-port", json!(["8080"])).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_has_two_hundred_filter_values() {
    rule!(
        "EC2",
        "A request has at most 200 filter values",
        "Amazon EC2 User Guide, Filtering your resources; Error codes, FilterLimitExceeded"
    );
    let lab = Lab::new();
    let values: Vec<String> = (0..201).map(|n| n.to_string()).collect();
    let filters = json!([{"Name": "group-name", "Values": values}]);
    lab.refused("ec2", "DescribeSecurityGroups", json!({"Filters": filters}), "FilterLimitExceeded");
}

#[tokio::test(start_paused = true)]
async fn pages_cover_everything_once() {
    rule!(
        "EC2",
        "Pages by MaxResults and NextToken give everything once; without MaxResults all comes at once",
        "Amazon EC2 API Reference, DescribeSecurityGroups, MaxResults"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    for index in 0..11 {
        group(&lab, &vpc, &format!("g{index}")).await;
    }
    let all = ids(&lab.ok("ec2", "DescribeSecurityGroups", json!({})));
    assert_eq!(all.len(), 12);
    let (mut seen, mut token, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let mut input = json!({"MaxResults": 5});
        if token.is_string() {
            input["NextToken"] = token;
        }
        let page = lab.ok("ec2", "DescribeSecurityGroups", input);
        seen.extend(ids(&page));
        pages += 1;
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!((seen, pages), (all, 3));
}

#[tokio::test(start_paused = true)]
async fn page_sizes_are_five_to_a_thousand() {
    rule!("EC2", "MaxResults is 5 to 1000", "DescribeSecurityGroupsMaxResults; DescribeTagsRequest$MaxResults");
    let lab = Lab::new();
    for operation in ["DescribeSecurityGroups", "DescribeTags"] {
        for size in [0, 4, 1001] {
            lab.refused("ec2", operation, json!({"MaxResults": size}), "InvalidParameterValue");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_belongs_to_its_request() {
    rule!(
        "EC2",
        "A token that is not one, or of another request, is refused",
        "Error codes for the Amazon EC2 API, InvalidNextToken"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    for index in 0..6 {
        group(&lab, &vpc, &format!("g{index}")).await;
    }
    lab.refused("ec2", "DescribeSecurityGroups", json!({"NextToken": "junk"}), "InvalidNextToken");
    let token = lab.ok("ec2", "DescribeSecurityGroups", json!({"MaxResults": 5}))["NextToken"].clone();
    lab.refused("ec2", "DescribeSubnets", json!({"NextToken": token}), "InvalidNextToken");
}

#[tokio::test(start_paused = true)]
async fn interface_ids_and_pages_exclude_each_other() {
    rule!(
        "EC2",
        "Interface ids and MaxResults exclude each other",
        "DescribeNetworkInterfacesRequest$MaxResults; Error codes, InvalidParameterCombination"
    );
    let lab = Lab::new();
    let input = json!({"NetworkInterfaceIds": [nothing("eni")], "MaxResults": 5});
    lab.refused("ec2", "DescribeNetworkInterfaces", input, "InvalidParameterCombination");
}

#[tokio::test(start_paused = true)]
async fn subnets_are_found_by_vpc_and_zone() {
    rule!(
        "EC2",
        "Subnets are found by VPC, zone and id; unknown and malformed ids have their own codes",
        "Amazon EC2 API Reference, DescribeSubnets; Error codes, InvalidSubnetID.NotFound, InvalidSubnetID.Malformed"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let id = subnet(&lab, &vpc, "10.0.0.0/24");
    let filters =
        json!([{"Name": "vpc-id", "Values": [vpc]}, {"Name": "availability-zone", "Values": ["eu-central-1a"]}]);
    let found = lab.ok("ec2", "DescribeSubnets", json!({"Filters": filters}));
    assert_eq!(found["Subnets"][0]["SubnetId"], id);
    lab.refused("ec2", "DescribeSubnets", json!({"SubnetIds": [nothing("subnet")]}), "InvalidSubnetID.NotFound");
    lab.refused("ec2", "DescribeSubnets", json!({"SubnetIds": ["subnet-xyz"]}), "InvalidSubnetID.Malformed");
}
