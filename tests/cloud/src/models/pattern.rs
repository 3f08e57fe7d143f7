//! The patterns of the models, which are written for another engine, as regular expressions of `regex-lite`.
//!
//! As AWS does, a pattern must match the whole value. What `regex-lite` lacks is put differently:
//! - `\p{L}` and `\p{N}` are ASCII letters and digits, and `\p{L}` also every character outside of ASCII (more than
//!   Unicode's letters: a value with other symbols from there passes here and would not on AWS);
//! - a look-ahead at the very start becomes a second expression; the three patterns with look-aheads inside are
//!   written out by hand in [`BY_HAND`].
//!
//! A pattern that can't be compiled in spite of that is not checked; a test holds the list of those empty.

use regex_lite::Regex;
use std::sync::OnceLock;

/// A pattern of a model; compiled when it is first asked.
#[derive(Debug)]
pub struct Pattern {
    /// As the model has it, for messages.
    pub source: String,
    compiled: OnceLock<Option<Compiled>>,
}

#[derive(Debug)]
struct Compiled {
    whole: Whole,
    ahead: Option<Ahead>,
}

#[derive(Debug)]
enum Whole {
    Set(Set),
    Regex(Regex),
}

/// One set of characters, any number of times: what policies, tags and names are checked by, and fast for long ones.
#[derive(Debug)]
struct Set {
    ascii: Vec<bool>,
    one: Regex,
    may_be_empty: bool,
}

/// A look-ahead at the start of a pattern.
#[derive(Debug)]
struct Ahead {
    regex: Regex,
    wanted: bool,
}

/// Patterns with look-aheads inside (ACM `DomainNameString`, EFS `Path`, IAM `accountAliasType`), and what they mean.
const BY_HAND: [(&str, &str); 3] = [
    (
        r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])",
        r"(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]",
    ),
    (r"^(\/|(\/(?!\.)+[^$#<>;`|&?{}^*/\n]+){1,4})$", r"^(/|(/[^.$#<>;`|&?{}^*/\n][^$#<>;`|&?{}^*/\n]*){1,4})$"),
    (r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$", r"^[a-z0-9](-?[a-z0-9])+$"),
];

impl Pattern {
    /// A pattern as the model has it.
    pub fn new(source: String) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    /// Whether the whole of `value` matches.
    pub fn matches(&self, value: &str) -> bool {
        let Some(compiled) = self.compiled() else { return true };
        let ahead = compiled.ahead.as_ref().is_none_or(|ahead| ahead.regex.is_match(value) == ahead.wanted);
        ahead && compiled.whole.is_match(value)
    }

    /// Whether it can be checked at all.
    pub fn usable(&self) -> bool {
        self.compiled().is_some()
    }

    fn compiled(&self) -> Option<&Compiled> {
        self.compiled.get_or_init(|| compile(&self.source)).as_ref()
    }
}

fn compile(source: &str) -> Option<Compiled> {
    let source = BY_HAND.iter().find(|(theirs, _)| *theirs == source).map_or(source, |(_, ours)| ours);
    let (ahead, rest) = split_ahead(source);
    let rest = translate(rest);
    let whole = match Set::of(&rest) {
        Some(set) => Whole::Set(set),
        None => Whole::Regex(Regex::new(&format!("^(?:{rest})$")).ok()?),
    };
    let ahead = match ahead {
        Some((text, wanted)) => Some(Ahead { regex: Regex::new(&format!("^(?:{})", translate(text))).ok()?, wanted }),
        None => None,
    };
    Some(Compiled { whole, ahead })
}

impl Whole {
    fn is_match(&self, value: &str) -> bool {
        match self {
            Self::Set(set) => set.is_match(value),
            Self::Regex(regex) => regex.is_match(value),
        }
    }
}

impl Set {
    /// Takes `[…]*` and `[…]+`, also in parentheses or between `^` and `$`.
    fn of(source: &str) -> Option<Self> {
        let source = source.strip_prefix('^').unwrap_or(source);
        let source = source.strip_suffix('$').unwrap_or(source);
        let source = source.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(source);
        let class = source.strip_suffix(['*', '+'])?;
        let inside = class.strip_prefix('[')?.strip_suffix(']')?;
        let mut escaped = false;
        for c in inside.chars() {
            if !escaped && (c == '[' || c == ']') {
                return None;
            }
            escaped = !escaped && c == '\\';
        }
        let one = Regex::new(&format!("^{class}$")).ok()?;
        let ascii = (0..128_u8).map(|c| one.is_match(char::from(c).encode_utf8(&mut [0; 4]))).collect();
        Some(Self { ascii, one, may_be_empty: source.ends_with('*') })
    }

    fn is_match(&self, value: &str) -> bool {
        let holds = |c: char| match self.ascii.get(c as usize) {
            Some(holds) => *holds,
            None => self.one.is_match(c.encode_utf8(&mut [0; 4])),
        };
        (self.may_be_empty || !value.is_empty()) && value.chars().all(holds)
    }
}

/// Splits `^(?!X)Y` into X and Y; groups inside X are not expected.
fn split_ahead(source: &str) -> (Option<(&str, bool)>, &str) {
    let (rest, wanted) = match (source.strip_prefix("^(?!"), source.strip_prefix("^(?=")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        (None, None) => return (None, source),
    };
    match rest.split_once(')') {
        Some((ahead, rest)) => (Some((ahead, wanted)), rest),
        None => (None, source),
    }
}

/// Puts what `regex-lite` does not know into what it does.
fn translate(source: &str) -> String {
    source
        .replace(r"[\p{L}\p{Z}\p{N}", r"[A-Za-z\x{80}-\x{10FFFF} 0-9")
        .replace(r"[\w-_]", r"[\w_-]")
        .replace(r"\p{ASCII}", r"[\x00-\x7F]")
        .replace(r"\u10000-\u10FFFF", r"\x{10000}-\x{10FFFF}")
        .replace(r"\uD7FF\uE000", r"\x{D7FF}\x{E000}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_matches_what_its_expression_matches() {
        for source in [r"[\w+=,.@-]+", r"[\u0009\u000A\u000D\u0020-\u00FF]+", r"^([A-Z\]\[]*)$", r"[^ ]*", r"[\s\S]*"] {
            let set = Set::of(source).unwrap();
            let regex = Regex::new(&format!("^(?:{source})$")).unwrap();
            for text in (0..0x180).filter_map(char::from_u32).map(|c| format!("a{c}")).chain([String::new()]) {
                assert_eq!(set.is_match(&text), regex.is_match(&text), "{source} {text:?}");
            }
        }
        for other in ["[a][b]+", "[a]{1,2}", "[a]", "x[a]+", "([a]+)(b)"] {
            assert!(Set::of(other).is_none(), "{other}");
        }
    }
}
