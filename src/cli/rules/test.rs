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
use crate::model::problem::Problem;
use crate::rules::RuleSet;

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
        let shown = case.strip_prefix(&root).unwrap_or(case).display().to_string();
        complaints.extend(complaints_of(case, &set)?.into_iter().map(|text| text.replace("{case}", &shown)));
    }
    output::print(|_, out| {
        complaints.iter().try_for_each(|complaint| writeln!(out, "{complaint}"))?;
        writeln!(out, "{} fixtures, {} complaints", cases.len(), complaints.len())
    })?;
    Ok(if complaints.is_empty() { Exit::Pass } else { Exit::Failed })
}

/// What a case promises and does not get, or gets without a promise.
fn complaints_of(case: &Path, set: &RuleSet) -> io::Result<Vec<String>> {
    // A file `singletons.txt` names the services that are declared to run once.
    let singletons = fs::read_to_string(case.join("singletons.txt")).unwrap_or_default();
    let config = Config { singletons: singletons.lines().map(Mention::from).collect(), ..Config::default() };
    let report = Request { rules: set, config: &config, no_ignores: false }.analyse(&[case.to_owned()], case);
    let mut expected = BTreeSet::new();
    promised(case, case, &mut expected)?;
    let found = expectation::found(&report);
    let name = |kind: &str, one: &Expectation| format!("{kind}: {{case}}/{}:{} {}", one.path, one.line, one.rule);
    let noisy = found.difference(&expected).map(|one| name("noisy  ", one));
    let missing = expected.difference(&found).map(|one| name("missing", one));
    let problems = report.problems.iter().map(|problem| format!("problem: {{case}}: {problem}"));
    Ok(noisy.chain(missing).chain(problems).collect())
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
