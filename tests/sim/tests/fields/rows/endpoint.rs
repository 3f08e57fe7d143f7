//! `spec.endpoint`.

use crate::row::{Effect, Row, added, field, in_place, removed, replaced, revised};
use jenkinsstack_sim::Stage;
use serde_json::{Value, json};

const HOST: &str = "Conditions/Field=host-header/HostHeaderConfig/Values";
const PATHS: &str = "Conditions/Field=path-pattern/PathPatternConfig/Values/*";
const OPTIONS: &str = "containerDefinitions/name=jenkins/environment/name=JENKINS_OPTS/value";

pub(crate) fn rows(stage: &Stage) -> Vec<Row> {
    [own(stage), reach(), logs(), shared(stage)].concat()
}

/// What is written on the listener's rules and on the listener.
fn own(stage: &Stage) -> Vec<Row> {
    let (one, other) = (stage.life.network.certificate_arn.as_str(), stage.user.certificate.as_str());
    let hosts = |node| in_place(node, HOST, json!(["jenkins.bytesource.internal"]), json!(["ci.bytesource.internal"]));
    vec![
        field("endpoint.host", "jenkins.bytesource.internal", "ci.bytesource.internal")
            .changes([hosts("rule"), hosts("open-rule/1")]),
        field("endpoint.certificateArn", one, other).changes([in_place(
            "listener",
            "Certificates/0/CertificateArn",
            one,
            other,
        )]),
        field("endpoint.tlsPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-3-2021-06")
            .changes([in_place(
                "listener",
                "SslPolicy",
                "ELBSecurityPolicy-TLS13-1-2-2021-06",
                "ELBSecurityPolicy-TLS13-1-3-2021-06",
            )]),
        field("endpoint.pathPrefix", Value::Null, "/ci").given(json!({"auth": {"oidc": {"openPaths": null}}})).changes(
            [
                in_place("rule", PATHS, Value::Null, json!(["/ci", "/ci/*", "/oauth2/idpresponse"])),
                in_place("target-group", "HealthCheckPath", "/login", "/ci/login"),
                revised(
                    OPTIONS,
                    "--httpKeepAliveTimeout=305000 --requestHeaderSize=32768",
                    "--httpKeepAliveTimeout=305000 --requestHeaderSize=32768 --prefix=/ci",
                ),
            ],
        ),
    ]
}

/// Who reaches the load balancer, and for how long.
fn reach() -> Vec<Row> {
    let anew = |node| replaced(node, "none", Value::Null, Value::Null);
    vec![
        field("endpoint.scheme", "InternetFacing", "Internal").changes([
            replaced("load-balancer", "Scheme", "internet-facing", "internal"),
            anew("listener"),
            anew("redirect-listener"),
            anew("rule"),
            anew("open-rule/1"),
        ]),
        field("endpoint.httpRedirect", "Enabled", "Disabled").changes([
            removed("redirect-listener", "Port", 80),
            removed("load-balancer-security-group/80-from-0.0.0.0/0", "CidrIpv4", "0.0.0.0/0"),
        ]),
        field("endpoint.allowedCidrs[]", json!(["0.0.0.0/0"]), json!(["203.0.113.0/24"])).changes([
            removed("load-balancer-security-group/80-from-0.0.0.0/0", "CidrIpv4", "0.0.0.0/0"),
            removed("load-balancer-security-group/443-from-0.0.0.0/0", "CidrIpv4", "0.0.0.0/0"),
            added("load-balancer-security-group/80-from-203.0.113.0/24", "CidrIpv4", "203.0.113.0/24"),
            added("load-balancer-security-group/443-from-203.0.113.0/24", "CidrIpv4", "203.0.113.0/24"),
        ]),
        field("endpoint.idleTimeoutSeconds", 300, 600).changes([
            attribute("idle_timeout.timeout_seconds", "300", "600"),
            revised(
                OPTIONS,
                "--httpKeepAliveTimeout=305000 --requestHeaderSize=32768",
                "--httpKeepAliveTimeout=605000 --requestHeaderSize=32768",
            ),
        ]),
    ]
}

fn attribute(key: &str, before: &str, after: &str) -> Effect {
    in_place("load-balancer", format!("Attributes/Key={key}/Value"), before, after)
}

fn logs() -> Vec<Row> {
    let given = json!({"endpoint": {"accessLogs": {"bucket": "logs-one"}}});
    vec![
        field("endpoint.accessLogs.bucket", "logs-one", "logs-two").given(given.clone()).changes([attribute(
            "access_logs.s3.bucket",
            "logs-one",
            "logs-two",
        )]),
        field("endpoint.accessLogs.prefix", Value::Null, "jenkins").given(given).changes([attribute(
            "access_logs.s3.prefix",
            "",
            "jenkins",
        )]),
    ]
}

/// On a listener of the user's.
fn shared(stage: &Stage) -> Vec<Row> {
    let [one, other, http] = stage.user.listeners.each_ref().map(String::as_str);
    let on = |listener: &str| json!({"endpoint": {"certificateArn": null, "existingListener": {"arn": listener, "priority": 99}}});
    let moved = |node| replaced(node, "none", Value::Null, Value::Null);
    vec![
        field("endpoint.existingListener.arn", one, other)
            .given(on(one))
            .changes([moved("rule"), moved("open-rule/1")]),
        field("endpoint.existingListener.priority", 99, 50)
            .given(on(one))
            .changes([in_place("rule", "Priority", "99", "50"), in_place("open-rule/1", "Priority", "98", "49")]),
        field("endpoint.existingListener.protocol", "HTTP", "HTTPS")
            .given(on(http))
            .given(json!({"auth": {"oidc": null}}))
            .stalls("spec.endpoint.existingListener.protocol: the listener speaks HTTP, not HTTPS"),
    ]
}
