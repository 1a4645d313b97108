//! Folders: copying them cheaply and removing them for certain.

use std::fs::{self, DirEntry, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Folders that tools fill and apps hardly write to, too large to copy byte by byte for each replica. Names, not paths.
const TOOL_FOLDERS: [&str; 5] = ["node_modules", ".venv", "venv", "target", ".git"];

/// About a second in all, with pauses that grow by a millisecond.
const REMOVE_ATTEMPTS: u64 = 45;

/// What came of a copy.
#[derive(Debug, PartialEq, Eq)]
pub struct Copied {
    /// Every file shares its blocks with the original until one of them is written.
    pub reflinked: bool,
    /// Folders of tools in which the folders are links to the original ones, relative to the copy: writes below those are
    /// shared with it.
    pub linked: Vec<PathBuf>,
}

/// Copies the folder `from` into the new folder `to`, leaving out the paths in `except`. Symlinks stay symlinks; sockets,
/// pipes and devices are left out, because a copy of them would mean nothing.
///
/// Where files cannot share blocks, [`TOOL_FOLDERS`] are copied in their first level only: what is new there is private, the
/// folders in it are links. Cancelling `stop` ends it soon, with an error.
///
/// # Errors
/// When something cannot be read or written; a file that vanishes meanwhile is no error.
pub fn copy(from: &Path, to: &Path, except: &[PathBuf], stop: &CancellationToken) -> io::Result<Copied> {
    fs::create_dir_all(to)?;
    let copied = Copied { reflinked: true, linked: Vec::new() };
    let mut copier = Copier { root: from, except, stop, shares_blocks: shares_blocks(from, to), copied };
    copier.folder(from, to, Depth::Whole)?;
    copier.copied.linked.sort();
    Ok(copier.copied)
}

struct Copier<'a> {
    root: &'a Path,
    except: &'a [PathBuf],
    stop: &'a CancellationToken,
    shares_blocks: bool,
    copied: Copied,
}

/// What becomes of the folders in a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Whole,
    Linked,
}

impl Copier<'_> {
    fn folder(&mut self, from: &Path, to: &Path, depth: Depth) -> io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            if self.stop.is_cancelled() {
                return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted"));
            }
            let source = entry.path();
            match self.entry(&entry, &to.join(entry.file_name()), depth) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", source.display()))),
                Ok(()) => {}
            }
        }
        fs::set_permissions(to, fs::metadata(from)?.permissions())
    }

    fn entry(&mut self, entry: &DirEntry, target: &Path, depth: Depth) -> io::Result<()> {
        let (source, kind) = (entry.path(), entry.file_type()?);
        if self.except.contains(&source) {
            Ok(())
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, target)
        } else if kind.is_file() {
            self.copied.reflinked &= copy_file(&source, target)?;
            Ok(())
        } else if !kind.is_dir() {
            Ok(())
        } else if depth == Depth::Linked {
            symlink(&source, target)
        } else if !self.shares_blocks && entry.file_name().to_str().is_some_and(|name| TOOL_FOLDERS.contains(&name)) {
            self.copied.linked.push(source.strip_prefix(self.root).unwrap_or(&source).to_owned());
            self.folder(&source, target, Depth::Linked)
        } else {
            self.folder(&source, target, depth)
        }
    }
}

/// True when files of `from` can share their blocks with copies in `to`.
fn shares_blocks(from: &Path, to: &Path) -> bool {
    let try_out = || -> io::Result<bool> {
        let (mut one, other) = (tempfile::tempfile_in(to)?, tempfile::tempfile_in(to)?);
        one.write_all(&[1; 4096])?;
        Ok(fs::metadata(from)?.dev() == fs::metadata(to)?.dev() && reflink(&one, &other))
    };
    try_out().unwrap_or(false)
}

