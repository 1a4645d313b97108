//! Where one fleet is started: its folder, the kind of its disks, and the start of each process on it.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant, SystemTime};

use tokio_util::sync::CancellationToken;

use crate::model::event::{Event, Exit, Isolation, NotReady, Sink};
use crate::model::fleet::{Address, Upstream};

use super::child::{Child, End, Stage, Start};
use super::disk::{self, Disk, Layout, Method, OVERLAYS};
use super::environment::{Identity, Listen, wants_socket};
use super::evidence::Layer;
use super::port::{self, Reserved};
use super::process::{DiskChoice, ProcessLauncher, Readiness, Service};
use super::shim::{Failure, Plan};
use super::{readiness, tree};

/// How often a process is started on another port after somebody took the one reserved for it.
const PORT_ATTEMPTS: u32 = 3;
/// How far back a collision is looked for.
const COLLISION_LINES: usize = 400;
/// How long a trial of an overlay may take.
const TRIAL_WITHIN: Duration = Duration::from_secs(10);

type Variables = Vec<(String, String)>;

pub struct Site {
    launcher: ProcessLauncher,
    sink: Arc<dyn Sink>,
    layout: Layout,
    /// The fleet's folder; its name makes labels unique within the run.
    folder: PathBuf,
    /// What the services tell the replicas.
    exports: Variables,
    interrupted: CancellationToken,
    linked: Once,
}

/// A replica that was started, ready or not.
pub struct Replica {
    pub index: u32,
    pub name: String,
    pub child: Child,
    /// `None` when it did not become ready.
    pub upstream: Option<Upstream>,
    /// When it became ready, on the clock of the files that it writes.
    pub ready: Option<SystemTime>,
    pub layers: Vec<Layer>,
    /// The folder of its disk.
    pub own: PathBuf,
}

/// What is to be started.
struct Order<'a> {
    /// Names its folder, its log and its mark.
    label: String,
    name: String,
    index: u32,
    command: &'a [String],
    env: Variables,
    readiness: Readiness,
}

/// What came of it. Without a child not even a process could be made.
struct Attempt {
    child: Option<Child>,
    layers: Vec<Layer>,
    own: PathBuf,
    listen: Listen,
    outcome: Result<Address, NotReady>,
}

/// What is told when a process ends and when it has just begun.
trait Teller: Send + Sync {
    fn starting(&self, listen: &Listen, pid: u32, isolation: Isolation);
    fn ended(&self, end: End);
}

impl Site {
    /// # Errors
    /// In words: when the project or the folder of the run cannot be used.
    pub async fn open(
        launcher: &ProcessLauncher,
        sink: Arc<dyn Sink>,
        interrupted: CancellationToken,
    ) -> Result<Site, String> {
        let project = launcher.project.canonicalize();
        let project = project.map_err(|error| format!("cannot open {}: {error}", launcher.project.display()))?;
        let folder = launcher.run.fleet_folder();
        let folder = folder.map_err(|error| format!("cannot write to {}: {error}", launcher.run.folder().display()))?;
        let method = Method::Copy;
        let shared = launcher.shared.clone();
        let layout = Layout { project, shared, home: disk::home(), folder: folder.clone(), method };
        let (launcher, exports) = (launcher.clone(), Variables::new());
        let mut site = Site { launcher, sink, layout, folder, exports, interrupted, linked: Once::new() };
        site.layout.method = match site.launcher.disk {
            DiskChoice::Shared => Method::Shared,
            DiskChoice::Copy => Method::Copy,
            DiskChoice::Private => site.best_method().await,
        };
        Ok(site)
    }

    async fn best_method(&self) -> Method {
        for (number, method) in OVERLAYS.into_iter().enumerate() {
            let label = format!("trial-{number}");
            let own = self.folder.join(&label);
            let (layout, folder) = (Layout { method, ..self.layout.clone() }, own.clone());
            let works = match tokio::task::spawn_blocking(move || layout.trial(&folder)).await {
                Ok(Ok(plan)) => self.try_out(&label, plan).await,
                _ => false,
            };
            remove(own).await;
            if works {
                return method;
            }
        }
        Method::Copy
    }

