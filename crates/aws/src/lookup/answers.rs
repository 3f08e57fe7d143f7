//! Answers that several ask for: one call, and the others wait for what it brings.

use crate::error::Error;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Answers by question.
#[derive(Debug)]
pub(super) struct Shared<K, V>(Mutex<BTreeMap<K, Arc<Mutex<Option<Answer<V>>>>>>);

#[derive(Debug)]
struct Answer<V> {
    /// When it was asked for.
    at: Instant,
    value: V,
}

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V: Clone> Shared<K, V> {
    /// The answer to `question`, at most `max_age` old, or asked for after this. That there is nothing is not remembered: the
    /// user is about to mend it; nor is an error.
    pub(super) async fn get(
        &self,
        question: K,
        max_age: Duration,
        ask: impl Future<Output = Result<Option<V>, Error>>,
    ) -> Result<Option<V>, Error> {
        let wanted = Instant::now();
        let place = self.0.lock().await.entry(question).or_default().clone();
        let mut last = place.lock().await;
        if let Some(Answer { at, value }) = last.as_ref()
            && (at.elapsed() < max_age || *at > wanted)
        {
            return Ok(Some(value.clone()));
        }
        let at = Instant::now();
        let value = ask.await?;
        *last = value.clone().map(|value| Answer { at, value });
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    const AGE: Duration = Duration::from_secs(300);

    #[tokio::test(start_paused = true)]
    async fn many_ask_once() {
        let (answers, calls) = (Shared::<u8, u8>::default(), AtomicU32::new(0));
        let ask = async |found| {
            calls.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(found)
        };
        let called = || calls.load(Ordering::Relaxed);
        let found = futures::future::join_all((0..20).map(|_| answers.get(1, AGE, ask(Some(7))))).await;
        assert!(found.iter().all(|found| matches!(found, Ok(Some(7)))));
        assert_eq!(called(), 1);
        answers.get(1, Duration::ZERO, ask(Some(7))).await.unwrap();
        assert_eq!(called(), 2, "a fresh one");
        tokio::time::sleep(AGE).await;
        answers.get(1, AGE, ask(None)).await.unwrap();
        answers.get(1, AGE, ask(None)).await.unwrap();
        assert_eq!(called(), 4, "one that is old, and one that is empty");
    }
}
