//! Secrets where they do not belong: in calls, in tags, in what services show.

use super::{Leak, Oracle, Placed};
use crate::calls::{Log, Record};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

/// Members in which secrets belong: model of the service, name of the member.
const HOMES: [(&str, &str); 3] =
    [("secretsmanager", "SecretString"), ("secretsmanager", "SecretBinary"), ("elbv2", "ClientSecret")];

/// A planted secret in the forms in which it may turn up.
struct Needle<'a> {
    name: &'a str,
    forms: Vec<String>,
}

/// All secrets that were seen where they do not belong, each once a place.
pub(super) fn leaks(oracle: &Oracle, log: &Log, all: &[Placed]) -> Vec<Leak> {
    let needles: Vec<Needle<'_>> = oracle.secrets.iter().map(|(name, value)| Needle::new(name, value)).collect();
    if needles.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    log.records().for_each(|record| in_call(&needles, record, &mut found));
    all.iter().for_each(|placed| in_item(&needles, placed, &mut found));
    found
}

fn in_call(needles: &[Needle<'_>], record: &Record, found: &mut Vec<Leak>) {
    let service = record.service.model;
    for (side, body) in [("input", &record.input), ("output", &record.output)] {
        let place = format!("call {} {service} {} {side}", record.number, record.operation);
        Search { needles, service, found }.value(body, place);
    }
}

fn in_item(needles: &[Needle<'_>], placed: &Placed, found: &mut Vec<Leak>) {
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
    needles: &'a [Needle<'a>],
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
        for needle in self.needles.iter().filter(|needle| needle.is_in(text)) {
            self.found.push(Leak { secret: needle.name.to_owned(), place: place.to_owned() });
        }
    }
}

impl<'a> Needle<'a> {
    fn new(name: &'a str, value: &str) -> Self {
        let json = Value::from(value).to_string();
        let mut forms = vec![
            value.to_owned(),
            json.trim_matches('"').to_owned(),
            utf8_percent_encode(value, NON_ALPHANUMERIC).to_string(),
            hex::encode(value),
        ];
        forms.extend((0..3).map(|shift| inner_base64(value, shift)));
        forms.retain(|form| !form.is_empty());
        forms.sort();
        forms.dedup();
        Self { name, forms }
    }

    fn is_in(&self, text: &str) -> bool {
        let within = |text: &str| self.forms.iter().any(|form| text.contains(form.as_str()));
        within(text) || (text.contains('%') && within(&percent_decode_str(text).decode_utf8_lossy()))
    }
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
