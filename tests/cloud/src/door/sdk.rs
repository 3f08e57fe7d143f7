//! The door for the AWS SDK in this process: no sockets, and tokio's clock may be paused.
//!
//! Give the SDK's configuration [`HttpClient`], [`time_source`] and [`sleep_impl`]: then signatures are dated in cloud
//! time, temporary credentials are renewed in cloud time, and retries wait on tokio's clock.

use super::{answer, http_date};
use crate::Cloud;
use crate::clock::Time;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::{
    HttpClient as SdkClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::BodyExt;
use std::fmt;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An HTTP client whose other end is a cloud in this process.
#[derive(Clone)]
pub struct HttpClient(Cloud);

/// A connector that applies the SDK's read timeout.
#[derive(Clone)]
struct Connector {
    cloud: Cloud,
    patience: Option<Duration>,
}

/// The HTTP client to give to the SDK's configuration.
pub fn http_client(cloud: &Cloud) -> SharedHttpClient {
    SharedHttpClient::new(HttpClient(cloud.clone()))
}

/// The clock to give to the SDK's configuration: cloud time.
pub fn time_source(cloud: &Cloud) -> SharedTimeSource {
    SharedTimeSource::new(CloudTime(cloud.clone()))
}

/// The sleep to give to the SDK's configuration: tokio's, which a test may pause.
pub fn sleep_impl() -> SharedAsyncSleep {
    SharedAsyncSleep::new(TokioSleep::new())
}

struct CloudTime(Cloud);

impl TimeSource for CloudTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.clock().now().0)
    }
}

impl SdkClient for HttpClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { cloud: self.0.clone(), patience: settings.read_timeout() })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            let answer = connector.cloud_answer(request);
            match connector.patience {
                Some(patience) => tokio::time::timeout(patience, answer)
                    .await
                    .unwrap_or_else(|late| Err(ConnectorError::timeout(late.into()))),
                None => answer.await,
            }
        })
    }
}

impl Connector {
    async fn cloud_answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = whole(request).await?;
        let now: Time = self.cloud.clock().now();
        let Some(mut response) = answer(&self.cloud, &request, now).await else {
            let reset = io::Error::new(io::ErrorKind::ConnectionReset, "connection closed before message completed");
            return Err(ConnectorError::io(reset.into()));
        };
        if let Some(date) = http_date(self.cloud.clock().now()) {
            response.headers_mut().insert(header::DATE, date);
        }
        HttpResponse::try_from(response.map(SdkBody::from)).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

/// The request with all of its body, which is read as a connection reads it: the SDK watches its pace, and would take a
/// body that nobody reads for a connection that is stuck.
async fn whole(request: HttpRequest) -> Result<Request<Bytes>, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
    Ok(Request::from_parts(parts, body))
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl fmt::Debug for CloudTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CloudTime")
    }
}
