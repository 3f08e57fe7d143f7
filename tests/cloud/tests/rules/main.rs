//! What AWS refuses, answers and takes its time for: one test per rule, each naming its source.
//!
//! `RULES.md` is generated from the `rule!` lines. Every call that a test makes is one line of a transcript, so that the
//! same calls can be made again by another client through the server.

mod acm;
mod boto3;
mod ec2;
mod ecs;
mod efs;
mod elb;
mod faults;
mod iam;
mod kms;
mod lab;
mod logs;
mod quotas;
mod reference;
mod route53;
mod secrets;
mod sts;
mod tagging;
mod transcript;
mod wire;
