//! Reads what a project brings along: scaleproof.yaml, scenarios, rules of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::exit::{Failure, Result};
use crate::config::{self, Config};
use crate::model::problem::Problem;
use crate::rules::{self, RuleSet};
use crate::scenario::{self, Scenario};

/// The configuration in `path`, or in scaleproof.yaml of `folder` when there is one, or the defaults.
pub fn config(folder: &Path, path: Option<&Path>) -> Result<Config> {
    let chosen = path.map_or_else(|| folder.join(config::FILE_NAME), Path::to_owned);
    if path.is_none() && !chosen.exists() {
        return Ok(Config::default());
    }
    Ok(config::parse(&read(&chosen)?, &display(&chosen))?)
}

/// The scenarios in `files`, or those that the configuration's patterns find below `folder`, sorted by path. `variables` are
/// the names that they may use beside those that every user has and those that they capture.
pub fn scenarios(
    folder: &Path,
    files: &[PathBuf],
    patterns: &[String],
    variables: &BTreeMap<String, String>,
) -> Result<Vec<Scenario>> {
    let known: Vec<&str> = variables.keys().map(String::as_str).collect();
    let mut paths = files.to_vec();
    if files.is_empty() {
        for pattern in patterns {
            let found = matching(folder, pattern)?;
            if found.is_empty() {
                return Err(Problem::new(format!("no file matches `{pattern}`, listed under `scenarios`"))
                    .help("correct the pattern, or remove it: without a scenario the tool checks what it can by itself")
                    .into());
            }
            paths.extend(found);
        }
        paths.sort();
        paths.dedup();
    }
    let mut scenarios = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let text = read(&path)?;
        let path = display(path.strip_prefix(folder).unwrap_or(&path));
        match scenario::parse(&text, &path) {
            Ok(scenario) => {
                let undefined = scenario.undefined(&known).into_iter();
                problems.extend(undefined.map(|(name, span)| {
                    Problem::new(format!("nothing defines the variable `{name}`"))
                        .help(format!("capture it in an earlier step, or give it with `--variable {name}=VALUE`"))
                        .at(&path, span, &text)
                }));
                scenarios.push(scenario);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(scenarios) } else { Err(Failure::Problems(problems)) }
}

/// Files below `folder` whose relative path matches `pattern`, sorted.
fn matching(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let glob = globset::GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| {
        Problem::new(format!("`{pattern}` is not a pattern for file names: {error}"))
            .help("write for example `stories/*.hurl`")
    })?;
    let matcher = glob.compile_matcher();
    let files = ignore::WalkBuilder::new(folder).build().flatten().filter(|entry| {
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        entry.file_type().is_some_and(|kind| kind.is_file()) && matcher.is_match(relative)
    });
    let mut found: Vec<PathBuf> = files.map(ignore::DirEntry::into_path).collect();
    found.sort();
    Ok(found)
}

/// The built-in rules and those in `folders`.
pub fn rules(folders: &[PathBuf]) -> Result<RuleSet> {
    let mut set = rules::builtin()?;
    let problems: Vec<Problem> = folders.iter().flat_map(|folder| add_rules(&mut set, folder)).collect();
    if problems.is_empty() { Ok(set) } else { Err(Failure::Problems(problems)) }
}

/// The folder of the fixtures within a folder of rules.
pub const FIXTURES: &str = "fixtures";

/// What a rule is tried on: the fixtures of the built-in rule, and those in the folders of rules. Path below the rule's own
/// folder, and text.
pub fn fixtures(rule: &str, folders: &[PathBuf]) -> Vec<(String, String)> {
    let mut found = rules::fixtures(rule);
    for folder in folders.iter().map(|folder| folder.join(FIXTURES).join(rule)) {
        for entry in ignore::WalkBuilder::new(&folder).standard_filters(false).build().flatten() {
            let path = entry.path().strip_prefix(&folder).unwrap_or(entry.path());
            let text =
                entry.file_type().filter(|kind| kind.is_file()).and_then(|_| fs::read_to_string(entry.path()).ok());
            found.extend(text.map(|text| (path.to_string_lossy().replace('\\', "/"), text)));
        }
    }
    found
}

/// The built-in rules, but in `folder`'s version where it has one; its entry points, if it has any, are the only ones.
pub fn rules_to_test(folder: &Path) -> Result<RuleSet> {
    let mut set = RuleSet::default();
    let problems = add_rules(&mut set, folder);
    set.fill_from(rules::builtin()?);
    if problems.is_empty() { Ok(set) } else { Err(Failure::Problems(problems)) }
}

/// Adds what lies in a folder of rules, its fixtures left out, and says what is wrong with it.
fn add_rules(set: &mut RuleSet, folder: &Path) -> Vec<Problem> {
    let fixtures = folder.join(FIXTURES);
    let mut paths: Vec<PathBuf> = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(move |entry| entry.path() != fixtures)
        .build()
        .flatten()
        .map(ignore::DirEntry::into_path)
        .filter(|path| path.is_file() && path.extension().is_some_and(|it| it == "yaml" || it == "yml"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        let problem = match folder.is_dir() {
            true => Problem::new(format!("{}: no rule files there", folder.display())),
            false => Problem::new(format!("{}: no such folder", folder.display())),
        };
        let help =
            "A rule lies in a file `<family>/<rule-id>.yaml` below the folder; `scaleproof rules new` writes one.";
        return vec![problem.help(help)];
    }
    let add = |path: &PathBuf| match read(path) {
        Ok(text) => set.read(&text, &display(path)).err().into_iter().collect(),
        Err(Failure::Problems(problems)) => problems,
        Err(_) => Vec::new(),
    };
    paths.iter().flat_map(add).collect()
}

/// The text of a file that the user named.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| {
        Problem::new(format!("{}: {}", path.display(), plain(&error))).help("check the path and its permissions").into()
    })
}

/// What went wrong, without the number of the operating system.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

fn display(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}

/// `NAME=VALUE` of `--variable`.
pub fn assignment(text: &str) -> std::result::Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".into()),
    }
}
