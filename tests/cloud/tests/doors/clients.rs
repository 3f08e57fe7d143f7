//! The Rust SDK at either door.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::{BehaviorVersion, Region};
use aws_types::SdkConfig;
use aws_types::sdk_config::Builder;
use jenkinsstack_cloud::door::http::{Server, now};
use jenkinsstack_cloud::door::sdk;
use jenkinsstack_cloud::world::{HOME_ACCOUNT, root_key};
use jenkinsstack_cloud::{Cloud, Settings};

/// Settings of a client of that key, without a door.
fn config(key: &str) -> Builder {
    let credentials = Credentials::new(key, "any", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(sdk::sleep_impl())
}

/// A client in this process, by the cloud's clock.
pub(crate) fn inside(cloud: &Cloud, key: &str) -> Builder {
    config(key).http_client(sdk::http_client(cloud)).time_source(sdk::time_source(cloud))
}

/// A client in this process with the root-like key.
pub(crate) fn root_inside(cloud: &Cloud) -> Builder {
    inside(cloud, &root_key(HOME_ACCOUNT))
}

/// A client by sockets, with the root-like key.
pub(crate) fn by_socket(server: &Server) -> Builder {
    config(&root_key(HOME_ACCOUNT))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(server.url())
}

/// An account served on loopback.
pub(crate) async fn served(time_factor: f64) -> (Cloud, Server) {
    let cloud = Cloud::new(Settings { seed: 1, time_factor, epoch: now() }).expect("a cloud");
    let server = Server::start(cloud.clone(), 0).await.expect("a free port");
    (cloud, server)
}
