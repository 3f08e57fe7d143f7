//! What wakes a stack: its object, and the Secrets that it refers to.
//!
//! Of Secrets only the metadata is watched and nothing is kept; the one that changed is read again by the pass.

mod gather;

use crate::inputs::referenced_secrets;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use gather::gather;
use jenkinsstack_api::JenkinsStack;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::utils::Backoff;
use kube::runtime::{Predicate, WatchStreamExt, predicates, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

type Events<K> = BoxStream<'static, Result<watcher::Event<K>, watcher::Error>>;

/// The stacks of the watched namespaces, or of all; `writer` keeps every one, `gone` is told of those that are there no
/// more, and the stream has those that changed in a way that matters: spec, finalizers, annotations, deletion.
pub fn stacks(
    client: &Client,
    namespaces: &[String],
    writer: Writer<JenkinsStack>,
    gone: impl Fn(&JenkinsStack) + Send + 'static,
) -> BoxStream<'static, Result<JenkinsStack, watcher::Error>> {
    let matters = predicates::generation.combine(predicates::finalizers).combine(predicates::annotations);
    let watches = watches(client, namespaces, "JenkinsStacks");
    gather(watches, writer, gone).applied_objects().predicate_filter(matters, Default::default()).boxed()
}

/// The stacks that refer to a Secret which was made, changed or deleted.
pub fn secrets(
    client: &Client,
    namespaces: &[String],
    stacks: Store<JenkinsStack>,
) -> BoxStream<'static, ObjectRef<JenkinsStack>> {
    let watches: Vec<Events<PartialObjectMeta<Secret>>> = watches(client, namespaces, "Secrets");
    futures::stream::select_all(watches)
        .touched_objects()
        .filter_map(|secret| async move { secret.ok() })
        .flat_map(move |secret| futures::stream::iter(referring(&stacks, &secret)))
        .boxed()
}

fn referring(stacks: &Store<JenkinsStack>, secret: &PartialObjectMeta<Secret>) -> Vec<ObjectRef<JenkinsStack>> {
    let (namespace, name) = (secret.namespace(), secret.name_any());
    let refers = |stack: &JenkinsStack| {
        stack.namespace() == namespace && referenced_secrets(&stack.spec).contains(name.as_str())
    };
    let found = stacks.state_filter(|stack| refers(stack));
    found.iter().map(|stack| ObjectRef::from_obj(stack.as_ref())).collect()
}

/// One watch over all namespaces, or one for each of those named, so that one that fails holds up no other. A failure is
/// told, and tried again after a while.
fn watches<K>(client: &Client, namespaces: &[String], what: &'static str) -> Vec<Events<K>>
where
    K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Default,
{
    let watch = |api: Api<K>, namespace: &str| {
        let namespace = namespace.to_owned();
        let events = watcher(api, watcher::Config::default()).backoff(Pauses::default());
        events.inspect_err(move |error| tell(what, &namespace, error)).boxed()
    };
    if namespaces.is_empty() {
        return vec![watch(Api::all(client.clone()), "")];
    }
    let namespaces: BTreeSet<&String> = namespaces.iter().collect();
    namespaces.into_iter().map(|name| watch(Api::namespaced(client.clone(), name), name)).collect()
}

/// kube's pauses after failures, from a second to half a minute. They begin anew when there was none for two minutes, and
/// not, as kube has it, with every list that is begun: those may all fail.
#[derive(Default)]
struct Pauses(watcher::DefaultBackoff);

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.0.next()
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {}
}

/// A watch that ended is begun again, and that is all; one that can't be begun leaves stacks without their operator.
fn tell(what: &str, namespace: &str, error: &watcher::Error) {
    match hint(error) {
        Some(hint) => tracing::warn!(namespace, %error, "{what} can't be watched: {hint}"),
        None => tracing::debug!(namespace, %error, "the watch of {what} begins again"),
    }
}

/// What to look at when a watch can't be begun.
fn hint(error: &watcher::Error) -> Option<&'static str> {
    let cause = match error {
        watcher::Error::InitialListFailed(cause) | watcher::Error::WatchStartFailed(cause) => cause,
        watcher::Error::NoResourceVersion => return Some("the API server does not answer as Kubernetes does"),
        watcher::Error::WatchError(_) | watcher::Error::WatchFailed(_) => return None,
    };
    Some(match cause {
        kube::Error::Api(answer) if answer.is_not_found() => "is the CustomResourceDefinition installed?",
        kube::Error::Api(answer) if answer.is_forbidden() => "may the service account list and watch them there?",
        _ => "the API server does not answer, or not well",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Answer, Script};

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_fails_names_its_cause_and_is_tried_again_after_a_while() {
        let script = Script::new([Answer::failure(404, "NotFound"), Answer::failure(403, "Forbidden")]);
        let began = tokio::time::Instant::now();
        let watches: Vec<Events<JenkinsStack>> = watches(&script.client(), &["ns".to_owned()], "JenkinsStacks");
        let failures = futures::stream::select_all(watches).filter_map(async |event| event.err()).take(6);
        let hints: Vec<_> = failures.map(|error| hint(&error).unwrap_or_default()).collect().await;
        assert!(hints[0].contains("CustomResourceDefinition") && hints[1].contains("service account"), "{hints:?}");
        assert!(hints.iter().all(|hint| !hint.is_empty()), "each time: {hints:?}");
        assert!(began.elapsed() > Duration::from_secs(20), "{:?}", began.elapsed());
    }
}
