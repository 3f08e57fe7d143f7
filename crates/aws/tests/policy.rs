//! The IAM policy that is shipped is the one that the drivers declare.

use jenkinsstack_aws::permission::{Names, policy};

/// `UPDATE=1` rewrites the file.
#[test]
fn policy_is_current() {
    let names = Names { partition: "aws", region: "*", account: "*", cluster: "CLUSTER_NAME" };
    let expected = serde_json::to_string_pretty(&policy(&names)).unwrap() + "\n";
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/iam/policy.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, &expected).unwrap();
    }
    let shipped = std::fs::read_to_string(file).unwrap_or_default();
    assert!(shipped == expected, "deploy/iam/policy.json is stale: run `cargo xtask codegen`");
}

/// IAM takes inline policies of at most 10,240 characters without white space ("IAM and AWS STS quotas").
#[test]
fn policy_fits_into_a_role() {
    let names = Names { partition: "aws", region: "*", account: "*", cluster: &"c".repeat(63) };
    let size = policy(&names).to_string().len();
    assert!(size <= 10_240, "{size} characters");
}
