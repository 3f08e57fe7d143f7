//! How deployments go on: strategy, percentages, circuit breaker, alarms and hooks.

use super::super::refusals::invalid;
use crate::call::Refusal;
use serde_json::{Value, json};

/// `DeploymentConfiguration`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Configuration {
    /// At least so much of the desired count stays healthy.
    pub(super) minimum: u64,
    /// At most so much of the desired count runs.
    pub(super) maximum: u64,
    /// Circuit breaker.
    pub(super) breaker: Breaker,
    /// `strategy`.
    strategy: Strategy,
    /// `bakeTimeInMinutes`.
    bake: u64,
    /// `alarms`, as given.
    alarms: Value,
    /// `lifecycleHooks`, as given.
    hooks: Value,
}

/// `DeploymentStrategy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    /// Tasks are replaced within the percentages.
    Rolling,
    /// The new tasks run beside the old ones until the traffic has moved: BLUE_GREEN, LINEAR or CANARY.
    Beside(&'static str),
}

/// `DeploymentCircuitBreaker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Breaker {
    /// Whether deployments fail at all.
    pub(super) enable: bool,
    /// Whether a failed deployment is rolled back.
    pub(super) rollback: bool,
    /// Whether a healthy task sets the count of failures to 0.
    pub(super) reset: bool,
    /// How many failures it takes.
    threshold: Threshold,
}

/// `ThresholdConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Threshold {
    /// Percent of the desired count, at least 3, at most 200.
    Bounded(u64),
    /// Percent of the desired count.
    Unbounded(u64),
    /// A number.
    Count(u64),
}

/// Defaults of a REPLICA service.
impl Default for Configuration {
    fn default() -> Self {
        let breaker = Breaker { enable: false, rollback: false, reset: true, threshold: Threshold::Bounded(50) };
        Self {
            minimum: 100,
            maximum: 200,
            breaker,
            strategy: Strategy::Rolling,
            bake: 0,
            alarms: Value::Null,
            hooks: Value::Null,
        }
    }
}

impl Configuration {
    /// This configuration with what a request changes.
    pub(super) fn with(&self, value: &Value) -> Result<Self, Refusal> {
        let breaker = &value["deploymentCircuitBreaker"];
        let kept = |member: &str, old: &Value| match &value[member] {
            Value::Null => old.clone(),
            given if *given == json!([]) || *given == json!({"alarmNames": [], "enable": false, "rollback": false}) => {
                Value::Null
            }
            given => given.clone(),
        };
        let new = Self {
            strategy: value["strategy"].as_str().map_or(self.strategy, Strategy::read),
            bake: value["bakeTimeInMinutes"].as_u64().unwrap_or(self.bake),
            alarms: kept("alarms", &self.alarms),
            hooks: kept("lifecycleHooks", &self.hooks),
            minimum: value["minimumHealthyPercent"].as_u64().unwrap_or(self.minimum),
            maximum: value["maximumPercent"].as_u64().unwrap_or(self.maximum),
            breaker: if breaker.is_null() { self.breaker } else { Breaker::read(breaker)? },
        };
        new.check()
    }

    fn check(self) -> Result<Self, Refusal> {
        if self.minimum == 100 && self.maximum == 100 {
            return Err(invalid(
                "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments",
            ));
        }
        if self.maximum < self.minimum || self.maximum == 0 {
            return Err(invalid("maximumPercent must be greater than minimumHealthyPercent."));
        }
        Ok(self)
    }

    pub(super) fn show(&self) -> Value {
        let mut output = json!({
            "deploymentCircuitBreaker": self.breaker.show(),
            "maximumPercent": self.maximum,
            "minimumHealthyPercent": self.minimum,
            "strategy": self.strategy.name(),
            "bakeTimeInMinutes": if self.beside() { self.bake } else { 0 },
        });
        for (member, value) in [("alarms", &self.alarms), ("lifecycleHooks", &self.hooks)] {
            if !value.is_null() {
                output[member] = value.clone();
            }
        }
        output
    }

    /// Whether a deployment starts its tasks beside those of the last one, which stay until the traffic has moved
    /// ("Amazon ECS blue/green deployments").
    pub(super) fn beside(&self) -> bool {
        self.strategy != Strategy::Rolling
    }

    /// How many tasks may be RUNNING or on their way: rounded down.
    pub(super) fn ceiling(&self, desired: u64) -> u64 {
        if self.beside() { desired * 2 } else { desired * self.maximum / 100 }
    }

    /// How many tasks must stay healthy: rounded up.
    pub(super) fn floor(&self, desired: u64) -> u64 {
        if self.beside() { desired } else { (desired * self.minimum).div_ceil(100) }
    }
}

impl Strategy {
    fn read(text: &str) -> Self {
        match text {
            "BLUE_GREEN" => Self::Beside("BLUE_GREEN"),
            "LINEAR" => Self::Beside("LINEAR"),
            "CANARY" => Self::Beside("CANARY"),
            _ => Self::Rolling,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rolling => "ROLLING",
            Self::Beside(name) => name,
        }
    }
}

impl Breaker {
    fn read(value: &Value) -> Result<Self, Refusal> {
        let given = &value["thresholdConfiguration"];
        let number = given["value"].as_u64().unwrap_or(50);
        if number == 0 || given["value"].as_i64().is_some_and(|number| number < 1) {
            return Err(invalid("The threshold of the deployment circuit breaker must be at least 1."));
        }
        Ok(Self {
            enable: value["enable"].as_bool().unwrap_or(false),
            rollback: value["rollback"].as_bool().unwrap_or(false),
            reset: value["resetOnHealthyTask"].as_bool().unwrap_or(true),
            threshold: match given["type"].as_str() {
                Some("COUNT") => Threshold::Count(number),
                Some("UNBOUNDED_PERCENT") => Threshold::Unbounded(number),
                _ => Threshold::Bounded(number),
            },
        })
    }

    fn show(self) -> Value {
        let (kind, value) = match self.threshold {
            Threshold::Bounded(value) => ("BOUNDED_PERCENT", value),
            Threshold::Unbounded(value) => ("UNBOUNDED_PERCENT", value),
            Threshold::Count(value) => ("COUNT", value),
        };
        json!({
            "enable": self.enable,
            "rollback": self.rollback,
            "resetOnHealthyTask": self.reset,
            "thresholdConfiguration": {"type": kind, "value": value},
        })
    }

    /// How many failed tasks fail a deployment ("How the Amazon ECS deployment circuit breaker detects failures").
    pub(super) fn limit(self, desired: u64) -> u64 {
        match self.threshold {
            Threshold::Bounded(percent) => (desired * percent).div_ceil(100).clamp(3, 200),
            Threshold::Unbounded(percent) => (desired * percent).div_ceil(100).max(1),
            Threshold::Count(count) => count,
        }
    }
}
