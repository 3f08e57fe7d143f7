//! One health check, and what a row of them makes of a target.

use super::super::group::HealthCheck;
use crate::service::{ec2, ecs};
use crate::world::Region;

/// Where a target stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    /// Not checked yet.
    Registering,
    /// Checked, but not often enough to know.
    Checking { failures: u64 },
    /// In service; so many checks in a row have failed since.
    Healthy { failures: u64 },
    /// Out of service; so many checks in a row have succeeded since.
    Unhealthy { successes: u64, why: Failure },
    /// Deregistered, but may still have connections.
    Draining,
}

/// Why a check failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failure {
    /// Nothing came back in time.
    Timeout,
    /// The connection was refused.
    Refused,
    /// An answer that the matcher does not accept.
    Code(u16),
}

impl Phase {
    /// The phase after one more check. A new target needs one success ("Health checks for Application Load Balancer
    /// target groups"), an unhealthy one as many as the threshold says.
    pub(super) fn after(&self, outcome: Result<(), Failure>, check: &HealthCheck) -> Self {
        let failed = |failures: u64, why: Failure, below: fn(u64) -> Self| {
            if failures >= check.unhealthy { Self::Unhealthy { successes: 0, why } } else { below(failures) }
        };
        match (self, outcome) {
            (Self::Draining, _) => Self::Draining,
            (Self::Registering | Self::Checking { .. } | Self::Healthy { .. }, Ok(())) => Self::Healthy { failures: 0 },
            (Self::Registering, Err(why)) => failed(1, why, |failures| Self::Checking { failures }),
            (Self::Checking { failures }, Err(why)) => {
                failed(failures + 1, why, |failures| Self::Checking { failures })
            }
            (Self::Healthy { failures }, Err(why)) => failed(failures + 1, why, |failures| Self::Healthy { failures }),
            (Self::Unhealthy { successes, .. }, Ok(())) if successes + 1 >= check.healthy => {
                Self::Healthy { failures: 0 }
            }
            (Self::Unhealthy { successes, why }, Ok(())) => {
                Self::Unhealthy { successes: successes + 1, why: why.clone() }
            }
            (Self::Unhealthy { .. }, Err(why)) => Self::Unhealthy { successes: 0, why },
        }
    }

    /// State, reason and description as DescribeTargetHealth shows them.
    pub(super) fn shown(&self) -> (&'static str, &'static str, String) {
        let texts = match self {
            Self::Registering => ("initial", "Elb.RegistrationInProgress", "Target registration is in progress"),
            Self::Checking { .. } => ("initial", "Elb.InitialHealthChecking", "Initial health checks in progress"),
            Self::Healthy { .. } => ("healthy", "", ""),
            Self::Draining => ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"),
            Self::Unhealthy { why: Failure::Timeout, .. } => ("unhealthy", "Target.Timeout", "Request timed out"),
            Self::Unhealthy { why: Failure::Refused, .. } => {
                ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
            }
            Self::Unhealthy { why: Failure::Code(code), .. } => {
                let text = format!("Health checks failed with these codes: [{code}]");
                return ("unhealthy", "Target.ResponseCodeMismatch", text);
            }
        };
        (texts.0, texts.1, texts.2.to_owned())
    }
}

/// Makes one check of the target at `key` from the load balancer's interfaces.
pub(super) fn probe(region: &Region, check: &HealthCheck, key: &(String, u16), nodes: &[&str]) -> Result<(), Failure> {
    let (ip, traffic) = key;
    let port = check.port_for(*traffic);
    let Some(interface) = ecs::interface_at(region, ip) else { return Err(Failure::Timeout) };
    if !nodes.iter().all(|node| ec2::reaches(region, node, interface, port)) {
        return Err(Failure::Timeout);
    }
    match ecs::answers(region, ip, port, &check.path) {
        None => Err(Failure::Refused),
        Some(code) if check.matcher.accepts(code) => Ok(()),
        Some(code) => Err(Failure::Code(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Phase};
    use crate::service::elb::group::HealthCheck;
    use serde_json::json;

    fn check() -> HealthCheck {
        let input =
            json!({"HealthyThresholdCount": 3, "UnhealthyThresholdCount": 2, "Matcher": {"HttpCode": "200-204,403"}});
        HealthCheck::default(false).with(&input).unwrap()
    }

    fn after(checks: &[Option<Failure>]) -> Phase {
        let check = check();
        let outcome = |failure: &Option<Failure>| failure.clone().map_or(Ok(()), Err);
        checks.iter().fold(Phase::Registering, |phase, failure| phase.after(outcome(failure), &check))
    }

    #[test]
    fn one_success_is_enough_for_a_new_target() {
        assert_eq!(after(&[None]), Phase::Healthy { failures: 0 });
        assert_eq!(after(&[Some(Failure::Refused), None]), Phase::Healthy { failures: 0 });
    }

    #[test]
    fn failures_in_a_row_take_a_target_out() {
        let code = || Some(Failure::Code(503));
        assert_eq!(after(&[None, code()]), Phase::Healthy { failures: 1 });
        assert_eq!(after(&[None, code(), None, code()]), Phase::Healthy { failures: 1 });
        let out = Phase::Unhealthy { successes: 0, why: Failure::Code(503) };
        assert_eq!(after(&[None, code(), code()]), out);
        assert_eq!(after(&[code(), code()]), out);
    }

    #[test]
    fn successes_in_a_row_bring_it_back() {
        let refused = || Some(Failure::Refused);
        let two = after(&[refused(), refused(), None, None]);
        assert_eq!(two, Phase::Unhealthy { successes: 2, why: Failure::Refused });
        assert_eq!(after(&[refused(), refused(), None, None, None]), Phase::Healthy { failures: 0 });
        assert_eq!(after(&[refused(), refused(), None, None, refused(), None, None]), two);
    }

    #[test]
    fn the_matcher_takes_lists_and_ranges() {
        let accepts = |code| check().matcher.accepts(code);
        assert_eq!([200, 204, 205, 403, 404].map(accepts), [true, true, false, true, false]);
    }
}
