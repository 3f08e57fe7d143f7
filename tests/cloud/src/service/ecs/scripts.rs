//! What a container does once it runs, by the name of its image.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The scripts of all images: the longest pattern that fits an image counts.
#[derive(Clone, Debug, Default)]
pub struct Scripts(BTreeMap<String, Script>);

/// What a container does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Script {
    /// The registry does not have the image.
    pub missing: bool,
    /// Seconds from the start of the container until it answers.
    pub ready_after: f64,
    /// TCP ports on which it listens.
    pub ports: Vec<u16>,
    /// HTTP status of its answers; nothing: it never answers.
    pub status: Option<u16>,
    /// HTTP status on some paths, where it differs from `status`.
    pub paths: BTreeMap<String, u16>,
    /// The container ends by itself; nothing: it runs for ever.
    pub exit: Option<Exit>,
    /// What the health check of the container definition finds; nothing: healthy once it answers.
    pub health: Option<Health>,
    /// Seconds it takes to end after SIGTERM; nothing: it ignores SIGTERM and is killed after the stop timeout.
    pub term_after: Option<f64>,
    /// Exit code after SIGTERM.
    pub term_code: i64,
    /// A line that it leaves on each file system it has mounted.
    pub marker: Option<String>,
    /// What it writes to its log when it starts.
    pub log: Vec<String>,
}

/// A container's own end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exit {
    /// Exit code.
    pub code: i64,
    /// Seconds from its start.
    pub after: f64,
}

/// What a container's health check finds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Health {
    /// HEALTHY, or UNHEALTHY.
    pub healthy: bool,
    /// Seconds from the start of the container.
    pub after: f64,
}

/// A healthy web application on port 8080 that needs a minute to come up, as Jenkins does.
impl Default for Script {
    fn default() -> Self {
        Self {
            missing: false,
            ready_after: 60.0,
            ports: vec![8080],
            status: Some(200),
            paths: BTreeMap::new(),
            exit: None,
            health: None,
            term_after: Some(2.0),
            term_code: 143,
            marker: None,
            log: vec!["started".to_owned()],
        }
    }
}

impl Script {
    /// A container that ends with `code` after so many seconds.
    pub fn exits(code: i64, after: f64) -> Self {
        Self { exit: Some(Exit { code, after }), status: None, ..Self::default() }
    }

    /// A container that runs for ever and never answers.
    pub fn silent() -> Self {
        Self { status: None, ..Self::default() }
    }

    /// A container that answers every request with `status`.
    pub fn answering(status: u16) -> Self {
        Self { status: Some(status), ..Self::default() }
    }

    /// An image that the registry does not have.
    pub fn missing() -> Self {
        Self { missing: true, ..Self::default() }
    }

    pub(super) fn answer(&self, port: u16, path: &str) -> Option<u16> {
        let path = path.split('?').next().unwrap_or(path);
        let status = self.status.filter(|_| self.ports.contains(&port))?;
        Some(self.paths.get(path).copied().unwrap_or(status))
    }
}

impl Scripts {
    /// Lets containers of every image that fits `pattern` (`*` stands for any text) do what `script` says.
    pub fn set(&mut self, pattern: impl Into<String>, script: Script) {
        self.0.insert(pattern.into(), script);
    }

    /// Forgets all scripts: every image is healthy again.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The patterns and their scripts.
    pub fn all(&self) -> &BTreeMap<String, Script> {
        &self.0
    }

    /// What a container of that image does.
    pub fn of(&self, image: &str) -> Script {
        let fitting = self.0.iter().filter(|(pattern, _)| fits(pattern, image));
        fitting.max_by_key(|(pattern, _)| pattern.len()).map(|(_, script)| script.clone()).unwrap_or_default()
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len()).filter(|&at| tail.is_char_boundary(at)).any(|at| fits(rest, &tail[at..]))
        }),
    }
}
