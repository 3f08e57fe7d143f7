//! Rules of listeners, the default ones among them.

use super::action::{self, Actions, Setting};
use super::condition::{self, Condition};
use super::network::{list, texts};
use super::refusal::{no_rule, not_here, not_permitted, priority_in_use, too_many, validation};
use super::shared::{ask_about, ask_create, ask_member, page, tags};
use super::{State, group, listener};
use crate::call::{Access, Answer, Ask, Call, Operation, Refusal, ask_any, nothing};
use crate::indexed::Filed;
use crate::tags::Tags;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Rules a load balancer without the default ones (quota "Rules per Application Load Balancer").
const MAX_RULES: usize = 100;
/// Target groups a load balancer (quota "Target groups per Application Load Balancer").
const MAX_GROUPS: usize = 100;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation { name: "CreateRule", access: Access::Write, asks: ask_to_create, run: create },
    Operation {
        name: "DescribeRules",
        access: Access::Read,
        asks: |_| ask_any("elasticloadbalancing:DescribeRules"),
        run: describe,
    },
    Operation {
        name: "ModifyRule",
        access: Access::Write,
        asks: |call| ask_member(call, "ModifyRule", "RuleArn"),
        run: modify,
    },
    Operation { name: "SetRulePriorities", access: Access::Write, asks: ask_to_set_priorities, run: set_priorities },
    Operation {
        name: "DeleteRule",
        access: Access::Write,
        asks: |call| ask_member(call, "DeleteRule", "RuleArn"),
        run: delete,
    },
];

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) arn: String,
    pub(super) listener: String,
    /// None for the default rule, which comes last.
    pub(super) priority: Option<u32>,
    pub(super) conditions: Vec<Condition>,
    pub(super) actions: Actions,
    pub(super) tags: Tags,
}

impl Filed for Rule {
    fn id(&self) -> &str {
        &self.arn
    }

    fn under(&self) -> impl Iterator<Item = &str> {
        self.actions.groups()
    }
}

impl Rule {
    /// A rule of a listener, with a fresh ARN.
    pub(super) fn new(
        call: &mut Call<'_>,
        listener: &str,
        priority: Option<u32>,
        conditions: Vec<Condition>,
        actions: Actions,
        tags: Tags,
    ) -> Self {
        let arn = format!("{}/{}", listener.replacen(":listener/", ":listener-rule/", 1), call.world.random.hex(16));
        Self { arn, listener: listener.to_owned(), priority, conditions, actions, tags }
    }

    fn describe(&self) -> Value {
        let conditions: Vec<Value> = self.conditions.iter().map(Condition::describe).collect();
        json!({
            "RuleArn": self.arn,
            "Priority": self.priority.map_or_else(|| "default".to_owned(), |priority| priority.to_string()),
            "Conditions": conditions,
            "Actions": self.actions.describe(),
            "IsDefault": self.priority.is_none(),
        })
    }

    /// The description with the hash of a client secret.
    pub(super) fn reveal(&self) -> Value {
        let mut shown = self.describe();
        shown["Actions"] = self.actions.reveal();
        shown
    }

    /// Orders rules by priority, the default rule last.
    pub(super) fn rank(&self) -> u32 {
        self.priority.unwrap_or(u32::MAX)
    }
}

/// The rule of an ARN.
pub(super) fn find<'s>(state: &'s State, arn: &str) -> Result<&'s Rule, Refusal> {
    state.rules.get(arn).ok_or_else(|| no_rule(arn))
}

/// Refuses actions that forward to target groups that this load balancer can't use. `instead_of` is the rule whose
/// actions they replace.
pub(super) fn check_groups(
    state: &State,
    balancer: &str,
    actions: &Actions,
    instead_of: Option<&str>,
) -> Result<(), Refusal> {
    let others = state.rules.values().filter(|rule| Some(rule.arn.as_str()) != instead_of);
    let of_balancer = |rule: &&Rule| state.balancer_of(&rule.listener).is_some_and(|found| found.arn == balancer);
    let (own, foreign): (Vec<&Rule>, Vec<&Rule>) = others.partition(of_balancer);
    for arn in actions.groups() {
        group::find(state, arn)?;
        if foreign.iter().any(|rule| rule.actions.groups().any(|used| used == arn)) {
            let limit = "The following target groups cannot be associated with more than one load balancer";
            return Err(Refusal::new("TargetGroupAssociationLimit", format!("{limit}: {arn}")));
        }
    }
    let all: BTreeSet<&str> = own.iter().flat_map(|rule| rule.actions.groups()).chain(actions.groups()).collect();
    if all.len() > MAX_GROUPS {
        return Err(too_many("TooManyUniqueTargetGroupsPerLoadBalancer", "target groups for the load balancer"));
    }
    Ok(())
}

fn ask_to_create(call: &Call<'_>) -> Vec<Ask> {
    let about = call.text("ListenerArn");
    let made = format!("{}/*", about.replacen(":listener/", ":listener-rule/", 1));
    ask_create(call, "CreateRule", about, &made)
}

fn ask_to_set_priorities(call: &Call<'_>) -> Vec<Ask> {
    let arns = list(&call.input["RulePriorities"]).iter().filter_map(|pair| pair["RuleArn"].as_str());
    arns.map(|arn| ask_about(call, "SetRulePriorities", arn)).collect()
}