    async fn try_out(&self, label: &str, plan: Plan) -> bool {
        let Ok((child, socket)) = self.spawn(label, Variables::new(), Box::new(|_| {})) else { return false };
        let trial =
            async { child.become_app(socket, plan).await.is_ok() && child.ended().await == Some(Exit::Code(0)) };
        let works = tokio::time::timeout(TRIAL_WITHIN, trial).await.unwrap_or(false);
        child.stop(Duration::ZERO).await;
        works
    }

    /// Starts the services, in their order, and keeps them in `running`. `None` when one failed.
    pub async fn with_services(mut self, running: &mut Vec<Child>) -> Option<Site> {
        for service in self.launcher.services.clone() {
            running.push(self.start_service(&service).await?);
        }
        Some(self)
    }

    async fn start_service(&mut self, service: &Service) -> Option<Child> {
        let begun = Instant::now();
        let order = Order {
            label: format!("service-{}", service.name.replace(['/', '\0'], "_")),
            name: service.name.clone(),
            index: 1,
            command: &service.command,
            env: service.env.clone(),
            readiness: Readiness { path: None, timeout: service.ready_timeout },
        };
        let teller = Arc::new(ServiceTeller { name: service.name.clone(), sink: self.sink.clone() });
        let attempt = self.start(order, teller).await;
        let (reason, last_lines) = match (attempt.outcome, attempt.child) {
            (Ok(_), Some(child)) if child.mark_ready() => {
                let after_ms = begun.elapsed().as_secs_f64() * 1000.0;
                self.sink.emit(Event::ServiceReady { name: service.name.as_str().into(), after_ms });
                let identity = Identity { name: service.name.clone(), index: 1, listen: attempt.listen };
                self.exports.extend(service.env.iter().map(|(name, value)| (name.clone(), identity.fill(value))));
                return Some(child);
            }
            (outcome, child) => {
                let reason = outcome.map_or_else(|reason| in_words(&reason), |_| "it ended at once".to_owned());
                if let Some(child) = &child {
                    child.stop(Duration::ZERO).await;
                }
                (reason, child.map(|it| it.output().last_words()).unwrap_or_default())
            }
        };
        if self.interrupted.is_cancelled() {
            return None;
        }
        self.sink.emit(Event::ServiceFailed { name: service.name.as_str().into(), reason, last_lines });
        None
    }

    /// Starts one replica and waits until it is ready or has failed; tells either. `None` when there is no process.
    pub async fn start_replica(&self, index: u32, name: String, links: Variables) -> Option<Replica> {
        if self.interrupted.is_cancelled() {
            return None;
        }
        let begun = Instant::now();
        let mut env = self.exports.clone();
        env.extend(links);
        env.extend(self.launcher.env.clone());
        let order = Order {
            label: name.clone(),
            name: name.clone(),
            index,
            command: &self.launcher.command,
            env,
            readiness: self.launcher.readiness.clone(),
        };
        let teller = Arc::new(ReplicaTeller { name: name.clone(), sink: self.sink.clone() });
        let attempt = self.start(order, teller).await;
        let outcome = match (attempt.outcome, &attempt.child) {
            // It may have ended in this very moment.
            (Ok(_), Some(child)) if !child.mark_ready() => match child.ended().await {
                Some(exit) => Err(NotReady::Exited { exit }),
                None => Err(NotReady::NotStarted { error: "its watching thread broke".to_owned() }),
            },
            (outcome, _) => outcome,
        };
        let upstream = match outcome {
            Ok(address) => {
                let after_ms = begun.elapsed().as_secs_f64() * 1000.0;
                self.sink.emit(Event::ReplicaReady { replica: name.as_str().into(), after_ms });
                Some(Upstream { name: name.as_str().into(), address })
            }
            // That it was ended by us is not its fault.
            Err(_) if self.interrupted.is_cancelled() => None,
            Err(reason) => {
                let last_lines = attempt.child.as_ref().map(|child| child.output().last_words()).unwrap_or_default();
                not_ready(&*self.sink, &name, reason, last_lines);
                None
            }
        };
        let ready = upstream.is_some().then(SystemTime::now);
        let child = attempt.child?;
        Some(Replica { index, name, child, upstream, ready, layers: attempt.layers, own: attempt.own })
    }

