//! Rewrites generated files. Each has a test that fails when it is stale, and writes it when `UPDATE` is set.

use crate::run::cargo_with;

/// Package and test of each generated file.
const GENERATED: [(&str, &str); 2] = [("jenkinsstack-api", "crd"), ("jenkinsstack-aws", "policy")];

/// Rewrites them all.
pub(crate) fn codegen() -> anyhow::Result<()> {
    for (package, test) in GENERATED {
        cargo_with(&["test", "--quiet", "--package", package, test], &[("UPDATE", "1")])?;
    }
    Ok(())
}
