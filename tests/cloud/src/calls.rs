//! The log of calls: who did what to which resource, what went wrong, what came back.

use crate::call::Answer;
use crate::clock::Time;
use crate::cloud::Request;
use crate::faults::Verdict;

/// All calls so far, in order.
#[derive(Clone, Debug, Default)]
pub struct Log {
    records: Vec<Record>,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Record {}

impl Log {
    /// Adds a call.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }
}

impl Record {
    /// The record of a call and what came of it.
    pub fn of(_request: &Request, _verdict: &Verdict, _answer: &Answer, _now: Time) -> Self {
        Self {}
    }
}