    /// Starts a process, again on another port when somebody else took the one that we had reserved.
    async fn start(&self, order: Order<'_>, teller: Arc<dyn Teller>) -> Attempt {
        let mut number = 1;
        loop {
            let attempt = self.attempt(&order, teller.clone()).await;
            let lost_port = match (&attempt.outcome, &attempt.child, &attempt.listen) {
                (Err(NotReady::Exited { .. }), Some(child), Listen::Port(port)) => {
                    collided(&child.output().last_lines(COLLISION_LINES)) && port::is_taken(*port)
                }
                _ => false,
            };
            if !lost_port || number == PORT_ATTEMPTS {
                return attempt;
            }
            drop(attempt.child);
            remove(attempt.own).await;
            number += 1;
        }
    }

    async fn attempt(&self, order: &Order<'_>, teller: Arc<dyn Teller>) -> Attempt {
        let own = self.folder.join(&order.label);
        let mut attempt = Attempt {
            child: None,
            layers: Vec::new(),
            own: own.clone(),
            listen: Listen::Port(0),
            outcome: Err(NotReady::NotStarted { error: String::new() }),
        };
        attempt.outcome = match self.prepare(order, own).await {
            Ok((listen, reserved, disk)) => {
                attempt.listen = listen;
                attempt.run(self, order, teller, reserved, disk).await
            }
            Err(error) => Err(NotReady::NotStarted { error: format!("no private disk could be made: {error}") }),
        };
        attempt
    }

    async fn prepare(&self, order: &Order<'_>, own: PathBuf) -> io::Result<(Listen, Option<Reserved>, Disk)> {
        let (layout, stop) = (self.layout.clone(), self.interrupted.clone());
        let disk = tokio::task::spawn_blocking(move || layout.make(&own, &stop)).await.map_err(io::Error::other)??;
        self.note_links(&disk.linked);
        let words = order.command.iter().chain(order.env.iter().map(|(_, value)| value));
        if wants_socket(words.map(String::as_str)) {
            return Ok((Listen::Socket(self.folder.join(format!("{}.sock", order.label))), None, disk));
        }
        let reserved = Reserved::any()?;
        Ok((Listen::Port(reserved.number()?), Some(reserved), disk))
    }

    /// Says once for all replicas where their disks are not private.
    fn note_links(&self, linked: &[PathBuf]) {
        if linked.is_empty() {
            return;
        }
        self.linked.call_once(|| {
            let names: Vec<_> = linked.iter().map(|path| format!("{}/*/", path.display())).collect();
            let text = format!(
                "this machine has neither overlays nor reflinks here, so the replicas share {} with the project itself: what \
                 they write there stays there",
                names.join(", ")
            );
            self.sink.emit(Event::Noted { text });
        });
    }

    fn spawn(
        &self,
        label: &str,
        variables: Variables,
        on_end: Box<dyn FnOnce(End) + Send>,
    ) -> io::Result<(Child, UnixStream)> {
        let fleet = self.folder.file_name().unwrap_or_default().to_string_lossy();
        Child::spawn(Start {
            run: self.launcher.run.clone(),
            label: format!("{fleet}/{label}"),
            variables,
            log: self.folder.join(format!("{label}.log")),
            on_end,
        })
    }
}

