//! DeleteService.

use super::super::refusals::{invalid, no_service};
use super::Status;
use super::create::{show, stir};
use super::update::named;
use crate::call::{Answer, Call};

/// ACTIVE goes to DRAINING, and INACTIVE once its tasks are STOPPING.
pub(super) fn delete(call: &mut Call<'_>) -> Answer {
    let key = named(call)?;
    let force = call.input["force"] == true;
    let service = call.peek().ecs.services.get(&key).ok_or_else(no_service)?;
    match service.status {
        Status::Inactive => return Err(no_service()),
        Status::Draining => return show(call, &key),
        Status::Active => (),
    }
    if service.desired > 0 && !force {
        return Err(invalid("The service cannot be stopped while it is scaled above 0."));
    }
    if service.deployments.len() > 1 && !force {
        return Err(invalid("The service cannot be stopped while deployments are active."));
    }
    if let Some(service) = call.regional().ecs.services.get_mut(&key) {
        service.status = Status::Draining;
        service.desired = 0;
        service.steady = false;
    }
    stir(call, &key);
    show(call, &key)
}
