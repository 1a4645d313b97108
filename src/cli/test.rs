//! `scaleproof test`.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Result};
use super::output::{FailOn, Format, Reports};
use super::progress::Progress;
use super::{assemble, lint, output, project};
use crate::config::Config;
use crate::experiment::{self, Plan, Recorder};
use crate::model::event::{Entry, Event, Sink};
use crate::model::problem::Problem;
use crate::model::report::TestReport;
use crate::model::verdict::{CheckVerdict, Readiness};
use crate::replica::ProcessLauncher;
use crate::report::{json, terminal};

/// Where a run's log is kept, below the folder of the app; the logs of the replicas lie beside it.
pub const LOG_FILE: &str = ".scaleproof/run.jsonl";

#[derive(clap::Args)]
pub struct Args {
    /// How many replicas [default: 3, or what scaleproof.yaml says]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=32))]
    replicas: Option<u32>,
    /// A story to run, in Hurl's syntax; may be repeated
    #[arg(long, value_name = "FILE")]
    scenario: Vec<PathBuf>,
    /// The configuration [default: scaleproof.yaml in the current folder, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The path that answers 2xx or 3xx once a replica is ready
    #[arg(long, value_name = "PATH")]
    ready: Option<String>,
    /// How long a replica may take to become ready, in seconds
    #[arg(long, value_name = "SECONDS")]
    ready_timeout: Option<u64>,
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
    reports: Reports,
    /// The command that starts the app; `{port}` `{socket}` `{name}` `{index}` are replaced
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub fn run(args: &Args) -> Result {
    let folder = std::env::current_dir()?;
    let config = configuration(args, &folder)?;
    let scenarios = project::scenarios(&folder, &args.scenario, &config.scenarios)?;
    let report = run_in(&folder, &config, Plan { scenarios, users: args.users, seed: args.seed, ..plan(&config, &folder) })?;
    write(&report, &args.reports)?;
    Ok(exit(&report, args.fail_on))
}
