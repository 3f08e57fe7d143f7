//! How AWS words a denial.
//!
//! Source: IAM User Guide, "Troubleshoot access denied error messages"; EC2's form: "Error codes for the Amazon EC2
//! API", UnauthorizedOperation.

use crate::call::{Ask, Principal, Refusal};
use crate::service::Service;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Which policies said no, or failed to say yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    Identity,
    Boundary,
    Resource,
}

/// A decision against the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    /// By a `Deny` that matches, rather than for want of an `Allow`.
    pub(super) explicit: bool,
    /// Where.
    pub(super) layer: Layer,
}

/// Services of the json protocols, which send all of their errors with HTTP status 400.
const JSON: [&str; 7] = ["acm", "ecs", "kms", "logs", "resourcegroupstaggingapi", "secretsmanager", "service-quotas"];

impl Layer {
    fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Identity => ("an", "identity-based policy"),
            Self::Boundary => ("a", "permissions boundary"),
            Self::Resource => ("a", "resource-based policy"),
        }
    }
}

impl Denial {
    /// The refusal in the service's form.
    pub(super) fn refusal(self, service: &Service, principal: &Principal, ask: &Ask) -> Refusal {
        let (article, layer) = self.layer.named();
        let why = if self.explicit {
            format!("with an explicit deny in {article} {layer}")
        } else {
            format!("because no {layer} allows the {} action", ask.action)
        };
        let what = format!("{} on resource: {}", ask.action, ask.resource);
        let mut message = format!("User: {} is not authorized to perform: {what} {why}", principal.arn());
        if service.model == "ec2" {
            let sealed = URL_SAFE_NO_PAD.encode(&message);
            message = format!(
                "You are not authorized to perform this operation. {message}. \
                 Encoded authorization failure message: {sealed}"
            );
        }
        let status = if JSON.contains(&service.model) { 400 } else { 403 };
        Refusal::new(service.denied, message).status(status)
    }
}
