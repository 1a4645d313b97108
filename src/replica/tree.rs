//! Folders: copying them cheaply and removing them for certain.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Folders that tools fill and apps only read: a copy gets a link to the original in their place. Names, not paths.
const LINKED: [&str; 5] = ["node_modules", ".venv", "venv", "target", ".git"];

/// About a second in all, with pauses that grow by a millisecond.
const REMOVE_ATTEMPTS: u64 = 45;

/// How [`copy`] made its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Every file shares its blocks with the original until one of them is written.
    Reflink,
    /// At least one file was copied byte by byte.
    Plain,
}

/// Copies the folder `from` into the new folder `to`, leaving out the paths in `except`. Symlinks stay symlinks; sockets,
/// pipes and devices are left out, because a copy of them would mean nothing.
///
/// # Errors
/// When something cannot be read or written; a file that vanishes meanwhile is no error.
pub fn copy(from: &Path, to: &Path, except: &[PathBuf]) -> io::Result<Copied> {
    fs::create_dir_all(to)?;
    let mut copied = Copied::Reflink;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        let linked = entry.file_name().to_str().is_some_and(|name| LINKED.contains(&name));
        if except.contains(&source) {
            continue;
        }
        let one = if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target).map(|()| Copied::Reflink)
        } else if kind.is_dir() && linked {
            std::os::unix::fs::symlink(&source, &target).map(|()| Copied::Reflink)
        } else if kind.is_dir() {
            copy(&source, &target, except)
        } else if kind.is_file() {
            copy_file(&source, &target)
        } else {
            Ok(Copied::Reflink)
        };
        match one {
            Ok(Copied::Plain) => copied = Copied::Plain,
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io::Error::new(error.kind(), format!("{}: {error}", source.display())));
            }
            Ok(Copied::Reflink) | Err(_) => {}
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    Ok(copied)
}

fn copy_file(from: &Path, to: &Path) -> io::Result<Copied> {
    #[cfg(target_os = "linux")]
    {
        let (source, target) = (File::open(from)?, File::create(to)?);
        if rustix::fs::ioctl_ficlone(&target, &source).is_ok() {
            target.set_permissions(source.metadata()?.permissions())?;
            return Ok(Copied::Reflink);
        }
    }
    fs::copy(from, to).map(|_| Copied::Plain)
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
    fn a_copy_links_tool_folders_and_leaves_the_exception_out() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("app");
        for path in ["src", "node_modules/x", "run/r1"] {
            fs::create_dir_all(from.join(path)).unwrap();
        }
        fs::write(from.join("src/a.js"), "a").unwrap();
        std::os::unix::fs::symlink("src/a.js", from.join("link")).unwrap();
        let to = folder.path().join("copy");
        copy(&from, &to, &[from.join("run")]).unwrap();
        assert_eq!(fs::read_to_string(to.join("src/a.js")).unwrap(), "a");
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("src/a.js"));
        assert_eq!(fs::read_link(to.join("node_modules")).unwrap(), from.join("node_modules"));
        assert!(!to.join("run").exists());
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
