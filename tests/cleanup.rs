//! Whatever happens to the tool, nothing of a run is left: no replica, no service, no daemon of theirs, no folder, no mount.
//!
//! The real binary is ended by every signal at every stage. What it cannot be asked for, a bug of its own, is played by a
//! process that drives the library: the ignored test `tool` of this file.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, clippy::exit)]
#![cfg(target_os = "linux")]

mod common;

use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use common::{Memory, PATIENCE, launcher, processes_with, shell, wait_until};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use scaleproof::replica::Launcher;
use scaleproof::replica::process::{DiskChoice, Service};
use tokio_util::sync::CancellationToken;

#[test]
#[ignore = "this is the app that the other tests start"]
fn app() {
    common::app::serve();
}

/// Numbers that `sleep` takes and nobody else uses: by them a test finds its own processes.
struct Tokens {
    /// Daemons that leave their parent, their session and their environment, and do not listen to SIGTERM.
    daemon: String,
    /// A replica that was told to end and does not.
    stopping: String,
}

impl Tokens {
    fn new() -> Tokens {
        let token = || format!("86400.{}", fastrand::u32(1_000_000_000..));
        Tokens { daemon: token(), stopping: token() }
    }

    /// A shell line that leaves daemons behind and then serves the app.
    fn line(&self) -> String {
        let Tokens { daemon, stopping } = self;
        let serve = common::app::command().join(" ");
        format!(
            "trap '' TERM; setsid -f sleep {daemon}; env -i setsid -f sh -c 'sleep {daemon} & exec sleep {daemon}'; \
             {serve} & trap 'trap \"\" TERM; sleep {stopping}' TERM; wait"
        )
    }

    fn daemons(&self) -> usize {
        processes_with(&format!("sleep\0{}", self.daemon)).len()
    }

    fn stopping(&self) -> Vec<u32> {
        processes_with(&format!("sleep\0{}", self.stopping))
    }
}

/// When the tool is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// Replicas run and are not ready.
    Start,
    /// A request is under way.
    Run,
    /// Replicas were told to end and have not yet.
    Stop,
}

/// Who runs the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    Myself,
    /// An ordinary user, played by root.
    Nobody,
}

impl User {
    /// Everybody that this process can play.
    fn all() -> Vec<User> {
        let root = rustix::process::geteuid().is_root();
        let trial = Command::new(NOBODY[0]).args(&NOBODY[1..]).arg("true").status();
        if root && trial.is_ok_and(|status| status.success()) {
            return vec![User::Myself, User::Nobody];
        }
        eprintln!(
            "skipped: there is {} to play",
            if root { "no setpriv with which nobody is" } else { "only this user" }
        );
        vec![User::Myself]
    }

    fn command(self, program: &Path) -> Command {
        match self {
            User::Myself => Command::new(program),
            User::Nobody => {
                let mut command = Command::new(NOBODY[0]);
                command.args(&NOBODY[1..]).arg(program);
                command
            }
        }
    }
}

const NOBODY: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// The tool, running in a world of its own.
struct Tool {
    process: Child,
    tokens: Tokens,
    /// All that it makes for a run goes below this; outside of `/tmp`, which replicas see through an overlay.
    base: tempfile::TempDir,
    project: PathBuf,
}

/// What is left of it.
struct Left {
    status: ExitStatus,
    said: String,
    log: String,
}

impl Tool {
    /// A project on a fresh base, for the binary as well as for the library.
    fn project() -> (tempfile::TempDir, PathBuf) {
        let base = tempfile::tempdir_in("/var/tmp").unwrap();
        let project = base.path().join("project");
        let runs = base.path().join("runs");
        fs::create_dir(&project).unwrap();
        fs::create_dir(&runs).unwrap();
        for folder in [base.path(), &project, &runs] {
            fs::set_permissions(folder, Permissions::from_mode(0o777)).unwrap();
        }
        (base, project)
    }

    fn spawn(mut command: Command, tokens: Tokens, base: tempfile::TempDir, project: PathBuf) -> Tool {
        let process = command
            .current_dir(&project)
            .env("TMPDIR", base.path().join("runs"))
            .env("HOME", &project)
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Tool { process, tokens, base, project }
    }

