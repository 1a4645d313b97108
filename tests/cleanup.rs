//! Whatever happens to the tool, nothing of a run is left: no replica, no service, no daemon of theirs, no folder, no mount.
//!
//! The tool is played by a process of its own, the ignored test `tool` of this file, which drives the real launcher.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
#![cfg(target_os = "linux")]

mod common;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;

use common::{Memory, PATIENCE, launcher, processes_with, project, shell, wait_until};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use scaleproof::model::event::Event;
use scaleproof::replica::Launcher;
use scaleproof::replica::process::{DiskChoice, Service};

#[test]
#[ignore = "this is the app that the other tests start"]
fn app() {
    common::app::serve();
}

/// How the tool behaves once its fleet is up; handed over in the environment.
const ENDING: &str = "CLEANUP_TEST_ENDING";
const TOKEN: &str = "CLEANUP_TEST_TOKEN";
const PROJECT: &str = "CLEANUP_TEST_PROJECT";
const DISK: &str = "CLEANUP_TEST_DISK";

#[test]
#[ignore = "this is the tool that the other tests end"]
fn tool() {
    let Ok(ending) = std::env::var(ENDING) else { return };
    let (token, project) = (std::env::var(TOKEN).unwrap(), std::env::var(PROJECT).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut launcher = launcher(Path::new(&project));
        let serve = common::app::command().join(" ");
        // Two daemons: one leaves session and parent, one its environment too. Neither listens to SIGTERM.
        let line = format!(
            "trap '' TERM; setsid -f sleep {token}; env -i setsid -f sh -c 'sleep {token} & exec sleep {token}'; exec {serve}"
        );
        launcher.command = shell(&line);
        launcher.stop_grace = std::time::Duration::from_millis(100);
        if std::env::var(DISK).as_deref() == Ok("copy") {
            launcher.disk = DiskChoice::Copy;
        }
        let env = Vec::new();
        let command = launcher.command.clone();
        launcher.services = vec![Service { name: "store".into(), command, env, ready_timeout: PATIENCE }];
        let memory = Arc::new(Memory::default());
        if ending == "starting" {
            launcher.readiness.path = Some("/read/never".into());
            println!("\nrun {} ?", launcher.run.folder().display());
        }
        let fleet = launcher.start(2, memory.clone()).await;
        assert_eq!(fleet.upstreams().len(), 2, "{:?}", memory.events());
        let isolation = memory.pick(|event| match event {
            Event::ReplicaStarting { isolation, .. } => Some(isolation),
            _ => None,
        });
        println!("\nrun {} {:?}", launcher.run.folder().display(), isolation[0]);
        match &*ending {
            "success" => fleet.stop().await,
            "failure" => drop(fleet),
            "panic" => panic!("the tool has a bug"),
            "exit" => std::process::exit(1),
            _ => std::future::pending().await,
        }
    });
}

/// The tool, running.
struct Tool {
    process: Child,
    folder: PathBuf,
    isolation: String,
    token: String,
    /// Held open, so that its last lines do not fail.
    _output: BufReader<ChildStdout>,
    _project: tempfile::TempDir,
}

impl Tool {
    /// Starts it with `wrapper` in front and waits until its fleet is up.
    fn start(wrapper: &[&str], ending: &str, disk: &str) -> Tool {
        use std::os::unix::process::CommandExt;
        let project = project(&[("data", "x")]);
        let token = format!("86400.{}", fastrand::u32(1_000_000_000..));
        let tool = common::this_executable().to_string_lossy().into_owned();
        let words = [wrapper, &[&tool, "--exact", "tool", "--ignored", "--nocapture"]].concat();
        let mut process = Command::new(words[0])
            .args(&words[1..])
            .envs([(ENDING, ending), (TOKEN, &token), (DISK, disk)])
            .env(PROJECT, project.path())
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("run ") {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "the tool ended early");
        }
        let run = line.trim_start_matches("run ").trim_end();
        let (folder, isolation) = run.split_once(' ').unwrap();
        let (folder, isolation) = (folder.into(), isolation.to_owned());
        Tool { process, folder, isolation, token, _output: output, _project: project }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process.id()).unwrap()).unwrap()
    }

    fn daemons(&self) -> usize {
        processes_with(&format!("sleep\0{}", self.token)).len()
    }

    /// Waits for its end and for the end of everything that it had made.
    fn ends_without_a_trace(mut self) -> ExitStatus {
        let status = self.process.wait().unwrap();
        let run = self.folder.display().to_string();
        // Every process of the run has the folder of the run or the token in its command line or its environment.
        wait_until("daemons are dead", || self.daemons() == 0);
        wait_until("the folder is gone", || !self.folder.exists());
        wait_until("replicas and services are dead", || processes_that_mention(&run).is_empty());
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(&run), "{mounts}");
        status
    }
}

