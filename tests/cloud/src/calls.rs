//! The log of calls: who did what to which resource, what went wrong, what came back.
//!
//! Bodies are kept as they were, so that the oracle can look for secrets in them. What is printed ([`Log::bytes`] and
//! the `Display` of a record) has none: members that the model calls sensitive, and those that hold secrets without
//! being called so, are replaced. Equal seeds and equal calls give equal bytes.

mod redact;

use crate::call::{Access, Answer, Ask};
use crate::clock::Time;
use crate::cloud::Request;
use crate::faults::Verdict;
use crate::service::Service;
use crate::tags::Tags;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

/// All calls so far, in order.
#[derive(Clone, Debug, Default)]
pub struct Log {
    records: VecDeque<Arc<Record>>,
    counts: Counts,
    keep: Option<usize>,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its number; the first is 1.
    pub number: u64,
    /// Cloud time.
    pub time: Time,
    /// Whether it came by a door, and not by the test's own hand.
    pub by_door: bool,
    /// ARN of the caller, or the access key of nobody.
    pub principal: String,
    /// The service.
    pub service: &'static Service,
    /// The operation.
    pub operation: Cow<'static, str>,
    /// Whether it reads or writes; nothing if there is no such operation.
    pub access: Option<Access>,
    /// Region in the signature.
    pub region: String,
    /// What IAM was asked about, in order.
    pub touched: Vec<Touched>,
    /// What struck it, if anything did.
    pub fault: Option<String>,
    /// What came of it, whether or not the caller learnt it.
    pub outcome: Outcome,
    /// Input as it came.
    pub input: Arc<Value>,
    /// Output, or message and members of the refusal.
    pub output: Arc<Value>,
}

/// A resource that IAM was asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched {
    /// The action.
    pub action: String,
    /// ARN, or `*`.
    pub resource: String,
    /// Condition keys of the question with their values.
    pub context: BTreeMap<String, Vec<String>>,
    /// The tags it had before the call, where they are known.
    pub held: Option<Tags>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused with that code.
    Refused(Cow<'static, str>),
    /// It never reached the service.
    Unheard,
}

/// A place in the log.
#[derive(Clone, Debug, Default)]
pub struct Mark {
    number: u64,
    counts: Counts,
}

/// How many calls there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By service and operation.
    pub by_operation: BTreeMap<(&'static str, Cow<'static, str>), u64>,
    /// Reads.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
}

/// What is known of a call when it is written down.
pub(crate) struct Entry<'a> {
    pub(crate) request: &'a Request,
    pub(crate) input: Arc<Value>,
    pub(crate) by_door: bool,
    pub(crate) principal: String,
    pub(crate) access: Option<Access>,
    pub(crate) asks: &'a [Ask],
    pub(crate) verdict: &'a Verdict,
    pub(crate) answer: Option<&'a Answer>,
    pub(crate) time: Time,
}

/// A value without members that hold secrets.
pub(crate) fn without_secrets(value: &Value) -> Value {
    redact::hide(value, None)
}

impl Log {
    /// The calls that are still remembered, in order.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.iter().map(Arc::as_ref)
    }

    /// This place, for the questions below.
    pub fn mark(&self) -> Mark {
        Mark { number: self.total(), counts: self.counts.clone() }
    }

    /// The calls behind a mark that are still remembered.
    pub fn since(&self, mark: &Mark) -> impl Iterator<Item = &Record> {
        self.since_number(mark.number)
    }

    /// The calls behind the `number`-th that are still remembered.
    pub fn since_number(&self, number: u64) -> impl Iterator<Item = &Record> {
        self.records().filter(move |record| record.number > number)
    }

    /// The writes behind a mark that came by a door, refused ones too.
    pub fn writes_since(&self, mark: &Mark) -> impl Iterator<Item = &Record> {
        self.since(mark).filter(|record| record.by_door && record.access == Some(Access::Write))
    }

    /// Number of all calls so far.
    pub fn total(&self) -> u64 {
        self.counts.total()
    }

    /// How many calls there were so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many calls there were since a mark.
    pub fn counts_since(&self, mark: &Mark) -> Counts {
        let mut counts = self.counts.clone();
        counts.reads -= mark.counts.reads;
        counts.writes -= mark.counts.writes;
        for (key, before) in &mark.counts.by_operation {
            if let Some(count) = counts.by_operation.get_mut(key) {
                *count -= before;
            }
        }
        counts.by_operation.retain(|_, count| *count > 0);
        counts
    }

    /// Remembers only the last `calls` from now on; counts go on for all.
    pub fn keep(&mut self, calls: usize) {
        self.keep = Some(calls);
        self.trim();
    }

    /// Forgets all calls and counts.
    pub fn clear(&mut self) {
        self.records.clear();
        self.counts = Counts::default();
    }

    /// The remembered calls, one JSON object a line, without secrets.
    pub fn bytes(&self) -> Vec<u8> {
        self.records.iter().fold(Vec::new(), |mut bytes, record| {
            bytes.extend_from_slice(record.to_string().as_bytes());
            bytes.push(b'\n');
            bytes
        })
    }

    pub(crate) fn push(&mut self, entry: Entry<'_>) {
        let record = Record::of(entry, self.total() + 1);
        self.counts.add(&record);
        self.records.push_back(Arc::new(record));
        self.trim();
    }

    fn trim(&mut self) {
        let keep = self.keep.unwrap_or(usize::MAX);
        while self.records.len() > keep {
            self.records.pop_front();
        }
    }
}

