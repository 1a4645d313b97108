//! The private disk of a replica: what it sees, and where its writes go.

use std::io;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::model::event::Isolation;

use super::evidence::{Layer, Manifest};
use super::shim::{Mount, Plan};
use super::tree;

/// How the disks of one fleet are made.
#[derive(Clone, Debug)]
pub struct Layout {
    pub project: PathBuf,
    /// Folders of the project that production shares between replicas, relative to it.
    pub shared: Vec<PathBuf>,
    /// The home folder of the user, where there is a usable one.
    pub home: Option<PathBuf>,
    /// The folder of the fleet; never part of a copy.
    pub folder: PathBuf,
    pub method: Method,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// An overlay over the project, and over these too where the kernel allows it.
    Overlay {
        home: bool,
        temporary: bool,
    },
    /// A reflink where the file system can, else a copy.
    Copy,
    Shared,
}

/// The overlays worth trying, the most faithful first. One that covers a file system which cannot be a lower layer, or the
/// folder of the run itself, is refused by the kernel.
pub const OVERLAYS: [Method; 4] = [
    Method::Overlay { home: true, temporary: true },
    Method::Overlay { home: false, temporary: true },
    Method::Overlay { home: true, temporary: false },
    Method::Overlay { home: false, temporary: false },
];

/// The folder that programs write to when they ask nobody.
const TEMPORARY: &str = "/tmp";

/// One replica's disk.
pub struct Disk {
    pub isolation: Isolation,
    pub mounts: Vec<Mount>,
    /// Where the app starts.
    pub directory: PathBuf,
    pub variables: Vec<(String, String)>,
    /// Where to look for what it wrote.
    pub layers: Vec<Layer>,
    /// Folders of tools that it shares with the project, relative to it.
    pub linked: Vec<PathBuf>,
}

impl Layout {
    /// Makes the disk of one replica in the new folder `own`. Cancelling `stop` ends a copy early, with an error.
    ///
    /// # Errors
    /// When a folder cannot be made or the project not be copied.
    pub fn make(&self, own: &Path, stop: &CancellationToken) -> io::Result<Disk> {
        std::fs::create_dir_all(own)?;
        match self.method {
            Method::Overlay { home, temporary } => self.overlay(own, home, temporary),
            Method::Copy => self.copy(own, stop),
            Method::Shared => Ok(Disk::bare(Isolation::Shared, &self.project)),
        }
    }

    /// What the shim needs to try this method without an app.
    pub fn trial(&self, own: &Path) -> io::Result<Plan> {
        let disk = self.make(own, &CancellationToken::new())?;
        Ok(Plan { mounts: disk.mounts, directory: disk.directory, ..Plan::default() })
    }

    fn overlay(&self, own: &Path, home: bool, temporary: bool) -> io::Result<Disk> {
        let mut disk = Disk::bare(Isolation::Overlay, &self.project);
        if temporary {
            disk.cover(Path::new(TEMPORARY), "$TMPDIR", &own.join("tmp"))?;
            let sockets = tree::sockets(Path::new(TEMPORARY)).into_iter();
            disk.mounts.extend(sockets.map(|at| Mount::Socket { at }));
            disk.point(&["TMPDIR", "TMP", "TEMP"], Path::new(TEMPORARY));
        } else {
            disk.private_folder(&["TMPDIR", "TMP", "TEMP"], "$TMPDIR", &own.join("tmp"))?;
        }
        match &self.home {
            Some(path) if home && *path != self.project => disk.cover(path, "$HOME", &own.join("home"))?,
            Some(path) if home => disk.point(&["HOME"], path),
            _ => disk.private_folder(&["HOME"], "$HOME", &own.join("home"))?,
        }
        disk.cover(&self.project, "", &own.join("project"))?;
        for folder in &self.shared {
            let (from, at) = (self.shared_source(folder)?, self.project.join(folder));
            disk.mounts.push(Mount::Bind { from, at });
        }
        Ok(disk)
    }

    fn copy(&self, own: &Path, stop: &CancellationToken) -> io::Result<Disk> {
        let directory = own.join("project");
        let run = self.folder.parent().unwrap_or(&self.folder).to_owned();
        let mut except: Vec<PathBuf> = self.shared.iter().map(|folder| self.project.join(folder)).collect();
        except.push(run);
        let copied = tree::copy(&self.project, &directory, &except, stop)?;
        for folder in &self.shared {
            let at = directory.join(folder);
            // It is there already below a folder that the copy links to.
            if !at.exists() {
                std::fs::create_dir_all(at.parent().unwrap_or(&directory))?;
                std::os::unix::fs::symlink(self.shared_source(folder)?, at)?;
            }
        }
        let manifest = Manifest::of(&directory);
        let isolation = if copied.reflinked { Isolation::Reflink } else { Isolation::Copy };
        let mut disk = Disk::bare(isolation, &directory);
        disk.layers.push(Layer::Copy { label: "", folder: directory, before: manifest });
        disk.linked = copied.linked;
        disk.private_folder(&["TMPDIR", "TMP", "TEMP"], "$TMPDIR", &own.join("tmp"))?;
        disk.private_folder(&["HOME"], "$HOME", &own.join("home"))?;
        Ok(disk)
    }

    /// The real folder; one that the project does not have yet is shared by this fleet and ends with it, because a test
    /// must not leave new folders in somebody's project.
    fn shared_source(&self, folder: &Path) -> io::Result<PathBuf> {
        let real = self.project.join(folder);
        if real.exists() {
            return Ok(real);
        }
        let own = self.folder.join("shared").join(folder);
        std::fs::create_dir_all(&own)?;
        Ok(own)
    }
}

impl Disk {
    fn bare(isolation: Isolation, directory: &Path) -> Disk {
        Disk {
            isolation,
            mounts: Vec::new(),
            directory: directory.to_owned(),
            variables: Vec::new(),
            layers: Vec::new(),
            linked: Vec::new(),
        }
    }

    fn cover(&mut self, at: &Path, label: &'static str, own: &Path) -> io::Result<()> {
        let (upper, work) = (own.join("upper"), own.join("work"));
        std::fs::create_dir_all(&upper)?;
        std::fs::create_dir_all(&work)?;
        // The root of the upper layer is what the app sees as the folder itself.
        std::fs::set_permissions(&upper, std::fs::metadata(at)?.permissions())?;
        self.layers.push(Layer::Overlay { label, lower: at.to_owned(), upper: upper.clone() });
        self.mounts.push(Mount::Overlay { at: at.to_owned(), upper, work });
        Ok(())
    }

    /// An empty folder instead of the usual one.
    fn private_folder(&mut self, variables: &[&str], label: &'static str, own: &Path) -> io::Result<()> {
        std::fs::create_dir_all(own)?;
        self.point(variables, own);
        self.layers.push(Layer::Copy { label, folder: own.to_owned(), before: Manifest::default() });
        Ok(())
    }

    fn point(&mut self, variables: &[&str], at: &Path) {
        let value = at.to_string_lossy().into_owned();
        self.variables.extend(variables.iter().map(|name| ((*name).to_owned(), value.clone())));
    }
}

/// The home folder, when it is one that an overlay could cover.
pub fn home() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME")?);
    (home.is_absolute() && home.parent().is_some() && home.is_dir()).then_some(home)
}
