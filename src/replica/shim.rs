//! The first life of every process that we start: it gives itself a private disk, then becomes the app. Same process id, no
//! parent in between, and the mounts vanish with the last process that sees them.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

use super::mark::Mark;

/// The argument by which the binary knows that it is the shim.
pub const ARGUMENT: &str = "internal-replica";

/// What the shim has to do; it comes as JSON through standard input, which is a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// In the order in which they are made.
    pub mounts: Vec<Mount>,
    /// Where the app starts.
    pub directory: PathBuf,
    /// Empty for a trial: the mounts are made and written to, and that was all.
    pub command: Vec<String>,
    /// By which its descendants are known.
    pub mark: Option<Mark>,
}

/// One change to what the process sees. Every source is opened before the first mount hides it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mount {
    /// The folder `at`, with writes going to `upper`. `work` is the kernel's, an empty folder on the same file system.
    Overlay { at: PathBuf, upper: PathBuf, work: PathBuf },
    /// `from` appears at `at`.
    Bind { from: PathBuf, at: PathBuf },
    /// The Unix socket `at` stays reachable through an earlier overlay. It may be gone by now, which harms nobody.
    Socket { at: PathBuf },
}

/// Why it did not become the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub step: Step,
    /// In words, with what to do about it.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    Disk,
    Directory,
    Command,
}

/// Carries out the plan that waits on standard input. On success it never returns, because this process is then the app;
/// otherwise the reason goes back through the socket.
pub fn main() -> ExitCode {
    let Ok(mut socket) = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3).map(UnixStream::from) else {
        return ExitCode::from(70);
    };
    let failure = match read_plan(&mut socket) {
        Ok(plan) => become_app(&plan),
        Err(error) => Some(Failure { step: Step::Command, message: format!("the plan cannot be read: {error}") }),
    };
    match failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            // Nobody listens any more when the tool is gone; then there is nobody to tell.
            let _ = serde_json::to_writer(&mut socket, &failure);
            let _ = socket.flush();
            ExitCode::FAILURE
        }
    }
}

fn read_plan(socket: &mut UnixStream) -> io::Result<Plan> {
    let mut text = String::new();
    socket.read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

/// `None` only after a trial that succeeded.
fn become_app(plan: &Plan) -> Option<Failure> {
    let failed = |step, message| Some(Failure { step, message });
    if let Some(mark) = plan.mark {
        mark.wear();
    }
    if !plan.mounts.is_empty()
        && let Err(error) = mounts::make(&plan.mounts)
    {
        return failed(Step::Disk, error.to_string());
    }
    let Some((program, arguments)) = plan.command.split_first() else {
        return try_write(plan).err().and_then(|error| failed(Step::Disk, format!("nothing can be written: {error}")));
    };
    if let Err(error) = std::env::set_current_dir(&plan.directory) {
        return failed(Step::Directory, format!("cannot enter {}: {error}", plan.directory.display()));
    }
    if let Err(error) = close_standard_input() {
        return failed(Step::Command, format!("standard input cannot be closed: {error}"));
    }
    // The second belt beside the guard. Set last, because a change of credentials clears it.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    let error = Command::new(program).args(arguments.iter().map(OsString::from)).exec();
    failed(Step::Command, explain(program, &error))
}

fn close_standard_input() -> io::Result<()> {
    rustix::stdio::dup2_stdin(std::fs::File::open("/dev/null")?)?;
    Ok(())
}

fn try_write(plan: &Plan) -> io::Result<()> {
    let trial = plan.directory.join(".scaleproof-trial");
    std::fs::write(&trial, "x")?;
    std::fs::remove_file(&trial)
}

/// Why a program did not start, and what to do.
fn explain(program: &str, error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::NotFound if program.contains(char::is_whitespace) => {
            "the command is taken word by word; for a shell line write: sh -c '…'"
        }
        io::ErrorKind::NotFound if program.contains('/') => {
            "is the path right, and is the interpreter of its first line installed?"
        }
        io::ErrorKind::NotFound => "is it installed, and is its folder in PATH?",
        io::ErrorKind::PermissionDenied => "is it executable? try: chmod +x",
        _ if error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error()) => {
            "it is no program of this machine; does a script lack its first line, #!/bin/sh?"
        }
        _ => return format!("cannot start `{program}`: {error}"),
    };
    format!("cannot start `{program}`: {error} ({hint})")
}

