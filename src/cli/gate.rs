//! `scaleproof gate`: may this change go in?

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::exit::Result;
use super::lint::{self, Project, View, baseline, since};
use super::output::{self, FailOn, Format, Reports};
use super::trial::{self, Trial};
use super::{project, test};
use crate::config::Config;
use crate::model::report::TestReport;
use crate::model::verdict::Gate;
use crate::policy::gate::{self, Question};
use crate::report::terminal;

/// Users at once, and the seed of the plan: as `scaleproof test` has them when nobody says otherwise.
const USERS: u32 = 9;
const SEED: u64 = 42;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    project: Project,
    /// Fail only where a number of instances or processes went up since this branch, tag or commit, and only for findings of the
    /// services whose number did
    ///
    /// The work tree is compared with the commit at which it left the history of REF, as `git diff REF...` does.
    #[arg(long, value_name = "REF")]
    since: Option<String>,
    /// Judge the whole project, whether a number went up or not
    #[arg(long)]
    always: bool,
    /// Start replicas as well, as `scaleproof test` does with what scaleproof.yaml says
    #[arg(long)]
    test: bool,
    /// The least severity that fails the gate
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
    /// The baseline [default: scaleproof-baseline.json, if there is one]
    #[arg(long, value_name = "FILE")]
    baseline_file: Option<PathBuf>,
    #[command(flatten)]
    reports: Reports<Format>,
}

pub fn run(args: &Args) -> Result {
    args.reports.check()?;
    let baseline = baseline::Args::check(args.baseline_file.as_deref());
    let view = View { unchanged: args.always, ..View::default() };
    let since = since::Args { since: args.since.clone() };
    let (mut report, config) = args.project.report(&since, &baseline, view)?;
    let fail_on = args.fail_on.severity();
    let question = Question { since: args.since.as_deref(), always: args.always, fail_on };
    let shown = match args.test && gate::is_asked(&report, &question) {
        true => Some(replicas(config)?),
        false => None,
    };
    let decision = gate::decide(&report, &question, shown.as_ref());
    report.fail_on = fail_on;
    report.verdict = decision.verdict;
    match args.reports.is_terminal() {
        true => output::print(|look, out| terminal::gate(&decision.reason, decision.verdict, look, out))?,
        false => {
            lint::write(&report, &args.reports)?;
            output::note(&format!("{}: {}", word(decision.verdict), decision.reason));
        }
    }
    Ok(decision.verdict.into())
}

fn word(verdict: Gate) -> &'static str {
    match verdict {
        Gate::Pass => "pass",
        Gate::Fail => "fail",
        Gate::Unknown => "unknown",
    }
}

/// The dynamic half, with what scaleproof.yaml says.
fn replicas(config: Config) -> Result<TestReport> {
    let folder = std::env::current_dir()?;
    let config = test::testable(config)?;
    let variables = BTreeMap::new();
    let scenarios = project::scenarios(&folder, &[], &config.scenarios, &variables)?;
    Trial { run: trial::begin()?, folder, config, scenarios, variables, users: USERS, seed: SEED, keep: true }.run()
}
