//! What exists, without the names that chance gave it: so that the ends of two lives can be compared.
//!
//! Ids become kind and resource tag, or kind and number in the order of content where there is no tag. Times, addresses,
//! revisions, events and what else tells one life from another without making a difference are left out.

use super::owned::{generated, is_word, names};
use super::{Oracle, Owner, Placed, everything, going};
use crate::Cloud;
use crate::service::Item;
use regex_lite::Regex;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Members that differ between two lives that end equally.
const VOLATILE: [&str; 9] = [
    "events",
    "revision",
    "failedTasks",
    "SizeInBytes",
    "storedBytes",
    "VersionIdsToStages",
    "RoleLastUsed",
    "stoppedReason",
    "version",
];

/// Kinds that AWS makes and places by itself, and what of them is not chance.
const PLACED_BY_CHANCE: [(&str, &[&str]); 2] = [
    ("ecs:task", &["group", "lastStatus", "desiredStatus", "taskDefinitionArn", "launchType", "healthStatus"]),
    ("ec2:network-interface", &["InterfaceType", "Groups", "VpcId", "Status"]),
];

/// Length of a SHA-256 in hexadecimal digits: content, not chance.
const DIGEST: usize = 64;

/// Members whose lists have an order.
const ORDERED: [&str; 3] = ["command", "entryPoint", "Actions"];

impl Oracle {
    /// A picture of all that exists, in an order of its own: equal for two lives that end in the same state.
    ///
    /// Things on their way out are not in it, nor what something else supersedes, unless that is the same made twice.
    pub fn normal_state(&self, cloud: &Cloud) -> Value {
        let all: Vec<Placed> = everything(cloud).into_iter().filter(|placed| !going(&placed.item)).collect();
        let mut given = Names::default();
        self.name_tagged(&all, &mut given);
        name_others(&all, &mut given);
        let mut shown: Vec<Value> = Vec::new();
        let mut rows: BTreeMap<(Owner, &str, &str), Row<'_>> = BTreeMap::new();
        for placed in &all {
            match self.row(placed) {
                Some(row) => drop(rows.entry(row).or_default().insert(age(&placed.item), given.show(placed))),
                None => shown.push(given.show(placed)),
            }
        }
        shown.extend(rows.into_values().flat_map(standing));
        shown.sort_by_cached_key(ToString::to_string);
        Value::Array(shown)
    }

    /// What has the same of this is one thing's row of successors.
    fn row<'a>(&self, Placed { item, .. }: &'a Placed) -> Option<(Owner, &'a str, &'a str)> {
        let resource = item.tags.get(&self.scheme.resource).filter(|_| self.superseded.contains(item.kind))?;
        Some((self.scheme.owner(&item.tags)?, resource, item.kind))
    }

    /// Names things by their owner and resource tag.
    fn name_tagged(&self, all: &[Placed], given: &mut Names) {
        for Placed { item, .. } in all {
            let owner = self.scheme.owner(&item.tags).zip(item.tags.get(&self.scheme.resource));
            if let Some((owner, resource)) = owner {
                let stable = format!("<{} {owner} {resource}>", item.kind);
                names(item).for_each(|name| given.give(name, &stable));
            }
        }
    }
}

/// Things that supersede each other, the oldest first.
type Row<'a> = BTreeMap<(usize, &'a str), Value>;

/// Ids of successors end in a number that grows.
fn age(item: &Item) -> (usize, &str) {
    (item.id.len(), &item.id)
}

/// The newest of a row, and those that are the same as the next one.
fn standing(row: Row<'_>) -> Vec<Value> {
    let row: Vec<Value> = row.into_values().collect();
    let stands = |at: usize| row.get(at + 1).is_none_or(|next| row.get(at) == Some(next));
    row.iter().enumerate().filter(|(at, _)| stands(*at)).map(|(_, shown)| shown.clone()).collect()
}

/// Names things without owner by their order of content; those that have a name of somebody's choice keep it.
fn name_others(all: &[Placed], given: &mut Names) {
    let nameless = |placed: &&Placed| names(&placed.item).next().is_some_and(|name| !given.known.contains_key(name));
    let mut others: Vec<(String, &Placed)> =
        all.iter().filter(nameless).map(|placed| (given.show(placed).to_string(), placed)).collect();
    others.sort_by(|a, b| a.0.cmp(&b.0));
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (_, Placed { item, .. }) in others {
        let count = counts.entry(item.kind).or_insert(0);
        *count += 1;
        let stable = match PLACED_BY_CHANCE.iter().any(|(kind, _)| *kind == item.kind) {
            true => format!("<{}>", item.kind),
            false => format!("<{} {count}>", item.kind),
        };
        names(item).for_each(|name| given.give(name, &stable));
    }
}

/// A part of a text that chance gave, and what is shown in its place.
struct Pattern {
    /// Whether the part may be in a text: in most it can't, which is seen much faster than the regex sees it.
    may: fn(&str) -> bool,
    regex: Option<Regex>,
    with: &'static str,
}

/// How the unique ids of IAM begin.
const IAM_IDS: [&str; 5] = ["AROA", "AIDA", "AIPA", "ANPA", "ASIA"];

