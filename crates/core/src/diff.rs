//! What differs between a resource as it is wanted and as it was seen, field by field, and how each field may change.

use serde::Serialize;

/// What has to happen to a resource so that it is as wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "change")]
pub enum Change {
    /// Nothing.
    Same,
    /// These fields can be changed where it stands.
    InPlace {
        /// The fields, in the order of the kind.
        fields: Vec<Field>,
    },
    /// A new one must take its place.
    Replace {
        /// The fields that AWS can't change.
        fields: Vec<Field>,
    },
    /// It must not be changed at all.
    Refused {
        /// The fields that were asked to change.
        fields: Vec<Field>,
        /// How the user gets there all the same.
        remedy: &'static str,
    },
}

/// One field that differs. Values are shown as JSON; a secret never gets here, only its fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Name in AWS's words, for example `throughputMode`.
    pub name: &'static str,
    /// As it was seen.
    pub from: String,
    /// As it is wanted.
    pub to: String,
}

/// Collects the differing fields of one resource.
#[derive(Debug, Default)]
pub struct Diff {
    in_place: Vec<Field>,
    replace: Vec<Field>,
    refused: Vec<Field>,
    remedy: &'static str,
}

impl Diff {
    /// A field that AWS can change where the resource stands.
    pub fn in_place<T: PartialEq + Serialize>(mut self, name: &'static str, want: &T, have: &T) -> Self {
        self.in_place.extend(differs(name, want, have));
        self
    }

    /// A field that is fixed at creation: another value needs a new resource.
    pub fn fixed<T: PartialEq + Serialize>(mut self, name: &'static str, want: &T, have: &T) -> Self {
        self.replace.extend(differs(name, want, have));
        self
    }

    /// A field that is fixed at creation of a resource that must never be replaced; `remedy` says how to get there.
    pub fn refused<T: PartialEq + Serialize>(
        mut self,
        name: &'static str,
        want: &T,
        have: &T,
        remedy: &'static str,
    ) -> Self {
        if let Some(field) = differs(name, want, have) {
            self.refused.push(field);
            self.remedy = remedy;
        }
        self
    }

    /// What has to happen: a refusal wins over a replacement, a replacement over a change in place.
    pub fn done(self) -> Change {
        let Self { in_place, replace, refused, remedy } = self;
        match (refused.is_empty(), replace.is_empty(), in_place.is_empty()) {
            (false, _, _) => Change::Refused { fields: refused, remedy },
            (true, false, _) => Change::Replace { fields: replace },
            (true, true, false) => Change::InPlace { fields: in_place },
            (true, true, true) => Change::Same,
        }
    }
}

fn differs<T: PartialEq + Serialize>(name: &'static str, want: &T, have: &T) -> Option<Field> {
    (want != have).then(|| Field { name, from: shown(have), to: shown(want) })
}

fn shown<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(error) => format!("bug: {error}"),
    }
}
