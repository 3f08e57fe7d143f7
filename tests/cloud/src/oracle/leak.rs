//! Secrets where they do not belong: in calls, in tags, in what services show.

use super::{Leak, Oracle, Placed};
use crate::calls::{Log, Record};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;
use std::collections::BTreeSet;

/// Members in which secrets belong: model of the service, name of the member.
const HOMES: [(&str, &str); 3] =
    [("secretsmanager", "SecretString"), ("secretsmanager", "SecretBinary"), ("elbv2", "ClientSecret")];

/// Planted secrets in the forms in which they may turn up: as they are, in JSON, percent-encoded, in hexadecimal digits,
/// and in base64, alone or within something longer.
pub struct Needles<'a> {
    /// Names and forms.
    forms: Vec<(&'a str, String)>,
    /// Whether a form begins with these two bytes: every text is gone through once, however many forms there are.
    starts: Vec<bool>,
}

/// All secrets that were seen where they do not belong, each once a place.
pub(super) fn leaks(oracle: &Oracle, log: &Log, all: &[Placed]) -> Vec<Leak> {
    let needles = Needles::new(&oracle.secrets);
    if needles.forms.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    log.records().for_each(|record| in_call(&needles, record, &mut found));
    all.iter().for_each(|placed| in_item(&needles, placed, &mut found));
    found
}

fn in_call(needles: &Needles<'_>, record: &Record, found: &mut Vec<Leak>) {
    let service = record.service.model;
    for (side, body) in [("input", &record.input), ("output", &record.output)] {
        let place = format!("call {} {service} {} {side}", record.number, record.operation);
        Search { needles, service, found }.value(body, place);
    }
}

fn in_item(needles: &Needles<'_>, placed: &Placed, found: &mut Vec<Leak>) {
    let item = &placed.item;
    let service = if item.kind.starts_with("elasticloadbalancing:") { "elbv2" } else { "" };
    let place = format!("{} {}", item.kind, item.id);
    let mut search = Search { needles, service, found };
    search.value(&item.state, place.clone());
    for (key, value) in &item.tags {
        search.text(key, &format!("{place} tag {key}"));
        search.text(value, &format!("{place} tag {key}"));
    }
}

struct Search<'a> {
    needles: &'a Needles<'a>,
    service: &'a str,
    found: &'a mut Vec<Leak>,
}

impl Search<'_> {
    fn value(&mut self, value: &Value, place: String) {
        match value {
            Value::String(text) => self.text(text, &place),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(at, value)| self.value(value, format!("{place}[{at}]")));
            }
            Value::Object(members) => {
                for (name, value) in members {
                    self.text(name, &place);
                    if !HOMES.contains(&(self.service, name)) {
                        self.value(value, format!("{place}.{name}"));
                    }
                }
            }
            Value::Number(number) => self.text(&number.to_string(), &place),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn text(&mut self, text: &str, place: &str) {
        for secret in self.needles.found_in(text) {
            self.found.push(Leak { secret: secret.to_owned(), place: place.to_owned() });
        }
    }
}

impl<'a> Needles<'a> {
    /// Of secrets, each with its name and its value.
    pub fn new(secrets: &'a [(String, String)]) -> Self {
        let named = |(name, value): &'a (String, String)| forms(value).into_iter().map(|form| (name.as_str(), form));
        let forms: Vec<(&str, String)> = secrets.iter().flat_map(named).collect();
        let mut starts = vec![false; 1 << 16];
        for (_, form) in &forms {
            if let [first, second, ..] = *form.as_bytes() {
                starts[start(first, second)] = true;
            }
        }
        Self { forms, starts }
    }

    /// Names of the secrets that are in a text, as it is or percent-encoded.
    pub fn found_in(&self, text: &str) -> BTreeSet<&'a str> {
        let mut found = self.plainly_in(text.as_bytes());
        if text.contains('%') {
            found.extend(self.plainly_in(percent_decode_str(text).decode_utf8_lossy().as_bytes()));
        }
        found
    }

    fn plainly_in<'t>(&self, text: &'t [u8]) -> BTreeSet<&'a str> {
        let pairs = text.windows(2).enumerate();
        let begins = pairs.filter(|(_, pair)| matches!(**pair, [a, b] if self.starts[start(a, b)]));
        let rests = begins.filter_map(|(at, _)| text.get(at..));
        let named = |rest: &'t [u8]| {
            let here = self.forms.iter().filter(move |(_, form)| rest.starts_with(form.as_bytes()));
            here.map(|(name, _)| *name)
        };
        rests.flat_map(named).collect()
    }
}

fn start(first: u8, second: u8) -> usize {
    usize::from(u16::from_be_bytes([first, second]))
}

/// The forms in which a secret may turn up, each of at least two bytes.
fn forms(value: &str) -> Vec<String> {
    let json = Value::from(value).to_string();
    let mut forms = vec![
        value.to_owned(),
        json.trim_matches('"').to_owned(),
        utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
        hex::encode(value),
    ];
    forms.extend((0..3).map(|shift| inner_base64(value, shift)));
    forms.retain(|form| form.len() > 1);
    forms.sort();
    forms.dedup();
    forms
}

/// What base64 makes of a value that has `shift` bytes before it, as far as the value alone decides it.
fn inner_base64(value: &str, shift: usize) -> String {
    let encoded = STANDARD.encode([vec![0; shift], value.as_bytes().to_vec()].concat());
    let start = (shift * 8).div_ceil(6);
    let end = (shift + value.len()) * 8 / 6;
    let inner = encoded.get(start..end).unwrap_or_default();
    // Too short a piece is in anything.
    if inner.len() < 8 { String::new() } else { inner.to_owned() }
}
