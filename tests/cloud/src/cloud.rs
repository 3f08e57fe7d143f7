//! The account as a whole: every call goes through [`Cloud::call`], whichever door it came by.

use crate::call::{Access, Call, Refusal};
use crate::calls::{Log, Record};
use crate::clock::{Clock, SEEDED_EPOCH, Time};
use crate::faults::{Faults, Verdict};
use crate::models::Models;
use crate::service::{Service, by_model};
use crate::sigv4::Credential;
use crate::world::{HOME_ACCOUNT, World, root_key};
use crate::{Answer, iam};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a cloud is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seed of ids, delays and faults: equal seeds and equal calls give equal bytes of call log.
    pub seed: u64,
    /// How many seconds of cloud time one second of tokio's clock is; 1 is AWS's pace.
    pub time_factor: f64,
    /// Where cloud time starts.
    pub epoch: Time,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 0, time_factor: 1.0, epoch: SEEDED_EPOCH }
    }
}

/// A strict AWS account; clones share it.
#[derive(Clone)]
pub struct Cloud {
    clock: Clock,
    models: &'static Models,
    inner: Arc<Mutex<Inner>>,
    requests: Arc<AtomicU64>,
}

/// What a call needs exclusive hold of.
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
}

/// A call as a door hands it over: signed, named, decoded.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who signed it, where and when.
    pub credential: Credential,
    /// Which service.
    pub service: &'static Service,
    /// Operation name in the model.
    pub operation: String,
    /// Input as the model's shape, not yet checked.
    pub input: Value,
}

/// What a door sends back.
#[derive(Clone, Debug)]
pub enum Reply {
    /// An answer, after `delay` of tokio's clock.
    Answer(Answer, std::time::Duration),
    /// The connection breaks without an answer.
    Reset,
}

impl Cloud {
    /// An empty account with a root-like key. Fails when the API models can't be had.
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        let Settings { seed, time_factor, epoch } = settings;
        let inner = Inner { world: World::new(seed, epoch), faults: Faults::new(seed), log: Log::default() };
        Ok(Self {
            clock: Clock::new(epoch, time_factor),
            models: Models::shared()?,
            inner: Arc::new(Mutex::new(inner)),
            requests: Arc::default(),
        })
    }

    /// The API models that requests are checked against.
    pub fn models(&self) -> &'static Models {
        self.models
    }

    /// The id of one more request that came by a door: numbered, so that it takes nothing from the world's chance.
    pub(crate) fn request_id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.requests.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The clock that all states follow.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Looks at, or changes, the world behind the API: for setting up a test and for judging its end.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let mut inner = self.lock();
        inner.world.advance(self.clock.now());
        look(&mut inner.world)
    }

    /// Changes the rules by which calls fail.
    pub fn faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        change(&mut self.lock().faults)
    }

    /// Reads, or empties, the log of calls.
    pub fn log<T>(&self, look: impl FnOnce(&mut Log) -> T) -> T {
        look(&mut self.lock().log)
    }

    /// Makes one call in process, past the wire: as the home account's root-like key, in `region`.
    pub fn ask(&self, region: &str, model: &str, operation: &str, input: Value) -> Answer {
        let credential =
            Credential { access_key: root_key(HOME_ACCOUNT), session_token: None, region: region.to_owned() };
        let service = by_model(model).ok_or_else(|| Refusal::new("UnknownService", model.to_owned()))?;
        match self.call(Request { credential, service, operation: operation.to_owned(), input }) {
            Reply::Answer(answer, _) => answer,
            Reply::Reset => Err(Refusal::new("ConnectionReset", "The answer was lost.")),
        }
    }

    /// Makes one call: time goes on, faults strike, the signature, the model and IAM are asked, then the service acts.
    pub fn call(&self, request: Request) -> Reply {
        let mut inner = self.lock();
        let now = self.clock.now();
        inner.world.advance(now);
        let verdict = inner.faults.judge(&request, now);
        let answer = match &verdict {
            Verdict::Refuse(refusal) => Err(refusal.clone()),
            Verdict::Pass | Verdict::Lose | Verdict::Delay(_) | Verdict::Stale(_) | Verdict::Page(_) => {
                inner.perform(self.models, &request, &verdict, now)
            }
        };
        inner.log.push(Record::of(&request, &verdict, &answer, now));
        match verdict {
            Verdict::Lose => Reply::Reset,
            Verdict::Delay(delay) => Reply::Answer(answer, delay),
            Verdict::Pass | Verdict::Refuse(_) | Verdict::Stale(_) | Verdict::Page(_) => {
                Reply::Answer(answer, std::time::Duration::ZERO)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn perform(&mut self, models: &Models, request: &Request, verdict: &Verdict, now: Time) -> Answer {
        let Request { credential, service, operation, input } = request;
        let protocol = models.api(service)?.protocol();
        let principal = credential.principal(&self.world, now).map_err(|fault| fault.refusal(protocol))?;
        let Some(known) = service.operation(operation) else {
            return Err(Refusal::new("InvalidAction", format!("The operation {operation} is not part of this cloud.")));
        };
        models.check(service, operation, input)?;
        let mut past = self.faults.past(verdict, known.access, now);
        let world = past.as_mut().unwrap_or(&mut self.world);
        let input = Arc::new(self.faults.page(verdict, input));
        let mut call = Call { world, principal, region: credential.region.clone(), input, now };
        for ask in (known.asks)(&call) {
            iam::authorize(call.world, service, &call.principal, &call.region, &ask, now)?;
        }
        let mut answer = (known.run)(&mut call);
        if cfg!(debug_assertions) {
            answer = models.check_answer(service, operation, answer);
        }
        if known.access == Access::Write {
            self.faults.remember(&self.world, now);
        }
        answer
    }
}
