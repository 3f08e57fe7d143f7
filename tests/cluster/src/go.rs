//! Programs built by Go, once per user and version, in a cache that concurrent builders share.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use ring::digest::{Context as Digest, SHA256};

/// The program that is etcd, kube-apiserver and kubectl.
const SERVER: &str = "jenkinsstack-cluster-server";
/// Its sources; they travel in the binary, so that it builds wherever it is run.
const SOURCES: [(&str, &str); 3] = [
    ("main.go", include_str!("../server/main.go")),
    ("go.mod", include_str!("../server/go.mod")),
    ("go.sum", include_str!("../server/go.sum")),
];

/// The last release of the line that most charts are still written for.
const HELM_VERSION: &str = "v3.22.0";

/// Bytes of a hash that a folder's name shows: enough to tell versions apart.
const HASH_BYTES: usize = 8;

/// How often a builder looks whether Go is done.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How often a long build says that it lives.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(20);

/// The server program. Blocks while it is built.
pub(crate) fn server() -> Result<PathBuf> {
    let flags = link_flags()?;
    let mut digest = Digest::new(&SHA256);
    for text in SOURCES.iter().flat_map(|(name, content)| [*name, *content]).chain([flags.as_str()]) {
        digest.update(text.as_bytes());
        digest.update(&[0]);
    }
    let hash: String = digest.finish().as_ref().iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect();
    built(&format!("cluster-{hash}"), SERVER, |scratch| {
        for (name, content) in SOURCES {
            fs::write(scratch.join(name), content)?;
        }
        let mut go = Command::new("go");
        go.args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", &flags, "-o", SERVER, "."]);
        Ok(go)
    })
}

/// Helm. Blocks while it is built.
pub(crate) fn helm() -> Result<PathBuf> {
    built(&format!("helm-{HELM_VERSION}"), "helm", |scratch| {
        let mut go = Command::new("go");
        go.args(["install", "-trimpath", "-ldflags", "-s -w"]);
        go.arg(format!("helm.sh/helm/v3/cmd/helm@{HELM_VERSION}")).env("GOBIN", scratch);
        Ok(go)
    })
}

/// The version that `/version` shows is set by the linker; it is the one in go.mod.
fn link_flags() -> Result<String> {
    let required = SOURCES.iter().flat_map(|(_, content)| content.lines());
    let version = required.filter_map(|line| line.trim().strip_prefix("k8s.io/kubernetes ")).next();
    let version = version.context("bug: go.mod does not require k8s.io/kubernetes")?;
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let set = |name, value| format!(" -X k8s.io/component-base/version.{name}={value}");
    Ok(format!("-s -w{}{}{}", set("gitVersion", version), set("gitMajor", major), set("gitMinor", minor)))
}

/// The program `CACHE/NAME/PROGRAM`. If it is not there, `go` yields the command that puts it in a scratch folder.
///
/// One builder at a time, by a file lock; a program appears in its place only when it is finished.
fn built(name: &str, program: &str, go: impl FnOnce(&Path) -> Result<Command>) -> Result<PathBuf> {
    let cache = cache()?;
    let folder = cache.join(name);
    let finished = folder.join(program);
    if finished.is_file() {
        return Ok(finished);
    }
    fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    if finished.is_file() {
        return Ok(finished);
    }
    // A folder of its own: the Go of a builder that was killed may still be at work in another.
    let scratch = tempfile::tempdir_in(&folder)?;
    let mut command = go(scratch.path())?;
    run(command.env("CGO_ENABLED", "0").env("GOWORK", "off").current_dir(scratch.path()), name)?;
    fs::rename(scratch.path().join(program), &finished)?;
    Ok(finished)
}

/// `JENKINSSTACK_CACHE`, or a folder in the user's home.
fn cache() -> Result<PathBuf> {
    if let Some(cache) = env::var_os("JENKINSSTACK_CACHE").filter(|cache| !cache.is_empty()) {
        return std::path::absolute(cache).context("JENKINSSTACK_CACHE is not a path");
    }
    let home =
        env::home_dir().context("there is no home folder: set JENKINSSTACK_CACHE to a folder for built programs")?;
    Ok(home.join(".cache").join("jenkinsstack"))
}

/// Runs Go to its end, and says now and then that it is still at work.
fn run(command: &mut Command, name: &str) -> Result<()> {
    say(&format!("building {name} with Go; this happens once and takes some minutes"));
    let start = Instant::now();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "{name} has to be built, and there is no Go: install Go 1.26 or later, or name finished programs by \
             KUBEBUILDER_ASSETS (etcd, kube-apiserver, kubectl) and TEST_ASSET_HELM"
        ),
        Err(error) => return Err(error).context("can't run go"),
    };
    let mut next_word = PROGRESS_INTERVAL;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > next_word {
            say(&format!("still building {name}, {} s so far", start.elapsed().as_secs()));
            next_word += PROGRESS_INTERVAL;
        }
        thread::sleep(POLL_INTERVAL);
    };
    ensure!(status.success(), "Go could not build {name} ({status}); it says above why");
    say(&format!("built {name} in {} s", start.elapsed().as_secs()));
    Ok(())
}

/// Standard error, past the capture of the test harness: a silent pause of minutes looks like a hang.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "jenkinsstack-cluster: {text}");
}
