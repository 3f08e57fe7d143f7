//! The door in this process, by the Rust SDK.

use crate::clients::inside;
use aws_sdk_sts::error::ProvideErrorMetadata;
use jenkinsstack_cloud::world::{HOME_ACCOUNT, root_key};
use jenkinsstack_cloud::{Cloud, Settings};
use std::time::Duration;

fn client(cloud: &Cloud, key: &str) -> aws_sdk_sts::Client {
    aws_sdk_sts::Client::new(&inside(cloud, key).build())
}

#[tokio::test(start_paused = true)]
async fn the_sdk_is_answered_under_a_paused_clock() {
    let cloud = Cloud::new(Settings::default()).expect("a cloud");
    let sts = client(&cloud, &root_key(HOME_ACCOUNT));
    for _ in 0..3 {
        let who = sts.get_caller_identity().send().await.expect("an answer");
        assert_eq!(who.account(), Some(HOME_ACCOUNT));
        // Signatures are dated in cloud time, and so are still good however much of it passes.
        tokio::time::advance(Duration::from_secs(86_400)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_refusals() {
    let cloud = Cloud::new(Settings { time_factor: 60.0, ..Settings::default() }).expect("a cloud");
    let error = client(&cloud, "AKIANOBODY").get_caller_identity().send().await.expect_err("a refusal");
    assert_eq!(error.raw_response().map(|response| response.status().as_u16()), Some(403));
    let error = error.into_service_error();
    assert_eq!(error.code(), Some("InvalidClientTokenId"));
    assert_eq!(error.message(), Some("The security token included in the request is invalid."));
}
