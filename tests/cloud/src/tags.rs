//! Tags as every service keeps them, and the limits that all services share.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Tags of one resource.
pub type Tags = BTreeMap<String, String>;

/// How a service spells a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `{"Key": …, "Value": …}`: EC2, EFS, ELB, IAM, Secrets Manager, ACM, Route 53.
    Upper,
    /// `{"key": …, "value": …}`: ECS.
    Lower,
    /// `{"TagKey": …, "TagValue": …}`: KMS.
    Kms,
    /// One object of keys and values: CloudWatch Logs.
    Map,
}

/// What is wrong with a set of tags; each service has its own code for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagFault {
    /// More than 50 tags on the resource.
    TooMany,
    /// The same key twice in one request.
    Duplicate(String),
    /// A key or value outside the allowed length or characters.
    Invalid(String),
    /// A key that begins with `aws:`.
    Reserved(String),
}

/// At most this many tags a resource ("Tag naming limits and requirements", Tagging AWS resources).
pub const MAX_TAGS: usize = 50;

impl Spelling {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Upper => ("Key", "Value"),
            Self::Lower => ("key", "value"),
            Self::Kms => ("TagKey", "TagValue"),
            Self::Map => ("", ""),
        }
    }

    /// Reads and checks the tags of a request; an absent member has none.
    pub fn read(self, value: &Value) -> Result<Tags, TagFault> {
        let (key_name, value_name) = self.names();
        let pairs: Vec<(String, String)> = match value {
            Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().into())).collect(),
            Value::Array(list) => list.iter().map(|tag| (text(&tag[key_name]), text(&tag[value_name]))).collect(),
            _ => Vec::new(),
        };
        let mut tags = Tags::new();
        for (key, value) in pairs {
            check(&key, &value)?;
            if tags.insert(key.clone(), value).is_some() {
                return Err(TagFault::Duplicate(key));
            }
        }
        if tags.len() > MAX_TAGS { Err(TagFault::TooMany) } else { Ok(tags) }
    }

    /// Writes tags in the service's spelling.
    pub fn write(self, tags: &Tags) -> Value {
        let (key_name, value_name) = self.names();
        match self {
            Self::Map => json!(tags),
            Self::Upper | Self::Lower | Self::Kms => {
                tags.iter().map(|(k, v)| json!({key_name: k, value_name: v})).collect()
            }
        }
    }
}

/// Adds `more` to `tags` the way a tag operation does: new values win, and the limit holds for the union.
pub fn merge(tags: &mut Tags, more: Tags) -> Result<(), TagFault> {
    let mut union = tags.clone();
    union.extend(more);
    if union.keys().filter(|key| !key.starts_with("aws:")).count() > MAX_TAGS {
        return Err(TagFault::TooMany);
    }
    *tags = union;
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn check(key: &str, value: &str) -> Result<(), TagFault> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c);
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(TagFault::Reserved(key.to_owned()));
    }
    let fits = !key.is_empty() && key.chars().count() <= 128 && value.chars().count() <= 256;
    if fits && key.chars().all(allowed) && value.chars().all(allowed) {
        Ok(())
    } else {
        Err(TagFault::Invalid(key.to_owned()))
    }
}
