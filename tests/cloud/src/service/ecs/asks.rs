//! What ECS asks of IAM ("Actions, resources, and condition keys for Amazon Elastic Container Service").

use super::cluster::name_of;
use crate::call::{Ask, Call};
use crate::tags::{Spelling, Tags};
use serde_json::Value;

/// The service in `iam:PassedToService` for roles of tasks.
pub(super) const TASKS: &str = "ecs-tasks.amazonaws.com";

/// ARN of the cluster that a call names.
pub(super) fn cluster_arn(call: &Call<'_>) -> String {
    call.arn("ecs", &format!("cluster/{}", name_of(&call.input["cluster"])))
}

/// Tags of a request; faulty ones are left to the operation.
pub(super) fn tags(input: &Value) -> Tags {
    Spelling::Lower.read(&input["tags"]).unwrap_or_default()
}

/// `action` on something inside the cluster that the call names.
pub(super) fn inside(call: &Call<'_>, action: &str, resource: String) -> Ask {
    Ask::new(action, resource).when("ecs:cluster", cluster_arn(call))
}

/// `ecs:TagResource` for tags that come in a create call.
pub(super) fn tagging(call: &Call<'_>, create: &str, resource: String) -> Option<Ask> {
    let tags = tags(&call.input);
    (!tags.is_empty())
        .then(|| Ask::new("ecs:TagResource", resource).when("ecs:CreateAction", create).request_tags(&tags))
}

/// `iam:PassRole` for each role given.
pub(super) fn pass<'a>(roles: impl IntoIterator<Item = &'a str>) -> Vec<Ask> {
    let mut asks: Vec<Ask> = Vec::new();
    for role in roles {
        if !role.is_empty() && asks.iter().all(|ask| ask.resource != role) {
            asks.push(Ask::new("iam:PassRole", role).when("iam:PassedToService", TASKS));
        }
    }
    asks
}
