//! The account as a whole: every call goes through [`Cloud::call`], whichever door it came by.

mod film;
mod perform;
mod snapshot;

pub use film::Frame;
pub use snapshot::Snapshot;

use crate::Answer;
use crate::call::{Access, Refusal};
use crate::calls::{Entry, Log};
use crate::clock::{Clock, SEEDED_EPOCH, Time};
use crate::faults::{End, Faults, Verdict, When};
use crate::models::Models;
use crate::oracle::Oracle;
use crate::service::{Service, by_model};
use crate::sigv4::Credential;
use crate::world::{HOME_ACCOUNT, World, root_key};
use film::Film;
use perform::Reading;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

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
    made: Arc<watch::Sender<u64>>,
    desk: Arc<Mutex<Desk>>,
    film: Arc<Mutex<Option<Film>>>,
}

/// Name of the snapshot to which a reset goes back.
pub(crate) const START: &str = "start";

/// What those who run a server keep in it.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) snapshots: BTreeMap<String, Snapshot>,
    pub(crate) oracle: Option<Oracle>,
}

/// What a call needs exclusive hold of.
#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    seed: u64,
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
    /// An answer, after so much of tokio's clock.
    Answer(Answer, Duration),
    /// The connection breaks without an answer.
    Reset,
    /// Nothing, for ever.
    Silence,
}

impl Cloud {
    /// An empty account with a root-like key. Fails when the API models can't be had.
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        let Settings { seed, time_factor, epoch } = settings;
        let (world, faults) = (World::new(seed, epoch), Faults::new(seed));
        let inner = Inner { world, faults, log: Log::default(), seed };
        Ok(Self {
            clock: Clock::new(epoch, time_factor),
            models: Models::shared()?,
            inner: Arc::new(Mutex::new(inner)),
            requests: Arc::default(),
            made: Arc::new(watch::Sender::new(0)),
            desk: Arc::default(),
            film: Arc::default(),
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
        inner.advance(self.clock.now());
        let seen = look(&mut inner.world);
        inner.remember();
        seen
    }

    /// Changes the rules by which calls fail.
    pub fn faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        let mut inner = self.lock();
        let remembered = inner.faults.remembers();
        let changed = change(&mut inner.faults);
        if !remembered {
            inner.advance(self.clock.now());
            inner.remember();
        }
        changed
    }

    /// Reads, or empties, the log of calls.
    pub fn log<T>(&self, look: impl FnOnce(&mut Log) -> T) -> T {
        look(&mut self.lock().log)
    }

    /// Number of calls by a door so far.
    pub fn calls_made(&self) -> u64 {
        *self.made.borrow()
    }

    /// The same number, to wait for changes of.
    pub fn watch_calls(&self) -> watch::Receiver<u64> {
        self.made.subscribe()
    }

    /// Waits until that many calls by a door have been made, done or not.
    pub async fn reached(&self, calls: u64) {
        // The sender lives as long as this cloud.
        let _ = self.watch_calls().wait_for(|made| *made >= calls).await;
    }

    /// Lets tokio's clock run from one due event to the next, until nothing is due or `limit` of cloud time is over.
    /// True if nothing is due.
    pub async fn settle(&self, limit: Duration) -> bool {
        let end = self.clock.now() + limit;
        loop {
            match self.with(|world| world.next_due()) {
                None => return true,
                Some(due) if due > end => return false,
                // A millisecond more: tokio rounds, and an event must be due when it is looked for.
                Some(due) => {
                    tokio::time::sleep(self.clock.real(due - self.clock.now()) + Duration::from_millis(1)).await;
                }
            }
        }
    }

    /// Makes one call with the test's own hand, past wire and faults: as the home account's root-like key, in `region`.
    pub fn ask(&self, region: &str, model: &str, operation: &str, input: Value) -> Answer {
        let request = Request::root(region, model, operation, input)?;
        let mut inner = self.lock();
        let now = self.clock.now();
        inner.advance(now);
        let reading = inner.read(self.models, &request, now);
        let answer = inner.perform(self.models, &request, &reading, &Verdict::Pass, now);
        inner.note(&request, &reading, &Verdict::Pass, Some(&answer), false, now);
        answer
    }

    /// Makes one call as a door does: time goes on, faults strike, the signature, the model and IAM are asked, then the
    /// service acts.
    pub fn call(&self, request: Request) -> Reply {
        let mut inner = self.lock();
        let now = self.clock.now();
        inner.advance(now);
        let reading = inner.read(self.models, &request, now);
        let access = reading.access().unwrap_or(Access::Read);
        self.picture(&inner, When::Before, &request.operation);
        let verdict = inner.faults.judge(&reading.facts(self.models, &request, now));
        let answer = match &verdict {
            Verdict::Before(End::Refuse(refusal)) => Some(Err(refusal.clone())),
            Verdict::Before(End::Reset | End::Silence) => None,
            Verdict::Pass | Verdict::After(_) | Verdict::Delay(_) | Verdict::Stale(_) | Verdict::Page(_) => {
                Some(inner.perform(self.models, &request, &reading, &verdict, now))
            }
        };
        if access == Access::Write {
            self.picture(&inner, When::After, &request.operation);
        }
        inner.note(&request, &reading, &verdict, answer.as_ref(), true, now);
        self.made.send_replace(inner.faults.total());
        reply(verdict, answer)
    }

    /// What those who run a server keep in it.
    pub(crate) fn desk<T>(&self, look: impl FnOnce(&mut Desk) -> T) -> T {
        look(&mut self.desk.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reply(verdict: Verdict, answer: Option<Answer>) -> Reply {
    match (verdict, answer) {
        (Verdict::Before(End::Reset) | Verdict::After(End::Reset), _) => Reply::Reset,
        (Verdict::Before(End::Silence) | Verdict::After(End::Silence), _) | (_, None) => Reply::Silence,
        (Verdict::After(End::Refuse(refusal)), _) => Reply::Answer(Err(refusal), Duration::ZERO),
        (Verdict::Delay(delay), Some(answer)) => Reply::Answer(answer, delay),
        (_, Some(answer)) => Reply::Answer(answer, Duration::ZERO),
    }
}

impl Request {
    /// A call of the home account's root-like key.
    pub fn root(region: &str, model: &str, operation: &str, input: Value) -> Result<Self, Refusal> {
        let credential =
            Credential { access_key: root_key(HOME_ACCOUNT), session_token: None, region: region.to_owned() };
        let service = by_model(model).ok_or_else(|| Refusal::new("UnknownService", model.to_owned()))?;
        Ok(Self { credential, service, operation: operation.to_owned(), input })
    }
}

impl Inner {
    fn advance(&mut self, now: Time) {
        self.world.advance(now);
    }

    fn remember(&mut self) {
        if self.faults.remembers() {
            self.faults.remember(&self.world);
        }
    }

    fn note(
        &mut self,
        request: &Request,
        reading: &Reading,
        verdict: &Verdict,
        answer: Option<&Answer>,
        by_door: bool,
        time: Time,
    ) {
        self.log.push(Entry {
            request,
            input: reading.input.clone(),
            by_door,
            principal: reading.who(request),
            access: reading.access(),
            asks: &reading.asks,
            verdict,
            answer,
            time,
        });
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud")
    }
}
