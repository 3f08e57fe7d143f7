//! `spec.controller`.

use crate::row::{Effect, Row, added, field, in_place, removed, replaced, revised};
use jenkinsstack_sim::Stage;
use jenkinsstack_sim::belongings::{OTHER_PARAMETER, PARAMETER};
use jenkinsstack_sim::spec::{OTHER_SECRET, TOKEN};
use serde_json::{Value, json};

/// Keys that the execution role may decrypt with.
const KEYS: &str = "Policies/execution-role/Statement/Sid=Keys/Resource";

pub(crate) fn rows(stage: &Stage) -> Vec<Row> {
    [task(), environment(), secrets(), named_secrets(stage), parameters(stage), settings(stage)].concat()
}

fn container(member: &str, before: impl Into<Value>, after: impl Into<Value>) -> Effect {
    revised(format!("containerDefinitions/name=jenkins/{member}"), before, after)
}

fn task() -> Vec<Row> {
    let sized = json!({"controller": {"cpu": "2", "memory": "8Gi"}});
    vec![
        field("controller.image", "jenkins/jenkins:lts", "jenkins/jenkins:2.541.1").changes([container(
            "image",
            "jenkins/jenkins:lts",
            "jenkins/jenkins:2.541.1",
        )]),
        field("controller.cpu", "2", "1").given(sized.clone()).changes([revised("cpu", "2048", "1024")]),
        field("controller.memory", "8Gi", "6Gi").given(sized).changes([revised("memory", "8192", "6144")]),
        field("controller.architecture", "amd64", "arm64").changes([revised(
            "runtimePlatform/cpuArchitecture",
            "X86_64",
            "ARM64",
        )]),
        field("controller.ephemeralStorage", "20Gi", "50Gi").changes([revised(
            "ephemeralStorage/sizeInGiB",
            Value::Null,
            50,
        )]),
        field("controller.stopTimeoutSeconds", 120, 60).changes([container("stopTimeout", 120, 60)]),
    ]
}

fn environment() -> Vec<Row> {
    let given = json!({"controller": {"env": [{"name": "TZ", "value": "UTC"}]}});
    vec![
        field("controller.javaOptions[]", json!(["-Xmx2g"]), json!(["-Xmx3g", "-Xms1g"])).changes([container(
            "environment/name=JENKINS_JAVA_OPTS/value",
            "-Xmx2g",
            "-Xmx3g -Xms1g",
        )]),
        field("controller.env[].name", "TZ", "ZONE").given(given.clone()).changes([
            container("environment/name=TZ/value", "UTC", Value::Null),
            container("environment/name=ZONE/value", Value::Null, "UTC"),
        ]),
        field("controller.env[].value", "UTC", "Europe/Vienna").given(given).changes([container(
            "environment/name=TZ/value",
            "UTC",
            "Europe/Vienna",
        )]),
    ]
}

/// From Kubernetes: a copy in Secrets Manager, whose version is part of the task definition.
fn secrets() -> Vec<Row> {
    let copied = |before: &str, after: &str| {
        [
            in_place("secret/TOKEN", "#value", before, after),
            replaced("task-definition", "family", "…task-definition-b8918b99b5", "…task-definition-b8918b99b5"),
        ]
    };
    vec![
        field("controller.secrets[].name", "TOKEN", "API_TOKEN").changes([
            removed("secret/TOKEN", "#value", TOKEN),
            added("secret/API_TOKEN", "#value", TOKEN),
            container("secrets/*/name", json!(["TOKEN"]), json!(["API_TOKEN"])),
        ]),
        field("controller.secrets[].valueFrom.secretKeyRef.name", "token", "spare-token")
            .changes(copied(TOKEN, OTHER_SECRET)),
        field("controller.secrets[].valueFrom.secretKeyRef.key", "token", "other").changes(copied(TOKEN, OTHER_SECRET)),
    ]
}

fn variable(source: Value) -> Value {
    json!({"controller": {"secrets": [{"name": "TOKEN", "valueFrom": source}]}})
}

/// From Secrets Manager: the task reads it itself, by the execution role.
fn named_secrets(stage: &Stage) -> Vec<Row> {
    let [one, other] = stage.user.secrets.each_ref().map(String::as_str);
    let key = stage.user.keys[0].as_str();
    let reference = |arn: &str, key: &str| format!("{arn}:{key}::");
    let of = |members: Value| variable(json!({"secretsManager": members}));
    let value = "secrets/name=TOKEN/valueFrom";
    vec![
        field("controller.secrets[].valueFrom.secretsManager.arn", one, other)
            .given(of(json!({"arn": one, "key": "clientSecret", "kmsKeyArn": key})))
            .changes([
                container(value, reference(one, "clientSecret"), reference(other, "clientSecret")),
                in_place(
                    "execution-role",
                    "Policies/execution-role/Statement/Sid=Secrets/Resource",
                    json!([one]),
                    json!([other]),
                ),
            ]),
        field("controller.secrets[].valueFrom.secretsManager.key", Value::Null, "other")
            .given(of(json!({"arn": one})))
            .changes([container(value, one, reference(one, "other"))]),
        field("controller.secrets[].valueFrom.secretsManager.kmsKeyArn", Value::Null, key)
            .given(of(json!({"arn": one})))
            .changes([in_place("execution-role", KEYS, Value::Null, json!([key]))]),
    ]
}

/// From Systems Manager.
fn parameters(stage: &Stage) -> Vec<Row> {
    let key = stage.user.keys[0].as_str();
    let arn = |name: &str| format!("arn:aws:ssm:eu-central-1:111122223333:parameter{name}");
    let given = variable(json!({"parameter": {"name": PARAMETER}}));
    vec![
        field("controller.secrets[].valueFrom.parameter.name", PARAMETER, OTHER_PARAMETER)
            .given(given.clone())
            .changes([
                container("secrets/name=TOKEN/valueFrom", arn(PARAMETER), arn(OTHER_PARAMETER)),
                in_place(
                    "execution-role",
                    "Policies/execution-role/Statement/Sid=Parameters/Resource",
                    json!([arn(PARAMETER)]),
                    json!([arn(OTHER_PARAMETER)]),
                ),
            ]),
        field("controller.secrets[].valueFrom.parameter.kmsKeyArn", Value::Null, key).given(given).changes([in_place(
            "execution-role",
            KEYS,
            Value::Null,
            json!([key]),
        )]),
    ]
}

fn settings(stage: &Stage) -> Vec<Row> {
    let [policy, _] = stage.user.policies.each_ref().map(String::as_str);
    vec![
        field("controller.gracePeriodSeconds", 600, 900).changes([in_place(
            "service",
            "healthCheckGracePeriodSeconds",
            600,
            900,
        )]),
        field("controller.existingCluster", Value::Null, "build").changes([
            removed("cluster", "status", "ACTIVE"),
            replaced("service", "clusterArn", "…cluster/jks-default-jenkins-cluster-5c848591c9", "…cluster/build"),
        ]),
        field("controller.taskRolePolicyArns[]", json!([]), json!([policy])).changes([in_place(
            "task-role",
            "AttachedPolicies/*",
            json!([]),
            json!([policy]),
        )]),
        field("controller.ecsExec", "Disabled", "Enabled").changes([
            in_place("service", "enableExecuteCommand", false, true),
            in_place("task-role", "Policies/task-role/Statement/Sid=Exec/Effect", Value::Null, "Allow"),
        ]),
    ]
}
