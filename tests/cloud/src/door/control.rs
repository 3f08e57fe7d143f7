//! The control API: what those who run the server can ask of it.
//!
#![doc = include_str!("control.md")]

use crate::Cloud;
use crate::calls::without_secrets;
use crate::cloud::START;
use crate::faults::{Cut, Rates, Rule, When};
use crate::oracle::{Oracle, TagScheme, everything};
use crate::service::ecs::Script;
use crate::world::root_key;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Root of the paths that are not AWS's.
pub const ROOT: &str = "/_cloud/";

/// What there is, for a person.
const HELP: &str = include_str!("control.md");

/// A status and a JSON text.
type Reply = (u16, String);

/// Why a request is not answered: a status and a text for a person.
struct Failure(u16, String);

/// Answers an HTTP request to a path under [`ROOT`].
pub(super) fn respond(cloud: &Cloud, request: &Request<Bytes>) -> Response<Bytes> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let (status, text) = handle(cloud, request.method().as_str(), target, request.body());
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

/// Answers a request to a path under [`ROOT`]: a status and a JSON text (one object a line for `calls`, Markdown for `help`).
pub fn handle(cloud: &Cloud, method: &str, path_and_query: &str, body: &[u8]) -> Reply {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let path = path.strip_prefix(ROOT).unwrap_or_default();
    let answer = match method {
        "GET" => get(cloud, path, query),
        "POST" => post(cloud, path, body).map(|value| value.to_string()),
        "DELETE" => delete(cloud, path).map(|value| value.to_string()),
        _ => Err(nowhere()),
    };
    match answer {
        Ok(text) => (200, text),
        Err(Failure(status, error)) => (status, json!({"error": error}).to_string()),
    }
}

fn nowhere() -> Failure {
    Failure(404, "there is no such path".to_owned())
}

fn get(cloud: &Cloud, path: &str, query: &str) -> Result<String, Failure> {
    let shown = match path {
        "help" => return Ok(HELP.to_owned()),
        "health" => json!({"status": "ok"}),
        "calls" => return calls(cloud, query),
        "items" => items(cloud),
        "due" => due(cloud),
        "time" => time(cloud),
        "faults" => faults(cloud),
        "oracle" => findings(cloud, query)?,
        _ => return Err(nowhere()),
    };
    Ok(shown.to_string())
}

fn post(cloud: &Cloud, path: &str, body: &[u8]) -> Result<Value, Failure> {
    match path {
        "accounts" => return account(cloud, &read(body)?),
        "faults" => add_faults(cloud, read(body)?),
        "storm" => storm(cloud, &read(body)?)?,
        "rates" => throttle(cloud, read(body)?),
        "cut" => cut(cloud, &read(body)?),
        "scripts" => add_scripts(cloud, read(body)?)?,
        "time" => set_time(cloud, &read(body)?)?,
        "snapshot" => snapshot(cloud, read(body)?),
        "restore" => restore(cloud, &read::<Named>(body)?.name)?,
        "reset" => reset(cloud),
        "oracle" => judge(cloud, read(body)?),
        "rest" => rest(cloud)?,
        _ => return Err(nowhere()),
    }
    Ok(json!({}))
}

fn delete(cloud: &Cloud, path: &str) -> Result<Value, Failure> {
    match path {
        "faults" => cloud.faults(crate::faults::Faults::clear),
        "scripts" => cloud.with(|world| world.scripts.clear()),
        _ => return Err(nowhere()),
    }
    Ok(json!({}))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure(400, format!("the body does not fit: {error}")))
}

