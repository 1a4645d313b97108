//! `scaleproof lint`.

use std::path::{Path, PathBuf};

use super::exit::Result;
use super::output::{FailOn, Format, Reports};
use super::project;
use crate::config::Config;
use crate::lint;
use crate::model::Name;
use crate::model::problem::Problem;
use crate::model::report::LintReport;
use crate::policy::gate;
use crate::report::{github, gitlab, json, junit, markdown, sarif, terminal};
use crate::rules::RuleSet;
use crate::source;

#[derive(clap::Args)]
pub struct Args {
    /// Files and folders to read
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// The least severity that fails the run [default: error, or what scaleproof.yaml says]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Show findings of low confidence as well
    #[arg(long)]
    pedantic: bool,
    /// A folder with rules of your own, beside the built-in ones; may be repeated
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// The configuration [default: scaleproof.yaml in the current folder, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    reports: Reports<Format>,
}

pub fn run(args: &Args) -> Result {
    args.reports.check()?;
    for path in &args.paths {
        if !path.exists() {
            return Err(Problem::new(format!("{}: no such file or folder", path.display()))
                .help("give files or folders that exist, or nothing for the current folder")
                .into());
        }
    }
    let config = project::config(Path::new("."), args.config.as_deref())?;
    let folders: Vec<PathBuf> = args.rules.iter().cloned().chain(config.lint.rules.iter().map(PathBuf::from)).collect();
    let rules = project::rules(&folders)?;
    let mut report = analyse(&args.paths, Path::new("."), &rules, &config, args.pedantic);
    report.fail_on = args.fail_on.unwrap_or(config.lint.fail_on.into()).severity();
    report.verdict = gate::lint(&report, report.fail_on);
    args.reports.write(|format, look, out| match format {
        Format::Terminal => terminal::lint::render(&report, look, out),
        Format::Json => json::lint::render(&report, out),
        Format::Sarif => sarif::render(&report, out),
        Format::Junit => junit::lint(&report, out),
        Format::Github => github::render(&report, out),
        Format::Gitlab => gitlab::render(&report, out),
        Format::Markdown => markdown::lint::render(&report, out),
    })?;
    Ok(report.verdict.into())
}

/// Reads what lies below `paths` and matches the rules. Paths in the report are relative to `base`.
pub fn analyse(paths: &[PathBuf], base: &Path, rules: &RuleSet, config: &Config, pedantic: bool) -> LintReport {
    let scan = source::scan(paths, base, &config.lint.exclude);
    let options = lint::Options { pedantic, singletons: config.singletons.iter().map(Name::from).collect() };
    let mut report =
        lint::lint(&scan.files, rules, &options, &|path| source::text(base, path), &source::module_candidates);
    report.problems.splice(0..0, scan.problems);
    report.coverage = scan.coverage;
    report
}
