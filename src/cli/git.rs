//! What git knows: the changes since a revision, and the files as they were then. Nothing in the repository is written to.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::exit::{Failure, Result};
use crate::model::nearest::nearest;
use crate::model::problem::Problem;
use crate::policy::change::Changes;

/// A work tree.
pub struct Repository {
    /// Its topmost folder.
    top: PathBuf,
}

impl Repository {
    /// The repository that a folder lies in.
    ///
    /// # Errors
    /// Without git, and outside of every repository.
    pub fn around(folder: &Path) -> Result<Self> {
        let output =
            git(folder).args(["rev-parse", "--show-toplevel"]).output().map_err(|error| not_started(&error))?;
        if !output.status.success() {
            return Err(not_a_repository(folder, &output).into());
        }
        let top = PathBuf::from(said(&output));
        Ok(Repository { top: top.canonicalize().unwrap_or(top) })
    }

    /// A path as the repository names it; `None` outside of it.
    pub fn path_of(&self, path: &Path) -> Option<PathBuf> {
        let absolute = path.canonicalize().or_else(|_| std::path::absolute(path)).ok()?;
        absolute.strip_prefix(&self.top).ok().map(Path::to_owned)
    }

    /// The commit at which the work tree left the history of `reference`: what others did there since is not ours.
    ///
    /// # Errors
    /// Where there is no such revision, or no history that both share.
    pub fn branched_from(&self, reference: &str) -> Result<String> {
        if self.ask(["rev-parse", "--verify", "--quiet", "HEAD"])?.is_none() {
            return Err(Problem::new("there is no commit yet to compare with")
                .help("Commit something first, or leave `--since` out.")
                .into());
        }
        let commit = format!("{reference}^{{commit}}");
        if reference.starts_with('-') || self.ask(["rev-parse", "--verify", "--quiet", &commit])?.is_none() {
            return Err(self.no_such_revision(reference)?.into());
        }
        match self.ask(["merge-base", reference, "HEAD"])? {
            Some(base) => Ok(base),
            None => {
                let problem = Problem::new(format!("`{reference}` and the work tree share no history"));
                let help = match self.is_shallow()? {
                    true => DEEPEN.to_owned(),
                    false => "Name a branch that this one was made from.".to_owned(),
                };
                Err(problem.help(help).into())
            }
        }
    }

    /// What is different in the work tree, files that git does not know yet included.
    ///
    /// # Errors
    /// When git fails.
    pub fn changes_since(&self, commit: &str) -> Result<Changes> {
        let diff = self.run([
            "-c",
            "core.quotePath=false",
            "-c",
            "diff.relative=false",
            "diff",
            "--unified=0",
            "--inter-hunk-context=0",
            "--find-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            commit,
            "--",
        ])?;
        let mut changes = Changes::parse(&diff);
        let untracked = self.run(["ls-files", "--others", "--exclude-standard", "-z"])?;
        untracked.split('\0').filter(|path| !path.is_empty()).for_each(|path| changes.add_new(path));
        Ok(changes)
    }

    /// The files of a commit.
    ///
    /// # Errors
    /// When git fails.
    pub fn files_at(&self, commit: &str) -> Result<BTreeSet<String>> {
        let listed = self.run(["ls-tree", "-r", "-z", "--full-tree", commit])?;
        // `mode type id`, a tab, the path; a submodule is a commit and no file.
        let file = |entry: &str| {
            entry.split_once('\t').filter(|(head, _)| head.contains(" blob ")).map(|(_, path)| path.to_owned())
        };
        Ok(listed.split('\0').filter_map(file).collect())
    }

