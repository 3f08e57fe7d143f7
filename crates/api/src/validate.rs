//! Rules that the schema cannot hold; a spec that breaks one is `Stalled`, and nothing on AWS changes.
//!
//! [`validate`] is a pure function. What CEL can check is not repeated here.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    JenkinsStackSpec,
    spec::{SubnetSelector, VpcSelector},
};

/// Longest key of a tag, in characters.
const TAG_KEY_LENGTH: usize = 128;
/// Bytes for variables and Java options: a task definition holds 64 KiB, the rest is for what the operator adds.
const ENVIRONMENT_BYTES: usize = 48 * 1024;

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The keys of `aws.tags` have characters that AWS takes in all its services.
    TagKeySyntax,
    /// The keys of `aws.tags` do not begin with a reserved prefix, in whatever case.
    TagKeyReserved,
    /// The keys of `aws.tags` differ in more than upper and lower case, as IAM demands.
    TagKeyCase,
    /// The keys of tags to look for are of a length that a tag can have.
    SelectorTagKey,
    /// The names of `auth.oidc.extraParams` are made of letters and digits.
    ExtraParamName,
    /// The environment of Jenkins fits into a task definition.
    EnvironmentSize,
}

impl Rule {
    /// All rules, in the order in which they are checked.
    pub const ALL: [Self; 6] = [
        Self::TagKeySyntax,
        Self::TagKeyReserved,
        Self::TagKeyCase,
        Self::SelectorTagKey,
        Self::ExtraParamName,
        Self::EnvironmentSize,
    ];

    fn check(self, spec: &JenkinsStackSpec) -> Vec<(String, String)> {
        match self {
            Self::TagKeySyntax => tag_key_syntax(spec),
            Self::TagKeyReserved => tag_key_reserved(spec),
            Self::TagKeyCase => tag_key_case(spec),
            Self::SelectorTagKey => selector_tag_key(spec),
            Self::ExtraParamName => extra_param_name(spec),
            Self::EnvironmentSize => environment_size(spec),
        }
    }
}

/// A rule that a spec breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// Path of the field, from the spec on. Example: `aws.tags`.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// The rules that a spec breaks, in the order of [`Rule::ALL`]; none when it is valid.
pub fn validate(spec: &JenkinsStackSpec) -> Vec<Violation> {
    let check =
        |rule: Rule| rule.check(spec).into_iter().map(move |(field, message)| Violation { rule, field, message });
    Rule::ALL.into_iter().flat_map(check).collect()
}

fn tag_key_syntax(spec: &JenkinsStackSpec) -> Vec<(String, String)> {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    let wrong = spec.aws.tags.keys().filter(|key| !key.chars().all(allowed));
    wrong
        .map(|key| {
            let message =
                format!("tag key {key:?} may have only letters, digits, spaces and _ . : / = + - @: rename it");
            ("aws.tags".to_owned(), message)
        })
        .collect()
}

fn tag_key_reserved(spec: &JenkinsStackSpec) -> Vec<(String, String)> {
    let reserved = |key: &&String| ["aws:", "jenkinsstack.io/"].iter().any(|p| key.to_lowercase().starts_with(p));
    let wrong = spec.aws.tags.keys().filter(reserved);
    wrong
        .map(|key| ("aws.tags".to_owned(), format!("tag key {key:?} begins with a reserved prefix: rename it")))
        .collect()
}

fn tag_key_case(spec: &JenkinsStackSpec) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let wrong = spec.aws.tags.keys().filter(|key| !seen.insert(key.to_lowercase()));
    wrong
        .map(|key| {
            let message =
                format!("tag key {key:?} differs from another only in case, which IAM refuses: keep one of them");
            ("aws.tags".to_owned(), message)
        })
        .collect()
}

fn selector_tag_key(spec: &JenkinsStackSpec) -> Vec<(String, String)> {
    let network = &spec.network;
    let vpc = network.vpc.as_ref().and_then(|selector| match selector {
        VpcSelector::Id(_) => None,
        VpcSelector::Tags(tags) => Some(("network.vpc.tags", tags)),
    });
    let subnets = [
        ("network.publicSubnets.tags", &network.public_subnets),
        ("network.privateSubnets.tags", &network.private_subnets),
    ]
    .into_iter()
    .filter_map(|(field, selector)| match selector {
        Some(SubnetSelector::Tags(tags)) => Some((field, tags)),
        Some(SubnetSelector::Ids(_)) | None => None,
    });
    let wrong =
        |tags: &BTreeMap<String, String>| tags.keys().any(|k| !(1..=TAG_KEY_LENGTH).contains(&k.chars().count()));
    vpc.into_iter()
        .chain(subnets)
        .filter(|(_, tags)| wrong(tags))
        .map(|(field, _)| (field.to_owned(), format!("a tag key has 1 to {TAG_KEY_LENGTH} characters: correct it")))
        .collect()
}

fn extra_param_name(spec: &JenkinsStackSpec) -> Vec<(String, String)> {
    let names = spec.auth.oidc.iter().flat_map(|oidc| oidc.extra_params.keys());
    let wrong = names.filter(|name| name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()));
    wrong
        .map(|name| {
            let message = format!(
                "parameter {name:?} may have only letters and digits, the load balancer takes no others: remove it"
            );
            ("auth.oidc.extraParams".to_owned(), message)
        })
        .collect()
}

fn environment_size(spec: &JenkinsStackSpec) -> Vec<(String, String)> {
    let variables: usize = spec.controller.env.iter().map(|e| e.name.len() + e.value.len()).sum();
    let options: usize = spec.controller.java_options.iter().map(|o| o.len() + 1).sum();
    let bytes = variables + options;
    if bytes <= ENVIRONMENT_BYTES {
        return Vec::new();
    }
    let message = format!(
        "env and javaOptions have {bytes} bytes, a task definition holds {ENVIRONMENT_BYTES}: move large values to a file in the image or to secrets"
    );
    vec![("controller.env".to_owned(), message)]
}
