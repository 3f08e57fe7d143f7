//! Makes the change of a row happen in a life of its own, and looks at what came of it.

use crate::row::{Effect, Fate, How, Row};
use anyhow::{Context as _, bail, ensure};
use jenkinsstack_aws::Account;
use jenkinsstack_core::plan::{Blocked, Blocker, Goal};
use jenkinsstack_sim::sight::{Sight, member};
use jenkinsstack_sim::wanted::wanted;
use jenkinsstack_sim::{Stage, life, spec};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Node of the home.
const HOME: &str = "file-system";
/// An expected text that begins so is the end of what is there.
const ENDS: char = '…';

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
            let newborn = Stage::set().await?;
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
