//! One trial of an app: lint its folder, run the fleet and the control, evaluate the log.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::Result;
use super::progress::Progress;
use super::{assemble, lint, project};
use crate::config::{Config, Isolation, Start};
use crate::experiment::{self, Limits, Plan, Recorder};
use crate::model::report::{LintReport, TestReport};
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
pub fn begin() -> Result<Arc<Run>> {
    Ok(Run::begin(&std::env::current_exe()?, &run::default_base())?)
}

impl Trial {
    /// Runs it. A fleet that does not start is a report, not an error.
    ///
    /// # Errors
    /// Rules of the project's own that do not parse, or an operating system that refuses a socket, a folder or a process.
    pub fn run(self) -> Result<TestReport> {
        let lint = self.lint()?;
        let kept = if self.keep { Kept::open(&self.folder).ok() } else { None };
        let log: Box<dyn Write + Send> = match &kept {
            Some(kept) => Box::new(BufWriter::new(File::create(kept.log())?)),
            None => Box::new(io::sink()),
        };
        let progress = Progress::new();
        let recorder = Arc::new(Recorder::new(log).observed_by(progress.observer()));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let result = runtime.block_on(async {
            let interrupted = CancellationToken::new();
            let listener = tokio::spawn(cancel_on_signal(interrupted.clone()));
            let plan = self.plan(&lint, interrupted);
            let result = experiment::run(&self.launcher(), &plan, recorder.clone()).await;
            listener.abort();
            result
        });
        progress.finish();
        if let Some(kept) = &kept {
            kept.keep_logs(self.run.folder())?;
        }
        result?;
        let log = kept.is_some().then_some(Path::new(LOG));
        Ok(assemble::report(&recorder.entries(), log))
    }

    fn lint(&self) -> Result<LintReport> {
        let folders: Vec<PathBuf> = self.config.lint.rules.iter().map(|rules| self.folder.join(rules)).collect();
        Ok(lint::analyse(
            std::slice::from_ref(&self.folder),
            &self.folder,
            &project::rules(&folders)?,
            &self.config,
            false,
        ))
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

/// Ctrl-C or SIGTERM ends the run early, and orderly: what was started is stopped, what was seen is reported.
async fn cancel_on_signal(interrupted: CancellationToken) {
    let (Ok(mut int), Ok(mut term)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return;
    };
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
    interrupted.cancel();
}

/// The folder in which a run is kept; it ignores itself in git.
struct Kept(PathBuf);

impl Kept {
    fn open(folder: &Path) -> io::Result<Kept> {
        let kept = folder.join(KEPT);
        let logs = kept.join("logs");
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        fs::create_dir_all(&logs)?;
        fs::write(kept.join(".gitignore"), "*\n")?;
        Ok(Kept(kept))
    }

    fn log(&self) -> PathBuf {
        self.0.join("run.jsonl")
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
