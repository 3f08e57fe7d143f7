//! Pages that are not what was asked for: shorter, empty, or given twice.
//!
//! An empty or repeated page has a token of our own, which stands for the token that the client should have been given;
//! so the pages behind it are the right ones, for every service alike.

use crate::call::Answer;
use crate::models::api::Api;
use crate::models::shape::Kind;
use serde_json::Value;
use std::collections::BTreeMap;

/// What becomes of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// It has at most so many items.
    Short(u64),
    /// It has no items, and a token behind which they are.
    Empty,
    /// It comes again behind its token.
    Repeated,
}

/// How a listing spells its pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// Member of the input for the size of a page, and whether it is text.
    pub size: Option<(String, bool)>,
    /// Members of input and output for the token.
    pub token: Option<(String, String)>,
    /// Member of the output that says whether there is more.
    pub more: Option<String>,
}

const SIZES: [&str; 8] =
    ["MaxResults", "maxResults", "MaxItems", "PageSize", "ResourcesPerPage", "limit", "Limit", "MaxRecords"];
const TOKENS_IN: [&str; 5] = ["NextToken", "nextToken", "Marker", "PaginationToken", "PageToken"];
/// `Marker` last: where there is a `NextMarker` too, it repeats the marker of the request.
const TOKENS_OUT: [&str; 6] = ["NextToken", "nextToken", "NextMarker", "PaginationToken", "NextPageToken", "Marker"];
const MORE: [&str; 3] = ["IsTruncated", "isTruncated", "Truncated"];

/// Whether a listing names what it wants: then it has no pages to speak of.
pub(super) fn by_name(operation: &str, input: &Value) -> bool {
    let plural = |name: &str| ["Ids", "Arns", "ARNs", "Names"].iter().any(|end| name.ends_with(end));
    let single = |name: &str| match name {
        "MountTargetId" | "AccessPointId" | "CreationToken" => true,
        "FileSystemId" => operation == "DescribeFileSystems",
        _ => false,
    };
    let names = |(name, value): (&String, &Value)| match value {
        Value::Array(list) => !list.is_empty() && plural(name),
        Value::String(_) => single(name),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    input.as_object().is_some_and(|members| members.iter().any(names))
}

impl Paging {
    /// How that operation spells its pages, if it has any.
    pub fn of(api: &Api, operation: &str) -> Option<Self> {
        let operation = api.operation(operation)?;
        let (input, output) = (api.structure_at(operation.input), api.structure_at(operation.output));
        let first = |names: &[&str], members: &BTreeMap<String, _>| {
            names.iter().find(|name| members.contains_key(**name)).map(|name| (*name).to_owned())
        };
        let size = SIZES.iter().find_map(|name| {
            let member = input.members.get(*name)?;
            Some(((*name).to_owned(), matches!(api.shape(member.shape).kind, Kind::Text(..))))
        });
        let token = first(&TOKENS_IN, &input.members).zip(first(&TOKENS_OUT, &output.members));
        (size.is_some() || token.is_some()).then(|| Self { size, token, more: first(&MORE, &output.members) })
    }

    /// The input with a page of at most `items`.
    pub(crate) fn limit(&self, input: &Value, items: u64) -> Value {
        let mut input = input.clone();
        if let Some((name, text)) = &self.size {
            let asked = input[name].as_u64().or_else(|| input[name].as_str()?.parse().ok());
            let items = asked.unwrap_or(items).min(items);
            input[name] = if *text { Value::from(items.to_string()) } else { Value::from(items) };
        }
        input
    }
}

/// Tokens of our own and the tokens they stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    given: u64,
    tokens: BTreeMap<String, Option<String>>,
}

/// At most so many tokens of our own are good; a client holds one at a time.
const LIMIT: usize = 4096;

impl Pages {
    /// Whether a request has a token of our own.
    pub(super) fn follows(&self, input: &Value) -> bool {
        !self.tokens.is_empty() && self.named(input).is_some()
    }

    /// The input with the token that the client should have been given.
    pub(crate) fn translate(&self, input: &Value) -> Option<Value> {
        let (name, token) = self.named(input)?;
        let mut input = input.clone();
        match token {
            Some(token) => input[name] = Value::from(token.as_str()),
            None => drop(input.as_object_mut().and_then(|members| members.remove(name))),
        }
        Some(input)
    }

    fn named(&self, input: &Value) -> Option<(&'static str, &Option<String>)> {
        TOKENS_IN.into_iter().find_map(|name| Some((name, self.tokens.get(input[name].as_str()?)?)))
    }

    /// Bends the answer to a listing whose input was `input`.
    pub(crate) fn bend(&mut self, page: &Page, paging: &Paging, input: &Value, answer: &mut Answer) {
        let (Ok(output), Some((token_in, token_out))) = (answer, &paging.token) else { return };
        if matches!(page, Page::Short(_)) {
            return;
        }
        let again = self.give(input[token_in].as_str());
        let Some(members) = output.as_object_mut() else { return };
        if *page == Page::Empty {
            members.values_mut().filter_map(Value::as_array_mut).for_each(Vec::clear);
        }
        members.insert(token_out.clone(), Value::from(again));
        if let Some(more) = &paging.more {
            members.insert(more.clone(), Value::from(true));
        }
    }

    fn give(&mut self, stands_for: Option<&str>) -> String {
        self.given += 1;
        let token = format!("page-{:012x}", self.given);
        self.tokens.insert(token.clone(), stands_for.map(str::to_owned));
        if self.tokens.len() > LIMIT {
            self.tokens.pop_first();
        }
        token
    }
}
