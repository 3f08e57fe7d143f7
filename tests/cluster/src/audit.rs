//! The audit log of the API server: who asked what, and what the answer was.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::options::Audit;

/// One answered request (`Event` of `audit.k8s.io/v1`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; else the HTTP method.
    pub verb: String,
    /// Path and query.
    #[serde(rename = "requestURI")]
    pub request_uri: String,
    /// Who asked.
    pub user: AuditUser,
    /// What the client calls itself.
    #[serde(default)]
    pub user_agent: String,
    /// What was asked about; absent where the path is not one of an object, such as `/version`.
    pub object_ref: Option<AuditObject>,
    /// The outcome.
    pub response_status: Option<AuditStatus>,
    /// The request's body, with [`Audit::Bodies`].
    pub request_object: Option<Value>,
    /// The answer's body, with [`Audit::Bodies`].
    pub response_object: Option<Value>,
}

/// Who asked.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditUser {
    /// For a service account `system:serviceaccount:NAMESPACE:NAME`.
    #[serde(default)]
    pub username: String,
}

/// What was asked about; what does not apply is empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditObject {
    /// API group, empty for the core one.
    pub api_group: String,
    /// Plural name of the kind.
    pub resource: String,
    /// `status` and the like.
    pub subresource: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object; empty for lists and watches.
    pub name: String,
}

/// The outcome of a request.
#[derive(Debug, Clone, Deserialize)]
pub struct AuditStatus {
    /// HTTP status code.
    pub code: u16,
    /// The reason of a failure, such as `Forbidden`.
    #[serde(default)]
    pub reason: String,
}

/// The policy (`Policy` of `audit.k8s.io/v1`), or `None` when nothing is to be written.
pub(crate) fn policy(audit: Audit) -> Option<Value> {
    let level = match audit {
        Audit::Off => return None,
        Audit::Metadata => "Metadata",
        Audit::Bodies => "RequestResponse",
    };
    Some(json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived", "ResponseStarted"],
        "omitManagedFields": true,
        "rules": [{"level": level}],
    }))
}

/// The events in a log, oldest first. A last line that is still being written is left out.
pub(crate) fn read(log: &Path) -> Result<Vec<AuditEvent>> {
    let text = fs::read_to_string(log).with_context(|| format!("can't read {}", log.display()))?;
    let finished = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
    finished.lines().map(|line| serde_json::from_str(line).with_context(|| format!("not an event: {line}"))).collect()
}