    /// `scaleproof test` on two replicas and a service, all with daemons. `ready`: what a replica is asked for at its start;
    /// `path`: what a user then asks.
    fn test(user: User, ready: &str, path: &str) -> Tool {
        let (tokens, (base, project)) = (Tokens::new(), Tool::project());
        let command = serde_json::Value::from(shell(&tokens.line()));
        fs::write(
            project.join("scaleproof.yaml"),
            format!("command: {command}\nready: {ready}\nservices: {{ store: {{ command: {command} }} }}\nscenarios: [a.hurl]\n"),
        )
        .unwrap();
        fs::write(project.join("a.hurl"), format!("GET {{{{base}}}}/{path}\nHTTP 200\n")).unwrap();
        let mut command = user.command(Path::new(env!("CARGO_BIN_EXE_scaleproof")));
        command.args(["test", "-n", "2"]);
        Tool::spawn(command, tokens, base, project)
    }

    fn demo(user: User) -> Tool {
        let (base, project) = Tool::project();
        let mut command = user.command(Path::new(env!("CARGO_BIN_EXE_scaleproof")));
        command.arg("demo");
        Tool::spawn(command, Tokens::new(), base, project)
    }

    /// This file's `tool`.
    fn library(user: User, ending: &str, disk: &str) -> Tool {
        let (tokens, (base, project)) = (Tokens::new(), Tool::project());
        let mut command = user.command(&common::this_executable());
        command.args(["--exact", "tool", "--ignored", "--nocapture"]);
        command.envs([(ENDING, ending), (LINE, &tokens.line()), (DISK, disk)]);
        Tool::spawn(command, tokens, base, project)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.project.join(".scaleproof/run.jsonl")).unwrap_or_default()
    }

    fn wait_for(&self, moment: Moment) {
        match moment {
            // Two for each of service and replicas leave their parents; each has one or two sleepers.
            Moment::Start => wait_until("service and replicas run", || self.tokens.daemons() == 9),
            Moment::Run => wait_until("a journey has begun", || self.log().contains("journey-started")),
            Moment::Stop => wait_until("a replica is told to end", || !self.tokens.stopping().is_empty()),
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.process.id()).unwrap()).unwrap()
    }

    fn send(&self, signal: Signal) {
        // A terminal sends Ctrl-C to the whole foreground group.
        match signal {
            Signal::INT => kill_process_group(self.pid(), signal).unwrap(),
            _ => kill_process(self.pid(), signal).unwrap(),
        }
    }

    /// Lets replicas end that are in no hurry to, for as long as the tool waits for them.
    fn hasten(&mut self) {
        wait_until("the tool ends", || {
            for pid in self.tokens.stopping() {
                let _ = kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::KILL);
            }
            // A zombie of ours still has its folder in /proc, but no command line.
            fs::read(format!("/proc/{}/cmdline", self.process.id())).unwrap_or_default().is_empty()
        });
    }

    /// Waits for its end and for the end of everything that it had made.
    fn ends_without_a_trace(mut self) -> Left {
        let mut said = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        let status = self.process.wait().unwrap();
        wait_until("daemons are dead", || self.tokens.daemons() + self.tokens.stopping().len() == 0);
        let runs = self.base.path().join("runs");
        wait_until("the folder is gone", || fs::read_dir(&runs).unwrap().next().is_none());
        // Every process of the run, the guard too, has inherited TMPDIR or speaks of the run's folder.
        let base = self.base.path().display().to_string();
        wait_until("replicas, services and guard are gone", || processes_that_mention(&base).is_empty());
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(&base), "{mounts}");
        let kept = ["a.hurl", "scaleproof.yaml", ".scaleproof"];
        for entry in fs::read_dir(&self.project).unwrap().flatten() {
            assert!(kept.iter().any(|name| entry.file_name() == *name), "{:?} was left in the project", entry.path());
        }
        let log = self.log();
        Left { status, said, log }
    }
}

/// Living processes of which an entry of the environment or the command line mentions `text`.
fn processes_that_mention(text: &str) -> Vec<u32> {
    let own = std::process::id();
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|it| it.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|&pid| pid != own)
        .filter(|pid| {
            ["environ", "cmdline"].iter().any(|file| {
                let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                String::from_utf8_lossy(&bytes).contains(text)
            })
        })
        .collect()
}

