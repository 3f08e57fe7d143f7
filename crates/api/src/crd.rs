//! The CustomResourceDefinition: what the derive gives, made fit for users.
//!
//! Three things change. An `enum` with data becomes "exactly one of", as a rule with a message. `null` is not a value: the
//! API server drops it, as if the field were left out. A new object has a status that kstatus takes for "in progress".
//! A default of an area repeats the defaults below it, since the API server checks it against the rules as it stands.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Map, Value, json};

use crate::JenkinsStack;

const HEADER: &str = "# Generated from crates/api: change the types there, then run its tests with UPDATE=1.\n";

/// The definition could not be written.
#[derive(Debug, thiserror::Error)]
pub enum CrdError {
    /// Its parts do not fit together.
    #[error("the CustomResourceDefinition does not fit its type")]
    Json(#[from] serde_json::Error),
    /// It could not be written as YAML.
    #[error("the CustomResourceDefinition cannot be written as YAML")]
    Yaml(#[from] serde_saphyr::ser::Error),
}

/// The CustomResourceDefinition of JenkinsStack, ready to be applied.
///
/// # Errors
/// When a change of the types made a definition that does not hold together; the tests find that.
pub fn crd() -> Result<CustomResourceDefinition, CrdError> {
    Ok(serde_json::from_value(crd_json()?)?)
}

/// The CustomResourceDefinition of JenkinsStack as YAML: the content of the file in `crds/`.
///
/// # Errors
/// As [`crd`].
pub fn crd_yaml() -> Result<String, CrdError> {
    Ok(format!("{HEADER}{}", serde_saphyr::to_string(&crd_json()?)?))
}

fn crd_json() -> Result<Value, CrdError> {
    let mut crd = serde_json::to_value(JenkinsStack::crd())?;
    if let Some(schema) = crd.pointer_mut("/spec/versions/0/schema/openAPIV3Schema") {
        refine(schema);
        if let Some(status) = schema.pointer_mut("/properties/status").and_then(Value::as_object_mut) {
            // Never equal to a generation: until the operator has seen the stack, kstatus says that it is in progress.
            status.insert("default".to_owned(), json!({ "observedGeneration": -1 }));
        }
    }
    Ok(crd)
}

/// Changes a schema and all schemas in it, the inner ones first.
fn refine(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(refine);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key) {
            refine(inner);
        }
    }
    schema.remove("nullable");
    schema.remove("title");
    for bound in ["minimum", "maximum"] {
        whole_number(schema, bound);
    }
    union(schema);
}

/// Writes a bound as `120` where the type of the definition has `120.0`.
fn whole_number(schema: &mut Map<String, Value>, bound: &str) {
    // No bound of ours is beyond 2^32, so the number is exact.
    if let Some(number) = schema.get(bound).and_then(Value::as_f64).filter(|number| number.fract() == 0.0) {
        schema.insert(bound.to_owned(), json!(number as i64));
    }
}

/// Turns the alternatives of an enum with data into a rule whose message names them.
fn union(schema: &mut Map<String, Value>) {
    let Some(alternatives) = schema.get("oneOf").and_then(Value::as_array) else { return };
    let names: Option<Vec<&str>> = alternatives.iter().map(|a| a.get("required")?.get(0)?.as_str()).collect();
    let Some(names) = names else { return };
    let present = names.iter().map(|name| format!("has(self.{name})")).collect::<Vec<_>>().join(", ");
    let rule = json!({
        "rule": format!("[{present}].filter(p, p).size() == 1"),
        "message": format!("set exactly one of {}", names.join(", ")),
    });
    schema.remove("oneOf");
    schema.insert("x-kubernetes-validations".to_owned(), json!([rule]));
    // Merged by parts, the alternatives of two writers would stand side by side.
    schema.insert("x-kubernetes-map-type".to_owned(), json!("atomic"));
}
