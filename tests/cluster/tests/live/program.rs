//! The program in the foreground: what it prints works, and its servers end with it.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use crate::probe::{eventually, is_running};
use jenkinsstack_cluster::{Cluster, Options, Source};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The program while it serves.
struct Program {
    child: Child,
    servers: Vec<u32>,
    kubeconfig: PathBuf,
}

impl Program {
    async fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jenkinsstack-cluster"));
        let mut child = command.args(args).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut servers, mut kubeconfig) = (Vec::new(), PathBuf::new());
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(path) = line.strip_prefix("export KUBECONFIG=") {
                kubeconfig = path.into();
            } else if let Some(ids) = line.strip_prefix("server process: ") {
                servers = serde_json::from_str(ids).unwrap();
            } else if line.starts_with("Interrupt") {
                return Self { child, servers, kubeconfig };
            }
        }
        panic!("the program ended early");
    }

    async fn end_by(&mut self, signal: Signal) -> ExitStatus {
        let id = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
        self.child.wait().await.unwrap()
    }
}

#[tokio::test]
async fn its_kubeconfig_works() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("kubeconfig");
    let program = Program::start(&["--audit", "--kubeconfig-out", copy.to_str().unwrap()]).await;
    for kubeconfig in [copy, program.kubeconfig.clone()] {
        let options = Options { source: Source::Existing(kubeconfig), ..Options::default() };
        let namespaces = Cluster::start(options).await.unwrap().kubectl(["get", "namespaces"]).await.unwrap();
        assert!(namespaces.success().unwrap().contains("kube-system"));
    }
}

#[tokio::test]
async fn ends_in_good_order_when_interrupted() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut program = Program::start(&[]).await;
        assert!(program.end_by(signal).await.success());
        assert!(!program.servers.iter().copied().any(is_running));
        assert!(!program.kubeconfig.exists());
    }
}

#[tokio::test]
async fn its_servers_end_when_it_is_killed() {
    let mut program = Program::start(&[]).await;
    assert!(!program.servers.is_empty() && program.servers.iter().copied().all(is_running));
    program.end_by(Signal::KILL).await;
    eventually("the servers have ended", async || !program.servers.iter().copied().any(is_running)).await;
    eventually("the folder is gone", async || !program.kubeconfig.parent().unwrap().exists()).await;
}

#[tokio::test]
async fn an_existing_cluster_is_only_checked() {
    let program = Program::start(&[]).await;
    let mut guest = Command::new(env!("CARGO_BIN_EXE_jenkinsstack-cluster"));
    let output = guest.arg("--kubeconfig").arg(&program.kubeconfig).output().await.unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("export KUBECONFIG=") && !text.contains("server process"), "{text}");
}
