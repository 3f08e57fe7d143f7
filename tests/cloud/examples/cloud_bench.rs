//! Calls a second per protocol, through the door in this process and through the server on loopback.
//!
//! `cargo xtask bench cloud`. The door in this process runs on one thread, and time is what that thread had of a core;
//! the server and its client share two, and time is the wall's. Requests are made once: what is measured is this cloud,
//! not a client's signing of them. The caller is a role, so that IAM decides on every call. Each listing has twenty things
//! in it. The last line has the whole Rust SDK in front of the door. It fails if the door in this process is too slow.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement ends at the first thing that is not as expected"
)]

use aws_credential_types::Credentials;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jenkinsstack_cloud::clock::Time;
use jenkinsstack_cloud::door::http::{Server, now};
use jenkinsstack_cloud::door::{answer, sdk};
use jenkinsstack_cloud::world::HOME_ACCOUNT;
use jenkinsstack_cloud::{Cloud, Settings, iam, seed};
use serde_json::json;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

const REGION: &str = "eu-central-1";

/// How long each line is measured.
const SPAN: Duration = Duration::from_secs(2);

/// What one core has to do in a second, so that a life of some hundred calls is lived in a tenth of it.
const LEAST: f64 = 3000.0;

/// A call that can be made again and again.
struct Sample {
    protocol: &'static str,
    what: &'static str,
    service: &'static str,
    line: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

const SAMPLES: [Sample; 8] = [
    Sample {
        protocol: "json",
        what: "logs DescribeLogGroups",
        service: "logs",
        line: "POST /",
        headers: &[("x-amz-target", "Logs_20140328.DescribeLogGroups")],
        body: b"{}",
    },
    Sample {
        protocol: "json",
        what: "logs PutRetentionPolicy",
        service: "logs",
        line: "POST /",
        headers: &[("x-amz-target", "Logs_20140328.PutRetentionPolicy")],
        body: br#"{"logGroupName": "group-1", "retentionInDays": 30}"#,
    },
    Sample {
        protocol: "query",
        what: "iam GetRole",
        service: "iam",
        line: "POST /",
        headers: &[FORM],
        body: b"Action=GetRole&Version=2010-05-08&RoleName=role-1",
    },
    Sample {
        protocol: "query",
        what: "elbv2 DescribeLoadBalancers",
        service: "elasticloadbalancing",
        line: "POST /",
        headers: &[FORM],
        body: b"Action=DescribeLoadBalancers&Version=2015-12-01",
    },
    Sample {
        protocol: "ec2",
        what: "ec2 DescribeSubnets",
        service: "ec2",
        line: "POST /",
        headers: &[FORM],
        body: b"Action=DescribeSubnets&Version=2016-11-15",
    },
    Sample {
        protocol: "rest-json",
        what: "efs DescribeFileSystems",
        service: "elasticfilesystem",
        line: "GET /2015-02-01/file-systems",
        headers: &[],
        body: b"",
    },
    Sample {
        protocol: "rest-xml",
        what: "route53 ListHostedZones",
        service: "route53",
        line: "GET /2013-04-01/hostedzone",
        headers: &[],
        body: b"",
    },
    Sample {
        protocol: "cbor",
        what: "tagging GetResources",
        service: "tagging",
        line: "POST /service/ResourceGroupsTaggingAPI_20170126/operation/GetResources",
        headers: &[("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")],
        body: b"\xa0",
    },
];

impl Sample {
    fn request(&self, key: &str, moment: Time) -> Request<Bytes> {
        let (method, path) = self.line.split_once(' ').unwrap();
        let mut request = Request::new(Bytes::from_static(self.body));
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = path.parse().unwrap();
        for (name, value) in self.headers {
            request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let moment = format!("{}Z", moment.iso().split('.').next().unwrap().replace(['-', ':'], ""));
        let region = if ["iam", "route53"].contains(&self.service) { "us-east-1" } else { REGION };
        let scope = format!("{}/{region}/{}/aws4_request", &moment[..8], self.service);
        let signed = format!("AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=host;x-amz-date, Signature=00");
        request.headers_mut().insert("host", HeaderValue::from_static("localhost"));
        request.headers_mut().insert("x-amz-date", moment.parse().unwrap());
        request.headers_mut().insert("authorization", signed.parse().unwrap());
        request
    }
}

/// A statement for each service, as a role in earnest has; the tagging API and STS ask for none.
fn policy() -> String {
    let services = ["logs", "iam", "ec2", "elasticloadbalancing", "elasticfilesystem", "route53", "ecs", "tag"];
    let statement = |service| {
        json!({
            "Effect": "Allow", "Action": format!("{service}:*"), "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": HOME_ACCOUNT}},
        })
    };
    json!({"Version": "2012-10-17", "Statement": services.map(statement)}).to_string()
}

