//! An account with a network, and the SDK's configuration to call it.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use aws_types::region::Region;
use jenkinsstack_cloud::calls::Outcome;
use jenkinsstack_cloud::door::sdk;
use jenkinsstack_cloud::seed::{Network, network};
use jenkinsstack_cloud::world::{HOME_ACCOUNT, root_key};
use jenkinsstack_cloud::{Cloud, Settings};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

/// The region of the tests.
pub(crate) const REGION: &str = "eu-central-1";

/// One account under test. Make it under a paused clock.
pub(crate) struct Desk {
    /// The account.
    pub(crate) cloud: Cloud,
    /// What is there from the start.
    pub(crate) net: Network,
    /// What a client of any service is made from.
    pub(crate) config: SdkConfig,
}

impl Desk {
    /// A fresh account.
    pub(crate) fn new() -> Self {
        let cloud = Cloud::new(Settings { seed: 11, ..Settings::default() }).expect("the API models are at hand");
        let net = cloud.with(|world| network(world, REGION)).expect("a network");
        let key = root_key(HOME_ACCOUNT);
        let credentials = Credentials::new(key, "any", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(sdk::http_client(&cloud))
            .time_source(sdk::time_source(&cloud))
            .sleep_impl(sdk::sleep_impl())
            .build();
        Self { cloud, net, config }
    }

    /// Lets cloud time pass.
    pub(crate) async fn wait(&self, seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        self.cloud.with(|_| ());
    }

    /// The operations of a service that a client called with success.
    pub(crate) fn done(&self, model: &str) -> BTreeSet<String> {
        let succeeded = |record: &&jenkinsstack_cloud::calls::Record| {
            record.by_door && record.outcome == Outcome::Done && record.service.model == model
        };
        self.cloud.log(|log| log.records().filter(succeeded).map(|record| record.operation.to_string()).collect())
    }
}

/// The error code of a call that must be refused.
#[track_caller]
pub(crate) fn code<O: Debug, E: ProvideErrorMetadata + Debug>(answer: Result<O, E>) -> String {
    answer.expect_err("a refusal").code().expect("a code").to_owned()
}

/// Unwraps the modelled error of a call that must be refused.
#[macro_export]
macro_rules! refused {
    ($answer:expr, $variant:path) => {
        match $answer.await.expect_err("a refusal").into_service_error() {
            $variant(error) => error,
            other => panic!("another error: {other:?}"),
        }
    };
}
