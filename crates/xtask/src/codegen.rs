//! Rewrites generated files. Each has a test that fails when it is stale, and writes it when `UPDATE` is set.

use crate::run::cargo_with;

/// Tests of the generated files: the CRD, the IAM policy, the table of rules.
const GENERATED: [&str; 3] = ["crd", "policy_is_current", "table"];

/// Rewrites them all.
pub(crate) fn codegen() -> anyhow::Result<()> {
    GENERATED.into_iter().try_for_each(|test| cargo_with(&["test", "--quiet", "--workspace", test], &[("UPDATE", "1")]))
}
