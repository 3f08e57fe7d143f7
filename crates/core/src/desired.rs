//! Spec to graph: what a stack asks for.

use crate::kind::Kind;
use std::collections::BTreeSet;

/// Which kinds need which: the order of deletion.
pub fn kind_needs() -> &'static BTreeSet<(Kind, Kind)> {
    static NEEDS: BTreeSet<(Kind, Kind)> = BTreeSet::new();
    &NEEDS
}
