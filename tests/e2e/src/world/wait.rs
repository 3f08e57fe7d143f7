//! Waiting for things to come true, and a picture of the world when they do not.

use super::{LOOK, World};
use crate::status::condition;
use anyhow::bail;
use jenkinsstack_api::status::ConditionType;
use jenkinsstack_api::{JenkinsStack, JenkinsStackStatus};
use std::time::Duration;
use tokio::time::Instant;

impl World {
    /// Waits until `holds` is true of the stack's status for its present generation.
    ///
    /// # Errors
    /// When that takes longer than `limit`; the text has the last status and the end of the operators' logs.
    pub async fn until(
        &self,
        name: &str,
        limit: Duration,
        holds: impl Fn(&JenkinsStackStatus) -> bool,
    ) -> anyhow::Result<JenkinsStack> {
        let began = Instant::now();
        loop {
            let stack = self.stack(name).await?;
            let current = |stack: &JenkinsStack| {
                let status = stack.status.as_ref();
                status.is_some_and(|s| s.observed_generation == stack.metadata.generation && holds(s))
            };
            match stack {
                Some(stack) if current(&stack) => return Ok(stack),
                stack if began.elapsed() > limit => bail!("{}", self.picture(name, stack.as_ref())),
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Waits until the stack is Ready.
    ///
    /// # Errors
    /// As [`Self::until`].
    pub async fn ready(&self, name: &str, limit: Duration) -> anyhow::Result<JenkinsStack> {
        self.until(name, limit, |status| condition(status, ConditionType::Ready) == "True").await
    }

    /// Waits until the object is gone.
    ///
    /// # Errors
    /// When that takes longer than `limit`.
    pub async fn gone(&self, name: &str, limit: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        while let Some(stack) = self.stack(name).await? {
            if began.elapsed() > limit {
                bail!("{}", self.picture(name, Some(&stack)));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits until `holds`.
    ///
    /// # Errors
    /// When that takes longer than `limit`.
    pub async fn eventually(&self, limit: Duration, what: &str, holds: impl Fn() -> bool) -> anyhow::Result<()> {
        self.eventually_async(limit, what, || std::future::ready(Ok(holds()))).await
    }

    /// Waits until `holds`, which has to ask somebody.
    ///
    /// # Errors
    /// When that takes longer than `limit`, or `holds` fails.
    pub async fn eventually_async<F: Future<Output = anyhow::Result<bool>>>(
        &self,
        limit: Duration,
        what: &str,
        holds: impl Fn() -> F,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        while !holds().await? {
            if began.elapsed() > limit {
                bail!("not in time: {what}. {}", self.picture("", None));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    fn picture(&self, name: &str, stack: Option<&JenkinsStack>) -> String {
        let status = stack.and_then(|stack| stack.status.as_ref());
        let status = serde_json::to_string_pretty(&status).unwrap_or_default();
        let logs: Vec<String> = (1..=self.replicas).map(|replica| self.end_of_log(replica)).collect();
        format!("{name} did not get there in time. Status: {status}\n{}", logs.join("\n"))
    }

    fn end_of_log(&self, replica: u32) -> String {
        let log = std::fs::read_to_string(self.folder.path().join(format!("operator-{replica}.log")));
        let log = log.unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(40).collect();
        let lines: Vec<&str> = lines.into_iter().rev().collect();
        format!("End of the log of operator-{replica}:\n{}", lines.join("\n"))
    }
}
