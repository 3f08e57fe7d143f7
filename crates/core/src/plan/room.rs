//! What AWS has no room for beside each other.

use crate::kind::{Desired, Observed, listener, listener_rule};

/// Whether `wanted`, its inputs filled in, finds no room while `seen` is there.
///
/// A load balancer has one listener on a port, a listener one rule of a priority, a target group one load balancer
/// (CreateListener, CreateRule, ELB API Reference; "Target groups", ELB User Guide), and a home one service.
pub(super) fn excludes(wanted: &Desired, seen: &Observed) -> bool {
    match (wanted, seen) {
        (Desired::Listener(wanted), Observed::Listener(seen)) => same_port(wanted, seen),
        (Desired::ListenerRule(wanted), Observed::ListenerRule(seen)) => same_place(wanted, seen),
        (Desired::Service(_), Observed::Service(_)) => true,
        _ => false,
    }
}

fn same_port(wanted: &listener::Desired, seen: &listener::Observed) -> bool {
    wanted.load_balancer.known() == Ok(&seen.load_balancer) && wanted.port == seen.port
}

/// Two rules of one listener compete for a priority. A rule elsewhere holds the target group for its load balancer.
fn same_place(wanted: &listener_rule::Desired, seen: &listener_rule::Observed) -> bool {
    if wanted.listener.known() == Ok(&seen.listener) {
        return wanted.priority == seen.priority;
    }
    seen.target_group.is_some() && wanted.target_group.known().ok() == seen.target_group.as_ref()
}
