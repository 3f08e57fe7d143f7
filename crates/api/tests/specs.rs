//! The example specs, as far as they can be judged without an API server.
//!
//! `valid/` and `invalid/` are also given to a real API server by the end-to-end tests: a file of `invalid/` begins with
//! `# expect: TEXT` when the server refuses it with that text, and with `# expect-stalled: TEXT` when only `validate`
//! finds what is wrong. A file of `immutable/` has an object and its update, and `# expect: TEXT` or `# expect-ok`.

// Clippy's exemption for tests does not reach the helpers of a test file.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use jenkinsstack_api::{
    JenkinsStack, JenkinsStackSpec,
    spec::{AwsSpec, FileSystemSource, ListenerSource, Protocol},
    validate,
    validate::Rule,
};

fn files(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|p| (p.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(p).unwrap())).collect()
}

fn valid(name: &str) -> JenkinsStack {
    serde_saphyr::from_str(&files("valid")[name]).unwrap()
}

#[test]
fn valid_specs_break_no_rule() {
    for (name, text) in files("valid") {
        let stack: JenkinsStack = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(validate(&stack.spec), [], "{name}");
        stack.spec.controller.size().unwrap();
        stack.spec.controller.disk_gib().unwrap();
    }
}

#[test]
fn valid_specs_survive_being_written() {
    for (name, text) in files("valid") {
        let stack: JenkinsStack = serde_saphyr::from_str(&text).unwrap();
        let written = serde_json::to_string(&stack).unwrap();
        assert_eq!(serde_json::from_str::<JenkinsStack>(&written).unwrap(), stack, "{name}");
    }
}

#[test]
fn stalled_specs_are_found_by_exactly_one_rule() {
    let mut seen = BTreeSet::new();
    for (name, text) in files("invalid") {
        let Some(expected) = text.lines().next().unwrap().strip_prefix("# expect-stalled: ") else { continue };
        let stack: JenkinsStack = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let violations = validate(&stack.spec);
        let [violation] = violations.as_slice() else { panic!("{name}: {violations:?}") };
        assert!(violation.message.contains(expected), "{name}: {violation:?}");
        seen.insert(violation.rule);
    }
    assert_eq!(seen, BTreeSet::from(Rule::ALL), "each rule has a file");
}

#[test]
fn every_file_says_what_it_expects() {
    for (name, text) in files("invalid") {
        assert!(text.starts_with("# expect: ") || text.starts_with("# expect-stalled: "), "{name}");
    }
    for (name, text) in files("immutable") {
        assert!(text.starts_with("# expect: ") || text.starts_with("# expect-ok\n"), "{name}");
    }
    assert!(files("invalid").len() >= 60);
}

#[test]
fn the_smallest_stack_is_all_defaults() {
    let aws = AwsSpec { region: "eu-central-1".into(), ..AwsSpec::default() };
    assert_eq!(valid("smallest").spec, JenkinsStackSpec { aws, ..JenkinsStackSpec::default() });
}

#[test]
fn the_reference_stack_is_read_as_meant() {
    let spec = valid("reference").spec;
    let size = spec.controller.size().unwrap();
    assert_eq!((size.cpu_units(), size.memory_mib), (2048, 4096));
    assert_eq!(spec.storage.file_system(), FileSystemSource::Own);
    assert_eq!(spec.endpoint.protocol(), Protocol::Https);
    let ListenerSource::Existing(listener) = spec.endpoint.listener() else { panic!("{:?}", spec.endpoint) };
    assert_eq!(listener.priority, 99);
}

#[test]
fn open_paths_become_rules_of_at_most_three_networks() {
    let oidc = valid("https-with-login").spec.auth.oidc.unwrap();
    let rules: Vec<_> = oidc.open_rules().iter().map(|rule| (rule.path, rule.source_cidrs.len())).collect();
    assert_eq!(rules, [("/github-webhook/", 3), ("/github-webhook/", 1)]);
}
