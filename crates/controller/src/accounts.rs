//! The ways to AWS: one account for each region, opened once for all its stacks.
//!
//! A region that does not answer keeps only its own stacks waiting, and those wait for one attempt together.

use crate::inputs::failed;
use jenkinsstack_aws::{Account, Class, Clients, Error};
use jenkinsstack_core::id::Region;
use jenkinsstack_status::facts::Trouble;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a region that could not be opened is left alone: all its stacks ask at the same time.
const PAUSE: Duration = Duration::from_secs(5);
/// What to look at when the first call of all fails.
const FIRST_CALL: &str = "the operator needs a role, by the annotation eks.amazonaws.com/role-arn of its service account or \
                          by an EKS Pod Identity association, that trusts this cluster; and spec.aws.region must be a \
                          region that the account has enabled";

/// Accounts by region.
#[derive(Default)]
pub struct Accounts(Ways<Account>);

impl Accounts {
    /// The account in `region`, for the stacks of `cluster`.
    pub(crate) async fn get(&self, region: &str, cluster: &str) -> Result<Account, Trouble> {
        self.0.get(region, open(region, cluster)).await
    }
}

async fn open(region: &str, cluster: &str) -> Result<Account, Trouble> {
    let parsed: Region = region.parse().map_err(|_| {
        failed(&Error::new(Class::Invalid, "GetCallerIdentity", region, "spec.aws.region is not a region"))
    })?;
    let opened = Account::open(Clients::from_env(region).await, parsed, cluster).await;
    opened.map_err(|error| advised(failed(&error)))
}

fn advised(trouble: Trouble) -> Trouble {
    Trouble { message: format!("{}; {FIRST_CALL}", trouble.message), ..trouble }
}

/// Something for each region that is opened once. A failure is remembered for a moment.
struct Ways<T>(Mutex<BTreeMap<String, Arc<Mutex<Option<Way<T>>>>>>);

enum Way<T> {
    Open(T),
    /// Closed until then.
    Closed(Instant, Trouble),
}

impl<T> Default for Ways<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Ways<T> {
    async fn get(&self, region: &str, open: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let place = self.0.lock().await.entry(region.to_owned()).or_default().clone();
        let mut way = place.lock().await;
        match way.as_ref() {
            Some(Way::Open(known)) => return Ok(known.clone()),
            Some(Way::Closed(until, trouble)) if Instant::now() < *until => return Err(trouble.clone()),
            Some(Way::Closed(..)) | None => (),
        }
        let opened = open.await;
        *way = Some(match &opened {
            Ok(opened) => Way::Open(opened.clone()),
            Err(trouble) => Way::Closed(Instant::now() + PAUSE, trouble.clone()),
        });
        opened
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::{join_all, pending};
    use std::sync::atomic::{AtomicU32, Ordering};

    fn unreachable() -> Trouble {
        failed(&Error::new(Class::Transient, "GetCallerIdentity", "eu-north-1", "no answer"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_region_that_hangs_holds_up_no_other() {
        let ways: Ways<u8> = Ways::default();
        let hanging = ways.get("eu-north-1", pending());
        let other = async {
            tokio::task::yield_now().await;
            ways.get("eu-west-1", async { Ok(1) }).await
        };
        tokio::select! {
            biased;
            _ = hanging => panic!("it hangs"),
            found = other => assert_eq!(found, Ok(1)),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_wait_for_one_attempt() {
        let (ways, attempts): (Ways<u8>, AtomicU32) = (Ways::default(), AtomicU32::new(0));
        let fail = async || {
            attempts.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(60)).await;
            Err(unreachable())
        };
        let outcomes = join_all((0..20).map(|_| ways.get("eu-north-1", fail()))).await;
        assert!(outcomes.iter().all(|outcome| *outcome == Err(unreachable())));
        assert_eq!(attempts.load(Ordering::Relaxed), 1);
        tokio::time::sleep(PAUSE).await;
        assert_eq!(ways.get("eu-north-1", async { Ok(1) }).await, Ok(1), "and then it is tried again");
        assert_eq!(ways.get("eu-north-1", fail()).await, Ok(1), "an open one stays open");
    }

    #[test]
    fn the_first_call_says_what_to_look_at() {
        let message = advised(unreachable()).message;
        for text in ["no answer", "eks.amazonaws.com/role-arn", "Pod Identity", "spec.aws.region"] {
            assert!(message.contains(text), "{message}");
        }
    }
}
