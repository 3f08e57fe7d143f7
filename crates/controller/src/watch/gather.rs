//! Several watches and one store.
//!
//! A store takes a list for the whole of what there is, so of two watches that write one, each would drop what the other
//! has found. Here the store is empty and ready from the start, and a list reaches it as the changes that it brings: every
//! object of it as applied, and as deleted those which the watch knew and which the list lacks.

use super::Events;
use futures::StreamExt;
use futures::stream::{self, Stream};
use jenkinsstack_api::JenkinsStack;
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::{ObjectRef, Store, store::Writer};
use kube::runtime::watcher::{Error, Event};
use std::collections::HashSet;

/// The events of all watches, as they have reached the store. `gone` is told of every object that leaves it.
pub(super) fn gather(
    watches: Vec<Events<JenkinsStack>>,
    writer: Writer<JenkinsStack>,
    gone: impl Fn(&JenkinsStack) + Send + 'static,
) -> impl Stream<Item = Result<Event<JenkinsStack>, Error>> + Send {
    let store = writer.as_reader();
    let changes = watches.into_iter().map(|watch| changes(watch, store.clone()).boxed());
    let empty = stream::iter([Ok(Event::Init), Ok(Event::InitDone)]);
    empty.chain(stream::select_all(changes)).reflect(writer).inspect(move |event| {
        if let Ok(Event::Delete(stack)) = event {
            gone(stack);
        }
    })
}

/// The events of one watch, without its lists.
fn changes(
    watch: Events<JenkinsStack>,
    store: Store<JenkinsStack>,
) -> impl Stream<Item = Result<Event<JenkinsStack>, Error>> + Send {
    let mut known = Known::default();
    watch.flat_map(move |event| {
        stream::iter(match event {
            Ok(event) => known.take(event, &store).into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    })
}

/// What one watch knows of.
#[derive(Default)]
struct Known {
    all: HashSet<ObjectRef<JenkinsStack>>,
    /// Those of the list that is under way.
    listed: HashSet<ObjectRef<JenkinsStack>>,
}

impl Known {
    fn take(&mut self, event: Event<JenkinsStack>, store: &Store<JenkinsStack>) -> Vec<Event<JenkinsStack>> {
        match event {
            Event::Init => {
                self.listed.clear();
                Vec::new()
            }
            Event::InitApply(stack) => {
                let stack_ref = ObjectRef::from_obj(&stack);
                self.listed.insert(stack_ref.clone());
                self.all.insert(stack_ref);
                vec![Event::Apply(stack)]
            }
            Event::InitDone => {
                let before = std::mem::replace(&mut self.all, std::mem::take(&mut self.listed));
                let missing = before.difference(&self.all).filter_map(|stack| store.get(stack));
                missing.map(|stack| Event::Delete(stack.as_ref().clone())).collect()
            }
            Event::Apply(stack) => {
                self.all.insert(ObjectRef::from_obj(&stack));
                vec![Event::Apply(stack)]
            }
            Event::Delete(stack) => {
                self.all.remove(&ObjectRef::from_obj(&stack));
                vec![Event::Delete(stack)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::channel::mpsc::{UnboundedSender, unbounded};
    use kube::ResourceExt;
    use kube::runtime::reflector;
    use serde_json::json;
    use std::sync::{Arc, Mutex};

    type Sent = Result<Event<JenkinsStack>, Error>;

    /// Two watches whose events a test sends, and what becomes of them.
    struct Bench {
        watches: [UnboundedSender<Sent>; 2],
        store: Store<JenkinsStack>,
        events: stream::BoxStream<'static, Sent>,
        gone: Arc<Mutex<Vec<String>>>,
    }

    impl Bench {
        fn new() -> Self {
            let (store, writer) = reflector::store();
            let ((first, second), gone) = ((unbounded(), unbounded()), Arc::<Mutex<Vec<String>>>::default());
            let told = gone.clone();
            let tell = move |stack: &JenkinsStack| told.lock().unwrap().push(stack.name_any());
            let events = gather(vec![first.1.boxed(), second.1.boxed()], writer, tell).boxed();
            Self { watches: [first.0, second.0], store, events, gone }
        }

        /// Sends events of one watch, and gives back what the store then has.
        fn send(&mut self, watch: usize, events: impl IntoIterator<Item = Event<JenkinsStack>>) -> Vec<String> {
            for event in events {
                self.watches[watch].unbounded_send(Ok(event)).unwrap();
            }
            while let Some(Some(_)) = self.events.next().now_or_never() {}
            let mut names: Vec<String> = self.store.state().iter().map(|stack| stack.name_any()).collect();
            names.sort();
            names
        }
    }

    fn stack(name: &str) -> JenkinsStack {
        let (namespace, _) = name.split_once('-').unwrap();
        serde_json::from_value(json!({"apiVersion": "jenkinsstack.io/v1alpha1", "kind": "JenkinsStack",
            "metadata": {"name": name, "namespace": namespace}, "spec": {"aws": {"region": "eu-central-1"}}}))
        .unwrap()
    }

    fn list(names: &[&str]) -> Vec<Event<JenkinsStack>> {
        let listed = names.iter().map(|name| Event::InitApply(stack(name)));
        [Event::Init].into_iter().chain(listed).chain([Event::InitDone]).collect()
    }

    #[test]
    fn no_watch_drops_what_another_has_found() {
        let mut bench = Bench::new();
        assert_eq!(bench.send(0, list(&["a-1", "a-2"])), ["a-1", "a-2"]);
        assert_eq!(bench.send(1, list(&["b-1"])), ["a-1", "a-2", "b-1"]);
        assert_eq!(bench.send(0, [Event::Init, Event::InitApply(stack("a-2"))]), ["a-1", "a-2", "b-1"], "under way");
        assert_eq!(bench.send(1, [Event::Apply(stack("b-2"))]), ["a-1", "a-2", "b-1", "b-2"]);
        assert_eq!(bench.send(0, [Event::InitApply(stack("a-3")), Event::InitDone]), ["a-2", "a-3", "b-1", "b-2"]);
        assert_eq!(bench.send(1, [Event::Delete(stack("b-1"))]), ["a-2", "a-3", "b-2"]);
        assert_eq!(*bench.gone.lock().unwrap(), ["a-1", "b-1"]);
    }

    #[test]
    fn a_list_that_was_broken_off_leaves_nothing_behind() {
        let mut bench = Bench::new();
        assert_eq!(bench.send(0, [Event::Init, Event::InitApply(stack("a-1"))]), ["a-1"]);
        assert_eq!(bench.send(0, list(&["a-2"])), ["a-2"]);
    }

    #[test]
    fn a_watch_that_never_comes_about_holds_up_no_other() {
        let mut bench = Bench::new();
        assert_eq!(bench.send(0, list(&["a-1"])), ["a-1"]);
        assert!(bench.store.wait_until_ready().now_or_never().is_some());
    }
}
