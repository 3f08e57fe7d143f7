//! Moving staging labels between versions.

use super::refusals;
use super::version::{CURRENT, PREVIOUS};
use super::{living, on_secret};
use crate::call::{Access, Answer, Call, Operation, Refusal};

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    name: "UpdateSecretVersionStage",
    access: Access::Write,
    asks: |call| on_secret(call, "UpdateSecretVersionStage"),
    run: move_stage,
}];

fn move_stage(call: &mut Call<'_>) -> Answer {
    let stage = call.text("VersionStage").to_owned();
    let (from, to) = (version(call, "RemoveFromVersionId"), version(call, "MoveToVersionId"));
    let mut secret = living(call)?.clone();
    let holder = secret.staged(&stage).map(|version| version.id.clone());
    if let Some(unknown) = [&from, &to].into_iter().flatten().find(|id| !secret.versions.contains_key(*id)) {
        return Err(refusals::no_value(&format!("VersionId: {unknown}")));
    }
    // A label that another version has must be taken from that one by name (`RemoveFromVersionId` in the API model).
    if holder != from && holder != to {
        return Err(elsewhere(&stage));
    }
    let Some(to) = to else { return drop_stage(call, secret, &stage) };
    for version in secret.versions.values_mut() {
        version.stages.remove(&stage);
        if stage == CURRENT && holder.as_ref() != Some(&to) {
            version.stages.remove(PREVIOUS);
        }
    }
    if let Some(version) = secret.versions.get_mut(&to) {
        version.stages.insert(stage.clone());
    }
    // The version that was current becomes the previous one (`UpdateSecretVersionStage` in the API model).
    if let Some(before) = holder.filter(|before| stage == CURRENT && *before != to)
        && let Some(version) = secret.versions.get_mut(&before)
    {
        version.stages.insert(PREVIOUS.to_owned());
    }
    let answer = secret.named();
    *living(call)? = secret;
    Ok(answer)
}

fn version(call: &Call<'_>, member: &str) -> Option<String> {
    call.input[member].as_str().map(str::to_owned)
}

fn drop_stage(call: &mut Call<'_>, mut secret: super::secret::Secret, stage: &str) -> Answer {
    if stage == CURRENT {
        return Err(refusals::invalid("You can only move staging label AWSCURRENT to a different secret version."));
    }
    for version in secret.versions.values_mut() {
        version.stages.remove(stage);
    }
    let answer = secret.named();
    *living(call)? = secret;
    Ok(answer)
}

fn elsewhere(stage: &str) -> Refusal {
    refusals::invalid(format!(
        "The parameter RemoveFromVersionId must name the version that staging label {stage} is currently attached to."
    ))
}
