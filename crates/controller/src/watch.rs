//! What wakes a stack: its object, and the Secrets that it refers to.
//!
//! Of Secrets only the metadata is watched and nothing is kept; the one that changed is read again by the pass.

use crate::inputs::referenced_secrets;
use futures::stream::{BoxStream, SelectAll};
use futures::{StreamExt, TryStreamExt};
use jenkinsstack_api::JenkinsStack;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::{Predicate, WatchStreamExt, predicates, watcher};
use kube::{Resource, ResourceExt};

/// The stacks of the watched namespaces, or of all; `writer` keeps every one, the stream has those that changed in a way
/// that matters: spec, finalizers, annotations, deletion.
pub fn stacks(
    client: &Client,
    namespaces: &[String],
    writer: Writer<JenkinsStack>,
) -> BoxStream<'static, Result<JenkinsStack, watcher::Error>> {
    let matters = predicates::generation.combine(predicates::finalizers).combine(predicates::annotations);
    let events = each(client, namespaces, |api| watcher(api, watcher::Config::default()).default_backoff().boxed());
    events.reflect(writer).applied_objects().predicate_filter(matters, Default::default()).boxed()
}

/// The stacks that refer to a Secret which was made, changed or deleted.
pub fn secrets(
    client: &Client,
    namespaces: &[String],
    stacks: Store<JenkinsStack>,
) -> BoxStream<'static, ObjectRef<JenkinsStack>> {
    let touched = each(client, namespaces, |api: Api<PartialObjectMeta<Secret>>| {
        watcher(api, watcher::Config::default()).default_backoff().touched_objects().boxed()
    });
    touched
        .inspect_err(|error| tracing::warn!(%error, "Secrets can't be watched"))
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

/// One watch over all namespaces, or one for each of those named.
fn each<K, T: Send + 'static>(
    client: &Client,
    namespaces: &[String],
    watch: impl Fn(Api<K>) -> BoxStream<'static, T>,
) -> SelectAll<BoxStream<'static, T>>
where
    K: Resource<Scope = k8s_openapi::NamespaceResourceScope>,
    K::DynamicType: Default,
{
    if namespaces.is_empty() {
        return futures::stream::select_all([watch(Api::all(client.clone()))]);
    }
    futures::stream::select_all(namespaces.iter().map(|namespace| watch(Api::namespaced(client.clone(), namespace))))
}
