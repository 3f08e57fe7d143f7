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

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_jenkinsstack-cluster"))
}

impl Program {
    async fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
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
    let program = Program::start(command().arg("--audit").arg("--kubeconfig-out").arg(&copy)).await;
    for kubeconfig in [copy, program.kubeconfig.clone()] {
        let options = Options { source: Source::Existing(kubeconfig), ..Options::default() };
        let namespaces = Cluster::start(options).await.unwrap().kubectl(["get", "namespaces"]).await.unwrap();
        assert!(namespaces.success().unwrap().contains("kube-system"));
    }
}

#[tokio::test]
async fn ends_in_good_order_when_interrupted() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut program = Program::start(&mut command()).await;
        assert!(program.end_by(signal).await.success());
        assert!(!program.servers.iter().copied().any(is_running));
        assert!(!program.kubeconfig.exists());
    }
}

#[tokio::test]
async fn its_servers_end_when_it_is_killed() {
    let mut program = Program::start(&mut command()).await;
    assert!(!program.servers.is_empty() && program.servers.iter().copied().all(is_running));
    program.end_by(Signal::KILL).await;
    eventually("the servers have ended", async || !program.servers.iter().copied().any(is_running)).await;
    eventually("the folder is gone", async || !program.kubeconfig.parent().unwrap().exists()).await;
}

#[tokio::test]
async fn an_existing_cluster_is_only_checked() {
    let program = Program::start(&mut command()).await;
    let output = command().arg("--kubeconfig").arg(&program.kubeconfig).output().await.unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("export KUBECONFIG=") && !text.contains("server process"), "{text}");
}

#[tokio::test]
async fn servers_named_by_the_environment_end_like_our_own() {
    let own = Program::start(&mut command()).await;
    let server = std::fs::read_link(format!("/proc/{}/exe", own.servers[0])).unwrap();
    let assets = tempfile::tempdir().unwrap();
    for name in ["etcd", "kube-apiserver", "kubectl"] {
        std::os::unix::fs::symlink(&server, assets.path().join(name)).unwrap();
    }
    for signal in [Signal::TERM, Signal::KILL] {
        let mut program = Program::start(command().env("KUBEBUILDER_ASSETS", assets.path())).await;
        assert_eq!(program.servers.len(), 2);
        program.end_by(signal).await;
        eventually("the servers have ended", async || !program.servers.iter().copied().any(is_running)).await;
        // Only our own server tidies up after a launcher that was killed.
        let _ = std::fs::remove_dir_all(program.kubeconfig.parent().unwrap());
    }
}

#[tokio::test]
async fn a_missing_go_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let mut program = command();
    for variable in ["KUBEBUILDER_ASSETS", "TEST_ASSET_ETCD", "TEST_ASSET_KUBE_APISERVER"] {
        program.env_remove(variable);
    }
    let output = program.env("PATH", empty.path()).env("JENKINSSTACK_CACHE", empty.path()).output().await.unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("install Go") && text.contains("KUBEBUILDER_ASSETS"), "{text}");
}
