//! Reading task definitions.

use super::super::refusals::{bad_token, client};
use super::{Family, Status, find};
use crate::call::{Answer, Call};
use crate::page;
use crate::tags::Spelling;
use serde_json::json;

pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    let revision = find(call.peek(), call.text("taskDefinition"));
    let revision = revision.ok_or_else(|| client("Unable to describe task definition."))?;
    let mut answer = json!({"taskDefinition": revision.describe()});
    if call.input["include"].as_array().is_some_and(|fields| fields.contains(&json!("TAGS"))) {
        answer["tags"] = Spelling::Lower.write(&revision.tags);
    }
    Ok(answer)
}

/// `familyPrefix` is the whole name of a family (ListTaskDefinitions); only ACTIVE revisions unless asked otherwise.
pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let wanted = call.input["status"].as_str().unwrap_or("ACTIVE").to_owned();
    let family = call.input["familyPrefix"].as_str().map(str::to_owned);
    let descending = call.input["sort"] == "DESC";
    let limit = call.input["maxResults"].as_u64().unwrap_or(100) as usize;
    let all = call.peek().ecs.families.iter();
    let revisions =
        all.filter(|(name, _)| family.as_ref().is_none_or(|f| f == *name)).flat_map(|(_, f)| f.revisions.values());
    let entry = |spec: &super::Definition| {
        let key = format!("{}\0{:010}", spec.family, spec.revision);
        (if descending { inverted(&key) } else { key }, spec.arn.clone())
    };
    let entries: Vec<(String, String)> =
        revisions.filter(|revision| revision.status.name() == wanted).map(|revision| entry(&revision.spec)).collect();
    let listing = format!("ListTaskDefinitions {wanted} {family:?} {descending}");
    let token = call.input["nextToken"].as_str();
    let (page, next) = page::cut(entries, |e| e.0.clone(), limit, token, &listing, call.now).map_err(bad_token)?;
    let arns: Vec<String> = page.into_iter().map(|(_, arn)| arn).collect();
    Ok(json!({"taskDefinitionArns": arns, "nextToken": next}))
}

/// A key that sorts the other way round. Names are ASCII, so that the result is made of valid characters.
fn inverted(key: &str) -> String {
    key.chars().filter_map(|c| char::from_u32(0x0010_FFFF - u32::from(c))).collect()
}

/// Here `familyPrefix` is a prefix; INACTIVE families have no ACTIVE revision.
pub(super) fn families(call: &mut Call<'_>) -> Answer {
    let wanted = call.input["status"].as_str().unwrap_or("ALL").to_owned();
    let prefix = call.text("familyPrefix").to_owned();
    let limit = call.input["maxResults"].as_u64().unwrap_or(100) as usize;
    let active = |family: &Family| family.revisions.values().any(|revision| revision.status == Status::Active);
    let fits = |family: &Family| match wanted.as_str() {
        "ACTIVE" => active(family),
        "INACTIVE" => !active(family),
        _ => true,
    };
    let families = call.peek().ecs.families.iter();
    let names: Vec<String> = families
        .filter(|(name, family)| name.starts_with(&prefix) && fits(family))
        .map(|(name, _)| name.clone())
        .collect();
    let listing = format!("ListTaskDefinitionFamilies {wanted} {prefix}");
    let token = call.input["nextToken"].as_str();
    let (names, next) = page::cut(names, String::clone, limit, token, &listing, call.now).map_err(bad_token)?;
    Ok(json!({"families": names, "nextToken": next}))
}
