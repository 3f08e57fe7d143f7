//! IAM policy documents: built from inputs, compared by meaning.

use crate::input::{AnyInput, HasInputs, Template, Unresolved};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Version of the policy language ("IAM JSON policy elements: Version").
const VERSION: &str = "2012-10-17";

/// A policy document.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Document {
    /// Its statements.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// Statement id, letters and digits.
    pub sid: &'static str,
    /// Allow or Deny.
    pub effect: Effect,
    /// Whom it is about; none in the policies of a role.
    pub principal: Option<Principal>,
    /// Actions, for example `logs:PutLogEvents`.
    pub actions: Vec<String>,
    /// Resources; none in a trust policy.
    pub resources: Vec<Template>,
    /// Conditions: operator, key, values.
    pub conditions: Vec<(&'static str, &'static str, Vec<Template>)>,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, whatever allows.
    Deny,
}

/// Whom a statement is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Principal {
    /// Everyone.
    Any,
    /// An AWS service, for example `ecs-tasks.amazonaws.com`.
    Service(&'static str),
    /// An IAM principal by ARN.
    Aws(Template),
}

impl Statement {
    /// A statement that allows `actions` on `resources`.
    pub fn allow(sid: &'static str, actions: &[&str], resources: Vec<Template>) -> Self {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        Self { sid, effect: Effect::Allow, principal: None, actions, resources, conditions: Vec::new() }
    }

    /// The same statement about `principal`.
    pub fn by(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// The same statement, as a denial.
    pub fn denied(mut self) -> Self {
        self.effect = Effect::Deny;
        self
    }

    /// The same statement under one more condition.
    pub fn when(mut self, operator: &'static str, key: &'static str, values: Vec<Template>) -> Self {
        self.conditions.push((operator, key, values));
        self
    }

    fn json(&self) -> Result<Value, Unresolved> {
        let Self { sid, effect, principal, actions, resources, conditions } = self;
        let mut statement = Map::new();
        statement.insert("Sid".into(), json!(sid));
        statement.insert("Effect".into(), json!(effect));
        if let Some(principal) = principal {
            statement.insert("Principal".into(), principal.json()?);
        }
        statement.insert("Action".into(), json!(actions));
        if !resources.is_empty() {
            statement.insert("Resource".into(), json!(known(resources)?));
        }
        if !conditions.is_empty() {
            let mut operators: BTreeMap<&str, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
            for (operator, key, values) in conditions {
                operators.entry(operator).or_default().insert(key, known(values)?);
            }
            statement.insert("Condition".into(), json!(operators));
        }
        Ok(Value::Object(statement))
    }
}

impl Principal {
    fn json(&self) -> Result<Value, Unresolved> {
        Ok(match self {
            Self::Any => json!("*"),
            Self::Service(name) => json!({"Service": name}),
            Self::Aws(arn) => json!({"AWS": arn.known()?}),
        })
    }
}

impl Document {
    /// A document of these statements.
    pub fn new(statements: Vec<Statement>) -> Self {
        Self { statements }
    }

    /// The trust policy by which an AWS service may take on a role, for resources of `account` only
    /// ("Cross-service confused deputy prevention", IAM User Guide).
    pub fn trust(service: &'static str, account: &crate::id::AccountId) -> Self {
        Self::new(vec![
            Statement::allow("Assume", &["sts:AssumeRole"], Vec::new()).by(Principal::Service(service)).when(
                "StringEquals",
                "aws:SourceAccount",
                vec![Template::text(account)],
            ),
        ])
    }

    /// The document as it goes to AWS, once every output in it is known.
    pub fn json(&self) -> Result<Value, Unresolved> {
        let statements = self.statements.iter().map(Statement::json).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({"Version": VERSION, "Statement": statements}))
    }

    /// The document in the form by which two are compared.
    pub fn normal(&self) -> Result<Value, Unresolved> {
        self.json().map(|json| normal(&json))
    }
}

impl HasInputs for Document {
    fn walk(&mut self, walk: &mut dyn FnMut(&mut dyn AnyInput)) {
        for Statement { sid: _, effect: _, principal, actions: _, resources, conditions } in &mut self.statements {
            if let Some(Principal::Aws(arn)) = principal {
                arn.walk(walk);
            }
            resources.iter_mut().for_each(|resource| resource.walk(walk));
            conditions.iter_mut().flat_map(|(_, _, values)| values).for_each(|value| value.walk(walk));
        }
    }
}

fn known(templates: &[Template]) -> Result<Vec<String>, Unresolved> {
    templates.iter().map(Template::known).collect()
}

/// A policy in the form by which two are compared: AWS gives back a single value for a list of one, another order, and
/// `*` for a principal as `{"AWS": "*"}`.
pub fn normal(policy: &Value) -> Value {
    let statements = match policy.get("Statement") {
        Some(Value::Array(list)) => list.iter().map(statement).collect(),
        Some(single) => vec![statement(single)],
        None => Vec::new(),
    };
    json!({"Version": policy.get("Version"), "Statement": sorted(statements)})
}

fn statement(statement: &Value) -> Value {
    let Some(members) = statement.as_object() else { return statement.clone() };
    let normal = members.iter().map(|(name, value)| {
        let value = match name.as_str() {
            "Action" | "NotAction" => sorted(list(value).into_iter().map(lower).collect()),
            "Resource" | "NotResource" => sorted(list(value)),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(normal.collect())
}

fn principal(value: &Value) -> Value {
    match value {
        Value::Object(kinds) => kinds.iter().map(|(kind, names)| (kind.clone(), sorted(list(names)))).collect(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => json!({"AWS": [value]}),
    }
}

fn condition(value: &Value) -> Value {
    let Some(operators) = value.as_object() else { return value.clone() };
    let keys = |keys: &Value| -> Value {
        let keys = keys.as_object().cloned().unwrap_or_default();
        keys.iter().map(|(key, values)| (key.to_ascii_lowercase(), sorted(list(values)))).collect()
    };
    operators.iter().map(|(operator, of)| (operator.clone(), keys(of))).collect()
}

/// A value or a list of values as a list of texts: AWS turns booleans and numbers in conditions into texts.
fn list(value: &Value) -> Vec<Value> {
    let text = |value: &Value| match value {
        Value::Bool(flag) => json!(flag.to_string()),
        Value::Number(number) => json!(number.to_string()),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => value.clone(),
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        single => vec![text(single)],
    }
}

fn lower(value: Value) -> Value {
    value.as_str().map_or(value.clone(), |text| json!(text.to_ascii_lowercase()))
}

fn sorted(mut values: Vec<Value>) -> Value {
    values.sort_by_key(Value::to_string);
    Value::Array(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_that_mean_the_same_have_one_normal_form() {
        let ours = json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "A", "Effect": "Deny", "Principal": "*", "Action": ["b:Y", "a:X"], "Resource": ["r"],
            "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}]});
        let theirs = json!({"Version": "2012-10-17", "Statement": {
            "Sid": "A", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["a:x", "b:Y"], "Resource": "r",
            "Condition": {"Bool": {"AWS:SecureTransport": false}}}});
        assert_eq!(normal(&ours), normal(&theirs));
    }

    #[test]
    fn another_resource_is_another_policy() {
        let on = |resource: &str| json!({"Statement": [{"Effect": "Allow", "Action": "a:X", "Resource": resource}]});
        assert_ne!(normal(&on("r")), normal(&on("s")));
    }
}
