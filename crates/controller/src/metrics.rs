//! What Prometheus reads, in the OpenMetrics text format.

use jenkinsstack_api::JenkinsStackStatus;
use jenkinsstack_api::status::ConditionType;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::Duration;

/// Bounds of the buckets for the time of a pass, in seconds: from a look at nothing to a whole first deployment.
const BUCKETS: [f64; 11] = [0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// The metrics of one operator.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    passes: Family<ResultLabel, Counter>,
    errors: Family<ReasonLabel, Counter>,
    steps: Family<VerbLabel, Counter>,
    seconds: Histogram,
    conditions: Family<ConditionLabel, Gauge>,
    leader: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabel {
    reason: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct VerbLabel {
    verb: String,
    kind: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ConditionLabel {
    namespace: String,
    name: String,
    r#type: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("jenkinsstack");
        let passes = Family::<ResultLabel, Counter>::default();
        registry.register("reconcile", "Passes over a stack, by result", passes.clone());
        let errors = Family::<ReasonLabel, Counter>::default();
        registry.register("reconcile_errors", "Passes that ended in trouble, by reason", errors.clone());
        let steps = Family::<VerbLabel, Counter>::default();
        registry.register("steps", "Changes made on AWS, by verb and kind", steps.clone());
        let seconds = Histogram::new(BUCKETS);
        registry.register_with_unit("reconcile_time", "Time of a pass", Unit::Seconds, seconds.clone());
        let conditions = Family::<ConditionLabel, Gauge>::default();
        registry.register("condition", "1 when the condition of a stack is True", conditions.clone());
        let leader = Gauge::default();
        registry.register("leader", "1 while this replica leads", leader.clone());
        Self { registry: Arc::new(registry), passes, errors, steps, seconds, conditions, leader }
    }
}

impl Metrics {
    /// A pass that took so long and ended so: `success` or `requeue`.
    pub fn pass(&self, result: &'static str, took: Duration) {
        self.passes.get_or_create(&ResultLabel { result }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// A pass that could not be made. Its time would say nothing of those that could.
    pub fn no_pass(&self) {
        self.passes.get_or_create(&ResultLabel { result: "error" }).inc();
    }

    /// Trouble of a pass.
    pub fn trouble(&self, reason: &str) {
        self.errors.get_or_create(&ReasonLabel { reason: reason.to_owned() }).inc();
    }

    /// A change made on AWS.
    pub fn step(&self, verb: &str, kind: &str) {
        self.steps.get_or_create(&VerbLabel { verb: verb.to_owned(), kind: kind.to_owned() }).inc();
    }

    /// The conditions of a stack. A series that stays is never taken away meanwhile: somebody may be reading.
    pub fn status(&self, namespace: &str, name: &str, status: &JenkinsStackStatus) {
        for type_ in ConditionType::ALL {
            let label = condition_label(namespace, name, type_.as_str());
            match status.condition(type_) {
                Some(condition) => {
                    self.conditions.get_or_create(&label).set(i64::from(condition.status == "True"));
                }
                None => {
                    self.conditions.remove(&label);
                }
            }
        }
    }

    /// A stack that is gone takes its series along.
    pub fn forget(&self, namespace: &str, name: &str) {
        for type_ in ConditionType::ALL {
            self.conditions.remove(&condition_label(namespace, name, type_.as_str()));
        }
    }

    /// Whether this replica leads.
    pub fn lead(&self, leads: Leads) {
        self.leader.set(match leads {
            Leads::Yes => 1,
            Leads::No => 0,
        });
    }

    /// All metrics as text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing into a String does not fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

/// Whether a replica leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// It does.
    Yes,
    /// It does not.
    No,
}

fn condition_label(namespace: &str, name: &str, type_: &str) -> ConditionLabel {
    ConditionLabel { namespace: namespace.to_owned(), name: name.to_owned(), r#type: type_.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn status(conditions: &[(&str, &str)]) -> JenkinsStackStatus {
        let condition = |(type_, status): &(&str, &str)| {
            json!({"type": type_, "status": status, "reason": "R", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"})
        };
        let conditions: Vec<Value> = conditions.iter().map(condition).collect();
        serde_json::from_value(json!({"conditions": conditions})).unwrap()
    }

    #[test]
    fn a_stack_that_is_gone_leaves_no_series() {
        let metrics = Metrics::default();
        metrics.status("ns", "ci", &status(&[("Ready", "True")]));
        assert!(metrics.text().contains(r#"jenkinsstack_condition{namespace="ns",name="ci",type="Ready"} 1"#));
        metrics.forget("ns", "ci");
        assert!(!metrics.text().contains(r#"name="ci""#), "{}", metrics.text());
    }

    #[test]
    fn a_series_that_stays_is_never_away() {
        let metrics = Metrics::default();
        metrics.status("ns", "ci", &status(&[("Ready", "False"), ("Stalled", "True")]));
        let ready = metrics.conditions.get_or_create(&condition_label("ns", "ci", "Ready")).clone();
        metrics.status("ns", "ci", &status(&[("Ready", "True")]));
        assert_eq!(ready.get(), 1, "the series is the one of before");
        assert!(!metrics.text().contains("Stalled"), "{}", metrics.text());
    }

    #[test]
    fn what_could_not_be_made_has_no_time() {
        let metrics = Metrics::default();
        metrics.pass("success", Duration::from_secs(1));
        metrics.no_pass();
        let text = metrics.text();
        assert!(text.contains(r#"jenkinsstack_reconcile_total{result="error"} 1"#), "{text}");
        assert!(text.contains("jenkinsstack_reconcile_time_seconds_count 1"), "{text}");
    }
}
