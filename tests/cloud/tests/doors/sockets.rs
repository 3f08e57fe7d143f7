//! Faults that are of the connection itself, as a plain client and the Rust SDK meet them on a socket.

use crate::clients::{by_socket, served};
use crate::server::{WHO_AM_I, request, signature};
use aws_sdk_sts::error::SdkError;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jenkinsstack_cloud::Cloud;
use jenkinsstack_cloud::calls::Outcome;
use jenkinsstack_cloud::door::http::{Server, now};
use jenkinsstack_cloud::faults::{Effect, Occurrence, Rule};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// How long a plain client listens to silence.
const PATIENCE: Duration = Duration::from_millis(300);

/// What a plain client reads after one request, or how its reading ends.
async fn exchange(server: &Server) -> Result<String, ErrorKind> {
    let address = server.address();
    let asked = request("POST /", &signature("AKIAROOT111122223333", "eu-central-1/sts", now()), WHO_AM_I);
    let exchange = move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.write_all(asked.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer).map_err(|error| error.kind())
    };
    tokio::task::spawn_blocking(exchange).await.expect("the exchange ends")
}

fn outcomes(cloud: &Cloud) -> Vec<Outcome> {
    cloud.log(|log| log.records().map(|record| record.outcome.clone()).collect())
}

fn add(cloud: &Cloud, effect: Effect, first: u64) {
    cloud.faults(|faults| faults.add(Rule::new(effect).occurs(Occurrence::First(first))));
}

/// A client that tries three times, and not for long.
fn sts(server: &Server) -> aws_sdk_sts::Client {
    let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
    let timeouts = TimeoutConfig::builder().read_timeout(PATIENCE).build();
    aws_sdk_sts::Client::new(&by_socket(server).retry_config(retries).timeout_config(timeouts).build())
}

#[tokio::test]
async fn a_plain_client_sees_the_connection_reset() {
    let (cloud, server) = served(1.0).await;
    add(&cloud, Effect::Reset, 1);
    assert_eq!(exchange(&server).await, Err(ErrorKind::ConnectionReset));
    add(&cloud, Effect::Lose, 1);
    assert_eq!(exchange(&server).await, Err(ErrorKind::ConnectionReset));
    assert!(exchange(&server).await.expect("an answer").starts_with("HTTP/1.1 200"));
    assert_eq!(outcomes(&cloud), [Outcome::Unheard, Outcome::Done, Outcome::Done]);
}

#[tokio::test]
async fn a_plain_client_hears_nothing() {
    let (cloud, server) = served(1.0).await;
    add(&cloud, Effect::Silence, 1);
    assert_eq!(exchange(&server).await, Err(ErrorKind::WouldBlock));
    assert!(exchange(&server).await.expect("an answer").starts_with("HTTP/1.1 200"));
    assert_eq!(outcomes(&cloud), [Outcome::Done, Outcome::Done]);
}

#[tokio::test]
async fn silence_and_late_answers_do_not_hold_up_a_stop() {
    let (cloud, server) = served(1.0).await;
    add(&cloud, Effect::Silence, 1);
    add(&cloud, Effect::Delay { seconds: 3600.0 }, 2);
    let sts = sts(&server);
    let waiting = [(); 2].map(|()| {
        let sts = sts.clone();
        tokio::spawn(async move { sts.get_caller_identity().send().await.is_ok() })
    });
    cloud.reached(2).await;
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    for answered in waiting {
        assert!(!answered.await.expect("an end"));
    }
}

#[tokio::test]
async fn the_sdk_tries_again_after_a_reset() {
    let (cloud, server) = served(1.0).await;
    add(&cloud, Effect::Reset, 2);
    sts(&server).get_caller_identity().send().await.expect("the third attempt is answered");
    add(&cloud, Effect::Reset, 3);
    let error = sts(&server).get_caller_identity().send().await.expect_err("no answer");
    assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
    assert_eq!(cloud.calls_made(), 6);
}

#[tokio::test]
async fn the_sdk_tries_again_after_silence() {
    let (cloud, server) = served(1.0).await;
    add(&cloud, Effect::Silence, 1);
    sts(&server).get_caller_identity().send().await.expect("the second attempt is answered");
    add(&cloud, Effect::Silence, 3);
    let error = sts(&server).get_caller_identity().send().await.expect_err("no answer");
    assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_timeout()), "{error:?}");
    assert_eq!(cloud.calls_made(), 5);
}
