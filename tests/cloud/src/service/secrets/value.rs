//! Reading and writing values.

use super::secret::{ENCRYPTING, add_version, ask_key};
use super::version::{CURRENT, SecretValue};
use super::{ask_about, living, named, refusals};
use crate::call::{Access, Answer, Ask, Call, Operation};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "GetSecretValue", access: Access::Read, asks: get_asks, run: get },
    Operation { name: "PutSecretValue", access: Access::Write, asks: put_asks, run: put },
];

fn get_asks(call: &Call<'_>) -> Vec<Ask> {
    let stage = call.input["VersionStage"].as_str().unwrap_or(CURRENT);
    let mut asks = vec![ask_about(call, "GetSecretValue").when("secretsmanager:VersionStage", stage)];
    asks.extend(ask_key(call, key_of(call), &["kms:Decrypt"]));
    asks
}

fn put_asks(call: &Call<'_>) -> Vec<Ask> {
    let mut asks = vec![ask_about(call, "PutSecretValue")];
    asks.extend(ask_key(call, key_of(call), ENCRYPTING));
    asks
}

fn key_of<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    named(call).ok().and_then(|secret| secret.key.as_deref())
}

fn get(call: &mut Call<'_>) -> Answer {
    let now = call.now;
    let (id, stage) = (call.input["VersionId"].as_str(), call.input["VersionStage"].as_str());
    let secret = named(call)?;
    if secret.deletion.is_some() {
        return Err(refusals::marked());
    }
    let version = match (id, stage) {
        (Some(id), stage) => {
            let version =
                secret.versions.get(id).filter(|found| stage.is_none_or(|stage| found.stages.contains(stage)));
            version.ok_or_else(|| refusals::no_value(&format!("VersionId: {id}")))
        }
        (None, stage) => {
            let stage = stage.unwrap_or(CURRENT);
            secret.staged(stage).ok_or_else(|| refusals::no_value(&format!("staging label: {stage}")))
        }
    }?;
    let answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version.id,
        "SecretString": version.value.text(),
        "SecretBinary": version.value.binary(),
        "VersionStages": version.stages,
        "CreatedDate": version.created.seconds(),
    });
    living(call)?.accessed = Some(now);
    Ok(answer)
}

fn put(call: &mut Call<'_>) -> Answer {
    let value = SecretValue::read(&call.input)?;
    let mut secret = living(call)?.clone();
    if value.is_none() {
        return Err(refusals::invalid("You must provide either SecretString or SecretBinary."));
    }
    let stages: Vec<String> = match call.input["VersionStages"].as_array() {
        Some(stages) => stages.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => vec![CURRENT.to_owned()],
    };
    let version = add_version(call, &mut secret, value, &stages)?.unwrap_or_default();
    let mut answer = secret.with_version(Some(&version));
    let labels = secret.versions.get(&version).map(|version| &version.stages);
    answer["VersionStages"] = json!(labels.filter(|labels| !labels.is_empty()));
    *living(call)? = secret;
    Ok(answer)
}
