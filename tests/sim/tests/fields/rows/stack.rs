//! What is at the top of the spec.

use crate::row::{Row, field};
use jenkinsstack_sim::Stage;

pub(crate) fn rows(_: &Stage) -> Vec<Row> {
    vec![
        field("suspend", false, true).told("tests/e2e/tests/stories/change.rs", "fn a_suspended_stack_is_left_alone("),
        field("deletionPolicy", "Delete", "Orphan")
            .told("tests/e2e/tests/stories/leave.rs", "fn orphan_leaves_everything("),
    ]
}
