//! Has the API models at hand: fetched once by pip, checked, and kept in the user's cache.

use crate::service::SERVICES;
use anyhow::{Context, bail};
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

/// The release of botocore whose models are used.
pub const BOTOCORE: &str = "1.44.5";

/// The release of the AWS CLI that people get to try things with.
const AWS_CLI: &str = "1.46.3";

/// SHA-256 of botocore's wheel, as PyPI publishes it.
const WHEEL: &str = "8f16a56d1dff125dd65322ae021efa7ba5195a6db5102b96862566055b748921";

/// Raised when `unpack.py` writes something else, so that old folders are not taken for new ones.
const FORMAT: u32 = 2;

const UNPACK: &str = include_str!("unpack.py");

/// The folder with one file a service, fetched when it is not there yet.
///
/// Several processes may ask at once: one fetches, the others wait for it; and the folder appears whole or not at all.
pub fn folder() -> anyhow::Result<PathBuf> {
    let cache = cache()?;
    let folder = cache.join(format!("aws-models-{BOTOCORE}-{FORMAT}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot make the cache folder {}", cache.display()))?;
    let lock = File::create(cache.join("aws-models.lock")).context("cannot make a lock file in the cache folder")?;
    lock.lock().context("cannot lock the cache folder")?;
    if !folder.is_dir() {
        fetch(&folder)?;
    }
    Ok(folder)
}

/// `JENKINSSTACK_CACHE`, or `jenkinsstack` in the user's cache folder.
pub fn cache() -> anyhow::Result<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = named("JENKINSSTACK_CACHE")
        .or_else(|| named("XDG_CACHE_HOME").map(|cache| cache.join("jenkinsstack")))
        .or_else(|| named("HOME").map(|home| home.join(".cache").join("jenkinsstack")));
    folder.context("there is no place to keep the AWS API models: set JENKINSSTACK_CACHE or HOME")
}

/// A Python with boto3 of the models' release, set up in the cache when it is not there yet.
pub fn boto3() -> anyhow::Result<PathBuf> {
    Ok(environment("boto3", BOTOCORE)?.join("python"))
}

/// The AWS CLI, set up in the cache when it is not there yet.
pub fn aws_cli() -> anyhow::Result<PathBuf> {
    Ok(environment("awscli", AWS_CLI)?.join("aws"))
}

/// The programs of a Python environment of its own for one package.
fn environment(package: &str, version: &str) -> anyhow::Result<PathBuf> {
    let cache = cache()?;
    let home = cache.join(format!("{package}-{version}"));
    let programs = home.join("bin");
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot make the cache folder {}", cache.display()))?;
    let lock =
        File::create(cache.join(format!("{package}.lock"))).context("cannot make a lock file in the cache folder")?;
    lock.lock().context("cannot lock the cache folder")?;
    if !home.join("ready").exists() {
        let wanted = format!("{package}=={version}");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &wanted];
        run(package, Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        run(package, Command::new(programs.join("python")).args(pip))?;
        std::fs::write(home.join("ready"), "").context("cannot write into the cache folder")?;
    }
    Ok(programs)
}

fn run(package: &str, command: &mut Command) -> anyhow::Result<()> {
    let output =
        command.output().with_context(|| format!("python3 is needed for {package}; it could not be started"))?;
    if !output.status.success() {
        bail!("{package} could not be set up by {command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

fn fetch(folder: &std::path::Path) -> anyhow::Result<()> {
    let output = Command::new("python3")
        .args(["-c", UNPACK])
        .arg(folder)
        .args([BOTOCORE, WHEEL])
        .args(SERVICES.iter().map(|service| service.model))
        .output()
        .context("python3 is needed to fetch the AWS API models (botocore's, by pip); it could not be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("the AWS API models could not be fetched with python3 and pip: {}", said.trim());
    }
    Ok(())
}
