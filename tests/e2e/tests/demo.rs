//! The demo, and after it every command that it tells its users to try: the way of a newcomer from apply to gone.

// Clippy's exemption for tests does not reach the helpers of a test file.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

/// The last line before the demo waits.
const WAITS: &str = "Everything keeps running until you press Ctrl-C.";
/// Longest time that a command may take.
const LIMIT: Duration = Duration::from_secs(240);

#[tokio::test]
async fn what_it_says_to_try_works() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_demo"));
    let mut demo = demo.arg("--keep").stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let shown = shown(BufReader::new(demo.stdout.take().unwrap()).lines()).await;
    for text in
        ["+ load-balancer ", "Ready after ", "True", "redirect URI   https://jenkins.bytesource.internal/oauth2/"]
    {
        assert!(shown.contains(text), "{text} in {shown}");
    }
    let (_, next) = shown.split_once("Try next").unwrap();
    let commands: Vec<&str> = next.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let [settings, commands @ ..] = commands.as_slice() else { panic!("{shown}") };
    let kept = shown.lines().find_map(|line| line.split_once("+ file-system ")).unwrap().1.trim();
    let mut said = String::new();
    for command in commands {
        let tried = format!("set -e\n{settings}\n{command}");
        let output = Command::new("sh").args(["-c", &tried]).stdin(Stdio::null()).kill_on_drop(true).output();
        let output =
            tokio::time::timeout(LIMIT, output).await.unwrap_or_else(|_| panic!("{command} does not end")).unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(output.status.success(), "{command}: {text}");
        said += &format!("$ {command}\n{text}\n");
        if command.contains("annotate") {
            repaired(settings, commands).await;
        }
    }
    let steps =
        ["Endpoints:", "patched", "condition met", "retentionInDays: 1 -> 30", "annotated", "30", "deleted", kept];
    let mut rest = said.as_str();
    for step in steps {
        rest = rest.split_once(step).unwrap_or_else(|| panic!("no {step} in {rest}\nof {said}")).1;
    }
    demo.kill().await.unwrap();
}

/// All that the demo prints until it waits.
async fn shown(mut lines: Lines<BufReader<ChildStdout>>) -> String {
    let mut shown = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        shown += &line;
        shown.push('\n');
        if line == WAITS {
            return shown;
        }
    }
    panic!("the demo ended: {shown}")
}

/// Waits until the command that shows what was broken shows it mended.
async fn repaired(settings: &str, commands: &[&str]) {
    let look = commands.iter().find(|command| command.contains("describe-log-groups")).unwrap();
    let mended = format!("{settings}\nuntil {look} | grep -q 30; do sleep 1; done");
    let mut waiting = Command::new("sh");
    let waiting = waiting.args(["-c", &mended]).current_dir(Path::new("/")).kill_on_drop(true).status();
    assert!(tokio::time::timeout(LIMIT, waiting).await.unwrap().unwrap().success());
}
