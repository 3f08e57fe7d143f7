//! One service's model: its protocol, its operations and their shapes, each parsed when it is first asked for.

use super::pattern::Pattern;
use super::shape::{ErrorTrait, Kind, Location, Member, Operation, Protocol, Shape, ShapeId, Structure};
use anyhow::{Context, anyhow};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What a model says of its service as a whole.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Version of the API, a date.
    pub api_version: String,
    /// Protocols it speaks, the preferred one first.
    pub protocols: Vec<Protocol>,
    /// First part of `X-Amz-Target`.
    #[serde(default)]
    pub target_prefix: String,
    /// Namespace of its XML.
    #[serde(default)]
    pub xml_namespace: String,
    /// First part of its host names.
    pub endpoint_prefix: String,
}

/// One service's model.
#[derive(Debug)]
pub struct Api {
    /// What holds for all operations.
    pub meta: Meta,
    operations: BTreeMap<&'static str, Lazy<Operation>>,
    shapes: Vec<(&'static str, Lazy<Shape>)>,
    ids: BTreeMap<&'static str, ShapeId>,
}

/// An entry of a model and what it reads as, once it was read.
#[derive(Debug)]
struct Lazy<T> {
    text: &'static str,
    read: OnceLock<Option<T>>,
}

#[derive(Deserialize)]
struct RawOperation {
    http: RawHttp,
    input: Option<RawInput>,
    output: Option<RawInput>,
    errors: Vec<String>,
    #[serde(default)]
    authtype: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHttp {
    method: String,
    request_uri: String,
    #[serde(default = "ok")]
    response_code: u16,
}

fn ok() -> u16 {
    200
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawInput {
    shape: String,
    location_name: Option<String>,
}

#[derive(Deserialize)]
struct RawShape {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: BTreeMap<String, RawMember>,
    member: Option<RawMember>,
    key: Option<RawMember>,
    value: Option<RawMember>,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
    min: Option<f64>,
    max: Option<f64>,
    pattern: Option<String>,
    #[serde(default)]
    flattened: bool,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    document: bool,
    #[serde(default)]
    error: ErrorTrait,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMember {
    shape: String,
    location: Option<Location>,
    location_name: Option<String>,
    query_name: Option<String>,
    #[serde(default)]
    flattened: bool,
}

impl Api {
    /// Reads the file that `unpack.py` wrote, without looking into its entries.
    pub fn read(text: &'static str) -> anyhow::Result<Self> {
        let mut meta = None;
        let (mut operations, mut shapes, mut ids) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for line in text.lines() {
            let (kind, rest) = line.split_once(' ').context("a line of the model has no kind")?;
            if kind == "meta" {
                meta = Some(serde_json::from_str(rest)?);
                continue;
            }
            let (name, text) = rest.split_once(' ').context("an entry of the model has no name")?;
            if kind == "operation" {
                operations.insert(name, Lazy::new(text));
            } else {
                ids.insert(name, ShapeId(shapes.len()));
                shapes.push((name, Lazy::new(text)));
            }
        }
        Ok(Self { meta: meta.context("the model has no metadata")?, operations, shapes, ids })
    }

    /// The protocol that this service's model prefers, leaving CBOR aside where JSON is spoken too.
    pub fn protocol(&self) -> Protocol {
        let plain = self.meta.protocols.iter().copied().find(|protocol| *protocol != Protocol::SmithyRpcV2Cbor);
        plain.unwrap_or(Protocol::SmithyRpcV2Cbor)
    }

    /// The operation of that name.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        let (name, entry) = self.operations.get_key_value(name)?;
        entry.get(|text| self.parse_operation(name, text))
    }

    /// All operations, in order of their names.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.keys().filter_map(|name| self.operation(name))
    }

    /// The shape at that place. A shape that can't be read is an empty structure; a test reads them all.
    pub fn shape(&self, id: ShapeId) -> &Shape {
        static NOTHING: Shape = Shape::NOTHING;
        let Some((name, entry)) = self.shapes.get(id.0) else { return &NOTHING };
        entry.get(|text| self.parse_shape(name, text)).unwrap_or(&NOTHING)
    }

    /// All shapes, in order of their names.
    pub fn shapes(&self) -> impl Iterator<Item = &Shape> {
        (0..self.shapes.len()).map(|at| self.shape(ShapeId(at)))
    }

    /// The structure at that place, or an empty one.
    pub fn structure_at(&self, id: Option<ShapeId>) -> &Structure {
        static EMPTY: Structure = Structure::EMPTY;
        id.map_or(&EMPTY, |id| self.shape(id).structure())
    }

    /// The shape of that name.
    pub fn shape_named(&self, name: &str) -> Option<&Shape> {
        self.ids.get(name).map(|id| self.shape(*id))
    }

    /// Reads every entry; the error names the first that can't be read.
    pub fn read_all(&self) -> anyhow::Result<()> {
        for (name, entry) in &self.operations {
            self.parse_operation(name, entry.text).with_context(|| format!("operation {name}"))?;
        }
        for (name, entry) in &self.shapes {
            self.parse_shape(name, entry.text).with_context(|| format!("shape {name}"))?;
        }
        Ok(())
    }

    fn parse_operation(&self, name: &'static str, text: &str) -> anyhow::Result<Operation> {
        let raw: RawOperation = serde_json::from_str(text)?;
        let shape = |input: &Option<RawInput>| input.as_ref().map(|input| self.id(&input.shape)).transpose();
        Ok(Operation {
            name,
            method: raw.http.method,
            uri: raw.http.request_uri,
            status: raw.http.response_code,
            input: shape(&raw.input)?,
            output: shape(&raw.output)?,
            input_name: raw.input.and_then(|input| input.location_name),
            errors: raw.errors.iter().map(|error| self.id(error)).collect::<Result<_, _>>()?,
            unsigned: raw.authtype.as_deref() == Some("none"),
        })
    }

    fn parse_shape(&self, name: &'static str, text: &str) -> anyhow::Result<Shape> {
        let mut raw: RawShape = serde_json::from_str(text)?;
        let (min, max, sensitive, error) = (raw.min, raw.max, raw.sensitive, std::mem::take(&mut raw.error));
        Ok(Shape { name, kind: self.kind(raw)?, min, max, sensitive, error })
    }

    fn kind(&self, raw: RawShape) -> anyhow::Result<Kind> {
        Ok(match raw.kind.as_str() {
            "structure" if raw.document => Kind::Document,
            "structure" => Kind::Structure(self.structure(raw)?),
            "list" => Kind::List(self.member(raw.member.context("a list without a member")?, raw.flattened)?),
            "map" => Kind::Map(
                self.member(raw.key.context("a map without a key")?, false)?,
                self.member(raw.value.context("a map without a value")?, raw.flattened)?,
            ),
            "string" | "character" => Kind::Text(raw.values, raw.pattern.map(Pattern::new)),
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "float" | "double" => Kind::Float,
            "boolean" => Kind::Boolean,
            "timestamp" => Kind::Timestamp,
            "blob" => Kind::Blob,
            other => return Err(anyhow!("a shape of the unknown type {other}")),
        })
    }

    fn structure(&self, raw: RawShape) -> anyhow::Result<Structure> {
        let members: Result<_, anyhow::Error> =
            raw.members.into_iter().map(|(name, member)| Ok((name, self.member(member, false)?))).collect();
        Ok(Structure::new(members?, raw.required))
    }

    fn member(&self, raw: RawMember, flattened: bool) -> anyhow::Result<Member> {
        Ok(Member {
            shape: self.id(&raw.shape)?,
            location: raw.location,
            location_name: raw.location_name,
            query_name: raw.query_name,
            flattened: raw.flattened || flattened,
        })
    }

    fn id(&self, name: &str) -> anyhow::Result<ShapeId> {
        self.ids.get(name).copied().with_context(|| format!("no shape {name}"))
    }
}

impl<T> Lazy<T> {
    fn new(text: &'static str) -> Self {
        Self { text, read: OnceLock::new() }
    }

    fn get(&self, parse: impl FnOnce(&'static str) -> anyhow::Result<T>) -> Option<&T> {
        self.read.get_or_init(|| parse(self.text).ok()).as_ref()
    }
}
