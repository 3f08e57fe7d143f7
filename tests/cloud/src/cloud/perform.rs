//! How one call is understood and done.

use super::{Inner, Request};
use crate::Answer;
use crate::call::{Access, Ask, Call, Operation, Principal, Refusal};
use crate::clock::Time;
use crate::faults::paging::Paging;
use crate::faults::{Facts, Page, Verdict};
use crate::iam;
use crate::models::Models;
use crate::page;
use serde_json::Value;
use std::sync::Arc;

/// The least page size that every listing takes (EC2's).
const LEAST_PAGE: u64 = 5;

/// A request as far as it can be understood before anything is done.
pub(super) struct Reading {
    principal: Option<Principal>,
    operation: Option<&'static Operation>,
    /// What it asks of IAM.
    pub(super) asks: Vec<Ask>,
    /// The input; a token that a fault gave out is replaced by the one it stands for.
    pub(super) input: Arc<Value>,
    fault: Option<Refusal>,
}

impl Reading {
    /// ARN of the caller, or the access key that is nobody's.
    pub(super) fn who(&self, request: &Request) -> String {
        self.principal.as_ref().map_or_else(|| request.credential.access_key.clone(), Principal::arn)
    }

    pub(super) fn access(&self) -> Option<Access> {
        self.operation.map(|operation| operation.access)
    }

    /// What faults go by.
    pub(super) fn facts<'a>(&'a self, models: &'a Models, request: &'a Request, now: Time) -> Facts<'a> {
        let principal = self.who(request);
        let account = self.principal.as_ref().map_or(request.credential.access_key.as_str(), |p| p.account.as_str());
        let access = self.access().unwrap_or(Access::Read);
        Facts { request, models, access, account, principal, asks: &self.asks, now }
    }
}

impl Inner {
    /// Understands a request: whose it is, what it is for, whether it fits its model, what it asks of IAM.
    pub(super) fn read(&mut self, models: &Models, request: &Request, now: Time) -> Reading {
        let input = self.faults.pages().translate(&request.input).unwrap_or_else(|| request.input.clone());
        let operation = request.service.operation(&request.operation);
        let mut reading = Reading { principal: None, operation, asks: Vec::new(), input: Arc::new(input), fault: None };
        if let Err(refusal) = self.understand(models, request, &mut reading, now) {
            reading.fault = Some(refusal);
        }
        reading
    }

    fn understand(
        &mut self,
        models: &Models,
        request: &Request,
        reading: &mut Reading,
        now: Time,
    ) -> Result<(), Refusal> {
        let Request { credential, service, operation, input } = request;
        let protocol = models.api(service)?.protocol();
        let principal = credential.principal(&self.world, now).map_err(|fault| fault.refusal(protocol))?;
        reading.principal = Some(principal.clone());
        let Some(known) = reading.operation else {
            return Err(Refusal::new("InvalidAction", format!("The operation {operation} is not part of this cloud.")));
        };
        models.check(service, operation, input)?;
        let (region, input) = (credential.region.clone(), reading.input.clone());
        reading.asks = (known.asks)(&Call { world: &mut self.world, principal, region, input, now });
        Ok(())
    }

    /// Does what was understood, if IAM allows it, as the verdict bends it.
    pub(super) fn perform(
        &mut self,
        models: &Models,
        request: &Request,
        reading: &Reading,
        verdict: &Verdict,
        now: Time,
    ) -> Answer {
        if let Some(refusal) = &reading.fault {
            return Err(refusal.clone());
        }
        let (Some(known), Some(principal)) = (reading.operation, &reading.principal) else {
            return Err(Refusal::new("InternalFailure", "A call was done before it was understood.").status(500));
        };
        for ask in &reading.asks {
            iam::authorize(&self.world, request.service, principal, &request.credential.region, ask, now)?;
        }
        let mut answer = self.bent(models, request, reading, verdict, now, |world, input, now| {
            let (principal, region) = (principal.clone(), request.credential.region.clone());
            (known.run)(&mut Call { world, principal, region, input, now })
        });
        if cfg!(debug_assertions) {
            answer = models.check_answer(request.service, known.name, answer);
        }
        if known.access == Access::Write {
            self.remember();
        }
        answer
    }

    /// Runs a call on the world, or on what a fault shows of it.
    fn bent(
        &mut self,
        models: &Models,
        request: &Request,
        reading: &Reading,
        verdict: &Verdict,
        now: Time,
        run: impl Fn(&mut crate::World, Arc<Value>, Time) -> Answer,
    ) -> Answer {
        let input = reading.input.clone();
        if let Some(mut past) = self.faults.past(verdict, now) {
            return run(&mut past, input, now);
        }
        let paging = || models.api(request.service).ok().and_then(|api| Paging::of(api, &request.operation));
        let (Verdict::Page(page), Some(paging)) = (verdict, paging()) else {
            return run(&mut self.world, input, now);
        };
        if let Page::Short(items) = page {
            // Some listings refuse a small page, or any page size beside ids; those of ids are no pages to cut.
            for size in [*items, (*items).max(LEAST_PAGE)] {
                let limited = Arc::new(paging.limit(&input, size));
                let short = page::at_most(*items as usize, || run(&mut self.world, limited, now));
                if short.is_ok() {
                    return short;
                }
            }
            return run(&mut self.world, input, now);
        }
        let mut answer = run(&mut self.world, input.clone(), now);
        self.faults.pages().bend(page, &paging, &input, &mut answer);
        answer
    }
}
