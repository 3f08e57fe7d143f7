//! Everything a stack's graph depends on besides its spec: looked up in the cluster, on AWS and at the OpenID provider.
//!
//! [`gather`] is the only reader of the cluster's Secrets. It reads them one by one and keeps none.

mod existing;
mod network;
mod oidc;
mod secrets;

pub use oidc::Discovery;
pub use secrets::{fingerprinter, read_fingerprinter, referenced_secrets};

use futures::try_join;
use jenkinsstack_api::status::Reason;
use jenkinsstack_api::{JenkinsStackSpec, validate};
use jenkinsstack_aws::{Account, Class, Error};
use jenkinsstack_core::desired::{self, Context, HostedZone, SpecError};
use jenkinsstack_core::graph::Graph;
use jenkinsstack_core::owner::Owner;
use jenkinsstack_core::secret::Fingerprinter;
use jenkinsstack_status::facts::{Front, Outlook, Trouble};
use std::time::Duration;

/// Where inputs come from.
pub struct Sources<'a> {
    /// The cluster.
    pub client: &'a kube::Client,
    /// The AWS account.
    pub account: &'a Account,
    /// Metadata documents of OpenID providers.
    pub discovery: &'a Discovery,
    /// What secrets are compared by.
    pub fingerprinter: &'a Fingerprinter,
    /// Uid of the cluster's `kube-system` namespace.
    pub installation: &'a str,
    /// How old what is remembered may be; zero for a look that somebody asked for.
    pub max_age: Duration,
}

/// What was gathered.
pub struct Inputs {
    /// For the graph.
    pub context: Context,
    /// An existing listener's load balancer.
    pub existing_load_balancer: Option<Front>,
    /// Hosted zone that the DNS record of the host belongs to, where one is known.
    pub hosted_zone: Option<HostedZone>,
}

/// Gathers the inputs of a stack, or says what is missing or wrong.
///
/// # Errors
/// A [`Trouble`] that names the field, what is wrong and what to do.
pub async fn gather(sources: &Sources<'_>, owner: &Owner, spec: &JenkinsStackSpec) -> Result<Inputs, Trouble> {
    if let Some(violation) = validate(spec).first() {
        return Err(invalid(&violation.field, &violation.message));
    }
    let account = sources.account;
    // Boxed: together they are too much for a stack.
    let network = Box::pin(async {
        let vpc = network::vpc(sources, spec).await?;
        let public = network::public_subnets(sources, spec, &vpc);
        let private = network::private_subnets(sources, spec, &vpc);
        let (public, private, listener) = try_join!(public, private, existing::listener(sources, spec, &vpc))?;
        let zone = existing::hosted_zone(sources, spec, &vpc, listener.as_ref()).await;
        Ok((vpc, public, private, listener, zone))
    });
    let existing = Box::pin(async {
        let certificate = existing::certificate(sources, spec);
        let found = try_join!(certificate, existing::file_system(sources, spec), existing::cluster(sources, spec))?;
        let ((), file_system, cluster) = found;
        Ok((file_system, cluster))
    });
    let told = Box::pin(async {
        let environment = secrets::environment(sources, owner, spec);
        let client_secret = secrets::client_secret(sources, owner, spec);
        try_join!(environment, client_secret, oidc::endpoints(sources, spec))
    });
    let ((vpc, public_subnets, private_subnets, listener, hosted_zone), (file_system, cluster), told) =
        try_join!(network, existing, told)?;
    let (secrets, client_secret, oidc_endpoints) = told;
    let context = Context {
        owner: owner.clone(),
        installation: sources.installation.to_owned(),
        account: account.id.clone(),
        partition: account.partition.clone(),
        region: account.region.clone(),
        vpc,
        public_subnets,
        private_subnets,
        existing_file_system: file_system,
        existing_cluster: cluster,
        existing_listener: listener.as_ref().map(|found| found.listener.clone()),
        secrets,
        client_secret,
        oidc_endpoints,
    };
    let existing_load_balancer = listener.map(|found| Front { dns_name: found.dns_name, zone: found.zone });
    Ok(Inputs { context, existing_load_balancer, hosted_zone })
}

