//! Makes the change of a row happen in a life of its own, and looks at what came of it.

use crate::row::{Effect, Fate, How, Row};
use anyhow::{Context as _, bail, ensure};
use jenkinsstack_aws::Account;
use jenkinsstack_cloud::oracle::Oracle;
use jenkinsstack_core::plan::{Blocked, Blocker, Goal};
use jenkinsstack_sim::sight::{Sight, member};
use jenkinsstack_sim::spec::{self, CLIENT_SECRET, OTHER_SECRET, TOKEN};
use jenkinsstack_sim::wanted::wanted;
use jenkinsstack_sim::{Belongings, Cluster, Life, life};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Node of the home.
const HOME: &str = "file-system";
/// By then nothing is on its way out any more.
const GONE: Duration = Duration::from_secs(1200);
/// An expected text that begins so is the end of what is there.
const ENDS: char = '…';

/// An account before the stack comes, with what specs may name.
pub(crate) struct Stage {
    pub(crate) life: Life,
    pub(crate) user: Belongings,
    pub(crate) cluster: Cluster,
    oracle: Oracle,
}

impl Stage {
    /// Always the same one: equal seeds give equal ids.
    pub(crate) async fn set() -> Self {
        let life = Life::begin(5).unwrap();
        let user = Belongings::bring(&life).await.unwrap();
        let cluster = Cluster::default()
            .secret("token", "token", TOKEN)
            .secret("token", "other", OTHER_SECRET)
            .secret("spare-token", "token", OTHER_SECRET)
            .secret("oidc", "clientSecret", CLIENT_SECRET)
            .secret("oidc", "other", OTHER_SECRET)
            .secret("spare-oidc", "clientSecret", OTHER_SECRET);
        let oracle = life.oracle().secret("other secret", OTHER_SECRET);
        Self { life, user, cluster, oracle }
    }

    /// Lives with a spec until nothing is left to do, and sees what there is.
    async fn live(&self, operator: &Account, spec: &Value) -> anyhow::Result<Sight> {
        let graph = wanted(operator, &self.cluster, spec).await?;
        self.life.run(operator, &graph, Goal::Run).await?;
        self.life.cloud.settle(GONE).await;
        Ok(self.sight())
    }

    fn sight(&self) -> Sight {
        Sight::of(&self.life, &self.oracle)
    }

    /// A stack at rest with `spec`: a fresh look finds nothing to write, and the judge nothing wrong.
    async fn rests(&self, operator: &Account, spec: &Value) -> anyhow::Result<()> {
        let graph = wanted(operator, &self.cluster, spec).await?;
        let mark = self.life.cloud.log(|log| log.mark());
        let rest = self.life.pass(operator, &graph, Goal::Run, Duration::ZERO).await?;
        ensure!(rest.plan.settled(), "it does not rest: {}", life::picture(&rest));
        let writes = self.life.cloud.log(|log| log.writes_since(&mark).count());
        ensure!(writes == 0, "a pass at rest wrote {writes} times");
        let findings = self.oracle.look(&self.life.cloud);
        ensure!(findings.is_clean(), "{findings}");
        Ok(())
    }
}

/// Lives the row, and says what is not as it says.
pub(crate) async fn check(stage: &Stage, row: &Row) -> anyhow::Result<()> {
    if let Fate::Told(file, name) = &row.fate {
        return is_told(file, name);
    }
    let [before, after] = row.specs(&spec::reference(&stage.life.network));
    ensure!(spec::parse(&before)? != spec::parse(&after)?, "the two specs are one");
    let operator = stage.life.operator().await?;
    let old = stage.live(&operator, &before).await.context("before the change")?;
    match &row.fate {
        Fate::Changes(effects) => {
            let new = stage.live(&operator, &after).await.context("the change")?;
            seen(effects, &old, &new)?;
            others_stay(effects, &old, &new)?;
            stage.rests(&operator, &after).await
        }
        Fate::SameThing => {
            let new = stage.live(&operator, &after).await.context("the change")?;
            others_stay(&[], &old, &new)?;
            stage.rests(&operator, &after).await
        }
        Fate::Stalls(text) => {
            let error = wanted(&operator, &stage.cluster, &after).await.err().context("it does not stall")?;
            ensure!(error.to_string().contains(text), "{error:#}");
            stage.rests(&operator, &before).await
        }
        Fate::Fixed(admission, effects) => {
            is_told(&format!("crates/api/tests/immutable/{admission}"), "# expect: ")?;
            if effects.iter().any(|effect| effect.node == HOME) {
                is_blocked(stage, &operator, &after, &old).await.context("past the API server")?;
            }
            let newborn = Stage::set().await;
            let operator = newborn.life.operator().await?;
            let new = newborn.live(&operator, &after).await.context("born with the other value")?;
            newborn.rests(&operator, &after).await?;
            seen(effects, &old, &new)
        }
        Fate::Told(..) => Ok(()),
    }
}

