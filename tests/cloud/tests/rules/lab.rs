//! The bench on which a rule is shown: a fresh account, calls with their expected outcome, and time that can be told to pass.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use crate::reference;
use crate::transcript::{Notes, REGION, account};
use jenkinsstack_cloud::{Answer, Cloud, Refusal};
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;

/// Names the rule that a test shows: service, rule, source (title of the AWS document or model member).
#[macro_export]
macro_rules! rule {
    ($service:literal, $rule:literal, $source:literal) => {
        const _: (&str, &str, &str) = ($service, $rule, $source);
    };
}

/// One account under test. Make it inside `#[tokio::test(start_paused = true)]`.
pub(crate) struct Lab {
    /// The account, for looking behind the API.
    pub(crate) cloud: Cloud,
    notes: Mutex<Notes>,
}

impl Lab {
    /// A fresh, empty account.
    pub(crate) fn new() -> Self {
        let cloud = account(1.0);
        let notes = Mutex::new(Notes::new(cloud.clock().now()));
        Self { cloud, notes }
    }

    /// Makes a call, whatever comes of it.
    #[track_caller]
    pub(crate) fn call(&self, service: &str, operation: &str, input: Value) -> Answer {
        let asks = reference::asks(&self.cloud, REGION, service, operation, &input);
        let answer = self.cloud.ask(REGION, service, operation, input.clone());
        if answer.is_ok() {
            reference::check(operation, &asks);
        }
        if let Ok(mut notes) = self.notes.lock() {
            notes.time(self.cloud.clock().now());
            notes.call(service, operation, input, &answer);
        }
        answer
    }

    /// Makes a call that must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, service: &str, operation: &str, input: Value) -> Value {
        match self.call(service, operation, input) {
            Ok(output) => output,
            Err(refusal) => panic!("{service} {operation} was refused: {}: {}", refusal.code, refusal.message),
        }
    }

    /// Makes a call that must be refused with `code`.
    #[track_caller]
    pub(crate) fn refused(&self, service: &str, operation: &str, input: Value, code: &str) -> Refusal {
        match self.call(service, operation, input) {
            Ok(output) => panic!("{service} {operation} was not refused with {code}: {output}"),
            Err(refusal) => {
                assert_eq!(refusal.code, code, "{service} {operation}: {}", refusal.message);
                refusal
            }
        }
    }

    /// Lets cloud time pass.
    pub(crate) async fn wait(&self, seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        self.cloud.with(|_| ());
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Ok(notes) = self.notes.lock() {
            notes.write();
        }
    }
}