static PATTERNS: LazyLock<[Pattern; 9]> = LazyLock::new(|| {
    let pattern = |may, text: &str, with| Pattern { may, regex: Regex::new(text).ok(), with };
    let iam_id = format!(r"\b({})[A-Z0-9]{{16,}}\b", IAM_IDS.join("|"));
    [
        pattern(|text| text.contains("task-definition/"), r"(task-definition/[^:]+):\d+", "$1:*"),
        pattern(|text| text.contains("ecs-svc/"), r"ecs-svc/\d+", "ecs-svc/*"),
        pattern(|text| has_pair(text, |a, b| a.is_ascii_digit() && b == b'.'), r"-\d{6,}\.", "-*."),
        pattern(|text| text.bytes().all(|b| b.is_ascii_digit() || b == b'.'), r"^\d+\.\d+\.\d+\.\d+$", "*"),
        pattern(|text| IAM_IDS.iter().any(|start| text.contains(start)), &iam_id, "$1*"),
        pattern(|text| text.contains("02:"), r"\b02(:[0-9a-f]{2}){5}\b", "*"),
        pattern(|text| has_pair(text, |a, b| a == b'Z' && b.is_ascii_alphanumeric()), r"\bZ[0-9A-Z]{12,}\b", "Z*"),
        pattern(|text| text.contains(".awsdns-"), r"\bns-\d+\.awsdns-\d+\.(com|net|org|co\.uk)", "ns-*"),
        pattern(|text| text.contains("ip-"), r"ip-\d+-\d+-\d+-\d+\.", "ip-*."),
    ]
});

/// Whether two bytes beside each other fit.
fn has_pair(text: &str, fits: impl Fn(u8, u8) -> bool) -> bool {
    text.as_bytes().windows(2).any(|pair| matches!(*pair, [a, b] if fits(a, b)))
}

impl Pattern {
    fn clean(&self, text: String) -> String {
        match &self.regex {
            Some(regex) if (self.may)(&text) => regex.replace_all(&text, self.with).into_owned(),
            Some(_) | None => text,
        }
    }
}

/// Stable names by the names that chance gave.
#[derive(Default)]
struct Names {
    known: BTreeMap<String, String>,
}

impl Names {
    fn give(&mut self, name: &str, stable: &str) {
        self.known.entry(name.to_owned()).or_insert_with(|| stable.to_owned());
    }

    fn show(&self, Placed { account, region, item }: &Placed) -> Value {
        let tags: BTreeMap<_, _> = item.tags.iter().filter(|(key, _)| !key.starts_with("aws:")).collect();
        let id = match item.kind {
            "ecs:task-definition" => item.id.rsplit_once(':').map_or(item.id.as_str(), |(family, _)| family),
            _ => &item.id,
        };
        json!({
            "account": account, "region": region, "kind": item.kind, "id": self.text(id),
            "tags": self.value(&json!(tags)), "state": self.value(&settled(item)),
        })
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.text(text)),
            Value::Array(list) => {
                let mut list: Vec<Value> = list.iter().map(|value| self.value(value)).collect();
                list.sort_by_cached_key(ToString::to_string);
                Value::Array(list)
            }
            Value::Object(members) => {
                let kept = members.iter().filter(|(name, value)| !volatile(name, value));
                let member = |(name, value): (&String, &Value)| (name.clone(), self.member(name, value));
                Value::Object(kept.map(member).collect::<Map<_, _>>())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// Few lists have an order that means something; of all others no service promises one.
    fn member(&self, name: &str, value: &Value) -> Value {
        match value {
            Value::Array(list) if ORDERED.contains(&name) => list.iter().map(|value| self.value(value)).collect(),
            _ => self.value(value),
        }
    }

    fn text(&self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let (word, more) = rest.split_at(end);
            shown.push_str(&self.word(word));
            let gap = more.find(is_word).unwrap_or(more.len());
            shown.push_str(&more[..gap]);
            rest = &more[gap..];
        }
        PATTERNS.iter().fold(shown, |shown, pattern| pattern.clean(shown))
    }

    /// A name by its stable one, or without the part that chance gave it.
    fn word(&self, word: &str) -> String {
        if let Some(stable) = self.known.get(word) {
            return stable.clone();
        }
        if !generated(word) || word.len() == DIGEST {
            return word.to_owned();
        }
        let prefix = word.split_once('-').map(|(prefix, _)| prefix).filter(|prefix| !generated(prefix));
        prefix.map_or_else(|| "*".to_owned(), |prefix| format!("{prefix}-*"))
    }
}

/// The state of an item without what was chosen by chance when AWS placed it.
fn settled(item: &Item) -> Cow<'_, Value> {
    let kept = PLACED_BY_CHANCE.iter().find(|(kind, _)| *kind == item.kind).zip(item.state.as_object());
    kept.map_or(Cow::Borrowed(&item.state), |((_, kept), members)| {
        let kept = members.iter().filter(|(name, _)| kept.contains(&name.as_str()));
        Cow::Owned(Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect()))
    })
}

fn volatile(name: &str, value: &Value) -> bool {
    let lower = name.to_ascii_lowercase();
    let timely = ["at", "time", "date", "timestamp", "modified", "since"].iter().any(|end| lower.ends_with(end));
    VOLATILE.contains(&name) || (timely && (value.is_number() || is_moment(value)))
}

fn is_moment(value: &Value) -> bool {
    let dated = |text: &str| text.len() >= 19 && text.as_bytes().get(4) == Some(&b'-') && text.contains('T');
    value.as_str().is_some_and(dated)
}
