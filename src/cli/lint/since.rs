//! `--since REF`: only what the changes since a revision answer for.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::super::exit::Result;
use super::super::git::Repository;
use super::Request;
use crate::model::problem::Problem;
use crate::model::report::LintReport;
use crate::policy::change::{Changes, Since};
use crate::source;

#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// Show only what changed since this branch, tag or commit: findings on changed lines, findings with a related place on one,
    /// and findings that were not there before. The whole project is analysed all the same.
    ///
    /// The work tree, with files that git does not know yet, is compared with the commit at which it left the history of REF (as
    /// `git diff REF...` does), so that what others did on REF since does not count.
    #[arg(long, value_name = "REF")]
    pub since: Option<String>,
}

/// The project before the changes.
pub struct Before {
    repository: Repository,
    /// The current folder, as the repository names it.
    folder: PathBuf,
    changes: Changes,
    files: BTreeSet<String>,
    /// Its paths are those of the repository.
    report: LintReport,
}

impl Args {
    /// Looks at the project as it was; `None` where nobody asked.
    pub fn before(&self, paths: &[PathBuf], request: &Request<'_>) -> Result<Option<Before>> {
        let Some(reference) = &self.since else { return Ok(None) };
        let repository = Repository::around(Path::new("."))?;
        let inside = |path: &PathBuf| {
            repository.path_of(path).ok_or_else(|| {
                Problem::new(format!("{} lies outside of the repository that `--since` asks", path.display()))
                    .help("Lint it without `--since`, or from within its own repository.")
            })
        };
        let roots = paths.iter().map(inside).collect::<std::result::Result<Vec<_>, _>>()?;
        let folder = inside(&PathBuf::from("."))?;
        let commit = repository.branched_from(reference)?;
        let changes = repository.changes_since(&commit)?;
        let files = repository.files_at(&commit)?;
        let report = as_it_was(&repository, &commit, &files, (&roots, &folder), request)?;
        Ok(Some(Before { repository, folder, changes, files, report }))
    }
}

/// The analysis of a commit's files.
fn as_it_was(
    repository: &Repository,
    commit: &str,
    files: &BTreeSet<String>,
    (roots, folder): (&[PathBuf], &Path),
    request: &Request<'_>,
) -> Result<LintReport> {
    let scratch = tempfile::tempdir()?;
    let tree = scratch.path().join("tree");
    fs::create_dir_all(tree.join(folder))?;
    let wanted = files.iter().map(String::as_str).filter(|path| source::matters(path));
    repository.write_files(commit, wanted, &tree)?;
    let roots: Vec<PathBuf> = roots.iter().map(|root| tree.join(root)).filter(|root| root.exists()).collect();
    let mut report = request.analyse(&roots, &tree.join(folder));
    let findings = report.findings.iter_mut().map(|finding| &mut finding.location);
    let services = report.services.iter_mut().map(|service| &mut service.location);
    let misread = report.misread.iter_mut().filter_map(|problem| problem.location.as_mut());
    for location in findings.chain(services).chain(misread) {
        // What lies above the folder is told by its whole path.
        let path = Path::new(&*location.path);
        let named = path.strip_prefix(&tree).map_or_else(|_| normal(&folder.join(path)), normal);
        location.path = named.into();
    }
    Ok(report)
}

impl Before {
    /// Notes the numbers that went up; leaves out what has nothing to do with the changes, unless all is to be `shown`.
    pub fn compare(&self, report: &mut LintReport, shown: bool) {
        let repository_path = |path: &str| self.repository_path(path);
        let existed = |path: &str| self.files.contains(path);
        let since = Since {
            changes: &self.changes,
            before: &self.report,
            repository_path: &repository_path,
            existed: &existed,
        };
        since.note_raises(report);
        if !shown {
            since.hide_unchanged(report);
        }
    }

    fn repository_path(&self, path: &str) -> String {
        let path = Path::new(path);
        let inner = if path.is_absolute() { self.repository.path_of(path) } else { None };
        normal(&inner.unwrap_or_else(|| self.folder.join(path)))
    }
}

/// A path with `/`, and without `..`.
fn normal(path: &Path) -> String {
    let mut parts: Vec<&OsStr> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.push(name),
            _ => {}
        }
    }
    parts.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}
