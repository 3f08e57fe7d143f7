//! `spec.logs`.

use crate::row::{Row, field, in_place};
use jenkinsstack_sim::Stage;
use serde_json::Value;

pub(crate) fn rows(stage: &Stage) -> Vec<Row> {
    let key = stage.user.keys[1].as_str();
    vec![
        field("logs.retentionDays", 30, 7).changes([in_place("log-group", "retentionInDays", 30, 7)]),
        field("logs.kmsKeyArn", Value::Null, key).changes([in_place("log-group", "kmsKeyId", Value::Null, key)]),
    ]
}
