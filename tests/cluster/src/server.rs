//! One server process: spawned, watched, and never left behind.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long a server may take to end by itself; etcd and kube-apiserver need less than a second when idle.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// How often a condition that can't be awaited is looked at.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Lines of a log that an error quotes.
const QUOTED_LINES: usize = 15;

/// A server in a process group of its own, which ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// The end of this pipe is the server's sign that nobody owns it any more.
    stdin: Option<ChildStdin>,
    log: PathBuf,
}

impl Server {
    /// Spawns a server that ends when its standard input does; its output is appended to `log`.
    pub(crate) fn spawn(mut command: Command, log: &Path) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        command.process_group(0).stdin(Stdio::piped()).stdout(output.try_clone()?).stderr(output);
        let mut child = command.spawn().with_context(|| format!("can't run {}", command.get_program().display()))?;
        let stdin = child.stdin.take();
        Ok(Self { child, stdin, log: log.to_owned() })
    }

    /// The id of the process, which is also the id of its group.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the server has written so far.
    pub(crate) fn output(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The last lines that the server has written.
    pub(crate) fn last_words(&self) -> String {
        let output = self.output();
        let lines: Vec<&str> = output.lines().collect();
        lines.get(lines.len().saturating_sub(QUOTED_LINES)..).unwrap_or_default().join("\n")
    }

    /// Fails when the server is not running any more.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the server ended ({status}); its last words:\n{}", self.last_words()),
        }
    }

    /// Asks the server to end, waits, and kills it if it takes too long.
    pub(crate) async fn stop(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        let deadline = Instant::now() + STOP_GRACE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.kill()
    }

    /// Ends the server at once, without a chance to tidy up.
    pub(crate) fn kill(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::KILL)?;
        self.stdin = None;
        Ok(self.child.wait()?)
    }

    /// Signals the whole group, unless its leader has been waited for: then the id may be somebody else's.
    fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("bug: no process id")?;
        match kill_process_group(group, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(io::Error::from(error)).context("can't signal the server"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody to report to; the end of the pipe still ends the server.
        let _ = self.kill();
    }
}
