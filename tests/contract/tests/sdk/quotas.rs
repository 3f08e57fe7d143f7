//! Service Quotas: how much of what.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::operation::get_service_quota::GetServiceQuotaError;
use aws_sdk_servicequotas::operation::list_service_quotas::ListServiceQuotasError;

pub(crate) async fn good_cases(desk: &Desk) {
    let quotas = Client::new(&desk.config);
    let rules = quotas.get_service_quota().service_code("vpc").quota_code("L-0EA8095F").send().await.expect("a quota");
    let rules = rules.quota().expect("a quota");
    assert_eq!((rules.value(), rules.adjustable(), rules.global_quota()), (Some(60.0), true, false));
    let default = quotas.get_aws_default_service_quota().service_code("vpc").quota_code("L-0EA8095F").send();
    assert_eq!(default.await.expect("a quota").quota().and_then(|quota| quota.value()), Some(60.0));
    let mut pages = quotas.list_service_quotas().service_code("vpc").max_results(2).into_paginator().items().send();
    let mut codes = Vec::new();
    while let Some(quota) = pages.next().await {
        codes.push(quota.expect("a quota").quota_code().expect("a code").to_owned());
    }
    assert!(codes.len() > 2 && codes.iter().any(|code| code == "L-0EA8095F"), "{codes:?}");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    let quotas = Client::new(&desk.config);
    let unknown = quotas.get_service_quota().service_code("vpc").quota_code("L-00000000").send();
    assert!(refused!(unknown, GetServiceQuotaError::NoSuchResourceException).message().is_some());
    let junk = quotas.list_service_quotas().service_code("vpc").next_token("junk").send();
    refused!(junk, ListServiceQuotasError::InvalidPaginationTokenException);
}
