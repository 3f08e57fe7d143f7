//! The built operator as a process: started as the chart would start it, and ended by its id.

use crate::account::REGION;
use crate::{build, chart};
use anyhow::{Context, ensure};
use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A running operator; it is killed when it is dropped.
pub struct Operator {
    child: Child,
    log: PathBuf,
    metrics: u16,
    health: u16,
}

/// What an operator is started with.
pub struct Start<'a> {
    /// Kubeconfig of its service account.
    pub kubeconfig: &'a Path,
    /// Where AWS is.
    pub aws_url: &'a str,
    /// Access key of its role.
    pub access_key: &'a str,
    /// Folder for its log.
    pub folder: &'a Path,
    /// Name of the replica.
    pub identity: &'a str,
    /// As the chart starts it.
    pub chart: chart::Start,
    /// Further environment.
    pub environment: &'a BTreeMap<String, String>,
    /// What it logs.
    pub log_level: &'a str,
    /// Seconds between two looks at a stack at rest.
    pub resync: u64,
}

impl Operator {
    /// Starts the operator as its chart does, but for where it listens, what it logs and how often it looks at stacks.
    ///
    /// # Errors
    /// When it can't be built or started.
    pub fn start(start: Start<'_>) -> anyhow::Result<Self> {
        let binary = build::binary("jenkinsstack-operator")?;
        let log = start.folder.join(format!("{}.log", start.identity));
        let (metrics, health) = (free_port()?, free_port()?);
        let chart::Start { args, environment } = start
            .chart
            .with("metrics-address", &format!("127.0.0.1:{metrics}"))?
            .with("health-address", &format!("127.0.0.1:{health}"))?
            .with("log-level", start.log_level)?
            .with("resync-seconds", &start.resync.to_string())?;
        let child = Command::new(&binary)
            .env_clear()
            .envs(environment)
            .env("KUBECONFIG", start.kubeconfig)
            .env("AWS_ENDPOINT_URL", start.aws_url)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", start.access_key)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .envs(start.environment)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(&log)?)
            .spawn()
            .with_context(|| format!("{} can't be started", binary.display()))?;
        Ok(Self { child, log, metrics, health })
    }

    /// Waits until it has ended by itself; gives back whether it ended well, and its whole log.
    ///
    /// # Errors
    /// When it is not our child any more, or its log can't be read.
    pub async fn ended(mut self) -> anyhow::Result<(ExitStatus, String)> {
        let ended = loop {
            match self.child.try_wait()? {
                Some(ended) => break ended,
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        Ok((ended, self.log()?))
    }

    /// Asks it to end, and waits until it has; gives back its whole log.
    ///
    /// # Errors
    /// When the signal can't be sent, or it ends otherwise than well.
    pub async fn stop(self) -> anyhow::Result<String> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("kill can't be started")?;
        let (ended, log) = self.ended().await?;
        ensure!(ended.success(), "the operator ended with {ended}: {log}");
        Ok(log)
    }

    /// Kills it without mercy.
    ///
    /// # Errors
    /// When it is not our child any more.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// What it has logged so far.
    ///
    /// # Errors
    /// When the log can't be read.
    pub fn log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// What `/metrics` says, headers first.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn metrics(&self) -> anyhow::Result<String> {
        ask(self.metrics, "/metrics").await
    }

    /// Status line, headers and body of `/healthz` or `/readyz`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn health(&self, path: &str) -> anyhow::Result<String> {
        ask(self.health, path).await
    }

    /// The value of a series of its metrics, by its name and labels as they stand there; 0 when there is none.
    ///
    /// # Errors
    /// When they can't be read.
    pub async fn metric(&self, series: &str) -> anyhow::Result<u64> {
        let text = self.metrics().await?;
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        Ok(value.map_or(Ok(0), str::parse)?)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ask(port: u16, path: &str) -> anyhow::Result<String> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    connection.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// A port that is free now. Somebody else may take it first; the operator then ends and says so in its log.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
