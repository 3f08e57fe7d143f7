//! etcd and kube-apiserver on one folder and one port: started, awaited, stopped, killed.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::core::v1::Namespace;
use kube::config::Cluster;
use kube::{Api, Client};
use ring::rand::{SecureRandom, SystemRandom};

use crate::binaries::Servers;
use crate::options::Audit;
use crate::server::{POLL_INTERVAL, Server};
use crate::{audit, credentials, kubeconfig};

/// How long a start may take; 3 s are usual, and a machine may be busy.
const START_DEADLINE: Duration = Duration::from_secs(90);
/// How long one question about readiness may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);
/// How many ports are tried when somebody else is faster.
const PORT_TRIES: usize = 8;
/// First port of the range to choose from. The range ends below the ports that systems give to outgoing connections,
/// so that the port of a stopped cluster is still free when it is started again.
const FIRST_PORT: u16 = 20_000;
/// Number of ports to choose from.
const PORTS: u16 = 12_000;

/// How the API server says that its port is somebody else's.
const PORT_TAKEN: &str = "address already in use";

/// Name of the folder of the serving certificate.
const CERTIFICATES: &str = "certificates";
/// Name of the audit policy's file.
const AUDIT_POLICY: &str = "audit-policy.json";
/// Name of the audit log.
const AUDIT_LOG: &str = "audit.log";

/// Makes our own server program end with its standard input.
const STDIN_VARIABLE: &str = "JENKINSSTACK_CLUSTER_STDIN";
/// Does the same for a program that can't: the shell becomes the program, and leaves behind a watcher that kills the
/// group, itself included, once the input ends.
const STDIN_SCRIPT: &str = r#"exec 3<&0; { read -r _ <&3; kill -9 -$$; } & exec "$@" </dev/null 3<&-"#;

/// The servers of one cluster and what they need to start again.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    programs: Servers,
    /// Holds all data of the servers.
    folder: PathBuf,
    port: u16,
    audit: Audit,
    token: String,
    /// None while stopped. The last one is, or contains, the API server.
    servers: Vec<Server>,
}

impl ControlPlane {
    /// Starts the servers in an empty folder and waits until they can be used.
    pub(crate) async fn start(programs: Servers, folder: &Path, audit: Audit) -> Result<Self> {
        let token = credentials::write_admin_token(folder)?;
        credentials::write_service_account_keys(folder)?;
        if let Some(policy) = audit::policy(audit) {
            fs::write(folder.join(AUDIT_POLICY), policy.to_string())?;
        }
        let mut plane = Self { programs, folder: folder.to_owned(), port: 0, audit, token, servers: Vec::new() };
        let mut tries = 0;
        loop {
            tries += 1;
            plane.port = free_port()?;
            match plane.run().await {
                Err(_) if tries < PORT_TRIES && plane.port_was_taken() => plane.kill()?,
                result => return result.map(|()| plane),
            }
        }
    }

    /// Starts the servers on the folder and the port they had, and waits until they can be used.
    pub(crate) async fn run(&mut self) -> Result<()> {
        ensure!(self.servers.is_empty(), "the cluster is running");
        for (name, command) in self.commands() {
            self.servers.push(Server::spawn(command, &self.folder.join(format!("{name}.log")))?);
        }
        let result = self.wait_until_ready().await;
        if result.is_err() {
            self.servers.iter_mut().try_for_each(|server| server.kill().map(drop))?;
        }
        result
    }

