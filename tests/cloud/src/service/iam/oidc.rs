//! OpenID Connect providers, which trust policies name as federated principals.

use super::roles::whole_seconds;
use super::{Provider, refusal, state};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, nothing};
use crate::tags::Spelling;
use serde_json::{Value, json};

/// Operations on OpenID Connect providers.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateOpenIDConnectProvider", access: Access::Write, asks: create_asks, run: create },
    Operation {
        name: "GetOpenIDConnectProvider",
        access: Access::Read,
        asks: |call| asks(call, "iam:GetOpenIDConnectProvider"),
        run: get,
    },
    Operation { name: "ListOpenIDConnectProviders", access: Access::Read, asks: list_asks, run: list },
    Operation {
        name: "DeleteOpenIDConnectProvider",
        access: Access::Write,
        asks: |call| asks(call, "iam:DeleteOpenIDConnectProvider"),
        run: delete,
    },
];

fn new_arn(call: &Call<'_>) -> String {
    super::arn(call, "oidc-provider", "/", call.text("Url").trim_start_matches("https://").trim_end_matches('/'))
}

fn create_asks(call: &Call<'_>) -> Vec<Ask> {
    vec![super::tagged_ask(call, "iam:CreateOpenIDConnectProvider", new_arn(call))]
}

fn asks(call: &Call<'_>, action: &str) -> Vec<Ask> {
    vec![Ask::new(action, call.text("OpenIDConnectProviderArn"))]
}

fn list_asks(_: &Call<'_>) -> Vec<Ask> {
    crate::call::ask_any("iam:ListOpenIDConnectProviders")
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn create(call: &mut Call<'_>) -> Answer {
    if !call.text("Url").starts_with("https://") {
        let message = "Invalid Open ID Connect Provider URL";
        return Err(Refusal::new("ValidationError", message));
    }
    let (arn, tags) = (new_arn(call), super::tags(call)?);
    if state(call).providers.contains_key(&arn) {
        return Err(refusal::exists(format!("Provider with url {} already exists.", call.text("Url"))));
    }
    let url = arn.split_once('/').map(|(_, url)| url.to_owned()).unwrap_or_default();
    let (clients, thumbprints) = (texts(&call.input["ClientIDList"]), texts(&call.input["ThumbprintList"]));
    let provider = Provider { arn: arn.clone(), url, clients, thumbprints, created: call.now, tags };
    let tags = Spelling::Upper.write(&provider.tags);
    call.account().iam.providers.insert(arn.clone(), provider);
    Ok(json!({"OpenIDConnectProviderArn": arn, "Tags": tags}))
}

fn find<'c>(call: &'c Call<'_>) -> Result<&'c Provider, Refusal> {
    let arn = call.text("OpenIDConnectProviderArn");
    let message = || format!("OpenIDConnect Provider not found for arn {arn}");
    state(call).providers.get(arn).ok_or_else(|| refusal::missing(message()))
}

fn get(call: &mut Call<'_>) -> Answer {
    let provider = find(call)?;
    Ok(json!({
        "Url": provider.url,
        "ClientIDList": provider.clients,
        "ThumbprintList": provider.thumbprints,
        "CreateDate": whole_seconds(provider.created),
        "Tags": Spelling::Upper.write(&provider.tags),
    }))
}

fn list(call: &mut Call<'_>) -> Answer {
    let arns: Vec<Value> = state(call).providers.keys().map(|arn| json!({"Arn": arn})).collect();
    Ok(json!({"OpenIDConnectProviderList": arns}))
}

fn delete(call: &mut Call<'_>) -> Answer {
    let arn = find(call)?.arn.clone();
    call.account().iam.providers.remove(&arn);
    nothing()
}
