//! GetAccountAuthorizationDetails: all roles and managed policies in one listing.

use super::roles::{boundary_value, trust_text, whole_seconds};
use super::{Role, RoleFacts, policies, profiles, role_policies, seen, state};
use crate::call::{Access, Answer, Ask, Call, Operation};
use crate::tags::Spelling;
use serde_json::{Value, json};

/// The report.
pub(super) const OPERATIONS: &[Operation] =
    &[Operation { name: "GetAccountAuthorizationDetails", access: Access::Read, asks, run: details }];

fn asks(_: &Call<'_>) -> Vec<Ask> {
    crate::call::ask_any("iam:GetAccountAuthorizationDetails")
}

fn details(call: &mut Call<'_>) -> Answer {
    let filter: Vec<&str> = call.input["Filter"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let wants = |kind: &str| filter.is_empty() || filter.contains(&kind);
    let mut items = Vec::new();
    if wants("LocalManagedPolicy") {
        items.extend(state(call).policies.values().filter_map(|policy| {
            let facts = seen(&policy.facts, call)?;
            let mut shown = policies::describe(call, policy, facts);
            let versions = facts.versions.iter().map(|(number, (document, _))| {
                let mut version = policies::describe_version(facts, *number);
                version["Document"] = json!(document.encoded());
                version
            });
            shown["PolicyVersionList"] = versions.collect();
            Some((format!("policy {}", policy.arn), shown))
        }));
    }
    if wants("Role") {
        let roles = state(call).roles.iter();
        items.extend(roles.filter_map(|(k, r)| Some((format!("role {k}"), role(call, r, seen(&r.facts, call)?)))));
    }
    let mut page = super::paged(call, &format!("GetAccountAuthorizationDetails {filter:?}"), "All", items)?;
    let all = page.as_object_mut().and_then(|page| page.remove("All")).unwrap_or_default();
    let (roles, policies): (Vec<Value>, Vec<Value>) =
        all.as_array().cloned().unwrap_or_default().into_iter().partition(|item| item["RoleId"].is_string());
    page["UserDetailList"] = json!([]);
    page["GroupDetailList"] = json!([]);
    page["RoleDetailList"] = json!(roles);
    page["Policies"] = json!(policies);
    Ok(page)
}

fn role(call: &Call<'_>, role: &Role, facts: &RoleFacts) -> Value {
    let values = |items: Vec<(String, Value)>| -> Vec<Value> { items.into_iter().map(|(_, value)| value).collect() };
    let inline: Vec<Value> = facts
        .inline
        .iter()
        .map(|(name, document)| json!({"PolicyName": name, "PolicyDocument": document.encoded()}))
        .collect();
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": whole_seconds(role.created),
        "AssumeRolePolicyDocument": super::encode(&trust_text(call.world, &facts.trust)),
        "InstanceProfileList": values(profiles::of_role(call, &role.name)),
        "RolePolicyList": inline,
        "AttachedManagedPolicies": values(role_policies::attached(call, facts, "/")),
        "PermissionsBoundary": facts.boundary.as_deref().map(boundary_value),
        "Tags": Spelling::Upper.write(&facts.tags),
        "RoleLastUsed": {},
    })
}
