//! The official API models, as botocore ships them, and the check of every request against them.
//!
//! The models are fetched once by pip and kept in the user's cache ([`fetch`]); a process reads a service's file when
//! that service is first asked, and each operation and shape when it is first met, so that EC2's 830 operations cost
//! nothing until they are used.
//!
//! Strict where AWS is, and in two places stricter: unknown members are refused by every protocol (many JSON and query
//! services ignore them), and the answers of this cloud are checked too in debug builds. Deliberately absent: payload
//! members, streams and checksums, which no operation here has.

pub mod api;
mod check;
pub mod fetch;
pub mod pattern;
pub mod shape;
mod words;

use crate::call::{Answer, Refusal};
use crate::service::{SERVICES, Service};
use api::Api;
use serde_json::Value;
use shape::Operation;
use std::path::PathBuf;
use std::sync::OnceLock;

/// The models of all services here.
#[derive(Debug)]
pub struct Models {
    folder: PathBuf,
    apis: Vec<(&'static str, OnceLock<Result<Api, String>>)>,
}

impl Models {
    /// The models, fetched if need be, and the same for the whole process.
    pub fn shared() -> anyhow::Result<&'static Self> {
        static MODELS: OnceLock<Result<Models, String>> = OnceLock::new();
        let models = MODELS.get_or_init(|| fetch::folder().map(Self::of).map_err(|error| format!("{error:#}")));
        models.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
    }

    fn of(folder: PathBuf) -> Self {
        Self { folder, apis: SERVICES.iter().map(|service| (service.model, OnceLock::new())).collect() }
    }

    /// One service's model.
    pub fn api(&self, service: &Service) -> Result<&Api, Refusal> {
        let slot = self.apis.iter().find(|(name, _)| *name == service.model);
        let Some((name, slot)) = slot else { return Err(broken("there is no such model")) };
        slot.get_or_init(|| self.read(name).map_err(|error| format!("{error:#}"))).as_ref().map_err(|why| broken(why))
    }

    fn read(&self, name: &str) -> anyhow::Result<Api> {
        let text = std::fs::read_to_string(self.folder.join(name))?;
        Api::read(Box::leak(text.into_boxed_str()))
    }

    /// Checks an input against the model of its operation.
    pub fn check(&self, service: &Service, operation: &str, input: &Value) -> Result<(), Refusal> {
        let api = self.api(service)?;
        let operation = known(api, operation)?;
        let violations = check::input(api, operation, input);
        if violations.is_empty() { Ok(()) } else { Err(words::refusal(service, api, &violations)) }
    }

    /// Checks an answer against the model of its operation: members, their names and types.
    ///
    /// What does not fit is a bug of this cloud, and answered as such.
    pub fn check_answer(&self, service: &Service, operation: &str, answer: Answer) -> Answer {
        let output = answer?;
        let api = self.api(service)?;
        match check::output(api, known(api, operation)?, &output).first() {
            None => Ok(output),
            Some(violation) => Err(broken(&format!("{} {operation}: {violation}", service.model))),
        }
    }
}

fn known<'a>(api: &'a Api, operation: &str) -> Result<&'a Operation, Refusal> {
    api.operation(operation).ok_or_else(|| {
        let text = format!("The action {operation} is not valid for this web service.");
        Refusal::new("InvalidAction", text)
    })
}

fn broken(why: &str) -> Refusal {
    Refusal::new("InternalFailure", format!("This cloud is broken: {why}")).status(500)
}
