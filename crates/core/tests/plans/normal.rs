//! The form in which two stacks are compared: ids that AWS chose are replaced by what they are ids of.

use crate::fake::Fake;
use jenkinsstack_core::graph::{Graph, NodeId};
use jenkinsstack_core::id::SubnetId;
use jenkinsstack_core::kind::{Desired, Observed};
use jenkinsstack_core::owner::Tags;
use std::collections::{BTreeMap, BTreeSet};

/// A resource without its own ids, and its tags.
pub(crate) type Normal = BTreeMap<NodeId, (String, Option<Tags>)>;

/// Everything in normal form, beside the graph that it was made by.
pub(crate) fn normal(fake: &Fake, graph: &Graph) -> Normal {
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
        match (&mut observed, graph.get(&seen.node).map(|node| &node.desired)) {
            // It is made of ids; that it is the right one says the plan, which is empty.
            (Observed::TaskDefinition(revision), _) => revision.fingerprint = None,
            (Observed::MountTarget(target), Some(Desired::MountTarget(wanted))) => {
                target.subnet = first_beside(&target.subnet, [&wanted.subnets]);
            }
            (Observed::LoadBalancer(balancer), Some(Desired::LoadBalancer(wanted))) => {
                let first = |subnet: &SubnetId| first_beside(subnet, wanted.subnets.values());
                balancer.subnets = balancer.subnets.iter().map(first).collect();
            }
            _ => (),
        }
        let observed = serde_json::to_string(&observed).unwrap();
        (seen.node.clone(), (text(observed), seen.tags.clone()))
    })
    .collect()
}

/// The first of the subnets of a zone, for one of them: any will do, so where it stands depends on what was there before.
fn first_beside<'a>(subnet: &SubnetId, zones: impl IntoIterator<Item = &'a BTreeSet<SubnetId>>) -> SubnetId {
    let zone = zones.into_iter().find(|zone| zone.contains(subnet));
    zone.and_then(BTreeSet::first).unwrap_or(subnet).clone()
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
