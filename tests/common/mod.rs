//! What the tests of real processes share: a small app, a sink that remembers, and waiting for conditions.
#![allow(dead_code)]

pub mod app;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use scaleproof::model::event::{Event, Sink};
use scaleproof::replica::process::{ProcessLauncher, Readiness};
use scaleproof::replica::run::{Run, default_base};

/// Long enough for any machine; nothing waits this long unless it is broken.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Remembers events.
#[derive(Default)]
pub struct Memory(Mutex<Vec<Event>>);

impl Sink for Memory {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Memory {
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    /// What `pick` takes out of the events, in their order.
    pub fn pick<T>(&self, pick: impl Fn(Event) -> Option<T>) -> Vec<T> {
        self.events().into_iter().filter_map(pick).collect()
    }

    /// `replica change path`, for every file written.
    pub fn files(&self) -> Vec<String> {
        self.pick(|event| match event {
            Event::FileWritten { replica, path, change, .. } => Some(format!("{replica} {change:?} {path}")),
            _ => None,
        })
    }
}

pub fn run() -> Arc<Run> {
    Run::begin(Path::new(env!("CARGO_BIN_EXE_scaleproof")), &default_base()).unwrap()
}

/// A launcher of the small app.
pub fn launcher(project: &Path) -> ProcessLauncher {
    let mut launcher = ProcessLauncher::new(run(), project, app::command());
    launcher.readiness = Readiness { path: None, timeout: PATIENCE };
    launcher.env = vec![("RUST_BACKTRACE".into(), "0".into())];
    launcher
}

pub fn shell(line: &str) -> Vec<String> {
    ["sh", "-c", line].map(str::to_owned).into()
}

/// Waits until `condition` holds.
#[track_caller]
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "still not so: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processes whose command line contains `text`.
pub fn processes_with(text: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            String::from_utf8_lossy(&line).contains(text).then_some(pid)
        })
        .collect()
}

pub fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

pub fn this_executable() -> PathBuf {
    std::env::current_exe().unwrap()
}