/// Ends the real binary at `moment` by `signal`, as everybody.
fn ended_by(signal: Signal, moment: Moment) {
    let (ready, path) = match moment {
        Moment::Start => ("/read/never", ""),
        Moment::Run => ("/", "hang"),
        Moment::Stop => ("/", ""),
    };
    for user in User::all() {
        let mut tool = Tool::test(user, ready, path);
        tool.wait_for(moment);
        assert!(tool.tokens.daemons() > 0);
        tool.send(signal);
        if signal == Signal::KILL {
            let left = tool.ends_without_a_trace();
            assert_eq!(left.status.signal(), Some(Signal::KILL.as_raw()));
            continue;
        }
        tool.hasten();
        let left = tool.ends_without_a_trace();
        assert_eq!(left.status.code(), Some(3), "{user:?}: {}", left.said);
        assert!(left.said.contains("UNKNOWN    interrupted"), "{user:?}: {}", left.said);
        assert!(left.log.contains(r#""event":"run-finished","interrupted":true"#), "{user:?}: {}", left.log);
        let last = left.log.lines().last().unwrap();
        assert!(last.contains("run-finished"), "nothing happens after the end: {last}");
    }
}

#[test]
fn ctrl_c_while_replicas_start_is_told_and_leaves_nothing() {
    ended_by(Signal::INT, Moment::Start);
}

#[test]
fn ctrl_c_while_users_are_on_their_way_is_told_and_leaves_nothing() {
    ended_by(Signal::INT, Moment::Run);
}

#[test]
fn ctrl_c_while_replicas_stop_is_told_and_leaves_nothing() {
    ended_by(Signal::INT, Moment::Stop);
}

#[test]
fn sigterm_while_replicas_start_is_told_and_leaves_nothing() {
    ended_by(Signal::TERM, Moment::Start);
}

#[test]
fn sigterm_while_users_are_on_their_way_is_told_and_leaves_nothing() {
    ended_by(Signal::TERM, Moment::Run);
}

#[test]
fn sigterm_while_replicas_stop_is_told_and_leaves_nothing() {
    ended_by(Signal::TERM, Moment::Stop);
}

#[test]
fn a_kill_while_replicas_start_leaves_nothing() {
    ended_by(Signal::KILL, Moment::Start);
}

#[test]
fn a_kill_while_users_are_on_their_way_leaves_nothing() {
    ended_by(Signal::KILL, Moment::Run);
}

#[test]
fn a_kill_while_replicas_stop_leaves_nothing() {
    ended_by(Signal::KILL, Moment::Stop);
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_replicas_that_do_not_end() {
    for user in User::all() {
        let tool = Tool::test(user, "/", "hang");
        tool.wait_for(Moment::Run);
        tool.send(Signal::INT);
        tool.wait_for(Moment::Stop);
        tool.send(Signal::INT);
        let left = tool.ends_without_a_trace();
        assert_eq!(left.status.code(), Some(3), "{}", left.said);
        assert!(left.said.contains("UNKNOWN    interrupted"), "{}", left.said);
        // In good order the run ends with that; at once, it ends with what was killed.
        assert!(!left.log.contains("run-finished"), "{}", left.log);
        assert!(left.log.contains("replica-exited"), "{}", left.log);
    }
}

#[test]
fn a_run_that_comes_to_its_end_leaves_nothing() {
    for user in User::all() {
        let mut tool = Tool::test(user, "/", "");
        tool.hasten();
        let left = tool.ends_without_a_trace();
        assert!(left.log.contains(r#""event":"run-finished","interrupted":false"#), "{}", left.log);
    }
}

#[test]
fn an_app_that_does_not_start_leaves_nothing() {
    for user in User::all() {
        let (tokens, (base, project)) = (Tokens::new(), Tool::project());
        let line = format!("env -i setsid -f sleep {}; exit 3", tokens.daemon);
        let mut command = user.command(Path::new(env!("CARGO_BIN_EXE_scaleproof")));
        command.args(["test", "-n", "2", "--"]).args(shell(&line));
        let left = Tool::spawn(command, tokens, base, project).ends_without_a_trace();
        assert_eq!(left.status.code(), Some(3), "{}", left.said);
        assert!(left.said.contains("exit code 3"), "{}", left.said);
    }
}

#[test]
fn the_demo_leaves_nothing() {
    for user in User::all() {
        let left = Tool::demo(user).ends_without_a_trace();
        assert!(left.status.success(), "{}", left.said);
    }
}

#[test]
fn an_interrupted_demo_ends_and_leaves_nothing() {
    for user in User::all() {
        for signal in [Signal::INT, Signal::KILL] {
            let tool = Tool::demo(user);
            let shop = format!("internal-shop\0{}", "in-memory");
            let base = tool.base.path().display().to_string();
            let ours = |pid: &u32| processes_that_mention(&base).contains(pid);
            wait_until("a shop runs", || processes_with(&shop).iter().any(ours));
            tool.send(signal);
            let left = tool.ends_without_a_trace();
            assert!(!left.status.success() && !left.said.contains("Now your own app"), "{}", left.said);
        }
    }
}

#[test]
fn a_log_that_cannot_be_kept_is_a_note_and_no_failure() {
    let (base, project) = Tool::project();
    fs::write(project.join(".scaleproof"), "in the way").unwrap();
    let mut command = User::Myself.command(Path::new(env!("CARGO_BIN_EXE_scaleproof")));
    command.args(["test", "-n", "2", "--"]).args(shell("exit 3"));
    let left = Tool::spawn(command, Tokens::new(), base, project).ends_without_a_trace();
    assert_eq!(left.status.code(), Some(3), "{}", left.said);
    assert!(left.said.contains("the log of this run was not kept in .scaleproof"), "{}", left.said);
    assert!(!left.said.contains("again without running"), "{}", left.said);
}

#[test]
fn a_machine_that_refuses_a_folder_decides_nothing() {
    let (base, project) = Tool::project();
    let mut command = Command::new(env!("CARGO_BIN_EXE_scaleproof"));
    command.current_dir(&project).env("TMPDIR", base.path().join("nowhere")).args(["test", "--", "true"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("no run can be begun in") && said.contains("nowhere"), "{said}");
}

/// How this file's `tool` ends; handed over in the environment.
const ENDING: &str = "CLEANUP_TEST_ENDING";
const LINE: &str = "CLEANUP_TEST_LINE";
const DISK: &str = "CLEANUP_TEST_DISK";

#[test]
#[ignore = "this is the tool that the other tests end"]
fn tool() {
    let Ok(ending) = std::env::var(ENDING) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut launcher = launcher(&std::env::current_dir().unwrap());
        launcher.command = shell(&std::env::var(LINE).unwrap());
        launcher.stop_grace = std::time::Duration::from_millis(100);
        if std::env::var(DISK).as_deref() == Ok("copy") {
            launcher.disk = DiskChoice::Copy;
        }
        let (command, env) = (launcher.command.clone(), Vec::new());
        launcher.services = vec![Service { name: "store".into(), command, env, ready_timeout: PATIENCE }];
        let memory = Arc::new(Memory::default());
        let fleet = launcher.start(2, memory.clone(), CancellationToken::new()).await;
        assert_eq!(fleet.upstreams().len(), 2, "{:?}", memory.events());
        match &*ending {
            "failure" => drop(fleet),
            "panic" => panic!("the tool has a bug"),
            "exit" => std::process::exit(1),
            _ => std::future::pending().await,
        }
    });
}

#[test]
fn an_error_that_drops_the_fleet_leaves_nothing() {
    assert!(Tool::library(User::Myself, "failure", "").ends_without_a_trace().status.success());
}

#[test]
fn a_panic_leaves_nothing() {
    assert_eq!(Tool::library(User::Myself, "panic", "").ends_without_a_trace().status.code(), Some(101));
}

#[test]
fn an_exit_that_runs_no_destructors_leaves_nothing() {
    assert_eq!(Tool::library(User::Myself, "exit", "").ends_without_a_trace().status.code(), Some(1));
}

#[test]
fn without_overlays_a_hidden_daemon_is_found_all_the_same() {
    for user in User::all() {
        let tool = Tool::library(user, "wait", "copy");
        tool.wait_for(Moment::Start);
        tool.send(Signal::KILL);
        tool.ends_without_a_trace();
        assert!(Tool::library(user, "failure", "copy").ends_without_a_trace().status.success());
    }
}
