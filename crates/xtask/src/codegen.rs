//! Rewrites generated files. Each has a test that fails when it is stale, and writes it when `UPDATE` is set.

use crate::run::cargo_with;

/// What the tests of generated files have in their names, and the one that is called otherwise: the table of rules.
const GENERATED: [&str; 2] = ["is_current", "table"];

/// Rewrites them all.
pub(crate) fn codegen() -> anyhow::Result<()> {
    GENERATED.into_iter().try_for_each(|test| cargo_with(&["test", "--quiet", "--workspace", test], &[("UPDATE", "1")]))
}
