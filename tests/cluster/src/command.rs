//! kubectl and helm as a user runs them, kept away from the user's own settings.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::binaries::Program;

/// What a command has left.
#[derive(Debug, Clone)]
pub struct CommandOutput {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl CommandOutput {
    /// Standard output of a command that ended well.
    ///
    /// # Errors
    /// Any other end, with what the command said about it.
    pub fn success(self) -> Result<String> {
        let Self { code, stdout, stderr } = self;
        match code {
            Some(0) => Ok(stdout),
            Some(code) => bail!("exit code {code}: {stderr}{stdout}"),
            None => bail!("ended by a signal: {stderr}{stdout}"),
        }
    }
}

/// Runs a program as the user of a kubeconfig. Its caches and settings are in `home`.
pub(crate) async fn run<I>(program: &Program, kubeconfig: &Path, home: &Path, args: I) -> Result<CommandOutput>
where
    I: IntoIterator<Item: AsRef<OsStr>>,
{
    let output = Command::new(&program.path)
        .args(program.first_args)
        .args(args)
        .env("KUBECONFIG", kubeconfig)
        .env("KUBERC", "off")
        .env("KUBECACHEDIR", home.join("kubectl"))
        .env("HELM_CACHE_HOME", home.join("helm-cache"))
        .env("HELM_CONFIG_HOME", home.join("helm-config"))
        .env("HELM_DATA_HOME", home.join("helm-data"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("can't run {}", program.path.display()))?;
    Ok(CommandOutput {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
