//! `--baseline`: what was there before does not fail the run, what is new does.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::exit::Result;
use super::super::{output, project};
use crate::model::problem::Problem;
use crate::model::report::LintReport;
use crate::policy::acceptance;
use crate::policy::baseline::{self, Baseline, Entry, FILE_NAME};
use crate::source::walk;

#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// Live with the findings of today: `write` notes them in the baseline, `check` shows only what is not in it, `prune` drops
    /// from it what is gone
    #[arg(long, value_name = "ACTION", hide_possible_values = true)]
    baseline: Option<Action>,
    /// The baseline [default: scaleproof-baseline.json]; commit it
    #[arg(long, value_name = "FILE", requires = "baseline")]
    baseline_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Action {
    Write,
    Check,
    Prune,
}

/// A baseline that was read, and what is done with it.
pub struct Requested {
    action: Action,
    file: PathBuf,
    known: Baseline,
    /// What is linted, as reports name it. Entries of other places are left alone.
    roots: Vec<String>,
}

impl Args {
    /// Check against a baseline: the one that is named, or the usual one if it is there.
    pub fn check(named: Option<&Path>) -> Self {
        let file = named.map_or_else(|| PathBuf::from(FILE_NAME), Path::to_owned);
        let baseline = (named.is_some() || file.exists()).then_some(Action::Check);
        Args { baseline, baseline_file: Some(file) }
    }

    /// Reads the file; `None` where nobody asked for a baseline.
    pub fn read(&self, paths: &[PathBuf]) -> Result<Option<Requested>> {
        let Some(action) = self.baseline else { return Ok(None) };
        let file = self.baseline_file.clone().unwrap_or_else(|| FILE_NAME.into());
        let roots: Vec<String> = paths.iter().map(|path| walk::relative_root(path, Path::new("."))).collect();
        let shown = file.display().to_string();
        let whole = roots.iter().any(String::is_empty);
        let known = match action {
            Action::Write if !file.exists() => Baseline::default(),
            _ if !file.exists() => {
                return Err(Problem::new(format!("there is no baseline {shown}"))
                    .help("`scaleproof lint --baseline write` makes it; commit it, so that everybody has the same.")
                    .into());
            }
            // Whatever a merge has left of it is written anew.
            Action::Write if whole => {
                let text = project::read(&file)?;
                if !baseline::is_ours(&text) {
                    return Err(baseline::foreign(&shown).into());
                }
                Baseline::parse(&text, &shown).unwrap_or_default()
            }
            _ => Baseline::parse(&project::read(&file)?, &shown)?,
        };
        Ok(Some(Requested { action, file, known, roots }))
    }
}

impl Requested {
    /// Does what was asked for, and leaves the known findings out of the report.
    pub fn apply(self, report: &mut LintReport, pedantic: bool) -> Result<()> {
        let Requested { action, file, known, roots } = self;
        let (inside, outside) = known.divided(|path| roots.iter().any(|root| is_below(path, root)));
        let comparison = inside.compare(&report.findings);
        let shown = file.display();
        match action {
            Action::Write if report.files == 0 => {
                return Err(Problem::new("nothing was analysed, so no baseline is written")
                    .help("Run it where the code is, or name its folder.")
                    .into());
            }
            Action::Write => {
                if !pedantic {
                    acceptance::hide_low(report);
                }
                let written = Baseline::of(&report.findings);
                let comparison = written.compare(&report.findings);
                baseline::hide_known(report, &comparison);
                let all = written.and(outside);
                write(&file, &all)?;
                output::note(&format!("wrote {shown}: {}", findings(all.len())));
            }
            Action::Check => {
                baseline::hide_known(report, &comparison);
                report.problems.extend(stale(&comparison.stale, &file));
            }
            Action::Prune => {
                baseline::hide_known(report, &comparison);
                let left = comparison.met.and(outside);
                write(&file, &left)?;
                let gone = comparison.stale.len();
                output::note(&format!("dropped {gone} from {shown}: {} left", findings(left.len())));
            }
        }
        Ok(())
    }
}

fn findings(count: usize) -> String {
    if count == 1 { "1 finding".into() } else { format!("{count} findings") }
}

fn write(file: &Path, baseline: &Baseline) -> Result<()> {
    Ok(fs::write(file, baseline.render()).map_err(|error| output::named(error, file))?)
}

/// Entries that stand for nothing any more: good news, and a place where a new finding could hide.
fn stale(entries: &[Entry], file: &Path) -> Option<Problem> {
    let first = entries.first()?;
    let more = match entries.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("no longer found, and still in the baseline: {} in {}{more}", first.rule, first.path);
    let help = "`scaleproof lint --baseline prune` drops what is gone, so that it cannot come back unseen.";
    Some(Problem::new(message).in_file(&file.display().to_string()).help(help))
}

fn is_below(path: &str, root: &str) -> bool {
    root.is_empty() || path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
