//! `scaleproof lint`.

pub mod baseline;
pub mod since;

use std::path::{Path, PathBuf};

use super::exit::Result;
use super::helm::Helm;
use super::output::{FailOn, Format, Reports};
use super::project;
use crate::config::{self, Config};
use crate::lint;
use crate::model::location::{Location, Span};
use crate::model::problem::Problem;
use crate::model::report::LintReport;
use crate::policy::acceptance::{self, Acceptance};
use crate::policy::gate;
use crate::report::{github, gitlab, json, junit, markdown, sarif, terminal};
use crate::rules::RuleSet;
use crate::source;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    project: Project,
    /// The least severity that fails the run [default: error, or what scaleproof.yaml says]
    #[arg(long, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Show findings of low confidence as well
    #[arg(long)]
    pedantic: bool,
    /// Show what comments (`scaleproof: ignore[…]`) and `lint.ignore` in scaleproof.yaml silence as well
    #[arg(long)]
    no_ignores: bool,
    #[command(flatten)]
    since: since::Args,
    #[command(flatten)]
    baseline: baseline::Args,
    #[command(flatten)]
    reports: Reports<Format>,
}

/// What is linted, and by which rules.
#[derive(clap::Args)]
#[group(skip)]
pub struct Project {
    /// Files and folders to read
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// A folder with rules of your own, beside the built-in ones; may be repeated
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
    /// The configuration [default: scaleproof.yaml in the current folder, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What is shown of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    /// Findings of low confidence as well.
    pub pedantic: bool,
    /// What is silenced as well.
    pub no_ignores: bool,
    /// What has nothing to do with the changes as well.
    pub unchanged: bool,
}

pub fn run(args: &Args) -> Result {
    args.reports.check()?;
    let view = View { pedantic: args.pedantic, no_ignores: args.no_ignores, unchanged: false };
    let (mut report, config) = args.project.report(&args.since, &args.baseline, view)?;
    report.fail_on = args.fail_on.unwrap_or(config.lint.fail_on.into()).severity();
    report.verdict = gate::lint(&report, report.fail_on);
    write(&report, &args.reports)?;
    Ok(report.verdict.into())
}

pub fn write(report: &LintReport, reports: &Reports<Format>) -> Result<()> {
    reports.write(|format, look, out| match format {
        Format::Terminal => terminal::lint::render(report, look, out),
        Format::Json => json::lint::render(report, out),
        Format::Sarif => sarif::render(report, out),
        Format::Junit => junit::lint(report, out),
        Format::Github => github::render(report, out),
        Format::Gitlab => gitlab::render(report, out),
        Format::Markdown => markdown::lint::render(report, out),
    })
}

impl Project {
    /// Analyses the project, without a verdict yet, and gives the configuration that was read for it.
    pub fn report(&self, since: &since::Args, baseline: &baseline::Args, view: View) -> Result<(LintReport, Config)> {
        for path in &self.paths {
            if !path.exists() {
                return Err(Problem::new(format!("{}: no such file or folder", path.display()))
                    .help("give files or folders that exist, or nothing for the current folder")
                    .into());
            }
        }
        let config = project::config(Path::new("."), self.config.as_deref())?;
        let own = config.lint.rules.iter().map(PathBuf::from);
        let folders: Vec<PathBuf> = self.rules.iter().cloned().chain(own).collect();
        let rules = project::rules(&folders)?;
        config_fits(&config, &rules)?;
        let request = Request { rules: &rules, config: &config, no_ignores: view.no_ignores };
        let before = since.before(&self.paths, &request)?;
        let baseline = baseline.read(&self.paths)?;
        let mut report = request.analyse(&self.paths, Path::new("."));
        if let Some(baseline) = baseline {
            baseline.apply(&mut report, view.pedantic)?;
        }
        if let Some(before) = before {
            before.compare(&mut report, view.unchanged);
        }
        if !view.pedantic {
            acceptance::hide_low(&mut report);
        }
        Ok((report, config))
    }
}

/// How a project is analysed.
pub struct Request<'a> {
    pub rules: &'a RuleSet,
    pub config: &'a Config,
    /// Tell what is silenced as well.
    pub no_ignores: bool,
}

impl Request<'_> {
    /// Reads what lies below `paths` and matches the rules. Paths in the report are relative to `base`; findings of low confidence
    /// are in it.
    pub fn analyse(&self, paths: &[PathBuf], base: &Path) -> LintReport {
        let Config { singletons, lint: settings, .. } = self.config;
        let helm = Helm::installed(base);
        let scan = source::scan(paths, base, &settings.exclude, &|chart| helm.manifests(chart));
        let options = lint::Options {
            singletons: singletons.iter().map(|service| service.name.as_str().into()).collect(),
            no_ignores: self.no_ignores,
            severities: settings.severity.iter().map(|(rule, to)| (rule.name.as_str().into(), *to)).collect(),
        };
        let text = |path: &str| source::text(base, path);
        let mut report = lint::lint(&scan.files, self.rules, &options, &text, &source::module_candidates);
        report.misread.clone_from(&scan.problems);
        report.problems.splice(0..0, scan.problems);
        if !self.no_ignores {
            self.accept(&mut report, paths.iter().any(|path| same_folder(path, base)));
        }
        report.coverage = scan.coverage;
        report.problems.extend(self.unknown_singletons(&report));
        report
    }

    /// Follows `lint.ignore`. An entry that is of no use is told where the `whole` project was read.
    fn accept(&self, report: &mut LintReport, whole: bool) {
        let entries = &self.config.lint.ignore;
        let acceptance = |entry: &config::Accepted| {
            let said_at = entry.rule.location().cloned().unwrap_or(Location::new(config::FILE_NAME, Span::default()));
            Acceptance::new(entry.rule.name.as_str().into(), &entry.paths, entry.reason.clone(), said_at)
        };
        let accepted: Vec<Acceptance> = entries.iter().map(acceptance).collect();
        let used = acceptance::accept(report, &accepted);
        for (entry, _) in entries.iter().zip(used).filter(|(_, used)| whole && !used) {
            let config::Accepted { rule, paths, .. } = entry;
            let message = format!("nothing to ignore: `{}` finds nothing in {}", rule.name, paths.join(", "));
            report.problems.push(rule.problem(message).help("Remove the entry, or correct its paths."));
        }
    }

    /// Singletons that no deployment file has, where there are any.
    fn unknown_singletons(&self, report: &LintReport) -> Vec<Problem> {
        let services: Vec<&str> = report.services.iter().map(|service| service.name.as_str()).collect();
        let help = format!("Deployment files have {}.", services.join(", "));
        let unknown = |singleton: &config::Mention| singleton.unknown("service", services.iter().copied(), &help);
        let problems = self.config.singletons.iter().filter_map(unknown);
        if services.is_empty() { Vec::new() } else { problems.collect() }
    }
}

/// Refuses a configuration that speaks of rules that there are not.
pub fn config_fits(config: &Config, rules: &RuleSet) -> Result<()> {
    let settings = &config.lint;
    let mentioned =
        settings.severity.iter().map(|(rule, _)| rule).chain(settings.ignore.iter().map(|entry| &entry.rule));
    let known = || rules.rules().iter().map(|rule| rule.id.as_str());
    let problems: Vec<Problem> =
        mentioned.filter_map(|rule| rule.unknown("rule", known(), "`scaleproof rules` lists them.")).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}

fn same_folder(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().is_some_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}
