//! Rules of security groups: normal forms, duplicates, quotas, references.

use super::common::{described, group, ingress, lone_group, nothing, rules, tcp, tcp_group, text, vpc};
use crate::lab::Lab;
use crate::rule;
use serde_json::{Value, json};

fn one(lab: &Lab, group: &str, permission: Value) -> Value {
    ingress(lab, group, json!([permission]))["SecurityGroupRules"][0].clone()
}

fn refused(lab: &Lab, group: &str, permissions: Value, code: &str) {
    let input = json!({"GroupId": group, "IpPermissions": permissions});
    lab.refused("ec2", "AuthorizeSecurityGroupIngress", input, code);
}

#[tokio::test(start_paused = true)]
async fn each_peer_is_a_rule_of_its_own() {
    rule!(
        "EC2",
        "Each peer is one rule with an sgr- id, but DescribeSecurityGroups groups them by protocol and ports",
        "Amazon EC2 API Reference, SecurityGroupRule and IpPermission"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let ranges = json!([{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "192.168.0.0/16", "Description": "office"}]);
    let permission = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": ranges,
        "Ipv6Ranges": [{"CidrIpv6": "::/0"}]});
    let made = ingress(&lab, &id, json!([permission]));
    assert_eq!(made["Return"], true);
    assert_eq!(made["SecurityGroupRules"].as_array().map(Vec::len), Some(3));
    assert!(text(&made["SecurityGroupRules"][0]["SecurityGroupRuleId"]).starts_with("sgr-"));
    ingress(&lab, &id, json!([tcp(443, "172.16.0.0/12")]));
    let shown = &described(&lab, &id)["IpPermissions"];
    assert_eq!(shown.as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown[0]["IpRanges"].as_array().map(Vec::len), Some(3));
    assert_eq!(shown[0]["Ipv6Ranges"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn host_bits_are_zeroed() {
    rule!(
        "EC2",
        "Host bits of a CIDR block are zeroed and IPv6 is shortened",
        "Amazon EC2 API Reference, IpRange; Amazon VPC User Guide, Security group rules"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    assert_eq!(one(&lab, &id, tcp(22, "100.68.0.18/18"))["CidrIpv4"], "100.68.0.0/18");
    let v6 = json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
        "Ipv6Ranges": [{"CidrIpv6": "2001:0DB8:0000:0000:0000:0000:0000:0001/64"}]});
    assert_eq!(one(&lab, &id, v6)["CidrIpv6"], "2001:db8::/64");
    refused(&lab, &id, json!([tcp(22, "100.68.1.2/18")]), "InvalidPermission.Duplicate");
}

#[tokio::test(start_paused = true)]
async fn all_protocols_drop_ports() {
    rule!(
        "EC2",
        "Protocol -1 (or all) covers all ports whatever ports are given; its rule shows -1 for both ports",
        "Amazon EC2 API Reference, IpPermission$IpProtocol"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let all = json!({"IpProtocol": "all", "FromPort": 80, "ToPort": 81, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]});
    let made = one(&lab, &id, all);
    assert_eq!((&made["IpProtocol"], &made["FromPort"], &made["ToPort"]), (&json!("-1"), &json!(-1), &json!(-1)));
    let shown = &described(&lab, &id)["IpPermissions"][0];
    assert!(shown["FromPort"].is_null() && shown["ToPort"].is_null(), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn protocol_numbers_get_their_names() {
    rule!(
        "EC2",
        "Protocol numbers 6, 17, 1 and 58 come back by name; other numbers stay and drop ports",
        "Amazon EC2 API Reference, IpPermission$IpProtocol"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    for (given, shown) in [("6", "tcp"), ("17", "udp"), ("1", "icmp"), ("58", "icmpv6"), ("50", "50"), ("TCP", "tcp")] {
        let port = if given == "TCP" { 9 } else { 8 };
        let permission =
            json!({"IpProtocol": given, "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]});
        assert_eq!(one(&lab, &id, permission)["IpProtocol"], shown);
    }
    refused(
        &lab,
        &id,
        json!([{"IpProtocol": "smtp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]),
        "InvalidParameterValue",
    );
}

#[tokio::test(start_paused = true)]
async fn tcp_needs_ports_in_order() {
    rule!(
        "EC2",
        "TCP and UDP need both ports, 0 to 65535, the first not above the last",
        "Amazon EC2 API Reference, AuthorizeSecurityGroupIngress"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let ranges = json!([{"CidrIp": "10.0.0.0/8"}]);
    refused(&lab, &id, json!([{"IpProtocol": "tcp", "FromPort": 443, "IpRanges": ranges}]), "InvalidParameterValue");
    for (from, to) in [(443, 80), (0, 65536), (-1, -1)] {
        let permission = json!({"IpProtocol": "tcp", "FromPort": from, "ToPort": to, "IpRanges": ranges});
        refused(&lab, &id, json!([permission]), "InvalidParameterValue");
    }
    one(&lab, &id, json!({"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "IpRanges": ranges}));
}

#[tokio::test(start_paused = true)]
async fn an_existing_rule_fails_the_whole_call() {
    rule!(
        "EC2",
        "A rule that exists fails the whole call, and none of its rules is added",
        "Error codes for the Amazon EC2 API, InvalidPermission.Duplicate"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    ingress(&lab, &id, json!([tcp(443, "10.0.0.0/8")]));
    let both = json!([tcp(8080, "10.0.0.0/8"), tcp(443, "10.0.0.0/8")]);
    let input = json!({"GroupId": id, "IpPermissions": both});
    let refusal = lab.refused("ec2", "AuthorizeSecurityGroupIngress", input, "InvalidPermission.Duplicate");
    assert!(
        refusal.message.contains("peer: 10.0.0.0/8, TCP, from port: 443, to port: 443, ALLOW"),
        "{}",
        refusal.message
    );
    assert_eq!(rules(&lab, &id, false).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_description_does_not_make_another_rule() {
    rule!(
        "EC2",
        "Two rules that differ in their description only are the same rule",
        "Amazon EC2 API Reference, RevokeSecurityGroupIngress (descriptions are not compared)"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    ingress(&lab, &id, json!([tcp(443, "10.0.0.0/8")]));
    let mut again = tcp(443, "10.0.0.0/8");
    again["IpRanges"][0]["Description"] = "with words".into();
    refused(&lab, &id, json!([again]), "InvalidPermission.Duplicate");
}

#[tokio::test(start_paused = true)]
async fn a_rule_twice_in_one_call_is_refused() {
    rule!(
        "EC2",
        "The same rule twice in one call is refused as an invalid value, not as a duplicate",
        "observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    refused(&lab, &id, json!([tcp(443, "10.0.0.0/8"), tcp(443, "10.0.0.0/8")]), "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn directions_do_not_share_rules() {
    rule!(
        "EC2",
        "Inbound and outbound rules are separate: the default outbound rule is a duplicate outbound only",
        "Amazon VPC User Guide, Security group rules"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let all = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
    let input = json!({"GroupId": id, "IpPermissions": all});
    lab.refused("ec2", "AuthorizeSecurityGroupEgress", input.clone(), "InvalidPermission.Duplicate");
    lab.ok("ec2", "AuthorizeSecurityGroupIngress", input);
}

#[tokio::test(start_paused = true)]
async fn a_group_has_sixty_rules_a_direction() {
    rule!(
        "EC2",
        "A group has at most 60 rules a direction, for IPv4 and IPv6 each; a referenced group counts for both",
        "Amazon VPC quotas"
    );
    let lab = Lab::new();
    let vpc = vpc(&lab);
    let (id, other) = (group(&lab, &vpc, "a").await, group(&lab, &vpc, "b").await);
    let sixty: Vec<Value> = (0..60).map(|n| tcp(1000 + n, "10.0.0.0/8")).collect();
    ingress(&lab, &id, json!(sixty));
    refused(&lab, &id, json!([tcp(2000, "10.0.0.0/8")]), "RulesPerSecurityGroupLimitExceeded");
    refused(&lab, &id, json!([tcp_group(2000, &other)]), "RulesPerSecurityGroupLimitExceeded");
    let v6 = json!({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]});
    ingress(&lab, &id, json!([v6]));
    let egress = json!({"GroupId": id, "IpPermissions": [tcp(1, "10.0.0.0/8")]});
    lab.ok("ec2", "AuthorizeSecurityGroupEgress", egress);
}

#[tokio::test(start_paused = true)]
async fn a_malformed_block_is_refused() {
    rule!(
        "EC2",
        "A CIDR block must be one: address, slash, prefix length",
        "Error codes for the Amazon EC2 API, InvalidPermission.Malformed; code observed (not documented)"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    for cidr in ["10.0.0.1", "10.0.0.0/33", "300.0.0.0/8", "", "::/0"] {
        refused(&lab, &id, json!([tcp(443, cidr)]), "InvalidParameterValue");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_needs_a_peer() {
    rule!(
        "EC2",
        "A rule needs a source, and a call needs a rule",
        "Amazon EC2 API Reference, AuthorizeSecurityGroupIngress; Error codes, MissingParameter"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    refused(&lab, &id, json!([{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}]), "MissingParameter");
    refused(&lab, &id, json!([]), "MissingParameter");
}

#[tokio::test(start_paused = true)]
async fn the_older_form_names_one_rule() {
    rule!(
        "EC2",
        "An inbound rule can be given by IpProtocol, ports and CidrIp instead of IpPermissions",
        "AuthorizeSecurityGroupIngressRequest$CidrIp"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let input = json!({"GroupId": id, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"});
    lab.ok("ec2", "AuthorizeSecurityGroupIngress", input.clone());
    lab.ok("ec2", "RevokeSecurityGroupIngress", input);
    assert!(rules(&lab, &id, false).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_referenced_group_must_exist() {
    rule!(
        "EC2",
        "A rule can't refer to a group that does not exist",
        "Error codes for the Amazon EC2 API, InvalidGroup.NotFound"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    refused(&lab, &id, json!([tcp_group(443, &nothing("sg"))]), "InvalidGroup.NotFound");
    refused(&lab, &id, json!([tcp_group(443, "alb")]), "InvalidGroupId.Malformed");
}

#[tokio::test(start_paused = true)]
async fn a_referenced_group_is_of_the_same_vpc() {
    rule!(
        "EC2",
        "A rule can't refer to a group of another VPC",
        "Error codes for the Amazon EC2 API, InvalidGroup.NotFound"
    );
    let lab = Lab::new();
    let (here, there) = (lone_group(&lab).await, lone_group(&lab).await);
    let input = json!({"GroupId": here, "IpPermissions": [tcp_group(443, &there)]});
    let refusal = lab.refused("ec2", "AuthorizeSecurityGroupIngress", input, "InvalidGroup.NotFound");
    assert!(refusal.message.contains("belong to different networks"), "{}", refusal.message);
}

#[tokio::test(start_paused = true)]
async fn a_pair_comes_back_with_its_account() {
    rule!(
        "EC2",
        "A referenced group comes back with the account that owns it",
        "Amazon EC2 API Reference, UserIdGroupPair and ReferencedSecurityGroup"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let made = one(&lab, &id, tcp_group(50000, &id));
    assert_eq!(made["ReferencedGroupInfo"]["UserId"], "111122223333");
    let pair = &described(&lab, &id)["IpPermissions"][0]["UserIdGroupPairs"][0];
    assert_eq!((&pair["GroupId"], &pair["UserId"]), (&json!(id), &json!("111122223333")));
}

#[tokio::test(start_paused = true)]
async fn prefix_lists_must_exist() {
    rule!(
        "EC2",
        "A rule can't refer to a prefix list that does not exist",
        "Error codes for the Amazon EC2 API, InvalidPrefixListID.NotFound"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    let permission = json!({"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": nothing("pl")}]});
    refused(&lab, &id, json!([permission]), "InvalidPrefixListID.NotFound");
}

#[tokio::test(start_paused = true)]
async fn descriptions_of_rules_are_plain() {
    rule!(
        "EC2",
        "A rule's description has up to 255 characters of a small set",
        "Amazon EC2 API Reference, IpRange$Description"
    );
    let lab = Lab::new();
    let id = lone_group(&lab).await;
    for words in ["a".repeat(256), "Büro".to_owned(), "a > b".to_owned()] {
        let mut permission = tcp(443, "10.0.0.0/8");
        permission["IpRanges"][0]["Description"] = words.into();
        refused(&lab, &id, json!([permission]), "InvalidParameterValue");
    }
}
