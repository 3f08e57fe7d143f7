//! An account with what specs may name, and the passes of a stack there with the operator's own lookups.

use crate::belongings::Belongings;
use crate::cluster::Cluster;
use crate::life::{self, Life};
use crate::sight::Sight;
use crate::spec::{CLIENT_SECRET, OTHER_SECRET, TOKEN};
use crate::wanted::wanted;
use anyhow::ensure;
use jenkinsstack_aws::Account;
use jenkinsstack_cloud::Snapshot;
use jenkinsstack_cloud::oracle::Oracle;
use jenkinsstack_core::plan::Goal;
use serde_json::Value;
use std::time::Duration;

/// By then nothing is on its way out any more.
const GONE: Duration = Duration::from_secs(1200);

/// An account before the stack comes, with what specs may name.
pub struct Stage {
    /// The account.
    pub life: Life,
    /// What the user has there.
    pub user: Belongings,
    /// Where the operator finds Secrets: `token`, `oidc`, and one to take the place of each.
    pub cluster: Cluster,
    /// Its judge.
    pub oracle: Oracle,
}

impl Stage {
    /// Always the same one: equal seeds give equal ids.
    ///
    /// # Errors
    /// When the account refuses something.
    pub async fn set() -> anyhow::Result<Self> {
        let life = Life::begin(5)?;
        let user = Belongings::bring(&life).await?;
        let cluster = Cluster::default()
            .secret("token", "token", TOKEN)
            .secret("token", "other", OTHER_SECRET)
            .secret("spare-token", "token", OTHER_SECRET)
            .secret("oidc", "clientSecret", CLIENT_SECRET)
            .secret("oidc", "other", OTHER_SECRET)
            .secret("spare-oidc", "clientSecret", OTHER_SECRET);
        let oracle = life.oracle().secret("other secret", OTHER_SECRET);
        Ok(Self { life, user, cluster, oracle })
    }

    /// Lives with a spec until nothing is left to do, and sees what there is.
    ///
    /// # Errors
    /// When the spec names what is not there, or the stack gets stuck.
    pub async fn live(&self, operator: &Account, spec: &Value) -> anyhow::Result<Sight> {
        let graph = wanted(operator, &self.cluster, spec).await?;
        self.life.run(operator, &graph, Goal::Run).await?;
        self.life.cloud.settle(GONE).await;
        Ok(self.sight())
    }

    /// A stage of its own that goes on from where an account of this one stood.
    #[must_use]
    pub fn at(&self, account: &Snapshot) -> Self {
        let Self { life, user, cluster, oracle } = self;
        Self { life: life.at(account), user: user.clone(), cluster: cluster.clone(), oracle: oracle.clone() }
    }

    /// What there is of the stack now.
    pub fn sight(&self) -> Sight {
        Sight::of(&self.life, &self.oracle)
    }

    /// Whether a stack is at rest with `spec`: a fresh look finds nothing to write, the judge nothing wrong, and no call
    /// was denied.
    ///
    /// # Errors
    /// What is not so.
    pub async fn rests(&self, operator: &Account, spec: &Value) -> anyhow::Result<()> {
        let graph = wanted(operator, &self.cluster, spec).await?;
        let mark = self.life.cloud.log(|log| log.mark());
        let rest = self.life.pass(operator, &graph, Goal::Run, Duration::ZERO).await?;
        ensure!(rest.plan.settled(), "it does not rest: {}", life::picture(&rest));
        let writes = self.life.cloud.log(|log| log.writes_since(&mark).count());
        ensure!(writes == 0, "a pass at rest wrote {writes} times");
        let findings = self.oracle.look(&self.life.cloud);
        ensure!(findings.is_clean(), "{findings}");
        let denied = self.life.denied();
        ensure!(denied.is_empty(), "the operator was denied {denied:?}");
        Ok(())
    }
}
