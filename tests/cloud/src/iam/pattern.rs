//! Patterns of policies: wildcards, policy variables, and the segments of ARNs.
//!
//! Sources: IAM User Guide, "IAM JSON policy elements: Resource" (wildcards, segments), "IAM policy elements: Variables
//! and tags" (variables, their defaults, `${*}`), "IAM JSON policy elements: Condition operators" (ARN operators).

use super::request::Request;
use std::borrow::Cow;

/// One piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// This character.
    Char(char),
    /// Any one character but a colon of an ARN.
    One,
    /// Any characters within one segment of an ARN.
    Within,
    /// Any characters.
    Any,
    /// The value of a context key, or else the default.
    Variable(String, Option<String>),
}

/// A text with wildcards and variables, compiled once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    varies: bool,
}

impl Pattern {
    /// A pattern in which `*` and `?` are wildcards; `${…}` too stands for something where `variables` says so.
    pub(super) fn new(text: &str, variables: bool) -> Self {
        Self::compile(text, variables, true)
    }

    /// A text in which `*` and `?` stand for themselves.
    pub(super) fn literal(text: &str, variables: bool) -> Self {
        Self::compile(text, variables, false)
    }

    /// A pattern for a whole ARN: `*` goes beyond a colon only as the last character of a segment.
    pub(super) fn arn(text: &str, variables: bool) -> Self {
        let mut pattern = Self::new(text, variables);
        for i in 0..pattern.pieces.len() {
            let ends_segment = matches!(pattern.pieces.get(i + 1), None | Some(Piece::Char(':') | Piece::Any));
            if pattern.pieces[i] == Piece::Any && !ends_segment {
                pattern.pieces[i] = Piece::Within;
            }
        }
        pattern
    }

    fn compile(text: &str, variables: bool, wild: bool) -> Self {
        let mut pieces = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let variable = if variables { rest.strip_prefix("${").and_then(|tail| tail.split_once('}')) } else { None };
            if let Some((inside, tail)) = variable {
                pieces.push(variable_piece(inside));
                rest = tail;
                continue;
            }
            pieces.push(match c {
                '*' if wild => Piece::Any,
                '?' if wild => Piece::One,
                c => Piece::Char(c),
            });
            rest = &rest[c.len_utf8()..];
        }
        let varies = pieces.iter().any(|piece| matches!(piece, Piece::Variable(..)));
        Self { pieces, varies }
    }

    /// The six parts of an ARN pattern, of which the last may contain colons; missing parts match anything.
    pub(super) fn segments(&self) -> Vec<Pattern> {
        let mut parts: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in &self.pieces {
            let open = parts.len() < 6;
            match parts.last_mut() {
                Some(_) if open && *piece == Piece::Char(':') => parts.push(Vec::new()),
                Some(last) => last.push(piece.clone()),
                None => {}
            }
        }
        parts.resize(6, vec![Piece::Any]);
        parts.into_iter().map(|pieces| Pattern { pieces, varies: self.varies }).collect()
    }

    /// Whether `text` fits; a variable without value fits nothing.
    pub(super) fn matches(&self, text: &str, request: &Request<'_>) -> bool {
        self.resolve(request).is_some_and(|pieces| glob(&pieces, text))
    }

    /// Whether `text` fits but for the case of letters.
    pub(super) fn matches_any_case(&self, text: &str, request: &Request<'_>) -> bool {
        let lower = |c: &Piece| match c {
            Piece::Char(c) => Piece::Char(c.to_lowercase().next().unwrap_or(*c)),
            other => other.clone(),
        };
        let Some(pieces) = self.resolve(request) else { return false };
        glob(&pieces.iter().map(lower).collect::<Vec<_>>(), &text.to_lowercase())
    }

    /// The text with its variables filled in, if it has no wildcards.
    pub(super) fn text(&self, request: &Request<'_>) -> Option<String> {
        let pieces = self.resolve(request)?;
        pieces.iter().map(|piece| if let Piece::Char(c) = piece { Some(*c) } else { None }).collect()
    }

    fn resolve(&self, request: &Request<'_>) -> Option<Cow<'_, [Piece]>> {
        if !self.varies {
            return Some(Cow::Borrowed(&self.pieces));
        }
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let Piece::Variable(key, default) = piece else {
                pieces.push(piece.clone());
                continue;
            };
            let value = match request.values(key) {
                [single] => Some(single.as_str()),
                _ => default.as_deref(),
            };
            pieces.extend(value?.chars().map(Piece::Char));
        }
        Some(Cow::Owned(pieces))
    }
}

fn variable_piece(inside: &str) -> Piece {
    if let "*" | "?" | "$" = inside {
        return Piece::Char(inside.chars().next().unwrap_or('$'));
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
        None => (inside, None),
    };
    Piece::Variable(key.trim().to_ascii_lowercase(), default)
}

/// Greedy match that goes back to the last wildcard.
fn glob(pieces: &[Piece], text: &str) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    loop {
        let c = text[t..].chars().next();
        match (pieces.get(p), c) {
            (None, None) => return true,
            (Some(Piece::Any | Piece::Within), _) => {
                back = Some((p, t));
                p += 1;
                continue;
            }
            (Some(Piece::Char(want)), Some(c)) if *want == c => {
                (p, t) = (p + 1, t + c.len_utf8());
                continue;
            }
            (Some(Piece::One), Some(c)) if c != ':' => {
                (p, t) = (p + 1, t + c.len_utf8());
                continue;
            }
            _ => {}
        }
        let Some((star, from)) = back else { return false };
        let Some(eaten) = text[from..].chars().next() else { return false };
        if pieces[star] == Piece::Within && eaten == ':' {
            return false;
        }
        back = Some((star, from + eaten.len_utf8()));
        (p, t) = (star + 1, from + eaten.len_utf8());
    }
}
