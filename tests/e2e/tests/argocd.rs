//! The health check for Argo CD, run on its fixtures by the version of Lua that Argo CD speaks.

// Clippy's exemption for tests does not reach the helpers of a test file.
#![allow(clippy::unwrap_used)]

use jenkinsstack_e2e::build::root;
use mlua::{Lua, Table};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// A fixture in the form of Argo CD's own repository.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fixture {
    health_status: Health,
    input_path: String,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Health {
    status: String,
    message: String,
}

#[derive(Deserialize)]
struct Fixtures {
    tests: Vec<Fixture>,
}

fn folder() -> PathBuf {
    root().join("deploy/argocd")
}

fn fixtures() -> Vec<Fixture> {
    let text = fs::read_to_string(folder().join("health_test.yaml")).unwrap();
    serde_saphyr::from_str::<Fixtures>(&text).unwrap().tests
}

/// What the script says of an object.
fn health(object: &Value) -> Health {
    let lua = Lua::new();
    lua.globals().set("obj", to_lua(&lua, object)).unwrap();
    let answer: Table = lua.load(folder().join("health.lua")).eval().unwrap();
    Health { status: answer.get("status").unwrap(), message: answer.get("message").unwrap() }
}

fn to_lua(lua: &Lua, value: &Value) -> mlua::Value {
    match value {
        Value::Null => mlua::Value::Nil,
        Value::Bool(yes) => mlua::Value::Boolean(*yes),
        Value::Number(number) => mlua::Value::Number(number.as_f64().unwrap()),
        Value::String(text) => mlua::Value::String(lua.create_string(text).unwrap()),
        Value::Array(values) => {
            let values = values.iter().map(|value| to_lua(lua, value));
            mlua::Value::Table(lua.create_sequence_from(values).unwrap())
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.as_str(), to_lua(lua, value)));
            mlua::Value::Table(lua.create_table_from(members).unwrap())
        }
    }
}

#[test]
fn every_fixture_is_judged_as_it_says() {
    for Fixture { health_status, input_path } in fixtures() {
        let text = fs::read_to_string(folder().join(&input_path)).unwrap();
        assert_eq!(health(&serde_saphyr::from_str(&text).unwrap()), health_status, "{input_path}");
    }
}

#[test]
fn every_state_has_a_fixture() {
    let named: BTreeSet<String> = fixtures().into_iter().map(|fixture| fixture.input_path).collect();
    let files = fs::read_dir(folder().join("testdata")).unwrap();
    let files: BTreeSet<String> =
        files.map(|file| format!("testdata/{}", file.unwrap().file_name().to_str().unwrap())).collect();
    assert_eq!(named, files);
    let states: BTreeSet<String> = fixtures().into_iter().map(|fixture| fixture.health_status.status).collect();
    assert_eq!(states.into_iter().collect::<Vec<_>>(), ["Degraded", "Healthy", "Progressing", "Suspended"]);
}
