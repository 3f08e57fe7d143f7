//! What a test did, so that another client can do it again: one line a call or a wait.
//!
//! Written into the folder named by `RULES_TRANSCRIPTS`, where it is set. A transcript holds what goes through the API
//! as the root-like key: once a test has reached behind it (another caller, a certificate issued by hand, a container's
//! script), what follows would come out otherwise, and so the rest is only counted. Whether that is so is tried out, on
//! another account, before the transcript is written.

#![allow(clippy::expect_used, reason = "helpers of tests")]

use jenkinsstack_cloud::clock::{SEEDED_EPOCH, Time};
use jenkinsstack_cloud::{Answer, Cloud, Settings};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Names the folder for transcripts.
pub(crate) const FOLDER: &str = "RULES_TRANSCRIPTS";

/// The region of the tests.
pub(crate) const REGION: &str = "eu-central-1";

/// A fresh account; equal calls at equal times give equal answers.
pub(crate) fn account(time_factor: f64) -> Cloud {
    let settings = Settings { seed: 7, time_factor, epoch: SEEDED_EPOCH };
    Cloud::new(settings).expect("the API models are at hand")
}

/// The steps of one test.
pub(crate) struct Notes {
    test: String,
    until: Time,
    steps: Vec<Value>,
}

impl Notes {
    /// Nothing yet, at this moment.
    pub(crate) fn new(now: Time) -> Self {
        let test = std::thread::current().name().unwrap_or("rule").to_owned();
        Self { test, until: now, steps: Vec::new() }
    }

    /// Notes that it is `now`.
    pub(crate) fn time(&mut self, now: Time) {
        if now > self.until {
            self.steps.push(json!({"wait": (now - self.until).as_secs_f64()}));
            self.until = now;
        }
    }

    /// Notes a call and what came of it.
    pub(crate) fn call(&mut self, service: &str, operation: &str, input: Value, answer: &Answer) {
        let expect = outcome(answer);
        self.steps.push(json!({"service": service, "operation": operation, "input": input, "expect": expect}));
    }

    /// Writes the transcript, where that is wanted.
    pub(crate) fn write(&self) {
        let Ok(folder) = std::env::var(FOLDER) else { return };
        let path = Path::new(&folder).join(format!("{}.jsonl", self.test.replace("::", ".")));
        let repeatable = self.repeatable();
        let behind = self.steps.iter().skip(repeatable).filter(|step| step["wait"].is_null()).count();
        let mut lines: Vec<String> = self.steps.iter().take(repeatable).map(Value::to_string).collect();
        if behind > 0 {
            lines.push(json!({"behind": behind}).to_string());
        }
        // A test with several accounts has several transcripts, one after the other.
        let before = fs::read_to_string(&path).map(|text| text + "{\"reset\":true}\n").unwrap_or_default();
        fs::write(path, format!("{before}{}\n", lines.join("\n"))).expect("the transcript is written");
    }

    /// How many steps come out alike when only they are taken.
    fn repeatable(&self) -> usize {
        let again = account(STILL);
        let alike = |step: &&Value| match step["wait"].as_f64() {
            Some(seconds) => {
                again.clock().skip(Duration::from_secs_f64(seconds));
                true
            }
            None => {
                let text = |name: &str| step[name].as_str().unwrap_or_default();
                let answer = again.ask(REGION, text("service"), text("operation"), step["input"].clone());
                outcome(&answer) == step["expect"]
            }
        };
        self.steps.iter().take_while(alike).count()
    }
}

/// A time factor at which time stands still, but for what is skipped.
pub(crate) const STILL: f64 = 1e-12;

fn outcome(answer: &Answer) -> Value {
    match answer {
        Ok(output) => json!({"ok": output}),
        Err(refusal) => json!({"code": refusal.code, "message": refusal.message}),
    }
}
