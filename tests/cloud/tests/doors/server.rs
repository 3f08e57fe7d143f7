//! The server on loopback, by raw HTTP: whose clock it goes by, whom it answers, how it stops.

use crate::clients::served;
use jenkinsstack_cloud::clock::Time;
use jenkinsstack_cloud::door::http::{Server, now};
use jenkinsstack_cloud::{Cloud, Settings};
use std::io::{Read, Write};
use std::net::TcpStream;

pub(crate) const WHO_AM_I: &str = "Action=GetCallerIdentity&Version=2011-06-15";

async fn server(time_factor: f64) -> Server {
    served(time_factor).await.1
}

/// One request on a connection of its own; all that comes back.
async fn send(server: &Server, request: String) -> String {
    let address = server.address();
    let exchange = move || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer)
    };
    tokio::task::spawn_blocking(exchange).await.expect("the exchange ends").expect("an answer")
}

pub(crate) fn request(line: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
}

pub(crate) fn signature(key: &str, scope: &str, moment: Time) -> String {
    let moment = format!("{}Z", moment.iso().split('.').next().unwrap().replace(['-', ':'], ""));
    let day = &moment[..8];
    format!(
        "x-amz-date: {moment}\r\nauthorization: AWS4-HMAC-SHA256 Credential={key}/{day}/{scope}/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=0\r\n"
    )
}

#[track_caller]
fn contains(answer: &str, parts: &[&str]) {
    for part in parts {
        assert!(answer.contains(part), "no {part:?} in {answer}");
    }
}

#[tokio::test]
async fn it_says_that_it_is_well() {
    let server = server(1.0).await;
    let answer = send(&server, request("GET /_cloud/health", "", "")).await;
    contains(&answer, &["HTTP/1.1 200", r#"{"status":"ok"}"#]);
    contains(&send(&server, request("GET /_cloud/wealth", "", "")).await, &["HTTP/1.1 404"]);
    contains(&send(&server, request("GET /favicon.ico", "", "")).await, &["HTTP/1.1 404"]);
}

#[tokio::test]
async fn it_answers_who_signs() {
    let server = server(1.0).await;
    let signed = signature("AKIAROOT111122223333", "eu-central-1/sts", now());
    let answer = send(&server, request("POST /", &signed, WHO_AM_I)).await;
    contains(&answer, &["HTTP/1.1 200", "<Account>111122223333</Account>", "x-amzn-requestid: "]);
}

#[tokio::test]
async fn it_refuses_in_the_form_of_the_service_that_is_asked() {
    let server = server(1.0).await;
    let answer = send(&server, request("POST /", "", WHO_AM_I)).await;
    contains(&answer, &["HTTP/1.1 403", "<Code>MissingAuthenticationToken</Code>"]);
    let target = "x-amz-target: TrentService.ListKeys\r\n";
    let answer = send(&server, request("POST /", target, "{}")).await;
    contains(&answer, &["HTTP/1.1 400", "\"__type\":\"MissingAuthenticationTokenException\""]);
    let answer = send(&server, request("GET /2015-02-01/file-systems", "", "")).await;
    contains(&answer, &["HTTP/1.1 403", "x-amzn-errortype: MissingAuthenticationTokenException"]);
    let answer = send(&server, request("POST /", "", "Action=DescribeVpcs&Version=2016-11-15")).await;
    contains(&answer, &["HTTP/1.1 403", "<Errors><Error><Code>MissingAuthenticationToken</Code>"]);

    let unknown = signature("AKIANOBODY", "eu-central-1/sts", now());
    let answer = send(&server, request("POST /", &unknown, WHO_AM_I)).await;
    contains(&answer, &["HTTP/1.1 403", "<Code>InvalidClientTokenId</Code>"]);
    let elsewhere = signature("AKIAROOT111122223333", "eu-central-1/iam", now());
    let answer = send(&server, request("POST /", &elsewhere, WHO_AM_I)).await;
    contains(&answer, &["<Code>SignatureDoesNotMatch</Code>", "scoped to correct service: &apos;sts&apos;."]);
}

#[tokio::test]
async fn signatures_go_by_the_wall_clock_whatever_the_time_factor() {
    let server = server(100_000.0).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let signed = signature("AKIAROOT111122223333", "eu-central-1/sts", now());
    contains(&send(&server, request("POST /", &signed, WHO_AM_I)).await, &["HTTP/1.1 200"]);
    let old = signature("AKIAROOT111122223333", "eu-central-1/sts", Time(now().0 - 400_000));
    let answer = send(&server, request("POST /", &old, WHO_AM_I)).await;
    contains(&answer, &["HTTP/1.1 403", "<Code>SignatureDoesNotMatch</Code><Message>Signature expired: "]);
}

#[tokio::test]
async fn it_stops_and_frees_its_port() {
    let server = server(1.0).await;
    let address = server.address();
    // A connection that is kept open does not hold up the stop.
    let idle = TcpStream::connect(address).expect("a connection");
    let started = std::time::Instant::now();
    server.stop().await;
    assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(TcpStream::connect(address).is_err());
    drop(idle);
    Server::start(Cloud::new(Settings::default()).unwrap(), address.port()).await.expect("the port is free again");
}