/// Living processes of which an entry of the environment or the mount table mentions `text`.
fn processes_that_mention(text: &str) -> Vec<u32> {
    let own = std::process::id();
    let pids =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|it| it.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|&pid| pid != own)
        .filter(|pid| {
            ["environ", "cmdline"].iter().any(|file| {
                let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                String::from_utf8_lossy(&bytes).contains(text)
            })
        })
        .collect()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn nothing_is_left_after_success() {
    assert!(Tool::start(&[], "success", "").ends_without_a_trace().success());
}

#[test]
fn nothing_is_left_after_an_error_that_drops_the_fleet() {
    assert!(Tool::start(&[], "failure", "").ends_without_a_trace().success());
}

#[test]
fn nothing_is_left_after_a_panic() {
    assert_eq!(Tool::start(&[], "panic", "").ends_without_a_trace().code(), Some(101));
}

#[test]
fn nothing_is_left_after_an_exit_that_runs_no_destructors() {
    assert_eq!(Tool::start(&[], "exit", "").ends_without_a_trace().code(), Some(1));
}

#[test]
fn nothing_is_left_after_ctrl_c() {
    let tool = Tool::start(&[], "wait", "");
    assert!(tool.daemons() > 0);
    // A terminal sends it to the whole foreground group.
    kill_process_group(tool.pid(), Signal::INT).unwrap();
    assert!(!tool.ends_without_a_trace().success());
}

#[test]
fn nothing_is_left_when_the_tool_is_killed() {
    let tool = Tool::start(&[], "wait", "");
    assert!(tool.daemons() > 0);
    kill_process(tool.pid(), Signal::KILL).unwrap();
    assert!(!tool.ends_without_a_trace().success());
}

#[test]
fn nothing_is_left_when_the_tool_is_killed_while_replicas_start() {
    let tool = Tool::start(&[], "starting", "");
    wait_until("some of it runs", || tool.daemons() > 0);
    kill_process_group(tool.pid(), Signal::KILL).unwrap();
    assert!(!tool.ends_without_a_trace().success());
}

#[test]
fn nothing_is_left_without_overlays_either() {
    if !is_root() {
        eprintln!("skipped: without overlays only root gets the namespace by which a hidden daemon is known");
        return;
    }
    let tool = Tool::start(&[], "wait", "copy");
    assert!(tool.daemons() > 0);
    kill_process(tool.pid(), Signal::KILL).unwrap();
    assert!(!tool.ends_without_a_trace().success());
}

#[test]
fn an_ordinary_user_gets_overlays_and_leaves_nothing_either() {
    if !is_root() {
        eprintln!("skipped: the other tests of this file already run as an ordinary user");
        return;
    }
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    let trial = Command::new(nobody[0]).args(&nobody[1..]).args(["unshare", "-Urm", "true"]).status();
    if !trial.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine gives ordinary users no mount namespace");
        return;
    }
    let tool = Tool::start(&nobody, "wait", "");
    assert_eq!(tool.isolation, "Overlay");
    assert!(tool.daemons() > 0);
    kill_process(tool.pid(), Signal::KILL).unwrap();
    tool.ends_without_a_trace();
}
