//! Writes back what is: from facts to the status of a JenkinsStack.
//!
//! Entry points: [`status`] is a pure function from [`facts::Facts`] to the whole status; [`report::write`] sends it by
//! one server-side apply; [`probe`] asks Jenkins whether it is up. Deliberately absent: the
//! AWS SDK; what AWS said comes in as values.

pub mod conditions;
pub mod endpoints;
pub mod facts;
pub mod health;
pub mod probe;
pub mod report;
mod resources;

use facts::{Facts, Phase};
use jenkinsstack_api::JenkinsStackStatus;

/// The whole status that the facts make. What a phase does not look at, or could not read, stays as it was.
pub fn status(facts: &Facts<'_>) -> JenkinsStackStatus {
    let before = facts.previous.cloned().unwrap_or_default();
    let conditions = conditions::conditions(facts);
    let observed_generation = Some(facts.generation);
    let handled = match &facts.phase {
        Phase::Started | Phase::Suspended => None,
        Phase::Stopped(_) | Phase::Passed(_) => facts.requested_at.map(str::to_owned),
    };
    let last_handled_reconcile_at = handled.or(before.last_handled_reconcile_at);
    match &facts.phase {
        Phase::Passed(pass) => JenkinsStackStatus {
            observed_generation,
            conditions,
            endpoints: endpoints::endpoints(facts.spec, pass, facts.previous),
            health: Some(health::health(pass, facts.previous)),
            resources: resources::resources(pass, facts.previous),
            pending: resources::pending(pass),
            last_handled_reconcile_at,
        },
        Phase::Started | Phase::Suspended | Phase::Stopped(_) => JenkinsStackStatus {
            observed_generation,
            conditions,
            endpoints: before.endpoints,
            health: before.health,
            resources: before.resources,
            pending: before.pending,
            last_handled_reconcile_at,
        },
    }
}
