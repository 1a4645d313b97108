//! Every rule on its fixtures, as `lint::expectation` reads them. A folder below `fixtures/rules/<rule-id>` is a project of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use scaleproof::lint::expectation::{self, Expectation};
use scaleproof::lint::{self, Options};
use scaleproof::model::Name;
use scaleproof::model::report::LintReport;
use scaleproof::rules::{self, RuleSet};
use scaleproof::source;

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(of).unwrap_or_else(|error| panic!("{}: {error}", of.display()));
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Lints a project. A file `singletons.txt` in it names the services that are declared to run once.
fn lint(project: &Path, rules: &RuleSet) -> LintReport {
    let scan = source::scan(&[project.to_owned()], project, &[], &|_| None);
    assert!(scan.problems.is_empty(), "{}: {:?}", project.display(), scan.problems);
    let singletons = fs::read_to_string(project.join("singletons.txt")).unwrap_or_default();
    let options = Options { singletons: singletons.lines().map(Name::from).collect(), ..Options::default() };
    let text = |path: &str| fs::read_to_string(project.join(path)).ok();
    lint::lint(&scan.files, rules, &options, &text, &source::module_candidates)
}

fn promised(project: &Path, folder: &Path, into: &mut BTreeSet<Expectation>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            promised(project, &path, into);
            continue;
        }
        let name = path.strip_prefix(project).unwrap().to_string_lossy().replace('\\', "/");
        into.extend(expectation::promised(&name, &fs::read_to_string(&path).unwrap()));
    }
}

#[test]
fn findings_stand_where_fixtures_promise_them_and_nowhere_else() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let rules = rules::builtin().unwrap_or_else(|problem| panic!("{problem}"));
    let mut complaints = Vec::new();
    for project in folders(&root).iter().flat_map(|rule| folders(rule)) {
        let mut expected = BTreeSet::new();
        promised(&project, &project, &mut expected);
        let found = expectation::found(&lint(&project, &rules));
        let shown = project.strip_prefix(&root).unwrap().display();
        let name = |kind: &str, one: &Expectation| format!("{kind}: {shown}/{}:{} {}", one.path, one.line, one.rule);
        complaints.extend(found.difference(&expected).map(|one| name("noisy  ", one)));
        complaints.extend(expected.difference(&found).map(|one| name("missing", one)));
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn linting_twice_gives_the_same_report() {
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let rules = rules::builtin().unwrap_or_else(|problem| panic!("{problem}"));
    let once = format!("{:?}", lint(&project, &rules));
    assert_eq!(once, format!("{:?}", lint(&project, &rules)));
}
