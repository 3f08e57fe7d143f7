//! What a model is made of: operations, shapes and their members.

pub use super::api::Api;
use super::pattern::Pattern;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The protocols that AWS services speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// JSON 1.1 with the operation in `X-Amz-Target`.
    Json,
    /// Form in, XML out.
    Query,
    /// EC2's own kind of query.
    Ec2,
    /// JSON with the operation in method and path.
    RestJson,
    /// XML with the operation in method and path.
    RestXml,
    /// CBOR with the operation in the path.
    SmithyRpcV2Cbor,
}

/// Place of a shape in its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeId(pub(super) usize);

/// One operation of a model.
#[derive(Debug)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// HTTP method.
    pub method: String,
    /// Path with `{Label}` for members.
    pub uri: String,
    /// HTTP status of success.
    pub status: u16,
    /// Shape of the input.
    pub input: Option<ShapeId>,
    /// Name of the root element of an XML request.
    pub input_name: Option<String>,
    /// Shape of the output.
    pub output: Option<ShapeId>,
    /// Shapes of the modelled errors.
    pub errors: Vec<ShapeId>,
    /// Whether clients send it without a signature.
    pub unsigned: bool,
}

/// One shape of a model.
#[derive(Debug)]
pub struct Shape {
    /// Its name in the model.
    pub name: &'static str,
    /// What it is made of.
    pub kind: Kind,
    /// Least length or value.
    pub min: Option<f64>,
    /// Greatest length or value.
    pub max: Option<f64>,
    /// Whether its values must not appear in messages.
    pub sensitive: bool,
    /// Wire code and HTTP status, for errors.
    pub error: ErrorTrait,
}

/// What the model says of an error's appearance.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorTrait {
    /// Code on the wire where it is not the shape's name.
    pub code: Option<String>,
    /// HTTP status.
    pub http_status_code: Option<u16>,
}

/// The kinds of shapes.
#[derive(Debug)]
pub enum Kind {
    /// Named members.
    Structure(Structure),
    /// Elements of one shape.
    List(Member),
    /// Keys and values of one shape each.
    Map(Member, Member),
    /// Text, one of a set of values or of a pattern where those are given.
    Text(Vec<String>, Option<Pattern>),
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    /// Floating point.
    Float,
    /// True or false.
    Boolean,
    /// A moment, in seconds.
    Timestamp,
    /// Bytes, as base64 text.
    Blob,
    /// Any JSON.
    Document,
}

/// Members of a structure.
#[derive(Debug)]
pub struct Structure {
    /// Members by name.
    pub members: BTreeMap<String, Member>,
    /// Names of those that must be there.
    pub required: Vec<String>,
    /// Names of the members by their names on the wire.
    by_wire: BTreeMap<String, String>,
    /// Names of the members by their names in an EC2 request.
    by_ec2: BTreeMap<String, String>,
}

impl Structure {
    /// A structure without members.
    pub const EMPTY: Self =
        Self { members: BTreeMap::new(), required: Vec::new(), by_wire: BTreeMap::new(), by_ec2: BTreeMap::new() };

    pub(super) fn new(members: BTreeMap<String, Member>, required: Vec<String>) -> Self {
        let by_wire = members.iter().map(|(name, member)| (member.wire(name).to_owned(), name.clone())).collect();
        let by_ec2 = members.iter().map(|(name, member)| (member.ec2(name), name.clone())).collect();
        Self { members, required, by_wire, by_ec2 }
    }

    /// The member that is called `wire` there, and its name in the model.
    pub fn on_wire(&self, wire: &str) -> Option<(&str, &Member)> {
        self.named(self.by_wire.get(wire)?)
    }

    /// The member that is called `wire` in an EC2 request, and its name in the model.
    pub fn in_ec2(&self, wire: &str) -> Option<(&str, &Member)> {
        self.named(self.by_ec2.get(wire)?)
    }

    fn named(&self, name: &str) -> Option<(&str, &Member)> {
        self.members.get_key_value(name).map(|(name, member)| (name.as_str(), member))
    }
}

/// Where a member of a REST request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// A label of the path.
    Uri,
    /// The query string.
    QueryString,
    /// A header.
    Header,
    /// All headers of a prefix.
    Headers,
    /// The status line.
    StatusCode,
}

/// A member of a structure, or what lists and maps are made of.
#[derive(Debug)]
pub struct Member {
    /// Its shape.
    pub shape: ShapeId,
    /// Where it travels, if not in the body.
    pub location: Option<Location>,
    /// Its name on the wire, if that differs.
    pub location_name: Option<String>,
    /// Its name in an EC2 request, if that differs.
    pub query_name: Option<String>,
    /// Whether its elements stand without an element around them.
    pub flattened: bool,
}

impl Shape {
    pub(super) const NOTHING: Shape = Shape {
        name: "",
        kind: Kind::Structure(Structure::EMPTY),
        min: None,
        max: None,
        sensitive: false,
        error: ErrorTrait { code: None, http_status_code: None },
    };

    /// The structure that this is, or an empty one.
    pub fn structure(&self) -> &Structure {
        static EMPTY: Structure = Structure::EMPTY;
        if let Kind::Structure(structure) = &self.kind { structure } else { &EMPTY }
    }

    /// The code that this error has on the wire.
    pub fn error_code(&self) -> &str {
        self.error.code.as_deref().unwrap_or(self.name)
    }
}

impl Member {
    /// The name on the wire of a member called `name` in the model.
    pub fn wire<'a>(&'a self, name: &'a str) -> &'a str {
        self.location_name.as_deref().unwrap_or(name)
    }

    /// The name in an EC2 request of a member called `name` in the model.
    pub fn ec2(&self, name: &str) -> String {
        if let Some(name) = &self.query_name {
            return name.clone();
        }
        let mut chars = self.wire(name).chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
    }
}