fn create(call: &mut Call<'_>) -> Answer {
    let of = call.text("ListenerArn").to_owned();
    let input = call.input.clone();
    let state = &call.peek().elb;
    let listener = listener::find(state, &of)?;
    no_transforms(&input)?;
    let tags = tags(call)?;
    let conditions = condition::read(&input["Conditions"])?;
    let setting = Setting { https: listener.tls.is_some(), existing: None };
    let actions = action::read(&input["Actions"], setting)?;
    check_groups(state, &listener.balancer, &actions, None)?;
    let priority = priority(&input["Priority"])?;
    if state.rules_of(&of).any(|rule| rule.priority == Some(priority)) {
        return Err(priority_in_use(priority));
    }
    let siblings = state.listeners_of(&listener.balancer).flat_map(|listener| state.rules_of(&listener.arn));
    if siblings.filter(|rule| rule.priority.is_some()).count() >= MAX_RULES {
        return Err(too_many("TooManyRules", "rules for the load balancer"));
    }
    let rule = Rule::new(call, &of, Some(priority), conditions, actions, tags);
    let shown = rule.describe();
    call.regional().elb.rules.insert(rule);
    Ok(json!({"Rules": [shown]}))
}

fn priority(value: &Value) -> Result<u32, Refusal> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    let number = number.filter(|number| (1..=50_000).contains(number));
    number.ok_or_else(|| validation("Priority must be between '1' and '50000'"))
}

fn no_transforms(input: &Value) -> Result<(), Refusal> {
    if list(&input["Transforms"]).is_empty() { Ok(()) } else { Err(not_here("A transform")) }
}

fn describe(call: &mut Call<'_>) -> Answer {
    let state = &call.peek().elb;
    let (of, arns) = (call.text("ListenerArn"), texts(&call.input["RuleArns"]));
    let chosen: Vec<&Rule> = match (of, arns.is_empty()) {
        ("", true) => return Err(validation("You must specify either listener rule ARNs or a listener ARN")),
        ("", false) => arns.iter().map(|arn| find(state, arn)).collect::<Result<_, _>>()?,
        (of, true) => {
            listener::find(state, of)?;
            state.rules_of(of).collect()
        }
        _ => return Err(validation("Listener ARN and rule ARNs cannot be specified at the same time")),
    };
    let key = |rule: &&Rule| format!("{:010} {}", rule.rank(), rule.arn);
    let items = chosen.iter().map(|rule| (key(rule), rule.describe())).collect();
    page(call, "Rules", &format!("rules {of} {arns:?}"), items)
}

fn modify(call: &mut Call<'_>) -> Answer {
    let input = call.input.clone();
    let state = &call.peek().elb;
    let mut rule = find(state, call.text("RuleArn"))?.clone();
    if rule.priority.is_none() {
        return Err(not_permitted(format!("Default rule '{}' cannot be modified", rule.arn)));
    }
    no_transforms(&input)?;
    if !input["Conditions"].is_null() {
        rule.conditions = condition::read(&input["Conditions"])?;
    }
    if !input["Actions"].is_null() {
        let listener = listener::find(state, &rule.listener)?;
        let setting = Setting { https: listener.tls.is_some(), existing: rule.actions.oidc() };
        let actions = action::read(&input["Actions"], setting)?;
        check_groups(state, &listener.balancer, &actions, Some(&rule.arn))?;
        rule.actions = actions;
    }
    let shown = rule.describe();
    call.regional().elb.rules.insert(rule);
    Ok(json!({"Rules": [shown]}))
}

fn set_priorities(call: &mut Call<'_>) -> Answer {
    let input = call.input.clone();
    let state = &call.peek().elb;
    let mut wanted = BTreeMap::new();
    let mut of = BTreeSet::new();
    for pair in list(&input["RulePriorities"]) {
        let rule = find(state, pair["RuleArn"].as_str().unwrap_or_default())?;
        if rule.priority.is_none() {
            return Err(not_permitted(format!("Default rule '{}' cannot have a priority", rule.arn)));
        }
        of.insert(rule.listener.clone());
        wanted.insert(rule.arn.clone(), priority(&pair["Priority"])?);
    }
    let (1, Some(of)) = (of.len(), of.first()) else {
        return Err(validation("The rules must belong to one listener"));
    };
    let mut taken = BTreeSet::new();
    for rule in state.rules_of(of) {
        let priority = wanted.get(&rule.arn).copied().or(rule.priority);
        if let Some(priority) = priority.filter(|priority| !taken.insert(*priority)) {
            return Err(priority_in_use(priority));
        }
    }
    let rules = &mut call.regional().elb.rules;
    let mut shown = Vec::new();
    for (arn, priority) in wanted {
        if let Some(rule) = rules.get_mut(&arn) {
            rule.priority = Some(priority);
            shown.push(rule.describe());
        }
    }
    Ok(json!({"Rules": shown}))
}

fn delete(call: &mut Call<'_>) -> Answer {
    let arn = call.text("RuleArn").to_owned();
    if find(&call.peek().elb, &arn)?.priority.is_none() {
        return Err(not_permitted(format!("Default rule '{arn}' cannot be deleted")));
    }
    call.regional().elb.rules.remove(&arn);
    nothing()
}
