//! `RULES.md`: every rule, its source and the test that shows it, read from the `rule!` lines of the tests.
//!
//! `cargo xtask codegen` writes it anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A rule as its test names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    service: String,
    rule: String,
    source: String,
    test: String,
}

fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.retain(|path| path.extension().is_some_and(|end| end == "rs"));
    found.sort();
    found
}

fn rules() -> Vec<Rule> {
    let folder = home().join("tests/rules");
    let mut rules: Vec<Rule> = files(&folder).iter().flat_map(|path| in_file(&folder, path)).collect();
    rules.sort();
    rules
}

fn in_file(folder: &Path, path: &Path) -> Vec<Rule> {
    let text = fs::read_to_string(path).expect("a text");
    let module = path.strip_prefix(folder).expect("a file of the folder").with_extension("");
    let module = module.to_string_lossy().replace('/', "::");
    let mut rules = Vec::new();
    for (at, _) in text.match_indices("rule!(") {
        let (before, after) = text.split_at(at);
        let Some(name) = before.rsplit_once("fn ").and_then(|(_, name)| name.split('(').next()) else { continue };
        let mut literals = after;
        let mut next = || literal(&mut literals).unwrap_or_else(|| panic!("{module}: a rule that is not three texts"));
        let (service, rule, source) = (next(), next(), next());
        rules.push(Rule { service, rule, source, test: format!("{module}::{name}") });
    }
    rules
}

/// The next text in Rust source, which is left behind it.
fn literal(source: &mut &str) -> Option<String> {
    let (_, mut rest) = source.split_once('"')?;
    let mut text = String::new();
    loop {
        let mut chars = rest.chars();
        match chars.next()? {
            '"' => break,
            '\\' => match chars.next()? {
                '\n' => {
                    rest = chars.as_str().trim_start();
                    continue;
                }
                escaped => text.push(escaped),
            },
            plain => text.push(plain),
        }
        rest = chars.as_str();
    }
    *source = rest.strip_prefix('"')?;
    Some(text)
}

fn table(rules: &[Rule]) -> String {
    let mut lines = vec![
        "# Rules of the strict cloud".to_owned(),
        String::new(),
        format!(
            "{} rules, each with its source and the test in `tests/rules` that \
             shows it. Generated from the tests by `cargo xtask codegen`; do not \
             edit.",
            rules.len()
        ),
        String::new(),
        "| Service | Rule | Source | Test |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    for Rule { service, rule, source, test } in rules {
        lines.push(format!("| {} | {} | {} | `{test}` |", cell(service), cell(rule), cell(source)));
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_table_of_rules_is_up_to_date() {
    let path = home().join("RULES.md");
    let fresh = table(&rules());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &fresh).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "tests/cloud/RULES.md is stale: cargo xtask codegen");
}

#[test]
fn there_are_many_rules_and_none_is_said_twice() {
    let rules = rules();
    assert!(rules.len() >= 250, "{} rules", rules.len());
    let mut said = BTreeSet::new();
    for Rule { service, rule, source, test } in &rules {
        assert!(said.insert((service, rule)), "{test}: said before: {service}: {rule}");
        assert!(!source.trim().is_empty() && !rule.ends_with('.'), "{test}: {rule}: {source}");
    }
}

#[test]
fn texts_are_read_as_rust_reads_them() {
    let mut source = "(\"a\", \"b \\\"c\\\" \\\n    d\", \"e\");";
    let texts: Vec<_> = std::iter::from_fn(|| literal(&mut source)).collect();
    assert_eq!(texts, ["a", "b \"c\" d", "e"]);
}
