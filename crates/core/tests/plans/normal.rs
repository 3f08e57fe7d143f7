//! The form in which two stacks are compared: ids that AWS chose are replaced by what they are ids of.

use crate::fake::Fake;
use jenkinsstack_core::graph::NodeId;
use jenkinsstack_core::kind::Observed;
use jenkinsstack_core::owner::Tags;
use std::collections::BTreeMap;

/// A resource without its own ids, and its tags.
pub(crate) type Normal = BTreeMap<NodeId, (String, Option<Tags>)>;

/// Everything in normal form.
pub(crate) fn normal(fake: &Fake) -> Normal {
    let mut names: Vec<(String, String)> = Vec::new();
    for seen in fake.seen.all() {
        let outputs = seen.observed.outputs();
        names.extend(outputs.into_iter().map(|(output, value)| (value, format!("({} {output:?})", seen.node))));
    }
    // A policy's id is that of its file system; the longest first, so that no id is taken for a part of another.
    names.retain(|(value, name)| !value.is_empty() && !name.contains("-policy "));
    names.sort_by_key(|(value, name)| (std::cmp::Reverse(value.len()), name.clone()));
    let text = |text: String| names.iter().fold(text, |text, (value, name)| text.replace(value, name));
    let all = fake.seen.all();
    all.map(|seen| {
        let mut observed = seen.observed.clone();
        if let Observed::TaskDefinition(revision) = &mut observed {
            // It is made of ids; that it is the right one says the plan, which is empty.
            revision.fingerprint = None;
        }
        let observed = serde_json::to_string(&observed).unwrap();
        (seen.node.clone(), (text(observed), seen.tags.clone()))
    })
    .collect()
}

/// Asserts that `have` is what `want` is; tags that were wanted once may stay.
pub(crate) fn assert_same(have: &Normal, want: &Normal) {
    let nodes = |normal: &Normal| normal.keys().cloned().collect::<Vec<_>>();
    assert_eq!(nodes(have), nodes(want));
    for ((node, (have, tags)), (_, (want, wanted_tags))) in have.iter().zip(want) {
        assert_eq!(have, want, "{node}");
        let wanted = wanted_tags.iter().flatten();
        assert!(
            wanted.into_iter().all(|(key, value)| tags.as_ref().is_some_and(|tags| tags.get(key) == Some(value))),
            "{node}"
        );
    }
}
