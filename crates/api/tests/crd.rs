//! The CustomResourceDefinition: the committed file is current, and each field tells the user what it is.

// Clippy's exemption for tests does not reach the helpers of a test file.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{env, fs, path::Path};

use serde_json::Value;

#[test]
fn crd_file_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds/jenkinsstack.io_jenkinsstacks.yaml");
    let current = jenkinsstack_api::crd_yaml().unwrap();
    if env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &current).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "crds/ is not current: run this test with UPDATE=1");
}

/// Calls `visit` with the path and the schema of each field of the spec.
fn fields(path: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        visit(&path, inner);
        fields(&path, inner, visit);
    }
    if schema["items"].is_object() {
        fields(&format!("{path}[]"), &schema["items"], visit);
    }
}

fn spec_schema() -> Value {
    let crd = serde_json::to_value(jenkinsstack_api::crd().unwrap()).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

#[test]
fn every_field_is_documented() {
    let mut missing = Vec::new();
    fields("spec", &spec_schema(), &mut |path, schema| {
        let text = schema["description"].as_str().unwrap_or_default();
        let presence = text.contains("Default: ") || text.contains("Required");
        if !presence || !text.contains("Example: ") {
            missing.push(path.to_owned());
        }
    });
    assert_eq!(missing, Vec::<String>::new(), "say default or required, and give an example");
}

#[test]
fn every_rule_says_what_to_do() {
    let mut check = |path: &str, schema: &Value| {
        for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
            assert!(rule["message"].is_string() || rule["messageExpression"].is_string(), "{path}: {rule}");
        }
    };
    let spec = spec_schema();
    check("spec", &spec);
    fields("spec", &spec, &mut check);
}

#[test]
fn every_text_and_list_has_a_limit() {
    fields("spec", &spec_schema(), &mut |path, schema| {
        let limited = |schema: &Value| match schema["type"].as_str() {
            Some("string") => schema["maxLength"].is_u64() || schema["enum"].is_array(),
            Some("array") => schema["maxItems"].is_u64(),
            _ => schema["additionalProperties"].is_null() || schema["maxProperties"].is_u64(),
        };
        assert!(limited(schema), "{path}: the cost of rules depends on it");
        assert!(schema["items"].is_null() || limited(&schema["items"]), "{path}: the cost of rules depends on it");
    });
}
