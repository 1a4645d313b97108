//! Which files of a folder are read, and which are passed over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::model::problem::Problem;

/// What is passed over below a root.
static SKIPPED: LazyLock<Gitignore> = LazyLock::new(|| {
    let mut builder = GitignoreBuilder::new("");
    for line in include_str!("skip.gitignore").lines() {
        // A test holds every line of the file to be a valid pattern.
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
});

/// Names of folders that hold what was built, where a manifest beside them says that something is built.
const BUILT: &[&str] = &["build", "out", "target"];
const MANIFESTS: &[&str] = &[
    "package.json",
    "pyproject.toml",
    "setup.py",
    "Cargo.toml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "CMakeLists.txt",
    "Makefile",
];

/// Names of files that decide about others: whether they are read at all.
const DECIDING: &[&str] = &[".gitignore", ".ignore", ".scaleproofignore", "pyvenv.cfg"];

/// True for the name of a file that decides which others are read.
pub fn decides(name: &str) -> bool {
    DECIDING.contains(&name) || MANIFESTS.contains(&name)
}

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub file: PathBuf,
    /// Its name in facts and reports: relative to the base, with `/`.
    pub path: String,
    /// Named by the user, and so read whatever it is.
    pub asked: bool,
}

/// The files under `roots` that `wanted` says yes to (by path), in the order of their paths, and what could not be read.
///
/// Ignore files are honoured; symbolic links are not followed. Rules for names apply below a root, never to the root. `exclude`
/// are globs of paths below `base`, as a line of .gitignore would have them.
pub fn walk(
    roots: &[PathBuf],
    base: &Path,
    exclude: &[String],
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> (Vec<Found>, Vec<Problem>) {
    let excluded = excluded(base, exclude);
    let found = Mutex::new(BTreeMap::new());
    let problems = Mutex::new(Vec::new());
    let note = |path: &Path, asked: bool| {
        let name = relative(path, base);
        if asked || wanted(&name) {
            let mut found = lock(&found);
            let entry = found.entry(name.clone());
            let known = entry.or_insert(Found { file: path.to_path_buf(), path: name, asked });
            known.asked |= asked;
        }
    };
    for root in roots {
        let root = &below(base, root);
        match std::fs::metadata(root) {
            Err(error) => lock(&problems).push(unreadable(&error).in_file(&relative(root, base))),
            Ok(metadata) if metadata.is_file() => note(root, true),
            Ok(_) => walk_folder(root, base, &excluded, &note, &problems),
        }
    }
    let mut problems = into_inner(problems);
    problems.sort_by_key(|problem| problem.to_string());
    (into_inner(found).into_values().collect(), problems)
}

/// Overrides turn the meaning of a line of .gitignore round.
fn excluded(base: &Path, globs: &[String]) -> Override {
    let mut builder = OverrideBuilder::new(base);
    for glob in globs {
        // The configuration refuses what is no glob.
        let _ = builder.add(&format!("!{glob}"));
    }
    builder.build().unwrap_or_else(|_| Override::empty())
}

fn walk_folder(
    root: &Path,
    base: &Path,
    excluded: &Override,
    note: &(dyn Fn(&Path, bool) + Sync),
    problems: &Mutex<Vec<Problem>>,
) {
    let mut builder = WalkBuilder::new(root);
    let folder = root.to_path_buf();
    builder
        .hidden(false)
        .require_git(false)
        .follow_links(false)
        .overrides(excluded.clone())
        .add_custom_ignore_filename(".scaleproofignore")
        .filter_entry(move |entry| entry.depth() == 0 || is_read(entry, &folder));
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => note(entry.path(), false),
                Ok(_) => {}
                Err(error) => lock(problems).push(walk_problem(&error, base)),
            }
            WalkState::Continue
        })
    });
}

fn is_read(entry: &DirEntry, root: &Path) -> bool {
    let Some(kind) = entry.file_type() else { return false };
    let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
    let skipped = SKIPPED.matched(path, kind.is_dir()).is_ignore();
    let package = kind.is_dir() && is_package(entry.path());
    (!skipped || package) && !(kind.is_dir() && (is_built(entry.path()) || is_environment(entry.path())))
}

/// A folder by whose path a package is named, as `com.example.docs` in `src/main/java`, says nothing of what lies in it.
fn is_package(folder: &Path) -> bool {
    let names: Vec<_> = folder.iter().collect();
    names.windows(3).any(|names| names[0] == "src" && (names[2] == "java" || names[2] == "kotlin"))
}

fn is_built(folder: &Path) -> bool {
    let is_name = folder.file_name().is_some_and(|name| BUILT.iter().any(|built| name == *built));
    is_name && MANIFESTS.iter().any(|manifest| folder.with_file_name(manifest).is_file())
}

/// A Python environment under any name.
fn is_environment(folder: &Path) -> bool {
    folder.join("pyvenv.cfg").is_file()
}

/// A root as the base names it, however the user wrote it, so that no file is read twice or reported by its absolute path.
fn below(base: &Path, root: &Path) -> PathBuf {
    let named = || Some(base.join(root.canonicalize().ok()?.strip_prefix(base.canonicalize().ok()?).ok()?));
    named().unwrap_or_else(|| root.to_owned())
}

/// A root as reports would name it; empty for the base itself.
pub fn relative_root(root: &Path, base: &Path) -> String {
    let name = relative(&below(base, root), base);
    let name = name.trim_end_matches('/');
    if name == "." { String::new() } else { name.to_owned() }
}

/// The path as reports write it.
pub fn relative(path: &Path, base: &Path) -> String {
    let inner = path.strip_prefix(base).or_else(|_| path.strip_prefix(".")).unwrap_or(path);
    let name = inner.to_string_lossy();
    let name = name.trim_start_matches("./");
    match std::path::MAIN_SEPARATOR {
        '/' => name.to_string(),
        separator => name.replace(separator, "/"),
    }
}

fn walk_problem(error: &ignore::Error, base: &Path) -> Problem {
    let mut inner = error;
    let mut path = None;
    loop {
        inner = match inner {
            ignore::Error::WithPath { path: at, err } => {
                path = Some(at.clone());
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            _ => break,
        };
    }
    let problem = match inner.io_error() {
        Some(error) => unreadable(error),
        None => Problem::new(inner.to_string()),
    };
    match path {
        Some(path) => problem.in_file(&relative(&path, base)),
        None => problem,
    }
}

/// A file or folder that the system does not let us read.
pub fn unreadable(error: &std::io::Error) -> Problem {
    let text = error.to_string();
    // The number of the error says nothing that its text does not.
    let text = text.split(" (os error").next().unwrap_or(&text).to_lowercase();
    Problem::new(format!("failed to read: {text}"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_run_as_the_service_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let read = ["app.rb", "lib/script.rb", "script/start.sh", "support/a.rb"];
        let passed_over =
            ["script/fix_prices.rb", "shop/script/old/move.rb", "features/support/env.rb", "lib/a_test.rb"];
        for path in read.iter().chain(&passed_over) {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "x").unwrap();
        }
        let (found, problems) = walk(&[folder.path().into()], folder.path(), &[], &|_| true);
        let found: Vec<&str> = found.iter().map(|file| file.path.as_str()).collect();
        assert_eq!((found, problems.len()), (read.to_vec(), 0));
    }
}
