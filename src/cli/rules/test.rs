//! `scaleproof rules test`: rules against their fixtures.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::exit::{Exit, Result};
use super::super::lint::Request;
use super::super::{output, project};
use crate::config::{Config, Mention};
use crate::lint::expectation::{self, Expectation};
use crate::model::finding::Finding;
use crate::model::location::{Location, Span};
use crate::model::problem::Problem;
use crate::report::terminal;
use crate::rules::RuleSet;
use crate::source;

#[derive(clap::Args)]
pub struct Args {
    /// The folder with the rules; those with the id of a built-in rule stand in for it
    #[arg(value_name = "DIR")]
    rules: PathBuf,
    /// The folder with the fixtures, `<rule-id>/<case>/…` [default: `fixtures` in the folder of the rules]
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Only the fixtures of these rules
    #[arg(long = "only", value_name = "RULE")]
    only: Vec<String>,
}

pub fn run(args: &Args) -> Result {
    let set = project::rules_to_test(&args.rules)?;
    let root = args.fixtures.clone().unwrap_or_else(|| args.rules.join(project::FIXTURES));
    let chosen = |rule: &PathBuf| {
        args.only.is_empty() || rule.file_name().is_some_and(|name| args.only.iter().any(|only| name == only.as_str()))
    };
    let mut cases = Vec::new();
    for rule in folders(&root)?.iter().filter(|rule| chosen(rule)) {
        cases.extend(folders(rule)?);
    }
    if cases.is_empty() {
        return Err(Problem::new(format!("{}: no fixtures there", root.display()))
            .help(
                "a fixture lies in a folder `<rule-id>/<case>/`, its guilty lines marked `//~ rule-id` or `#~ rule-id`",
            )
            .into());
    }
    let mut complaints = Vec::new();
    for case in &cases {
        complaints.extend(complaints_of(case, &set)?);
    }
    output::print(|look, out| {
        complaints.iter().try_for_each(|complaint| terminal::error(complaint, look, out))?;
        writeln!(out, "fixtures: {}, complaints: {}", cases.len(), complaints.len())
    })?;
    Ok(if complaints.is_empty() { Exit::Pass } else { Exit::Failed })
}

/// What a case promises and does not get, or gets without a promise.
fn complaints_of(case: &Path, set: &RuleSet) -> io::Result<Vec<Problem>> {
    // A file `singletons.txt` names the services that are declared to run once.
    let singletons = fs::read_to_string(case.join("singletons.txt")).unwrap_or_default();
    let config = Config { singletons: singletons.lines().map(Mention::from).collect(), ..Config::default() };
    let report = Request { rules: set, config: &config, no_ignores: false }.analyse(&[case.to_owned()], case);
    let mut expected = BTreeSet::new();
    promised(case, case, &mut expected)?;
    let found = expectation::found(&report);
    let unpromised = |finding: &&Finding| !expected.contains(&Expectation::of(finding));
    let noisy = report.findings.iter().filter(unpromised).map(|finding| noisy(case, finding));
    let missing = expected.difference(&found).map(|one| missing(case, one, set));
    let problems = report.problems.iter().map(|problem| match &problem.location {
        Some(at) => Problem { location: Some(Location::new(below(case, &at.path), at.span)), ..problem.clone() },
        None => Problem::new(format!("{}: {problem}", case.display())),
    });
    Ok(noisy.chain(missing).chain(problems).collect())
}

/// A finding on a line that promises silence.
fn noisy(case: &Path, finding: &Finding) -> Problem {
    let Finding { rule, location, excerpt, message, .. } = finding;
    Problem {
        location: Some(Location::new(below(case, &location.path), location.span)),
        excerpt: excerpt.clone(),
        ..Problem::new(format!("noisy: `{rule}` is found here, and nothing promises it"))
            .help(format!("It says: {message}. Where that is right, mark the line with `~ {rule}` in a comment."))
    }
}

/// A promise that is not kept.
fn missing(case: &Path, one: &Expectation, set: &RuleSet) -> Problem {
    let Expectation { path, line, rule } = one;
    let text = source::text(case, path).unwrap_or_default();
    let marked = text.lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
    let start = marked.chars().take_while(|char| char.is_whitespace()).count() as u32 + 1;
    let end = (marked.trim_end().chars().count() as u32 + 1).max(start + 1);
    let problem = Problem::new(format!("missing: `{rule}` is promised here, and not found")).at(
        &below(case, path),
        Span::on_line(*line, start, end),
        &text,
    );
    match Mention::from(rule.as_str()).unknown(
        "rule",
        set.rules().iter().map(|it| it.id.as_str()),
        "`scaleproof rules` lists them.",
    ) {
        Some(unknown) => problem.help(format!("{unknown}. {}", unknown.help)),
        None => problem,
    }
}

/// A path of a case as one can open it from here.
fn below(case: &Path, path: &str) -> String {
    case.join(path).display().to_string()
}

fn promised(case: &Path, folder: &Path, into: &mut BTreeSet<Expectation>) -> io::Result<()> {
    for entry in fs::read_dir(folder).map_err(|error| output::named(error, folder))? {
        let path = entry?.path();
        if path.is_dir() {
            promised(case, &path, into)?;
            continue;
        }
        let name = path.strip_prefix(case).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        into.extend(expectation::promised(&name, &text));
    }
    Ok(())
}

fn folders(of: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(of).map_err(|error| output::named(error, of))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    Ok(folders)
}
