//! One trial of an app: lint its folder, run the fleet and the control, evaluate the log.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::{Failure, Result};
use super::progress::Progress;
use super::{assemble, lint, project};
use crate::config::{Config, Isolation, Start};
use crate::experiment::{self, Limits, Plan, Recorder};
use crate::model::report::{LintReport, TestReport};
use crate::policy::acceptance;
use crate::replica::process::{DiskChoice, ProcessLauncher, Readiness, Service, StartOrder};
use crate::replica::run::{self, Run};
use crate::scenario::Scenario;

/// The folder, below that of the app, in which the log of the last run and what its replicas printed are kept.
const KEPT: &str = ".scaleproof";

/// The log of the last run, below the folder of the app.
pub const LOG: &str = ".scaleproof/run.jsonl";

/// Everything that decides a trial.
pub struct Trial {
    pub run: Arc<Run>,
    /// The app's folder, absolute.
    pub folder: PathBuf,
    pub config: Config,
    pub scenarios: Vec<Scenario>,
    /// Values for variables that the scenarios use and do not define.
    pub variables: BTreeMap<String, String>,
    pub users: u32,
    pub seed: u64,
    /// Keep the log and what the replicas printed in [`KEPT`].
    pub keep: bool,
}

/// Begins a run of this very executable.
///
/// # Errors
/// When the machine has no room for its folder, or no process for its guard.
pub fn begin() -> Result<Arc<Run>> {
    let base = run::default_base();
    let what = format!("no run can be begun in {}", base.display());
    let run = std::env::current_exe().and_then(|executable| Run::begin(&executable, &base));
    run.map_err(|error| Failure::refused(&what, &error))
}