impl Attempt {
    async fn run(
        &mut self,
        site: &Site,
        order: &Order<'_>,
        teller: Arc<dyn Teller>,
        reserved: Option<Reserved>,
        disk: Disk,
    ) -> Result<Address, NotReady> {
        let not_started = |error: String| NotReady::NotStarted { error };
        let identity = Identity { name: order.name.clone(), index: order.index, listen: self.listen.clone() };
        let mut variables = disk.variables;
        variables.extend(identity.variables());
        variables.extend(order.env.iter().map(|(name, value)| (name.clone(), identity.fill(value))));
        let command = order.command.iter().map(|word| identity.fill(word)).collect();
        let plan = Plan { mounts: disk.mounts, directory: disk.directory, command, mark: None };
        let at_end = teller.clone();
        let spawned = site.spawn(&order.label, variables, Box::new(move |end| at_end.ended(end)));
        let (child, socket) = spawned.map_err(|error| not_started(format!("no process could be made: {error}")))?;
        self.layers = disk.layers;
        let child = self.child.insert(child);
        teller.starting(&self.listen, child.pid(), disk.isolation);
        drop(reserved);
        child.become_app(socket, plan).await.map_err(|Failure { message, .. }| not_started(message))?;
        tokio::select! {
            biased;
            () = site.interrupted.cancelled() => Err(not_started("interrupted".to_owned())),
            found = readiness::wait(child, &self.listen, &order.readiness) => found,
        }
    }
}

struct ReplicaTeller {
    name: String,
    sink: Arc<dyn Sink>,
}

impl Teller for ReplicaTeller {
    fn starting(&self, listen: &Listen, pid: u32, isolation: Isolation) {
        let address = match listen {
            Listen::Port(port) => format!("127.0.0.1:{port}"),
            Listen::Socket(path) => format!("unix:{}", path.display()),
        };
        self.sink.emit(Event::ReplicaStarting { replica: self.name.as_str().into(), address, pid, isolation });
    }

    /// An end before it was ready is told as `ReplicaNotReady`.
    fn ended(&self, end: End) {
        let since = match end.stage {
            Stage::Starting | Stage::Ended => return,
            Stage::Ready => None,
            Stage::Stopping(since) => Some(since),
        };
        self.sink.emit(Event::ReplicaExited {
            replica: self.name.as_str().into(),
            exit: end.exit,
            expected: since.is_some(),
            after_signal_ms: since.map(|since| since.elapsed().as_secs_f64() * 1000.0),
            last_lines: end.output.last_words(),
        });
    }
}

struct ServiceTeller {
    name: String,
    sink: Arc<dyn Sink>,
}

impl Teller for ServiceTeller {
    fn starting(&self, _: &Listen, _: u32, _: Isolation) {}

    fn ended(&self, end: End) {
        if matches!(end.stage, Stage::Ready) {
            let reason = format!("it ended while the replicas ran: {}", in_words(&NotReady::Exited { exit: end.exit }));
            let last_lines = end.output.last_words();
            self.sink.emit(Event::ServiceFailed { name: self.name.as_str().into(), reason, last_lines });
        }
    }
}

pub fn not_ready(sink: &dyn Sink, name: &str, reason: NotReady, last_lines: Vec<String>) {
    sink.emit(Event::ReplicaNotReady { replica: name.into(), reason, last_lines });
}

/// Removes a folder of ours without holding up the runtime. What is left goes with the run.
async fn remove(folder: PathBuf) {
    let _ = tokio::task::spawn_blocking(move || tree::remove(&folder)).await;
}

/// The ways in which runtimes say EADDRINUSE.
fn collided(last_lines: &[String]) -> bool {
    let lines = last_lines.iter().map(|line| line.to_ascii_lowercase());
    lines.into_iter().any(|line| line.contains("eaddrinuse") || line.contains("address already in use"))
}

fn in_words(reason: &NotReady) -> String {
    match reason {
        NotReady::NotStarted { error } => error.clone(),
        NotReady::Exited { exit: Exit::Code(code) } => format!("exited with code {code}"),
        NotReady::Exited { exit: Exit::Signal(signal) } => format!("killed by signal {signal}"),
        NotReady::OtherPort { expected, listening } => {
            let ports: Vec<String> = listening.iter().map(u16::to_string).collect();
            format!("listens on {} instead of {expected}; does its command use {{port}}?", ports.join(", "))
        }
        NotReady::Deadline { seconds, last_answer } => {
            format!("not ready within {seconds} s; last answer: {last_answer}")
        }
    }
}
