//! What the Resource Groups Tagging API knows of a cluster: ARN and tags of everything that carries its tag.
//!
//! It is late by seconds to minutes, so it serves listings only: nothing is created or deleted on its word alone.

use crate::clients::Clients;
use crate::error::Error;
use crate::permission::{On, Permission, When, permit};
use jenkinsstack_core::owner::{TAG_CLUSTER, Tags};
use std::collections::BTreeMap;

/// Tags by ARN.
pub(crate) type Tagged = BTreeMap<String, Tags>;

/// The permissions that this needs. GetResources can't be bounded; it shows ARNs and tags only.
pub(crate) const PERMISSIONS: &[Permission] = &[permit("tag:GetResources", On::Any, When::Always)];

/// The most that one page can have (GetResources, Resource Groups Tagging API Reference).
const PAGE: i32 = 100;

/// Reads all pages.
pub(crate) async fn tagged(clients: &Clients, cluster: &str) -> Result<Tagged, Error> {
    let filter = aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(TAG_CLUSTER).values(cluster).build();
    let mut pages =
        clients.tagging.get_resources().tag_filters(filter).resources_per_page(PAGE).into_paginator().send();
    let mut tagged = Tagged::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(Error::of("GetResources", cluster))?;
        for resource in page.resource_tag_mapping_list() {
            let tags = resource.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            tagged.insert(resource.resource_arn().unwrap_or_default().to_owned(), tags);
        }
    }
    Ok(tagged)
}