#[cfg(target_os = "linux")]
mod mounts {
    use std::ffi::CString;
    use std::io;
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::path::Path;

    use rustix::fs::{Mode, OFlags};
    use rustix::mount::{MountFlags, MountPropagationFlags};
    use rustix::thread::UnshareFlags;

    use super::Mount;

    /// A mount whose sources are open, so that no earlier mount can hide them.
    struct Opened<'a> {
        at: &'a Path,
        source: OwnedFd,
        /// Upper and work.
        layers: Option<(OwnedFd, OwnedFd)>,
    }

    pub fn make(mounts: &[Mount]) -> io::Result<()> {
        let user_space = enter_own_space()?;
        let opened = mounts.iter().map(open).collect::<io::Result<Vec<_>>>()?;
        for mount in opened.iter().flatten() {
            attach(mount, user_space).map_err(|error| named(mount.at, &error))?;
        }
        Ok(())
    }

    fn named(path: &Path, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    }

    /// Leaves the mount namespace of the tool; who may not gets a user namespace in which to be allowed, with the same ids.
    /// True with a user namespace.
    fn enter_own_space() -> io::Result<bool> {
        let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let user_space = unshare(UnshareFlags::NEWNS).is_err();
        if user_space {
            unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
            // A process without privilege may map its group only after it gave up changing groups: user_namespaces(7).
            std::fs::write("/proc/self/setgroups", "deny")?;
            std::fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
            std::fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
        }
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        rustix::mount::mount_change("/", private)?;
        Ok(user_space)
    }

    #[allow(unsafe_code)]
    fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
        // SAFETY: the hazard is a file table that threads no longer share; this process has one thread and FILES is not asked for.
        unsafe { rustix::thread::unshare_unsafe(flags) }
    }

    /// `None` for a socket that is gone.
    fn open(mount: &Mount) -> io::Result<Option<Opened<'_>>> {
        let path = |path: &Path| {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            rustix::fs::open(path, flags, Mode::empty()).map_err(|error| named(path, &error.into()))
        };
        Ok(match mount {
            Mount::Overlay { at, upper, work } => {
                Some(Opened { at, source: path(at)?, layers: Some((path(upper)?, path(work)?)) })
            }
            Mount::Bind { from, at } => Some(Opened { at, source: path(from)?, layers: None }),
            Mount::Socket { at } => path(at).ok().map(|source| Opened { at, source, layers: None }),
        })
    }

    /// Paths are given as open files: commas and colons in a name would end an option of overlayfs.
    fn attach(mount: &Opened<'_>, user_space: bool) -> io::Result<()> {
        let source = format!("/proc/self/fd/{}", mount.source.as_raw_fd());
        let folder = std::fs::metadata(&source)?.is_dir();
        if folder {
            std::fs::create_dir_all(mount.at)?;
        } else if !mount.at.exists() {
            std::fs::write(mount.at, "")?;
        }
        let Some((upper, work)) = &mount.layers else {
            return Ok(rustix::mount::mount_bind(&source, mount.at)?);
        };
        let mut options = format!(
            "lowerdir={source},upperdir=/proc/self/fd/{},workdir=/proc/self/fd/{}",
            upper.as_raw_fd(),
            work.as_raw_fd()
        );
        if user_space {
            // Only the initial user namespace may write the trusted.* attributes that overlayfs prefers.
            options.push_str(",userxattr");
        }
        let options = CString::new(options)?;
        Ok(rustix::mount::mount("scaleproof", mount.at, "overlay", MountFlags::empty(), options.as_c_str())?)
    }
}

#[cfg(not(target_os = "linux"))]
mod mounts {
    pub fn make(_: &[super::Mount]) -> std::io::Result<()> {
        Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "overlayfs is a Linux matter"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_explained_by_its_likely_cause() {
        let missing = io::Error::from(io::ErrorKind::NotFound);
        assert!(explain("gunicorn", &missing).contains("in PATH"));
        assert!(explain("node server.js", &missing).contains("sh -c"));
        assert!(explain("./run", &missing).contains("interpreter"));
    }

    #[test]
    fn a_plan_survives_its_way_through_the_socket() {
        let plan = Plan {
            mounts: vec![Mount::Bind { from: "/a".into(), at: "/b".into() }],
            directory: "/app".into(),
            command: vec!["node".into()],
            mark: Some(Mark { member: 1, run: 2 }),
        };
        assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
    }
}
