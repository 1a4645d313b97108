//! `scaleproof test`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::exit::{Exit, Result};
use super::output::{FailOn, Reports, RunFormat};
use super::project::{self, assignment};
use super::trial::{self, Trial};
use crate::config::Config;
use crate::model::problem::Problem;
use crate::model::report::TestReport;
use crate::model::verdict::CheckVerdict;
use crate::report::{json, junit, markdown, terminal};

/// Every pair of replicas is tried, so that the work grows with the square of their number.
const MOST_REPLICAS: u32 = 32;

#[derive(clap::Args)]
pub struct Args {
    /// How many replicas [default: 3, or what scaleproof.yaml says]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=i64::from(MOST_REPLICAS)))]
    replicas: Option<u32>,
    /// A story to run, in Hurl's syntax; may be repeated
    #[arg(long, value_name = "FILE")]
    scenario: Vec<PathBuf>,
    /// A value for a variable of the stories; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    variable: Vec<(String, String)>,
    /// The configuration [default: scaleproof.yaml in the current folder, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The path that answers 2xx or 3xx once a replica is ready
    #[arg(long, value_name = "PATH")]
    ready: Option<String>,
    /// How long a replica may take to become ready, as `30s` or `2m`
    #[arg(long, value_name = "TIME", value_parser = crate::config::parse_duration)]
    ready_timeout: Option<Duration>,
    /// Users at once in the run through the balancer
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=1000))]
    users: u32,
    /// The same seed makes the same plan of requests
    #[arg(long, value_name = "NUMBER", default_value_t = 42)]
    seed: u64,
    /// The least severity of a failed check that fails the run
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
    #[command(flatten)]
    reports: Reports<RunFormat>,
    /// The command that starts the app; `{port}` `{socket}` `{name}` `{index}` are replaced
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub fn run(args: &Args) -> Result {
    args.reports.check()?;
    let folder = std::env::current_dir()?;
    let config = configuration(args, &folder)?;
    let variables: BTreeMap<String, String> = args.variable.iter().cloned().collect();
    let scenarios = project::scenarios(&folder, &args.scenario, &config.scenarios, &variables)?;
    let (users, seed) = (args.users, args.seed);
    let report = Trial { run: trial::begin()?, folder, config, scenarios, variables, users, seed, keep: true }.run()?;
    write(&report, &args.reports)?;
    Ok(exit(&report, args.fail_on))
}

/// What scaleproof.yaml says, overruled by the command line.
fn configuration(args: &Args, folder: &Path) -> Result<Config> {
    let mut config = project::config(folder, args.config.as_deref())?;
    if !args.command.is_empty() {
        config.command = args.command.clone();
    }
    config.replicas = args.replicas.unwrap_or(config.replicas);
    config.ready = args.ready.clone().or(config.ready);
    config.ready_timeout = args.ready_timeout.unwrap_or(config.ready_timeout);
    testable(config)
}

/// Refuses a configuration that cannot be tested.
pub fn testable(config: Config) -> Result<Config> {
    if config.command.is_empty() {
        return Err(Problem::new("there is no command that starts the app")
            .help(
                "give it behind `--`, as in `scaleproof test -- node server.js`, or as `command:` in scaleproof.yaml; \
                 `scaleproof init` writes one for what it finds here",
            )
            .into());
    }
    if !(2..=MOST_REPLICAS).contains(&config.replicas) {
        return Err(Problem::new(format!("`replicas: {}` cannot be tested", config.replicas))
            .help(format!(
                "ask for 3, or for any number from 2 to {MOST_REPLICAS}; a control run on one is made anyway"
            ))
            .into());
    }
    Ok(config)
}

pub fn write(report: &TestReport, reports: &Reports<RunFormat>) -> Result<()> {
    reports.write(|format, look, out| match format {
        RunFormat::Terminal => terminal::test::render(report, look, out),
        RunFormat::Json => json::test::render(report, out),
        RunFormat::Junit => junit::test(report, out),
        RunFormat::Markdown => markdown::test::render(report, out),
    })
}

/// The verdict's exit code; failed checks below severity error count when `fail_on` asks for them.
pub fn exit(report: &TestReport, fail_on: FailOn) -> Exit {
    let failed =
        |least| report.checks.iter().any(|check| check.verdict == CheckVerdict::Fail && check.severity >= least);
    match fail_on.severity() {
        Some(least) if failed(least) => Exit::Failed,
        Some(_) => report.verdict.into(),
        None => match Exit::from(report.verdict) {
            Exit::Failed => Exit::Pass,
            other => other,
        },
    }
}
