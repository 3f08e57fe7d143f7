//! `spec.aws`.

use crate::row::{Row, field, in_place};
use jenkinsstack_sim::Stage;
use serde_json::json;

pub(crate) fn rows(_: &Stage) -> Vec<Row> {
    vec![
        // A stack in another region needs another operator's account; the API server refuses the change.
        field("aws.region", "eu-central-1", "eu-west-1").told("crates/api/tests/immutable/region.yaml", "# expect: "),
        field("aws.tags", json!({"team": "build"}), json!({"team": "tools"})).changes([in_place(
            "*",
            "#tags/team",
            "build",
            "tools",
        )]),
    ]
}
