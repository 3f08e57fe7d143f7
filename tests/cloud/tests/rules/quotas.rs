//! Rules of `quotas`.

use crate::lab::Lab;
use crate::rule;
use jenkinsstack_cloud::service::quotas::QUOTAS;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_quota_is_found_by_its_code() {
    rule!(
        "Service Quotas",
        "A quota is found by service and code, and shows value and ARN",
        "Service Quotas API Reference, GetServiceQuota"
    );
    let lab = Lab::new();
    let input = json!({"ServiceCode": "vpc", "QuotaCode": "L-0EA8095F"});
    for operation in ["GetServiceQuota", "GetAWSDefaultServiceQuota"] {
        let quota = lab.ok("service-quotas", operation, input.clone())["Quota"].clone();
        assert_eq!((&quota["Value"], &quota["Adjustable"]), (&json!(60), &json!(true)));
        assert_eq!(quota["QuotaArn"], "arn:aws:servicequotas:eu-central-1:111122223333:vpc/L-0EA8095F");
    }
}

#[tokio::test(start_paused = true)]
async fn a_raised_quota_shows_what_applies() {
    rule!(
        "Service Quotas",
        "A raised quota shows its applied value, and its default apart",
        "Service Quotas API Reference, GetAWSDefaultServiceQuota"
    );
    let lab = Lab::new();
    lab.cloud.with(jenkinsstack_cloud::seed::settle);
    let input = json!({"ServiceCode": "fargate", "QuotaCode": "L-3032A538"});
    let value = |operation: &str| lab.ok("service-quotas", operation, input.clone())["Quota"]["Value"].clone();
    assert_eq!((value("GetServiceQuota"), value("GetAWSDefaultServiceQuota")), (json!(4000), json!(6)));
}

#[tokio::test(start_paused = true)]
async fn unknown_quotas_are_refused() {
    rule!(
        "Service Quotas",
        "An unknown service or code is refused",
        "Service Quotas API Reference, NoSuchResourceException"
    );
    let lab = Lab::new();
    for (service, code) in [("vpc", "L-00000000"), ("jenkins", "L-0EA8095F")] {
        let input = json!({"ServiceCode": service, "QuotaCode": code});
        lab.refused("service-quotas", "GetServiceQuota", input, "NoSuchResourceException");
    }
    lab.refused("service-quotas", "ListServiceQuotas", json!({"ServiceCode": "jenkins"}), "NoSuchResourceException");
}

#[tokio::test(start_paused = true)]
async fn global_quotas_are_in_one_region() {
    rule!(
        "Service Quotas",
        "Quotas of global services are known in us-east-1 only",
        "Service Quotas User Guide, Viewing service quotas; observed behaviour (not documented)"
    );
    let lab = Lab::new();
    let input = json!({"ServiceCode": "iam", "QuotaCode": "L-FE177D64"});
    lab.refused("service-quotas", "GetServiceQuota", input.clone(), "NoSuchResourceException");
    let quota = lab.cloud.ask("us-east-1", "service-quotas", "GetServiceQuota", input).expect("the quota");
    assert_eq!(quota["Quota"]["GlobalQuota"], true);
}

#[tokio::test(start_paused = true)]
async fn quotas_come_in_pages() {
    rule!(
        "Service Quotas",
        "Quotas of a service come in pages whose tokens are base64 text",
        "Service Quotas API Reference, ListServiceQuotas, NextToken"
    );
    let lab = Lab::new();
    let all = QUOTAS.iter().filter(|quota| quota.service == "vpc").count();
    let (mut token, mut seen) = (json!(null), 0);
    loop {
        let mut input = json!({"ServiceCode": "vpc", "MaxResults": 2});
        if token.is_string() {
            input["NextToken"] = token;
        }
        let page = lab.ok("service-quotas", "ListServiceQuotas", input);
        seen += page["Quotas"].as_array().map_or(0, Vec::len);
        token = page["NextToken"].clone();
        let Some(text) = token.as_str() else { break };
        assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "/+=".contains(c)), "{text}");
    }
    assert_eq!(seen, all);
    let junk = json!({"ServiceCode": "vpc", "NextToken": "junk"});
    lab.refused("service-quotas", "ListServiceQuotas", junk, "InvalidPaginationTokenException");
}
