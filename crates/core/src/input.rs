//! Values that are known now, or that another resource yields once it exists. The edges of the graph are read from these.

use crate::graph::NodeId;
use crate::id::IdError;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// What a resource yields to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Output {
    /// Its ARN.
    Arn,
    /// Its id, in the form its own API uses.
    Id,
    /// Its name.
    Name,
    /// Its DNS name.
    DnsName,
    /// The version that is current.
    Version,
}

/// Everything a resource yields.
pub type Outputs = BTreeMap<Output, String>;

/// One output of one node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The node that yields it.
    pub node: NodeId,
    /// Which of its outputs.
    pub output: Output,
}

/// A value that is known, or that another node will yield.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<T> {
    /// Known from the spec, or filled in since.
    Known(T),
    /// Comes from another node once that exists; never defaulted.
    From(Source),
}

impl<T> Input<T> {
    /// The output of `node`.
    pub fn from(node: &NodeId, output: Output) -> Self {
        Self::From(Source { node: node.clone(), output })
    }

    /// The value, once it is known.
    pub fn known(&self) -> Result<&T, Unresolved> {
        match self {
            Self::Known(value) => Ok(value),
            Self::From(source) => Err(Unresolved(source.clone())),
        }
    }
}

/// Known values appear as themselves, others by their source, as in plans: `(load-balancer.arn)`.
impl<T: Serialize> Serialize for Input<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::From(Source { node, output }) => serializer.collect_str(&format_args!("({node}.{output:?})")),
        }
    }
}

/// A value was asked for before its node existed: a bug of the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bug: {}.{:?} was used before it was known", .0.node, .0.output)]
pub struct Unresolved(pub Source);

/// A resource whose inputs can be walked, so that edges can be read and values filled in.
pub trait HasInputs {
    /// Shows every input to `walk`, in a fixed order.
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput));
}

/// An input without its type.
pub trait AnyInput {
    /// Where its value comes from, unless it is known.
    fn source(&self) -> Option<&Source>;
    /// Fills in the value that its source yielded.
    fn fill(&mut self, text: &str) -> Result<(), IdError>;
}

impl<T: FromStr<Err = IdError>> AnyInput for Input<T> {
    fn source(&self) -> Option<&Source> {
        match self {
            Self::Known(_) => None,
            Self::From(source) => Some(source),
        }
    }

    fn fill(&mut self, text: &str) -> Result<(), IdError> {
        *self = Self::Known(text.parse()?);
        Ok(())
    }
}

/// A node that must be there first although nothing of it is used, for example a mount target before the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prerequisite {
    source: Source,
    met: bool,
}

impl Prerequisite {
    /// `node` must be there first.
    pub fn on(node: &NodeId) -> Self {
        Self { source: Source { node: node.clone(), output: Output::Id }, met: false }
    }
}

impl AnyInput for Prerequisite {
    fn source(&self) -> Option<&Source> {
        if self.met { None } else { Some(&self.source) }
    }

    fn fill(&mut self, _text: &str) -> Result<(), IdError> {
        self.met = true;
        Ok(())
    }
}

/// Text with outputs of other nodes inside, for example the resource of a policy statement.
#[derive(Clone, Debug)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Text(String);

type Piece = Input<Text>;

impl FromStr for Text {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Ok(Self(text.to_owned()))
    }
}

impl Template {
    /// Text without outputs.
    pub fn text(text: impl Display) -> Self {
        Self(vec![Input::Known(Text(text.to_string()))])
    }

    /// One output of `node`.
    pub fn output(node: &NodeId, output: Output) -> Self {
        Self(vec![Input::from(node, output)])
    }

    /// Adds text at the end.
    pub fn then(mut self, text: impl Display) -> Self {
        self.0.push(Input::Known(Text(text.to_string())));
        self
    }

    /// Adds an output at the end.
    pub fn then_output(mut self, node: &NodeId, output: Output) -> Self {
        self.0.push(Input::from(node, output));
        self
    }

    /// The whole text, once every output in it is known.
    pub fn known(&self) -> Result<String, Unresolved> {
        self.0.iter().map(|piece| piece.known().map(|text| text.0.as_str())).collect()
    }
}

/// Of what is known the text counts, however it came together.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        match (self.known(), other.known()) {
            (Ok(this), Ok(that)) => this == that,
            _ => self.0 == other.0,
        }
    }
}

impl Eq for Template {}

impl<T: FromStr<Err = IdError> + Display> From<&Input<T>> for Template {
    fn from(input: &Input<T>) -> Self {
        match input {
            Input::Known(value) => Self::text(value),
            Input::From(source) => Self(vec![Input::From(source.clone())]),
        }
    }
}

impl HasInputs for Template {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        self.0.iter_mut().for_each(|piece| walk(piece));
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = self.0.iter().map(|piece| match piece {
            Input::Known(text) => text.0.clone(),
            Input::From(Source { node, output }) => format!("({node}.{output:?})"),
        });
        serializer.serialize_str(&shown.collect::<String>())
    }
}
