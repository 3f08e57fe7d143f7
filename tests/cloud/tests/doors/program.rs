//! The program that serves the cloud: what it prints is true, and it ends when it is told to.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};

/// The program while it serves; it does not outlive its test.
struct Program {
    child: Child,
    /// What it said, up to its last line.
    said: String,
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jenkinsstack-cloud"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut program = Self { child: command(arguments).spawn().expect("it starts"), said: String::new() };
        let lines = BufReader::new(program.child.stdout.take().expect("its output")).lines();
        for line in lines.map(|line| line.expect("text")) {
            program.said.push_str(&line);
            program.said.push('\n');
            if line.contains("Interrupt") {
                return program;
            }
        }
        panic!("it ended early: {}", program.said);
    }

    /// A variable that it said to export.
    fn exported(&self, name: &str) -> &str {
        let words = self.said.split_whitespace();
        words.filter_map(|word| word.split_once('=')).find(|(key, _)| *key == name).expect("the variable").1
    }

    fn get(&self, path: &str) -> Value {
        let address = self.exported("AWS_ENDPOINT_URL").trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("a connection");
        write!(stream, "GET /_cloud/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
    }

    fn of_kind(&self, kind: &str) -> Vec<Value> {
        let items = self.get("items");
        let items = items.as_array().expect("a list").iter();
        items.filter(|item| item["kind"] == kind && item["tags"]["Name"] != Value::Null).cloned().collect()
    }

    fn end_by(&mut self, signal: Signal) -> ExitStatus {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("an id");
        kill_process(id, signal).expect("signalled");
        self.child.wait().expect("it ends")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_network_is_there_from_the_start() {
    let program = Program::start(&["--time-factor", "60", "--seed", "7"]);
    assert_eq!(program.exported("AWS_ACCESS_KEY_ID"), "AKIAROOT111122223333");
    let subnets = program.of_kind("ec2:subnet");
    let zones: std::collections::BTreeSet<_> =
        subnets.iter().map(|subnet| subnet["state"]["AvailabilityZone"].to_string()).collect();
    assert_eq!((subnets.len(), zones.len(), program.of_kind("ec2:vpc").len()), (4, 2, 1));
    for (item, words) in [("vpc-", 1), ("subnet-", 4), (":certificate/", 1), ("hosted zone Z", 1)] {
        assert_eq!(program.said.matches(item).count(), words, "{item}: {}", program.said);
    }
    assert_eq!(program.get("time")["factor"], 60.0);
}

#[test]
fn an_empty_account_has_nothing() {
    let program = Program::start(&["--empty"]);
    assert_eq!(program.of_kind("ec2:vpc"), [] as [Value; 0]);
    assert!(!program.said.contains("vpc-"), "{}", program.said);
}

#[test]
fn it_ends_in_good_order_when_it_is_interrupted() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut program = Program::start(&["--empty"]);
        assert!(program.end_by(signal).success());
    }
}

#[test]
fn a_port_or_a_factor_that_can_not_be_is_named() {
    let program = Program::start(&["--empty"]);
    let port = program.exported("AWS_ENDPOINT_URL").rsplit_once(':').expect("a port").1.to_owned();
    for (arguments, named) in [(["--port", &port], "cannot listen on port"), (["--time-factor", "0"], "greater than 0")]
    {
        let output = command(&arguments).output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(named), "{said}");
    }
}
