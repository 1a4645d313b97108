//! One run of the tool: its folder, its mark on every process, its guard.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::family::{Family, RUN_VARIABLE};
use super::guard::Guard;
use super::mark::{self, Mark, Marked};
use super::tree;

/// Owns everything that a run leaves on the machine. When the last owner drops it, every process of the run is killed and the
/// folder removed; when the tool is killed, the guard does the same. Copy logs out before.
pub struct Run {
    id: String,
    folder: PathBuf,
    executable: PathBuf,
    guard: Arc<Guard>,
    /// Among the limits of its processes; `None` where limits cannot carry it.
    number: Option<u64>,
    fleets: AtomicU32,
    members: AtomicU32,
}

impl Run {
    /// Makes the folder and starts the guard. `executable` is this tool, see [`super::shim::ARGUMENT`]; `base` is where the
    /// folder is made, [`default_base`] unless there is a reason.
    ///
    /// # Errors
    /// When the folder cannot be made or `executable` not be started.
    pub fn begin(executable: &Path, base: &Path) -> io::Result<Arc<Run>> {
        let id: String = std::iter::repeat_with(fastrand::alphanumeric).take(16).collect();
        let folder = tempfile::Builder::new().prefix("scaleproof-").tempdir_in(base)?;
        let number = mark::draw();
        let guard = Arc::new(Guard::start(executable, &id, number, folder.path())?);
        let (folder, executable) = (folder.keep(), executable.to_owned());
        let (fleets, members) = (AtomicU32::new(0), AtomicU32::new(0));
        Ok(Arc::new(Run { id, folder, executable, guard, number, fleets, members }))
    }

    /// Holds a folder for each fleet, named 1, 2 …, and in it what its replicas printed, as `r1.log`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn executable(&self) -> &Path {
        &self.executable
    }

    pub(super) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// The mark of the next replica or service.
    pub(super) fn next_mark(&self) -> Option<Mark> {
        self.number.map(|run| Mark::of(run, self.members.fetch_add(1, Ordering::Relaxed) + 1))
    }

    /// A new folder for the next fleet.
    pub(super) fn fleet_folder(&self) -> io::Result<PathBuf> {
        let folder = self.folder.join((self.fleets.fetch_add(1, Ordering::Relaxed) + 1).to_string());
        std::fs::create_dir(&folder)?;
        Ok(folder)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let left = Family::marked(RUN_VARIABLE, &self.id, self.number.map(Marked::Run)).end();
        let removed = tree::remove(&self.folder).is_ok();
        self.guard.dismiss(left.is_empty() && removed);
    }
}

/// The folder for temporary files as the environment names it; else `/var/tmp`, so that `/tmp` itself can become private to
/// each replica; else `/tmp`.
pub fn default_base() -> PathBuf {
    let disk = Path::new("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && rustix::fs::access(disk, rustix::fs::Access::WRITE_OK).is_ok() {
        return disk.to_owned();
    }
    std::env::temp_dir()
}
