//! Every operation of every model, with botocore at the other end of the wire: it writes the requests that we read, and
//! reads the answers that we write.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use jenkinsstack_cloud::models::Models;
use jenkinsstack_cloud::models::fetch::boto3;
use jenkinsstack_cloud::models::shape::Protocol;
use jenkinsstack_cloud::service::{SERVICES, by_model};
use jenkinsstack_cloud::wire;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

#[test]
fn botocore_and_the_wire_understand_each_other_in_every_operation() {
    let python = boto3().expect("a Python with boto3");
    let folder = std::env::temp_dir().join(format!("jenkinsstack-wire-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    run(&python, "make", &folder);
    let cases = std::fs::read_to_string(folder.join("cases")).expect("the cases");
    let mut answers = String::new();
    let mut wrong = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let (answer, complaint) = both_ways(&case);
        answers.push_str(&format!("{answer}\n"));
        wrong.extend(complaint);
    }
    assert!(wrong.is_empty(), "{} requests are read differently:\n{}", wrong.len(), wrong.join("\n"));
    std::fs::write(folder.join("answers"), answers).expect("the answers");
    let read = run(&python, "check", &folder);
    let _ = std::fs::remove_dir_all(&folder);
    assert!(cases.lines().count() > 1500, "botocore's models have more operations");
    assert!(read.is_empty(), "answers are read differently:\n{read}");
}

/// The answer to a case, and what is wrong with its request as we read it.
fn both_ways(case: &Value) -> (Value, Option<String>) {
    let text = |name: &str| case[name].as_str().unwrap_or_default();
    let api = Models::shared().unwrap().api(by_model(text("service")).unwrap()).unwrap();
    let request = request(&case["request"]);
    let protocol = wire::protocol(api, request.headers());
    assert_eq!(protocol, serde_json::from_value::<Protocol>(case["protocol"].clone()).unwrap(), "{case}");
    assert!(wire::claims(api, &request), "{case}");
    let complaint = match wire::decode(api, &request) {
        Ok(read) if read.operation == text("operation") && same(&case["input"], &read.input) => None,
        read => Some(format!("{} {}: meant {}\n  read {read:?}", text("service"), text("operation"), case["input"])),
    };
    let response = wire::encode(api, protocol, text("operation"), &Ok(case["output"].clone()), "id");
    let headers: serde_json::Map<String, Value> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect();
    let answer = json!({
        "service": case["service"], "protocol": case["protocol"], "operation": case["operation"],
        "output": case["output"], "status": response.status().as_u16(), "headers": headers,
        "body": STANDARD.encode(response.body()),
    });
    (answer, complaint)
}

fn request(case: &Value) -> Request<Bytes> {
    let body = STANDARD.decode(case["body"].as_str().unwrap()).unwrap();
    let mut request = Request::new(Bytes::from(body));
    *request.uri_mut() = case["uri"].as_str().unwrap().parse().unwrap();
    *request.method_mut() = case["method"].as_str().unwrap().parse().unwrap();
    for (name, value) in case["headers"].as_object().unwrap() {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().insert(name, HeaderValue::from_str(value.as_str().unwrap()).unwrap());
    }
    request
}

/// Equal, but for empty parts that a protocol can't tell from absent ones.
fn same(meant: &Value, read: &Value) -> bool {
    match (meant, read) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            names.into_iter().all(|name| {
                let (a, b) = (a.get(name).unwrap_or(&Value::Null), b.get(name).unwrap_or(&Value::Null));
                same(a, b)
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            let full = |items: &Vec<Value>| items.iter().filter(|item| !empty(item)).cloned().collect::<Vec<_>>();
            let (a, b) = (full(a), full(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same(a, b))
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => meant == read || (empty(meant) && empty(read)),
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().all(empty),
        Value::Array(items) => items.iter().all(empty),
        _ => false,
    }
}

fn run(python: &Path, what: &str, folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/doors/cases.py");
    let output = Command::new(python)
        .arg(script)
        .args([what.as_ref(), folder.as_os_str()])
        .args(SERVICES.iter().map(|service| service.model))
        .output()
        .expect("python runs");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