/// The resources that a spec asks for, or what is wrong with it.
///
/// # Errors
/// A [`Trouble`] that names the field, what is wrong and what to do.
pub fn graph(spec: &JenkinsStackSpec, inputs: &Inputs) -> Result<Graph, Trouble> {
    desired::graph(spec, &inputs.context).map_err(|error| match error {
        SpecError::Field { field, problem } => invalid(&field, &problem),
        SpecError::Graph(error) => bug(error.to_string()),
    })
}

/// A field that the user has to change.
fn invalid(field: &str, message: &str) -> Trouble {
    wrong(Reason::InvalidSpec, format!("spec.{field}: {message}"))
}

/// A mistake of the operator.
pub(crate) fn bug(message: String) -> Trouble {
    Trouble { reason: Reason::InternalError, message, about: None, outlook: Outlook::NeedsUser }
}

/// Something that the user has to mend. It is looked at again now and then, so that no nudge is needed.
fn wrong(reason: Reason, message: String) -> Trouble {
    Trouble { reason, message, about: None, outlook: Outlook::NeedsUser }
}

/// A lookup on AWS that failed.
pub(crate) fn failed(error: &Error) -> Trouble {
    let (reason, outlook) = judge(error.class);
    Trouble { reason, message: error.to_string(), about: None, outlook }
}

/// The class that a trouble came from, as far as it says how soon it is tried again.
pub(crate) fn class(trouble: &Trouble) -> Class {
    match (trouble.reason, trouble.outlook) {
        (Reason::Throttled, _) => Class::Throttled,
        (Reason::Waiting, _) => Class::NotYet,
        (Reason::Conflict, _) => Class::Conflict,
        (Reason::AccessDenied, _) => Class::Denied,
        (Reason::QuotaExceeded, _) => Class::Quota,
        (Reason::ForeignResource, _) => Class::Foreign,
        (Reason::InternalError, _) => Class::Bug,
        (_, Outlook::Retrying) => Class::Transient,
        (_, Outlook::NeedsUser) => Class::Invalid,
    }
}

/// The reason and the outlook of an error class.
pub(crate) fn judge(class: Class) -> (Reason, Outlook) {
    match class {
        Class::Throttled => (Reason::Throttled, Outlook::Retrying),
        Class::Transient => (Reason::AwsUnavailable, Outlook::Retrying),
        Class::NotYet => (Reason::Waiting, Outlook::Retrying),
        Class::Missing | Class::Conflict => (Reason::Conflict, Outlook::Retrying),
        Class::Denied => (Reason::AccessDenied, Outlook::NeedsUser),
        Class::Invalid => (Reason::InvalidSpec, Outlook::NeedsUser),
        Class::Quota => (Reason::QuotaExceeded, Outlook::NeedsUser),
        Class::Foreign => (Reason::ForeignResource, Outlook::NeedsUser),
        Class::Bug => (Reason::InternalError, Outlook::NeedsUser),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requeue::backoff;

    #[test]
    fn a_trouble_is_tried_again_at_the_pace_of_its_class() {
        for of in [
            Class::Throttled,
            Class::Transient,
            Class::NotYet,
            Class::Conflict,
            Class::Denied,
            Class::Invalid,
            Class::Quota,
            Class::Foreign,
            Class::Bug,
        ] {
            let trouble = failed(&Error::new(of, "DescribeVpcs", "vpc-1", "no"));
            assert_eq!(class(&trouble), of);
            assert_eq!(backoff(class(&trouble), 3), backoff(of, 3));
        }
        let unreachable = Trouble { reason: Reason::IssuerUnreachable, outlook: Outlook::Retrying, ..bug("no".into()) };
        assert_eq!(class(&unreachable), Class::Transient);
        assert_eq!(class(&wrong(Reason::SecretNotFound, "no".into())), Class::Invalid);
    }
}
