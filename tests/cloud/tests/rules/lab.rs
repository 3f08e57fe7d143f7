//! The bench on which a rule is shown: a fresh account, calls with their expected outcome, and time that can be told to pass.

use jenkinsstack_cloud::{Answer, Cloud, Refusal, Settings};
use serde_json::{Value, json};
use std::io::Write;
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
    region: &'static str,
    steps: Mutex<Vec<Value>>,
    name: String,
}

impl Lab {
    /// A fresh, empty account.
    pub(crate) fn new() -> Self {
        let name = std::thread::current().name().unwrap_or("rule").to_owned();
        let cloud = Cloud::new(Settings { seed: 7, ..Settings::default() }).expect("the API models are at hand");
        Self { cloud, region: "eu-central-1", steps: Mutex::default(), name }
    }

    /// Makes a call, whatever comes of it.
    pub(crate) fn call(&self, service: &str, operation: &str, input: Value) -> Answer {
        let answer = self.cloud.ask(self.region, service, operation, input.clone());
        let outcome = match &answer {
            Ok(output) => json!({"ok": output}),
            Err(refusal) => json!({"code": refusal.code}),
        };
        self.note(json!({"service": service, "operation": operation, "input": input, "expect": outcome}));
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
        self.note(json!({"wait": seconds}));
        tokio::time::advance(Duration::from_secs(seconds)).await;
        self.cloud.with(|_| ());
    }

    fn note(&self, step: Value) {
        if let Ok(mut steps) = self.steps.lock() {
            steps.push(step);
        }
    }
}

/// Writes the transcript into the folder named by `RULES_TRANSCRIPTS`, where it is set.
impl Drop for Lab {
    fn drop(&mut self) {
        let (Ok(folder), Ok(steps)) = (std::env::var("RULES_TRANSCRIPTS"), self.steps.lock()) else { return };
        let path = std::path::Path::new(&folder).join(format!("{}.jsonl", self.name.replace("::", ".")));
        if let Ok(mut file) = std::fs::File::create(path) {
            for step in steps.iter() {
                let _ = writeln!(file, "{step}");
            }
        }
    }
}
