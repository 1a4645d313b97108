//! `scaleproof report`.

use std::path::PathBuf;

use super::exit::Result;
use super::output::{FailOn, Reports, RunFormat};
use super::{assemble, project, test, trial};
use crate::experiment;

#[derive(clap::Args)]
pub struct Args {
    /// The log of a run, as `test` keeps it
    #[arg(value_name = "RUN", default_value = trial::LOG)]
    log: PathBuf,
    /// The least severity of a failed check that fails the run
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    fail_on: FailOn,
    #[command(flatten)]
    reports: Reports<RunFormat>,
}

pub fn run(args: &Args) -> Result {
    args.reports.check()?;
    let text = project::read(&args.log)?;
    let entries = experiment::read(&text, &args.log.display().to_string())?;
    let report = assemble::report(&entries, Some(&args.log));
    test::write(&report, &args.reports)?;
    Ok(test::exit(&report, args.fail_on))
}
