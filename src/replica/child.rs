//! One process that we started, from its first breath to the last of its descendants.

use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use crate::model::event::Exit;

use super::family::{self, Family, MEMBER_VARIABLE, MountSpace, RUN_VARIABLE};
use super::guard::Word;
use super::mark::{Mark, Marked};
use super::output::Output;
use super::run::Run;
use super::shim::{self, Failure, Plan, Step};

/// How long the last words of an ended process may take to arrive; its descendants are dead by then.
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(500);
/// How long a SIGKILL may take before we stop waiting for it.
const KILLED_WITHIN: Duration = Duration::from_secs(5);

/// What to start.
pub struct Start {
    pub run: Arc<Run>,
    /// Unique within the run: `2/r1`.
    pub label: String,
    pub variables: Vec<(String, String)>,
    /// Where its output is kept when it has ended.
    pub log: PathBuf,
    /// Told once, when it has ended with all its descendants. Runs on a thread of its own.
    pub on_end: Box<dyn FnOnce(End) + Send>,
}

/// How a process ended.
pub struct End {
    pub exit: Exit,
    pub stage: Stage,
    pub output: Output,
}

/// Where in its life a process is, as far as we had a hand in it.
#[derive(Clone, Copy, Debug)]
pub enum Stage {
    Starting,
    Ready,
    /// We told it to end.
    Stopping(Instant),
    /// It ended.
    Ended,
}

/// A running process. Dropping it kills it and its descendants and blocks until they are gone, so [`Child::stop`] it before where
/// others wait for the thread.
pub struct Child {
    pid: u32,
    mark: Option<Mark>,
    shared: Arc<Shared>,
    ended: watch::Receiver<Option<Exit>>,
    keeper: Option<JoinHandle<()>>,
    run: Arc<Run>,
}

struct Shared {
    output: Output,
    stage: Mutex<Stage>,
    family: Mutex<Family>,
    /// Once reaped, the number may belong to somebody else and must not be signalled.
    reaped: Mutex<bool>,
}

impl Shared {
    fn set_stage(&self, stage: Stage) -> Stage {
        std::mem::replace(&mut *lock(&self.stage), stage)
    }
}