/// A cloud with a network and twenty of each thing that is listed, and the key of a role in it.
fn cloud() -> (Cloud, String) {
    let cloud = Cloud::new(Settings { epoch: now(), ..Settings::default() }).unwrap();
    cloud.with(|world| seed::network(world, REGION)).unwrap();
    cloud.log(|log| log.keep(1000));
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole",
    }]});
    for n in 0..20 {
        let make = |service, operation, input| cloud.ask(REGION, service, operation, input).unwrap();
        make("logs", "CreateLogGroup", json!({"logGroupName": format!("group-{n}")}));
        make(
            "iam",
            "CreateRole",
            json!({"RoleName": format!("role-{n}"), "AssumeRolePolicyDocument": trust.to_string()}),
        );
        make("efs", "CreateFileSystem", json!({"CreationToken": format!("home-{n}")}));
    }
    cloud.clock().skip(Duration::from_secs(120));
    let key = cloud.with(|world| iam::grant(world, HOME_ACCOUNT, "bench", &policy())).unwrap();
    (cloud, key)
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Calls a second of `call`, by a clock.
async fn rate(clock: fn() -> Duration, mut call: impl AsyncFnMut()) -> f64 {
    let (started, before) = (Instant::now(), clock());
    let mut calls = 0_u32;
    while started.elapsed() < SPAN {
        call().await;
        calls += 1;
    }
    f64::from(calls) / (clock() - before).as_secs_f64()
}

/// Time that this thread had a core, so that a busy machine does not count; Linux says so.
fn core() -> Duration {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat");
    let spent = spent.ok().and_then(|text| text.split(' ').next()?.parse().ok());
    spent.map_or_else(wall, Duration::from_nanos)
}

fn wall() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

fn in_process(sample: &Sample) -> f64 {
    one_thread().block_on(async {
        let (cloud, key) = cloud();
        let signed = cloud.clock().now();
        let request = sample.request(&key, signed);
        rate(core, async || {
            let response = answer(&cloud, &request, signed).await.unwrap();
            assert!(response.status().is_success(), "{}: {:?}", sample.what, response.body());
        })
        .await
    })
}

fn on_loopback(sample: &Sample) -> f64 {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (cloud, key) = cloud();
        let server = Server::start(cloud, 0).await.unwrap();
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = sample.request(&key, now());
        let rate = rate(wall, async || {
            sender.ready().await.unwrap();
            let response = sender.send_request(request.clone().map(Full::new)).await.unwrap();
            assert!(response.status().is_success(), "{}: {}", sample.what, response.status());
            response.into_body().collect().await.unwrap();
        })
        .await;
        server.stop().await;
        rate
    })
}

fn by_the_sdk() -> f64 {
    one_thread().block_on(async {
        let (cloud, key) = cloud();
        let credentials = Credentials::new(key, "any", None, None, "bench");
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(aws_sdk_sts::config::Region::new(REGION))
            .credentials_provider(credentials)
            .http_client(sdk::http_client(&cloud))
            .time_source(sdk::time_source(&cloud))
            .sleep_impl(sdk::sleep_impl())
            .build();
        let sts = aws_sdk_sts::Client::from_conf(config);
        rate(core, async || drop(sts.get_caller_identity().send().await.unwrap())).await
    })
}

/// Forks a second of such an account.
fn forks() -> f64 {
    one_thread().block_on(async {
        let (cloud, _) = cloud();
        rate(core, async || drop(cloud.fork())).await
    })
}

fn main() -> ExitCode {
    // Only the lines with this in them, if it is given.
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let mut slowest = f64::INFINITY;
    println!("| protocol | call | in process, calls/s of one core | on loopback, calls/s |");
    println!("| --- | --- | ---: | ---: |");
    for sample in SAMPLES.iter().filter(|sample| sample.what.contains(&wanted)) {
        let (inside, outside) = (in_process(sample), on_loopback(sample));
        slowest = slowest.min(inside);
        println!("| {} | {} | {inside:.0} | {outside:.0} |", sample.protocol, sample.what);
    }
    let sdk = by_the_sdk();
    slowest = slowest.min(sdk);
    println!("| query | sts GetCallerIdentity by the Rust SDK | {sdk:.0} | |");
    println!("\n{:.0} forks of the account a second of one core.", forks());
    if slowest >= LEAST {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {slowest:.0} calls a second in process, and {LEAST} are wanted");
    ExitCode::FAILURE
}