/// A pass with that spec says what blocks it, and writes nothing.
async fn is_blocked(stage: &Stage, operator: &Account, spec: &Value, old: &Sight) -> anyhow::Result<()> {
    let graph = wanted(operator, &stage.cluster, spec).await?;
    let mark = stage.life.cloud.log(|log| log.mark());
    let outcome = stage.life.pass(operator, &graph, Goal::Run, Duration::ZERO).await?;
    let refused = |blocked: &Blocked| matches!(blocked.by, Blocker::Refused { .. });
    ensure!(outcome.plan.blocked.iter().any(refused), "nothing is refused: {}", life::picture(&outcome));
    let writes = stage.life.cloud.log(|log| log.writes_since(&mark).count());
    ensure!(writes == 0, "{writes} writes although it is blocked");
    others_stay(&[], old, &stage.sight())
}

/// Every effect is as it was said, before and after.
fn seen(effects: &[Effect], old: &Sight, new: &Sight) -> anyhow::Result<()> {
    for effect in effects {
        for node in nodes(effect, old, new) {
            let Effect { member: path, before, after, .. } = effect;
            for (when, sight, expected) in [("before", old, before), ("after", new, after)] {
                let there = sight.node(node).map(|resource| member(&resource.state, path)).unwrap_or_default();
                ensure!(fits(expected, &there), "{when}, {node} has {path} {there}, not {expected}");
            }
        }
    }
    Ok(())
}

/// The nodes that an effect is about.
fn nodes<'s>(effect: &'s Effect, old: &'s Sight, new: &'s Sight) -> BTreeSet<&'s str> {
    let tagged = old.all().chain(new.all()).filter(|(_, resource)| !resource.arn.is_empty());
    match effect.node {
        "*" => tagged.map(|(node, _)| node).collect(),
        node => BTreeSet::from([node]),
    }
}

fn fits(expected: &Value, there: &Value) -> bool {
    let end = expected.as_str().and_then(|text| text.strip_prefix(ENDS));
    end.map_or(expected == there, |end| there.as_str().is_some_and(|there| there.ends_with(end)))
}

/// Every resource became what was said of it; those of which nothing was said are the ones that were there.
fn others_stay(effects: &[Effect], old: &Sight, new: &Sight) -> anyhow::Result<()> {
    let all: BTreeSet<&str> = old.all().chain(new.all()).map(|(node, _)| node).collect();
    let mut wrong = Vec::new();
    for node in all {
        let expected = effects.iter().find(|effect| effect.node == node).map_or(How::InPlace, |effect| effect.how);
        let happened = match (old.node(node), new.node(node)) {
            (Some(old), Some(new)) if (&old.id, &old.arn) == (&new.id, &new.arn) => How::InPlace,
            (Some(_), Some(_)) => How::Replaced,
            (None, _) => How::Added,
            (Some(_), None) => How::Removed,
        };
        if happened != expected {
            wrong.push(format!("{node} is {happened:?}, not {expected:?}"));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join(", "));
    Ok(())
}

/// Another test's file has that text: as the name of a function, or as it stands.
fn is_told(file: &str, name: &str) -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{file} can't be read"))?;
    if !text.contains(name) {
        bail!("{file} has no {name}");
    }
    Ok(())
}