impl Child {
    /// Starts the shim, which becomes the command.
    ///
    /// # Errors
    /// When no process could be made.
    pub fn spawn(start: Start) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(start.run.executable());
        command
            .arg(shim::ARGUMENT)
            .stdin(OwnedFd::from(theirs))
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0);
        // What the tool itself was told about a port is not meant for a replica.
        command.env_remove("PORT");
        command.envs(start.variables.iter().map(|(name, value)| (name, value)));
        let member = format!("{}/{}", start.run.id(), start.label);
        command.env(RUN_VARIABLE, start.run.id()).env(MEMBER_VARIABLE, &member);

        let mark = start.run.next_mark();
        let limit = mark.map(|mark| Marked::Member(mark.member));
        let shared = Arc::new(Shared {
            output: Output::default(),
            stage: Mutex::new(Stage::Starting),
            family: Mutex::new(Family::marked(MEMBER_VARIABLE, &member, limit)),
            reaped: Mutex::new(false),
        });
        let (ended_sender, ended) = watch::channel(None);
        let (pid_sender, pid) = mpsc::channel();
        let keeper =
            Keeper { shared: shared.clone(), guard: start.run.guard().clone(), log: start.log, on_end: start.on_end };
        let keeper = std::thread::Builder::new().name(format!("keeper of {}", start.label)).spawn(move || {
            // The kernel's death signal is bound to the thread that starts a process, so that thread has to live as long.
            match command.spawn() {
                Ok(process) => {
                    drop(command);
                    keeper.watch(process, reader, &pid_sender, &ended_sender);
                }
                Err(error) => drop(pid_sender.send(Err(error))),
            }
        })?;
        let pid = pid.recv().map_err(io::Error::other)??;
        Ok((Child { pid, mark, shared, ended, keeper: Some(keeper), run: start.run }, ours))
    }

    /// Hands the plan over and waits until the process has become its command.
    ///
    /// # Errors
    /// What the shim says.
    pub async fn become_app(&self, socket: UnixStream, plan: Plan) -> Result<(), Failure> {
        let answer = exchange(socket, &Plan { mark: self.mark, ..plan }).await;
        self.note_mount_space();
        let answer = answer.map_err(|error| Failure { step: Step::Command, message: error.to_string() })?;
        if answer.is_empty() {
            return Ok(());
        }
        let garbled = |_| Failure { step: Step::Command, message: String::from_utf8_lossy(&answer).into_owned() };
        Err(serde_json::from_slice(&answer).unwrap_or_else(garbled))
    }

    fn note_mount_space(&self) {
        let reaped = lock(&self.shared.reaped);
        if let Some(space) = MountSpace::of(self.pid).filter(|_| !*reaped) {
            lock(&self.shared.family).mount_spaces.insert(self.pid, Arc::new(space));
            self.run.guard().tell(&Word::MountSpace(self.pid));
        }
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What it printed.
    pub fn output(&self) -> &Output {
        &self.shared.output
    }

    /// The living processes of this child, itself first.
    pub fn members(&self) -> Vec<u32> {
        let mut family = lock(&self.shared.family).clone();
        family.groups.insert(self.pid);
        let mut members = family.members();
        members.sort_by_key(|&pid| pid != self.pid);
        members
    }

    /// From now on an end is nobody's fault but its own. False when it has ended already.
    pub fn mark_ready(&self) -> bool {
        let mut stage = lock(&self.shared.stage);
        let alive = matches!(*stage, Stage::Starting);
        if alive {
            *stage = Stage::Ready;
        }
        alive
    }

    /// Waits for its end. `None` when the watching thread broke, which is a bug of ours.
    pub async fn ended(&self) -> Option<Exit> {
        let mut ended = self.ended.clone();
        ended.wait_for(Option::is_some).await.ok().and_then(|exit| *exit)
    }

    /// SIGTERM to the whole group, and SIGKILL to what is left after `grace`. Returns when all of it is gone.
    pub async fn stop(&self, grace: Duration) {
        if self.ended.borrow().is_some() {
            return;
        }
        self.announce_stop();
        self.signal(Signal::TERM);
        if tokio::time::timeout(grace, self.ended()).await.is_err() {
            self.signal(Signal::KILL);
            let _ = tokio::time::timeout(KILLED_WITHIN, self.ended()).await;
        }
    }

    fn announce_stop(&self) {
        let mut stage = lock(&self.shared.stage);
        if !matches!(*stage, Stage::Ended) {
            *stage = Stage::Stopping(Instant::now());
        }
    }

    fn signal(&self, signal: Signal) {
        let reaped = lock(&self.shared.reaped);
        if !*reaped {
            family::signal_group(self.pid, signal);
            // It may have joined another group.
            if signal == Signal::KILL
                && let Some(pid) = family::as_pid(self.pid)
            {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.ended.borrow().is_none() {
            self.announce_stop();
            self.signal(Signal::KILL);
        }
        let deadline = Instant::now() + KILLED_WITHIN;
        while let Some(keeper) = self.keeper.take() {
            if keeper.is_finished() || Instant::now() > deadline {
                return;
            }
            self.keeper = Some(keeper);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn exchange(socket: UnixStream, plan: &Plan) -> io::Result<Vec<u8>> {
    socket.set_nonblocking(true)?;
    let mut socket = tokio::net::UnixStream::from_std(socket)?;
    let mut answer = Vec::new();
    // A shim that ends early closes its side; then its end tells more than our failed write.
    if socket.write_all(&serde_json::to_vec(plan)?).await.is_ok() {
        let _ = socket.shutdown().await;
    }
    match socket.read_to_end(&mut answer).await {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
        _ => Ok(answer),
    }
}

/// The thread that watches one process.
struct Keeper {
    shared: Arc<Shared>,
    guard: Arc<super::guard::Guard>,
    log: PathBuf,
    on_end: Box<dyn FnOnce(End) + Send>,
}

impl Keeper {
    fn watch(
        self,
        mut process: std::process::Child,
        reader: PipeReader,
        pid: &mpsc::Sender<io::Result<u32>>,
        ended: &watch::Sender<Option<Exit>>,
    ) {
        let group = process.id();
        self.guard.tell(&Word::Group(group));
        let _ = pid.send(Ok(group));
        let output = self.shared.output.clone();
        let (all_read_sender, all_read) = mpsc::channel();
        let reading = std::thread::Builder::new().name("output".to_owned()).spawn(move || {
            output.read_from(reader);
            let _ = all_read_sender.send(());
        });

        let exit = self.reap(&mut process);
        self.guard.tell(&Word::GroupEnded(group));
        // As a container does it: when the first process is gone, so is the rest.
        let family = std::mem::take(&mut *lock(&self.shared.family));
        family.end();
        drop(family);
        self.guard.tell(&Word::AllEnded(group));
        if reading.is_ok() {
            let _ = all_read.recv_timeout(LAST_WORDS_WITHIN);
        }
        // A full disk must not hide how the process ended; the lines are in memory.
        let _ = self.shared.output.save(&self.log);
        let stage = self.shared.set_stage(Stage::Ended);
        (self.on_end)(End { exit, stage, output: self.shared.output.clone() });
        let _ = ended.send(Some(exit));
    }

    /// Waits for the end, then kills the rest of the group while the dead leader still holds its number.
    fn reap(&self, process: &mut std::process::Child) -> Exit {
        let group = process.id();
        if let Some(pid) = family::as_pid(group) {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
        }
        let mut reaped = lock(&self.shared.reaped);
        family::signal_group(group, Signal::KILL);
        let status = process.wait();
        *reaped = true;
        status.map_or(Exit::Code(-1), exit_of)
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, signal) => Exit::Signal(signal.unwrap_or_default()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