    /// Writes files of a commit below the folder `into`.
    ///
    /// # Errors
    /// When git fails, or the disk.
    pub fn write_files<'p>(&self, commit: &str, files: impl Iterator<Item = &'p str>, into: &Path) -> Result<()> {
        let names: String = files.flat_map(|name| [name, "\0"]).collect();
        if names.is_empty() {
            return Ok(());
        }
        // An index of our own, so that that of the repository stays as it is.
        let index = into.with_extension("index");
        self.finish(self.git().env("GIT_INDEX_FILE", &index).args(["read-tree", commit]))?;
        let mut prefix = into.as_os_str().to_owned();
        prefix.push("/");
        let mut child = self
            .git()
            .env("GIT_INDEX_FILE", &index)
            .args([OsStr::new("checkout-index"), OsStr::new("--prefix"), &prefix])
            .args(["--quiet", "--force", "-z", "--stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| not_started(&error))?;
        let wrote = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(names.as_bytes()));
        let output = child.wait_with_output()?;
        match output.status.success() {
            true => Ok(wrote?),
            false => Err(failed(&output).into()),
        }
    }

    fn no_such_revision(&self, reference: &str) -> Result<Problem> {
        let names = self.run(["for-each-ref", "--format=%(refname:short)"])?;
        let remote = format!("origin/{reference}");
        let is_name = !reference.is_empty() && !reference.contains(['~', '^', '@', ':']);
        // In CI a clone often has one branch and no more: what is missing is then there, and called as it should be.
        let deepen = if self.is_shallow()? { format!(" {DEEPEN}") } else { String::new() };
        let help = match nearest(reference, names.lines().filter(|name| is_name && *name != "origin")) {
            _ if names.lines().any(|name| name == remote) => format!("Did you mean `{remote}`?"),
            Some(nearest) => format!("Did you mean `{nearest}`?{deepen}"),
            None if !deepen.is_empty() => DEEPEN.to_owned(),
            None if is_name => format!(
                "Name a branch, a tag or a commit. One that is only on the server is fetched with `git fetch origin {reference}`."
            ),
            None => "Name a branch, a tag or a commit.".to_owned(),
        };
        Ok(Problem::new(format!("git knows no revision `{reference}`")).help(help))
    }

    fn is_shallow(&self) -> Result<bool> {
        Ok(self.ask(["rev-parse", "--is-shallow-repository"])?.as_deref() == Some("true"))
    }

    fn git(&self) -> Command {
        git(&self.top)
    }

    /// What git says; `None` where it says no.
    fn ask<const N: usize>(&self, arguments: [&str; N]) -> Result<Option<String>> {
        let output = self.git().args(arguments).output().map_err(|error| not_started(&error))?;
        Ok(output.status.success().then(|| said(&output)))
    }

    fn run<const N: usize>(&self, arguments: [&str; N]) -> Result<String> {
        self.finish(self.git().args(arguments))
    }

    fn finish(&self, command: &mut Command) -> Result<String> {
        let output = command.output().map_err(|error| not_started(&error))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(failed(&output).into()),
        }
    }
}

const DEEPEN: &str = "This clone is shallow: `git fetch --unshallow` brings the rest of the history; in CI, check out with full \
depth (`fetch-depth: 0`, `GIT_DEPTH: 0`).";

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).stdin(Stdio::null());
    // Messages in one language, no lock for the sake of a cache, no large files from a server, nobody to ask for a password.
    command.envs([
        ("LC_ALL", "C"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_LFS_SKIP_SMUDGE", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
    ]);
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end_matches(['\n', '\r']).to_owned()
}

fn not_started(error: &io::Error) -> Failure {
    let problem = match error.kind() {
        io::ErrorKind::NotFound => Problem::new("git is not installed, or not on the search path"),
        _ => Problem::new(format!("git cannot be started: {error}")),
    };
    problem.help("`--since` asks git what changed. Install it, or leave `--since` out.").into()
}

fn not_a_repository(folder: &Path, output: &Output) -> Problem {
    let text = String::from_utf8_lossy(&output.stderr);
    if text.contains("dubious ownership") {
        return Problem::new("git does not trust this repository, because somebody else owns it")
            .help("`git config --global --add safe.directory` with its folder says that you trust it.");
    }
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    Problem::new(format!("{} lies in no git repository", folder.display()))
        .help("`--since` compares with a commit: run it in a work tree, or leave `--since` out.")
}

fn failed(output: &Output) -> Problem {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    Problem::new(format!("git failed: {line}"))
        .help("Try the same on the repository with git alone; `--since` needs it.")
}
