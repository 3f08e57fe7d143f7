//! The least calls by which a graph can be made on AWS: what each kind's API asks for, whoever calls it.

use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::kind::Desired;

/// Listings that show what there is before anything is made: one for each API that has one for all resources of a kind.
/// Security groups, their rules, roles, log groups, secrets, file systems, access points, load balancers, target groups,
/// and the tagging API for what is listed by its tags.
const LOOKS: usize = 10;

/// The calls that a first deployment can't do without.
pub fn calls(graph: &Graph) -> usize {
    LOOKS + graph.nodes().map(|(_, node)| of(&node.desired)).sum::<usize>()
}

/// Create call, calls for settings that the create call does not take, and one look where AWS goes on by itself.
fn of(desired: &Desired) -> usize {
    match desired {
        // CreateSecurityGroup gives a rule that lets everything out; RevokeSecurityGroupEgress takes it away.
        Desired::SecurityGroup(_) => 2,
        Desired::SecurityGroupRule(_) => 1,
        // CreateRole takes no policies: one call for each.
        Desired::Role(role) => 1 + role.inline.len() + role.attached.len(),
        // Retention has a call of its own.
        Desired::LogGroup(_) => 2,
        Desired::Secret(_) => 1,
        // A look until it is available; transitions have a call of their own.
        Desired::FileSystem(home) => 2 + usize::from(home.lifecycle != Default::default()),
        Desired::FileSystemPolicy(_) | Desired::BackupPolicy(_) => 1,
        Desired::MountTarget(_) | Desired::AccessPoint(_) | Desired::Cluster(_) => 2,
        // Attributes have a call of their own; a look until it is active.
        Desired::LoadBalancer(_) => 3,
        Desired::TargetGroup(_) => 2,
        Desired::Listener(_) | Desired::ListenerRule(_) => 1,
        // There is no token: the family's newest revision is looked at first.
        Desired::TaskDefinition(_) => 2,
        // Two listings and a search for tasks that still use the home, the create call, and a look until it is steady.
        Desired::Service(_) => 5,
    }
}