/// True when the copy shares its blocks with the original.
fn copy_file(from: &Path, to: &Path) -> io::Result<bool> {
    let (source, target) = (File::open(from)?, File::create(to)?);
    if reflink(&source, &target) {
        target.set_permissions(source.metadata()?.permissions())?;
        return Ok(true);
    }
    drop(target);
    fs::copy(from, to).map(|_| false)
}

#[cfg(target_os = "linux")]
fn reflink(from: &File, to: &File) -> bool {
    rustix::fs::ioctl_ficlone(to, from).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn reflink(_: &File, _: &File) -> bool {
    false
}

/// Removes a folder with everything in it, including what an app or the kernel made unreadable (overlayfs leaves a work
/// folder without any permission), and although somebody who is about to end still writes into it.
///
/// # Errors
/// When something is still there after many attempts.
pub fn remove(folder: &Path) -> io::Result<()> {
    let mut attempts = 0;
    loop {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => return Ok(()),
            Err(error) if attempts == REMOVE_ATTEMPTS => return Err(error),
            Err(_) => open_up(folder),
            Ok(()) => return Ok(()),
        }
        attempts += 1;
        std::thread::sleep(Duration::from_millis(attempts));
    }
}

fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// The Unix sockets in `folder` and in the folders right below it. overlayfs shows a socket of its lower layer but refuses
/// connections to it, so those in use have to be handed through.
pub fn sockets(folder: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let below =
        entries(folder).filter(|it| it.file_type().is_ok_and(|kind| kind.is_dir())).flat_map(|it| entries(&it.path()));
    let all = entries(folder).chain(below);
    all.filter(|it| it.file_type().is_ok_and(|kind| kind.is_socket())).map(|it| it.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_links_and_leaves_the_exception_out() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("app");
        for path in ["src", "run/r1"] {
            fs::create_dir_all(from.join(path)).unwrap();
        }
        fs::write(from.join("src/a.js"), "a").unwrap();
        symlink("src/a.js", from.join("link")).unwrap();
        let to = folder.path().join("copy");
        let copied = copy(&from, &to, &[from.join("run")], &CancellationToken::new()).unwrap();
        assert_eq!(copied.linked, [""; 0].map(PathBuf::from));
        assert_eq!(fs::read_to_string(to.join("src/a.js")).unwrap(), "a");
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("src/a.js"));
        assert!(!to.join("run").exists());
    }

    #[test]
    fn what_is_new_in_a_tool_folder_stays_in_the_copy_and_what_is_shared_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("app");
        fs::create_dir_all(from.join("web/node_modules/x")).unwrap();
        fs::write(from.join("web/node_modules/.lock"), "1").unwrap();
        let to = folder.path().join("copy");
        let copied = copy(&from, &to, &[], &CancellationToken::new()).unwrap();
        fs::create_dir(to.join("web/node_modules/.cache")).unwrap();
        fs::write(to.join("web/node_modules/.lock"), "2").unwrap();
        assert!(!from.join("web/node_modules/.cache").exists());
        assert_eq!(fs::read_to_string(from.join("web/node_modules/.lock")).unwrap(), "1");
        let shared = fs::symlink_metadata(to.join("web/node_modules/x")).unwrap().is_symlink();
        let said = copied.linked == [Path::new("web/node_modules")];
        assert_eq!((shared, said), (!copied.reflinked, !copied.reflinked));
    }

    #[test]
    fn a_copy_that_nobody_wants_any_more_stops() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "a").unwrap();
        let stop = CancellationToken::new();
        stop.cancel();
        let error = copy(folder.path(), &folder.path().join("copy"), &[], &stop).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }

    #[test]
    fn a_folder_without_permissions_is_removed_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let closed = folder.path().join("upper/work");
        fs::create_dir_all(&closed).unwrap();
        fs::write(closed.join("file"), "x").unwrap();
        fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
        remove(&folder.path().join("upper")).unwrap();
        assert!(!folder.path().join("upper").exists());
        remove(&folder.path().join("upper")).unwrap();
    }
}