impl Trial {
    /// Runs it. A fleet that does not start is a report, not an error.
    ///
    /// # Errors
    /// Rules of the project's own that do not parse, or a machine that refuses a thread or a socket. A log that cannot be kept is
    /// a note in the report.
    pub fn run(self) -> Result<TestReport> {
        let lint = self.lint()?;
        let mut notes = Vec::new();
        let (kept, log) = self
            .keep
            .then(|| Kept::open(&self.folder))
            .transpose()
            .unwrap_or_else(|error| {
                notes.push(not_kept(&error));
                None
            })
            .unzip();
        let progress = Progress::new();
        let recorder =
            Arc::new(Recorder::new(log.unwrap_or_else(|| Box::new(io::sink()))).observed_by(progress.observer()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::refused("no threads can be started", &error))?;
        let result = runtime.block_on(self.watched(&lint, &progress, &recorder));
        // It waits for what an abrupt end leaves to its tasks, so that the log is complete.
        drop(runtime);
        drop(progress);
        result.map_err(|error| Failure::refused("the run cannot go on", &error))?;
        let whole =
            recorder.written().and_then(|()| kept.as_ref().map_or(Ok(()), |kept| kept.keep_logs(self.run.folder())));
        notes.extend(whole.as_ref().err().map(not_kept));
        let log = kept.filter(|_| whole.is_ok()).map(|_| Path::new(LOG));
        let mut report = assemble::report(&recorder.entries(), log);
        report.notes.extend(notes);
        Ok(report)
    }

    /// The experiment, which the first signal ends in good order and the second one at once: what runs then is killed, and what
    /// was seen is still in the log.
    async fn watched(&self, lint: &LintReport, progress: &Progress, recorder: &Arc<Recorder>) -> io::Result<()> {
        let signals = Signals::listen()?;
        let interrupted = CancellationToken::new();
        let plan = self.plan(lint, interrupted.clone());
        let launcher = self.launcher();
        tokio::select! {
            result = experiment::run(&launcher, &plan, recorder.clone()) => result,
            () = signals.twice(|| { progress.interrupted(); interrupted.cancel() }) => Ok(()),
        }
    }

    fn lint(&self) -> Result<LintReport> {
        let folders: Vec<PathBuf> = self.config.lint.rules.iter().map(|rules| self.folder.join(rules)).collect();
        let rules = project::rules(&folders)?;
        lint::config_fits(&self.config, &rules)?;
        let request = lint::Request { rules: &rules, config: &self.config, no_ignores: false };
        let mut report = request.analyse(std::slice::from_ref(&self.folder), &self.folder);
        acceptance::hide_low(&mut report);
        Ok(report)
    }

    fn name(&self) -> String {
        let folder = || self.folder.file_name().map(|name| name.to_string_lossy().into_owned());
        self.config.name.clone().or_else(folder).unwrap_or_else(|| "app".into())
    }

    fn plan(&self, lint: &LintReport, interrupted: CancellationToken) -> Plan {
        Plan {
            app: self.name(),
            command: self.config.command.clone(),
            scenarios: self.scenarios.iter().cloned().map(Arc::new).collect(),
            folder: self.folder.clone(),
            variables: self.variables.clone(),
            replicas: self.config.replicas,
            users: self.users,
            seed: self.seed,
            limits: Limits::default(),
            findings: lint.findings.clone(),
            problems: lint.problems.clone(),
            interrupted,
        }
    }

    fn launcher(&self) -> ProcessLauncher {
        let config = &self.config;
        ProcessLauncher {
            app: self.name(),
            env: config.env.clone(),
            readiness: Readiness { path: config.ready.clone(), timeout: config.ready_timeout },
            services: config
                .services
                .iter()
                .map(|service| Service {
                    name: service.name.clone(),
                    command: service.command.clone(),
                    env: service.env.clone(),
                    ready_timeout: service.ready_timeout,
                })
                .collect(),
            shared: config.shared.iter().map(PathBuf::from).collect(),
            disk: match config.isolation {
                Isolation::Private => DiskChoice::Private,
                Isolation::Shared => DiskChoice::Shared,
            },
            order: match config.start {
                Start::Parallel => StartOrder::Parallel,
                Start::Sequential => StartOrder::Sequential,
            },
            ..ProcessLauncher::new(self.run.clone(), &self.folder, config.command.clone())
        }
    }
}

/// Ctrl-C and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> io::Result<Signals> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Signals { interrupt, terminate })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Returns at the second signal; does something at the first.
    async fn twice(mut self, at_first: impl FnOnce()) {
        self.next().await;
        at_first();
        self.next().await;
    }
}

fn not_kept(error: &io::Error) -> String {
    format!("the log of this run was not kept in {KEPT}: {error}")
}

/// The folder in which a run is kept; it ignores itself in git.
struct Kept(PathBuf);

impl Kept {
    /// Makes room for this run in the place of the last one, and opens its log, which stays locked while the run goes on.
    fn open(folder: &Path) -> io::Result<(Kept, Box<dyn Write + Send>)> {
        let kept = folder.join(KEPT);
        fs::create_dir_all(&kept)?;
        let log = File::options().write(true).create(true).truncate(false).open(folder.join(LOG))?;
        log.try_lock().map_err(|_| io::Error::other("another run of this folder is writing there"))?;
        log.set_len(0)?;
        let logs = kept.join("logs");
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        fs::create_dir(&logs)?;
        fs::write(kept.join(".gitignore"), "*\n")?;
        Ok((Kept(kept), Box::new(BufWriter::new(log))))
    }

    /// Copies what the replicas of each fleet printed: `fleet-r1.log`, `control-r1.log`.
    fn keep_logs(&self, run: &Path) -> io::Result<()> {
        for (folder, phase) in [("1", "fleet"), ("2", "control")] {
            let Ok(entries) = fs::read_dir(run.join(folder)) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.extension().is_some_and(|extension| extension == "log") {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    fs::copy(&path, self.0.join("logs").join(format!("{phase}-{name}")))?;
                }
            }
        }
        Ok(())
    }
}
