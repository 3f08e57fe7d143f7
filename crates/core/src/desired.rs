//! Spec to graph: the resources that a stack asks for, one module per area of the spec.
//!
//! [`graph`] is a pure function of the spec and its [`Context`]. Order is nowhere said: it follows from the inputs.

mod compute;
mod context;
mod endpoint;
mod identity;
mod network;
mod specimen;
mod storage;

pub use context::{Context, ExistingFileSystem, ExistingListener, HostedZone, SecretText, Subnet};
pub use specimen::{kind_needs, specimen};

use crate::arn::KeyArn;
use crate::graph::{Graph, GraphError, Node, NodeId};
use crate::id::IdError;
use crate::kind::Desired;
use jenkinsstack_api::JenkinsStackSpec;
use std::str::FromStr;

/// Why a spec gives no graph. Admission refuses most of it; what gets through stalls the stack and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// A field that does not say what it should.
    #[error("{field}: {problem}")]
    Field {
        /// Path of the field from the spec on, for example `controller.memory`.
        field: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A graph that can't be.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl SpecError {
    fn field(field: &str, problem: impl ToString) -> Self {
        Self::Field { field: field.to_owned(), problem: problem.to_string() }
    }
}

/// Port on which Jenkins listens in its container.
const JENKINS_PORT: u16 = 8080;
/// Port of NFS.
const NFS_PORT: u16 = 2049;
/// Port of HTTPS.
const HTTPS_PORT: u16 = 443;
/// Port of HTTP.
const HTTP_PORT: u16 = 80;
/// Every IPv4 address.
const ANYWHERE: &str = "0.0.0.0/0";

/// The resources that `spec` asks for in `context`.
pub fn graph(spec: &JenkinsStackSpec, context: &Context) -> Result<Graph, SpecError> {
    let mut stack = Stack { spec, context, graph: Graph::default() };
    let storage = stack.storage()?;
    let logs = stack.logs()?;
    let secrets = stack.secrets()?;
    let network = stack.network();
    let roles = stack.roles(&storage, &logs, &secrets)?;
    let home = stack.home(&storage, &roles, &network)?;
    let endpoint = stack.endpoint(&network)?;
    stack.service(&storage, &logs, &secrets, &roles, &network, &home, &endpoint)?;
    stack.graph.check()?;
    Ok(stack.graph)
}

/// A graph in the making.
struct Stack<'a> {
    spec: &'a JenkinsStackSpec,
    context: &'a Context,
    graph: Graph,
}

impl Stack<'_> {
    /// Adds a node under `name`, with the tags that it must have.
    fn add(&mut self, id: &NodeId, name: String, desired: Desired) {
        let mut tags = self.spec.aws.tags.clone();
        tags.extend(self.context.owner.tags(id, &self.context.installation));
        self.graph.add(id.clone(), Node { name, tags, desired });
    }

    /// A name of at most `limit` characters for a node; `fixed` are its settings that can't be changed later.
    fn name(&self, id: &NodeId, fixed: &[&str], limit: usize) -> String {
        self.context.owner.name(id, fixed, limit)
    }

    /// `Jenkins NAMESPACE/NAME: WHAT`, for descriptions.
    fn describe(&self, what: &str) -> String {
        format!("Jenkins {}: {what}", self.context.owner.stack())
    }
}

/// Parses what a field of the spec names.
fn parse<T: FromStr<Err = IdError>>(field: &str, text: &str) -> Result<T, SpecError> {
    text.parse().map_err(|error| SpecError::field(field, error))
}

/// Parses the KMS key that a field names, if it names one.
fn key(field: &str, arn: Option<&str>) -> Result<Option<KeyArn>, SpecError> {
    arn.map(|arn| parse(field, arn)).transpose()
}
