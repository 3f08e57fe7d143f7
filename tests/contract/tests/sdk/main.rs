//! Every operation of the strict cloud, called by the AWS SDK for Rust through the door in this process.
//!
//! One file a service: its good cases, read by the SDK's own types, and its refusals, which come back as the SDK's
//! modelled errors. The answers are read by the client that the operator uses, not by the cloud's own codec.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test's helpers may fail it")]

mod acm;
mod desk;
mod ec2;
mod ecs;
mod efs;
mod elb;
mod iam;
mod kms;
mod logs;
mod quotas;
mod route53;
mod secrets;
mod sts;
mod tagging;

use desk::Desk;
use jenkinsstack_cloud::service::{SERVICES, Service};

/// What these files call with success, and what is left out for a reason.
struct Story {
    model: &'static str,
    except: &'static [&'static str],
}

/// Plays a service's good cases in one account, and checks by the log that no operation was left out.
macro_rules! stories {
    ($($module:ident: $model:literal $(except $($except:literal)+)?;)+) => {
        const STORIES: &[Story] = &[$(Story { model: $model, except: &[$($($except),+)?] }),+];

        $(#[tokio::test(start_paused = true)]
        async fn $module() {
            let desk = Desk::new();
            $module::good_cases(&desk).await;
            everything_was_called(&desk, $model);
        })+
    };
}

stories! {
    acm: "acm";
    // Only interfaces of services are attached here, and those can't be detached by users.
    ec2: "ec2" except "DetachNetworkInterface";
    // Sessions in containers are not part of the cloud: the call is always refused.
    ecs: "ecs" except "ExecuteCommand";
    efs: "efs";
    elb: "elbv2";
    iam: "iam";
    kms: "kms";
    logs: "logs";
    quotas: "service-quotas";
    route53: "route53";
    secrets: "secretsmanager";
    sts: "sts";
    tagging: "resourcegroupstaggingapi";
}

fn operations(service: &Service) -> impl Iterator<Item = &'static str> {
    service.operations.iter().flat_map(|table| table.iter()).map(|operation| operation.name)
}

fn everything_was_called(desk: &Desk, model: &str) {
    let story = STORIES.iter().find(|story| story.model == model).expect("a story");
    let service = jenkinsstack_cloud::service::by_model(model).expect("a service");
    let done = desk.done(model);
    let left_out: Vec<_> =
        operations(service).filter(|name| !done.contains(*name) && !story.except.contains(name)).collect();
    assert!(left_out.is_empty(), "{model}: no good case of {left_out:?}");
}

#[test]
fn every_service_has_its_story() {
    let told: Vec<_> = STORIES.iter().map(|story| story.model).collect();
    let missing: Vec<_> = SERVICES.iter().filter(|service| !told.contains(&service.model)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let all: usize = SERVICES.iter().map(|service| operations(service).count()).sum();
    assert!(all > 180, "{all} operations");
}
