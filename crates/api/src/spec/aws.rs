//! `spec.aws`: where on AWS the stack lives and how its resources are tagged.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// Where on AWS the stack lives and how its resources are tagged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsSpec {
    /// Region of all resources of the stack. Required; cannot be changed, since the home cannot move with it.
    /// Example: `eu-central-1`.
    #[schemars(regex(pattern = schema::REGION), length(max = 32))]
    #[x_kube(validation = Rule::new("self == oldSelf").message(
        "aws.region cannot be changed: copy a backup of the file system to the other region, restore it there and create a new stack with storage.existing"
    ))]
    pub region: String,

    /// Tags for every AWS resource of the stack, beside the operator's own. At most 40; keys of 1 to 128 and values of
    /// up to 256 characters, made of letters, digits, spaces and `_ . : / = + - @`. Keys must differ in more than upper
    /// and lower case, and must not begin with `aws:` or `jenkinsstack.io/`. Default: none.
    /// Example: `{team: build, cost-center: "4711"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::tags")]
    #[x_kube(validation = Rule::new("self.all(k, size(k) >= 1 && size(k) <= 128)").message(
        "a tag key has 1 to 128 characters"
    ))]
    #[x_kube(validation = Rule::new("self.all(k, !k.startsWith('aws:') && !k.startsWith('jenkinsstack.io/'))").message(
        "tag keys that begin with aws: or jenkinsstack.io/ are reserved: choose another key"
    ))]
    pub tags: BTreeMap<String, String>,
}
