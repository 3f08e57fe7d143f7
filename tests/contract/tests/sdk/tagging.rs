//! Resource Groups Tagging API: what carries which tags.

use crate::desk::Desk;
use crate::refused;
use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::operation::get_resources::GetResourcesError;
use aws_sdk_resourcegroupstagging::types::TagFilter;

async fn groups(desk: &Desk) {
    let logs = aws_sdk_cloudwatchlogs::Client::new(&desk.config);
    for name in ["/ci/a", "/ci/b", "/ci/c"] {
        logs.create_log_group().log_group_name(name).tags("stack", name).send().await.expect("a group");
    }
    desk.wait(60).await;
}

pub(crate) async fn good_cases(desk: &Desk) {
    groups(desk).await;
    let tagging = Client::new(&desk.config);
    let filter = TagFilter::builder().key("stack").values("/ci/b").build();
    let found = tagging.get_resources().tag_filters(filter).send().await.expect("resources");
    let [mapping] = found.resource_tag_mapping_list() else { panic!("{found:?}") };
    assert_eq!(mapping.resource_arn(), Some("arn:aws:logs:eu-central-1:111122223333:log-group:/ci/b"));
    assert_eq!((mapping.tags()[0].key(), mapping.tags()[0].value()), ("stack", "/ci/b"));
    let pages = tagging.get_resources().resource_type_filters("logs").resources_per_page(2).into_paginator();
    let mut pages = pages.items().send();
    let mut count = 0;
    while let Some(mapping) = pages.next().await {
        mapping.expect("a mapping");
        count += 1;
    }
    assert_eq!(count, 3);
    let keys = tagging.get_tag_keys().send().await.expect("keys");
    assert!(keys.tag_keys().iter().any(|key| key == "stack"), "{keys:?}");
}

#[tokio::test(start_paused = true)]
async fn refusals_are_typed() {
    let desk = Desk::new();
    groups(&desk).await;
    let tagging = Client::new(&desk.config);
    refused!(tagging.get_resources().resources_per_page(101).send(), GetResourcesError::InvalidParameterException);
    let page = tagging.get_resources().resources_per_page(2).send().await.expect("a page");
    desk.wait(16 * 60).await;
    let late = tagging.get_resources().resources_per_page(2).set_pagination_token(page.pagination_token).send();
    refused!(late, GetResourcesError::PaginationTokenExpiredException);
}