/// Values of a member of the query, decoded.
fn asked<'q>(query: &'q str, name: &'q str) -> impl Iterator<Item = String> + 'q {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let named = pairs.filter(move |(key, _)| *key == name);
    named.map(|(_, value)| percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
}

fn calls(cloud: &Cloud, query: &str) -> Result<String, Failure> {
    let since = match asked(query, "since").next() {
        Some(text) => text.parse().map_err(|_| Failure(400, "`since` must be a number".to_owned()))?,
        None => 0,
    };
    Ok(cloud.log(|log| log.since_number(since).map(|record| format!("{record}\n")).collect()))
}

fn items(cloud: &Cloud) -> Value {
    let shown = everything(cloud).into_iter().map(|placed| {
        let item = placed.item;
        json!({
            "account": placed.account, "region": placed.region, "kind": item.kind, "id": item.id, "arn": item.arn,
            "tags": item.tags, "state": without_secrets(&item.state),
        })
    });
    shown.collect()
}

fn due(cloud: &Cloud) -> Value {
    let next = cloud.with(|world| world.next_due());
    json!({"now": cloud.clock().now().iso(), "next": next.map(crate::clock::Time::iso)})
}

fn time(cloud: &Cloud) -> Value {
    let now = cloud.clock().now();
    json!({"now": now.iso(), "milliseconds": now.0, "factor": cloud.clock().factor()})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Pace {
    Factor(f64),
    Advance(f64),
}

fn set_time(cloud: &Cloud, pace: &Pace) -> Result<(), Failure> {
    let positive = |number: f64| {
        let fits = number.is_finite() && number > 0.0 && number < 1e9;
        fits.then_some(number).ok_or_else(|| Failure(400, "the number must be greater than 0".to_owned()))
    };
    match pace {
        Pace::Factor(factor) => cloud.clock().set_factor(positive(*factor)?),
        Pace::Advance(seconds) => cloud.clock().skip(Duration::from_secs_f64(positive(*seconds)?)),
    }
    cloud.with(|_| ());
    Ok(())
}

fn faults(cloud: &Cloud) -> Value {
    cloud.faults(|faults| {
        let rules: Value = faults.rules().map(|(rule, struck)| json!({"rule": rule, "struck": struck})).collect();
        let cut = faults.struck().map(|cut| json!({"number": cut.number, "operation": cut.operation}));
        json!({"rules": rules, "calls": faults.calls(), "cut": cut})
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Rules {
    Several(Vec<Rule>),
    One(Box<Rule>),
}

fn add_faults(cloud: &Cloud, rules: Rules) {
    let rules = match rules {
        Rules::Several(rules) => rules,
        Rules::One(rule) => vec![*rule],
    };
    cloud.faults(|faults| rules.into_iter().for_each(|rule| faults.add(rule)));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Storm {
    probability: f64,
}

fn storm(cloud: &Cloud, Storm { probability }: &Storm) -> Result<(), Failure> {
    if !(0.0..=1.0).contains(probability) {
        return Err(Failure(400, "`probability` must be between 0 and 1".to_owned()));
    }
    cloud.faults(|faults| faults.storm(*probability));
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    id: String,
}

fn account(cloud: &Cloud, Opened { id }: &Opened) -> Result<Value, Failure> {
    if id.len() != 12 || !id.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Failure(400, "the id of an account has 12 digits".to_owned()));
    }
    cloud.with(|world| world.account(id).id.clone());
    Ok(json!({"accessKey": root_key(id)}))
}

fn throttle(cloud: &Cloud, rates: Rates) {
    cloud.faults(|faults| faults.throttle(rates));
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CutAt {
    at: u64,
    when: When,
    how: How,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum How {
    Reset,
    Dead,
}

fn cut(cloud: &Cloud, wanted: &CutAt) {
    let cut = match wanted.how {
        How::Reset => Cut::Reset,
        How::Dead => Cut::Dead,
    };
    cloud.faults(|faults| {
        faults.mark();
        faults.cut(wanted.at, wanted.when, cut);
    });
}

fn add_scripts(cloud: &Cloud, scripts: BTreeMap<String, Script>) -> Result<(), Failure> {
    if scripts.keys().any(String::is_empty) {
        return Err(Failure(400, "an image has no name".to_owned()));
    }
    cloud.with(|world| scripts.into_iter().for_each(|(image, script)| world.scripts.set(image, script)));
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

fn snapshot(cloud: &Cloud, Named { name }: Named) {
    let snapshot = cloud.snapshot();
    cloud.desk(|desk| desk.snapshots.insert(name, snapshot));
}

fn restore(cloud: &Cloud, name: &str) -> Result<(), Failure> {
    let kept = cloud.desk(|desk| desk.snapshots.get(name).cloned());
    let snapshot = kept.ok_or_else(|| Failure(404, format!("there is no snapshot {name}")))?;
    cloud.restore(&snapshot);
    Ok(())
}

fn reset(cloud: &Cloud) {
    match cloud.desk(|desk| desk.snapshots.get(START).cloned()) {
        Some(start) => cloud.restore(&start),
        None => cloud.reset(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Judge {
    tags: TagScheme,
    #[serde(default)]
    superseded: Vec<String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

fn judge(cloud: &Cloud, Judge { tags, superseded, secrets }: Judge) {
    let oracle = superseded.iter().fold(Oracle::new(tags, cloud), |oracle, kind| oracle.superseded(kind));
    let oracle = secrets.iter().fold(oracle, |oracle, (name, value)| oracle.secret(name, value));
    cloud.desk(|desk| desk.oracle = Some(oracle));
}

fn unjudged() -> Failure {
    Failure(409, "there is no judge yet: POST oracle first".to_owned())
}

fn rest(cloud: &Cloud) -> Result<(), Failure> {
    let mut oracle = cloud.desk(|desk| desk.oracle.clone()).ok_or_else(unjudged)?;
    oracle.rest(cloud);
    cloud.desk(|desk| desk.oracle = Some(oracle));
    Ok(())
}

fn findings(cloud: &Cloud, query: &str) -> Result<Value, Failure> {
    let mut oracle = cloud.desk(|desk| desk.oracle.clone()).ok_or_else(unjudged)?;
    for living in asked(query, "living") {
        let (cluster, stack) =
            living.split_once(':').ok_or_else(|| Failure(400, "`living` must be CLUSTER:STACK".to_owned()))?;
        oracle = oracle.living(cluster, stack);
    }
    let findings = oracle.look(cloud);
    Ok(json!({"clean": findings.is_clean(), "findings": findings}))
}