    /// Asks the servers to end, the API server first.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        while let Some(mut server) = self.servers.pop() {
            server.stop().await?;
        }
        Ok(())
    }

    /// Ends the servers as a power cut would.
    pub(crate) fn kill(&mut self) -> Result<()> {
        while let Some(mut server) = self.servers.pop() {
            server.kill()?;
        }
        Ok(())
    }

    /// The kubeconfig of the admin; there is one once the cluster has been ready.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The serving certificate and its key; they are there once the cluster has been ready.
    pub(crate) fn serving_certificate(&self) -> (PathBuf, PathBuf) {
        let folder = self.folder.join(CERTIFICATES);
        (folder.join("apiserver.crt"), folder.join("apiserver.key"))
    }

    /// Where the API server writes its audit log.
    pub(crate) fn audit_log(&self) -> Option<PathBuf> {
        (self.audit != Audit::Off).then(|| self.folder.join(AUDIT_LOG))
    }

    /// Ids of the servers' processes.
    pub(crate) fn process_ids(&self) -> Vec<u32> {
        self.servers.iter().map(Server::id).collect()
    }

    fn port_was_taken(&self) -> bool {
        self.servers.last().is_some_and(|server| server.last_words().contains(PORT_TAKEN))
    }

    /// The servers to spawn, in this order, and the names of their logs.
    fn commands(&self) -> Vec<(&'static str, Command)> {
        let mut commands = Vec::new();
        match &self.programs {
            Servers::Own(program) => {
                let mut server = Command::new(program);
                server.env(STDIN_VARIABLE, "1").arg("serve").arg(&self.folder);
                commands.push(("server", server));
            }
            Servers::Foreign { etcd, kube_apiserver } => {
                let mut store = watched(etcd);
                store.args(ETCD_FLAGS);
                let mut server = watched(kube_apiserver);
                server.arg("--etcd-servers=unix://etcd-clients:0");
                commands.extend([("etcd", store), ("kube-apiserver", server)]);
            }
        }
        for (_, command) in &mut commands {
            command.current_dir(&self.folder);
        }
        if let Some((_, server)) = commands.last_mut() {
            server.args(API_SERVER_FLAGS).args(self.flags());
        }
        commands
    }

    /// The flags of the API server that differ between clusters. Files are relative to the folder.
    fn flags(&self) -> Vec<String> {
        let mut flags = vec![
            format!("--secure-port={}", self.port),
            format!("--cert-dir={CERTIFICATES}"),
            format!("--token-auth-file={}", credentials::TOKENS_FILE),
            format!("--service-account-signing-key-file={}", credentials::SIGNING_KEY_FILE),
            format!("--service-account-key-file={}", credentials::VERIFYING_KEY_FILE),
        ];
        if self.audit != Audit::Off {
            flags.extend([format!("--audit-policy-file={AUDIT_POLICY}"), format!("--audit-log-path={AUDIT_LOG}")]);
        }
        flags
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_DEADLINE;
        let mut client = None;
        loop {
            for server in &mut self.servers {
                server.check_running()?;
            }
            if client.is_none() && self.write_kubeconfig()? {
                client = Some(kubeconfig::client(&self.kubeconfig()).await?);
            }
            if let Some(client) = &client
                && tokio::time::timeout(PROBE_TIMEOUT, is_ready(client)).await.unwrap_or(false)
            {
                return Ok(());
            }
            let last_words = self.servers.last().map(Server::last_words).unwrap_or_default();
            ensure!(Instant::now() < deadline, "the cluster is not ready after {START_DEADLINE:?}:\n{last_words}");
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Writes the admin's kubeconfig, once the API server has made its certificate: the key is written last.
    fn write_kubeconfig(&self) -> Result<bool> {
        let certificates = self.folder.join(CERTIFICATES);
        if fs::metadata(certificates.join("apiserver.key")).map_or(0, |file| file.len()) == 0 {
            return Ok(false);
        }
        let authority = fs::read(certificates.join("apiserver.crt")).context("the certificate can't be read")?;
        let cluster = Cluster {
            server: Some(format!("https://127.0.0.1:{}", self.port)),
            certificate_authority_data: Some(BASE64_STANDARD.encode(authority)),
            ..Cluster::default()
        };
        kubeconfig::write(&self.kubeconfig(), &cluster, "default", credentials::ADMIN, &self.token)?;
        Ok(true)
    }
}

/// etcd on sockets in its folder, whose names must look like ports; test data need not survive a power cut.
const ETCD_FLAGS: [&str; 7] = [
    "--data-dir=etcd",
    "--listen-client-urls=unix://etcd-clients:0",
    "--advertise-client-urls=unix://etcd-clients:0",
    "--listen-peer-urls=unix://etcd-peers:0",
    "--initial-advertise-peer-urls=unix://etcd-peers:0",
    "--initial-cluster=default=unix://etcd-peers:0",
    "--unsafe-no-fsync",
];

/// The flags of the API server that are the same for every cluster.
const API_SERVER_FLAGS: [&str; 9] = [
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    // Nobody reaches this server by its Service, and an endpoint can't be a loopback address.
    "--endpoint-reconciler-type=none",
    "--service-account-issuer=https://kubernetes.default.svc",
    "--authorization-mode=RBAC",
    // No controller makes the service accounts that this plugin demands.
    "--disable-admission-plugins=ServiceAccount",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--allow-privileged=true",
    // Debug endpoints.
    "--profiling=false",
];

/// A command under [`STDIN_SCRIPT`].
fn watched(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", STDIN_SCRIPT, "sh"]).arg(program);
    command
}

/// Ready means: all checks pass, and the namespace `default` exists, which is made a moment later.
async fn is_ready(client: &Client) -> bool {
    let Ok(request) = http::Request::get("/readyz").body(Vec::new()) else { return false };
    client.request_text(request).await.is_ok_and(|answer| answer == "ok")
        && Api::<Namespace>::all(client.clone()).get("default").await.is_ok()
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let mut random = [0; 2];
    for _ in 0..PORTS {
        SystemRandom::new().fill(&mut random).ok().context("no random numbers")?;
        let port = FIRST_PORT + u16::from_ne_bytes(random) % PORTS;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no port is free between {FIRST_PORT} and {}", FIRST_PORT + PORTS)
}
