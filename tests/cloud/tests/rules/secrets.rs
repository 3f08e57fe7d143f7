//! Rules of `secrets`.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests")]

mod deletion;
mod listing;
mod values;

use crate::lab::Lab;
use serde_json::{Value, json};

/// A token in the form that the SDKs make.
fn token(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// A secret `jenkins/admin` with a value.
#[track_caller]
fn secret(lab: &Lab) -> Value {
    lab.ok(
        "secretsmanager",
        "CreateSecret",
        json!({"Name": "jenkins/admin", "SecretString": "hunter2",
        "ClientRequestToken": token(1)}),
    )
}

fn described(lab: &Lab) -> Value {
    lab.ok("secretsmanager", "DescribeSecret", json!({"SecretId": "jenkins/admin"}))
}

fn value(lab: &Lab) -> Value {
    lab.ok("secretsmanager", "GetSecretValue", json!({"SecretId": "jenkins/admin"}))["SecretString"].clone()
}