impl Counts {
    /// How many calls there were of this operation.
    pub fn of(&self, model: &str, operation: &str) -> u64 {
        let named = |(service, name): &&(&'static str, Cow<'static, str>)| *service == model && name == operation;
        self.by_operation.iter().filter(|(key, _)| named(key)).map(|(_, count)| count).sum()
    }

    /// How many calls there were.
    pub fn total(&self) -> u64 {
        self.reads + self.writes
    }

    fn add(&mut self, record: &Record) {
        *self.by_operation.entry((record.service.model, record.operation.clone())).or_insert(0) += 1;
        match record.access {
            Some(Access::Write) => self.writes += 1,
            Some(Access::Read) | None => self.reads += 1,
        }
    }
}

impl Record {
    fn of(entry: Entry<'_>, number: u64) -> Self {
        let Entry { request, input, by_door, principal, access, asks, verdict, answer, time } = entry;
        let (outcome, output) = match answer {
            None => (Outcome::Unheard, Value::Null),
            Some(Ok(output)) => (Outcome::Done, output.clone()),
            Some(Err(refusal)) => {
                let output = json!({"message": refusal.message, "members": refusal.fields});
                (Outcome::Refused(refusal.code.clone()), output)
            }
        };
        let known = request.service.operation(&request.operation);
        let touch = |ask: &Ask| Touched {
            action: ask.action.clone(),
            resource: ask.resource.clone(),
            context: ask.context.clone(),
            held: ask.held.clone(),
        };
        Self {
            number,
            time,
            by_door,
            principal,
            service: request.service,
            operation: known.map_or_else(|| request.operation.clone().into(), |known| known.name.into()),
            access,
            region: request.credential.region.clone(),
            touched: asks.iter().map(touch).collect(),
            fault: (*verdict != Verdict::Pass).then(|| verdict.to_string()),
            outcome,
            input,
            output: Arc::new(output),
        }
    }

    /// Whether it was a write that took place.
    pub fn wrote(&self) -> bool {
        self.access == Some(Access::Write) && self.outcome == Outcome::Done
    }

    /// The ARNs it was about, each once.
    pub fn resources(&self) -> Vec<&str> {
        let mut arns: Vec<&str> = self.touched.iter().map(|touched| touched.resource.as_str()).collect();
        arns.dedup();
        arns
    }

    /// The record as JSON, without secrets.
    pub fn json(&self) -> Value {
        let Self { number, time, by_door, principal, service, operation, access, region, fault, .. } = self;
        let body = |value: &Value, side| redact::body(service, operation, value, side);
        json!({
            "number": number, "time": time.iso(), "door": by_door, "principal": principal, "service": service.model,
            "operation": operation, "access": access, "region": region, "resources": self.resources(), "fault": fault,
            "outcome": self.outcome.to_string(),
            "input": body(&self.input, redact::Side::Input), "output": body(&self.output, redact::Side::Output),
        })
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.json())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("ok"),
            Self::Refused(code) => f.write_str(code),
            Self::Unheard => f.write_str("unheard"),
        }
    }
}
