//! Stacks that stories begin with.

use jenkinsstack_cloud::seed::Network;
use serde_json::{Value, json};

/// The reference stack: 2 vCPU, 4 GiB, HTTPS for `jenkins.bytesource.internal`, Okta with the `groups` scope. Its client
/// secret lies in the Secret `jenkins-oidc`.
pub fn reference(name: &str, network: &Network) -> Value {
    json!({
        "apiVersion": "jenkinsstack.io/v1alpha1",
        "kind": "JenkinsStack",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "aws": {"region": "eu-central-1", "tags": {"team": "build"}},
            "network": {"vpc": {"id": network.vpc}},
            "controller": {"image": "jenkins/jenkins:lts", "cpu": "2", "memory": "4Gi"},
            "storage": {"backups": "Enabled", "onDelete": "Retain"},
            "endpoint": {"host": "jenkins.bytesource.internal", "certificateArn": network.certificate_arn},
            "auth": {"oidc": {
                "issuer": "https://bytesource.okta.com",
                "endpoints": {
                    "authorization": "https://bytesource.okta.com/oauth2/v1/authorize",
                    "token": "https://bytesource.okta.com/oauth2/v1/token",
                    "userInfo": "https://bytesource.okta.com/oauth2/v1/userinfo",
                },
                "clientId": "jenkins",
                "clientSecret": {"secretKeyRef": {"name": "jenkins-oidc", "key": "clientSecret"}},
                "scopes": ["openid", "email", "profile", "groups"],
            }},
        },
    })
}

/// The smallest stack: a region and a VPC, plain HTTP.
pub fn smallest(name: &str, network: &Network) -> Value {
    json!({
        "apiVersion": "jenkinsstack.io/v1alpha1",
        "kind": "JenkinsStack",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"aws": {"region": "eu-central-1"}, "network": {"vpc": {"id": network.vpc}}},
    })
}

/// The Secret that the reference stack refers to.
pub fn client_secret(value: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "jenkins-oidc", "namespace": "default"},
        "stringData": {"clientSecret": value},
    })
}
