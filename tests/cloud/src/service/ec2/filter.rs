//! Listings: ids, filters with wildcards, pages.

use super::refuse::{self, Kind};
use crate::call::{Call, Refusal};
use crate::page;
use crate::tags::Tags;
use serde_json::{Value, json};

/// At most this many filter values in a request ("Filtering your resources", Amazon EC2 User Guide).
const MAX_VALUES: usize = 200;

/// Fewest and most results of a page (model: `DescribeSecurityGroupsMaxResults` and its like).
const PAGE: std::ops::RangeInclusive<i64> = 5..=1000;

/// How one Describe operation names its parts.
pub(super) struct Listing {
    /// Kind of the resources; tags have none.
    pub(super) kind: Option<Kind>,
    /// Member with ids, empty if it has none.
    pub(super) ids: &'static str,
    /// Member with filters.
    pub(super) filters: &'static str,
    /// Names of filters; `tag:KEY` and `tag-key` come on top.
    pub(super) names: &'static [&'static str],
    /// Member of the output.
    pub(super) output: &'static str,
}

/// One resource, as filters see it and as the answer shows it.
pub(super) struct Row {
    /// Id: the order of pages.
    pub(super) id: String,
    /// Its tags.
    pub(super) tags: Tags,
    /// Values by filter name; a name may come several times.
    pub(super) facts: Vec<(&'static str, String)>,
    /// The resource in the answer.
    pub(super) shown: Value,
}

/// The answer of a Describe operation over `rows`.
pub(super) fn list(call: &Call<'_>, listing: &Listing, mut rows: Vec<Row>) -> Result<Value, Refusal> {
    let ids = texts(&call.input[listing.ids]);
    if let Some(kind) = listing.kind {
        by_ids(kind, &ids, &mut rows)?;
    }
    for filter in filters(&call.input[listing.filters], listing)? {
        rows.retain(|row| filter.fits(row));
    }
    let limit = page_size(&call.input["MaxResults"])?;
    let named = format!("{} {} {}", listing.output, call.input[listing.ids], call.input[listing.filters]);
    let token = call.input["NextToken"].as_str().filter(|token| !token.is_empty());
    let (rows, next) = page::cut(rows, |row| row.id.clone(), limit, token, &named, call.now)
        .map_err(|page::BadToken| Refusal::new("InvalidNextToken", "The specified NextToken is not valid."))?;
    let shown: Vec<Value> = rows.into_iter().map(|row| row.shown).collect();
    Ok(json!({listing.output: shown, "NextToken": next}))
}

/// The texts of a list member.
pub(super) fn texts(list: &Value) -> Vec<String> {
    list.as_array().map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect()).unwrap_or_default()
}

fn by_ids(kind: Kind, ids: &[String], rows: &mut Vec<Row>) -> Result<(), Refusal> {
    for id in ids {
        kind.well_formed(id)?;
    }
    if let Some(unknown) = ids.iter().find(|id| !rows.iter().any(|row| row.id == **id)) {
        return Err(kind.missing(unknown));
    }
    rows.retain(|row| ids.is_empty() || ids.contains(&row.id));
    Ok(())
}

fn page_size(member: &Value) -> Result<usize, Refusal> {
    let Some(asked) = member.as_i64() else { return Ok(usize::MAX) };
    if PAGE.contains(&asked) {
        return Ok(usize::try_from(asked).unwrap_or(usize::MAX));
    }
    let (bound, word) = if asked < *PAGE.start() { (PAGE.start(), "greater") } else { (PAGE.end(), "less") };
    let text = format!(
        "Value ( {asked} ) for parameter maxResults is invalid. Expecting a value {word} than or equal to {bound}."
    );
    Err(refuse::invalid(text))
}

struct Filter {
    name: String,
    values: Vec<String>,
}

fn filters(member: &Value, listing: &Listing) -> Result<Vec<Filter>, Refusal> {
    let mut filters = Vec::new();
    for filter in member.as_array().into_iter().flatten() {
        let name = filter["Name"].as_str().unwrap_or_default().to_owned();
        let tagged = name.starts_with("tag:") || name == "tag-key";
        if !tagged && !listing.names.contains(&name.as_str()) {
            return Err(refuse::invalid(format!("The filter '{name}' is invalid")));
        }
        filters.push(Filter { name, values: texts(&filter["Values"]) });
    }
    if filters.iter().map(|filter| filter.values.len()).sum::<usize>() > MAX_VALUES {
        let text = format!("The maximum number of filter values specified on a single call is {MAX_VALUES}");
        return Err(Refusal::new("FilterLimitExceeded", text));
    }
    Ok(filters)
}

impl Filter {
    /// Values of one filter are alternatives.
    fn fits(&self, row: &Row) -> bool {
        let any = |text: &str| self.values.iter().any(|pattern| matches(pattern.as_bytes(), text.as_bytes()));
        match self.name.strip_prefix("tag:") {
            Some(key) => row.tags.get(key).is_some_and(|value| any(value)),
            None if self.name == "tag-key" => row.tags.keys().any(|key| any(key)),
            None => row.facts.iter().any(|(name, fact)| *name == self.name && any(fact)),
        }
    }
}

/// Whether `text` fits `pattern`, in which `*` is any text, `?` any character, and `\` takes the next one literally.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=text.len()).any(|skip| matches(rest, &text[skip..])),
        (Some((b'?', rest)), Some((_, tail))) => matches(rest, tail),
        (Some((b'\\', escaped)), Some((c, tail))) => {
            escaped.split_first().is_some_and(|(e, rest)| e == c && matches(rest, tail))
        }
        (Some((p, rest)), Some((c, tail))) => p == c && matches(rest, tail),
        (None, Some(_)) | (Some(_), None) => false,
    }
}
