//! `scaleproof demo`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::exit::{Exit, Failure, Result};
use super::trial::{self, Trial};
use super::{output, project};
use crate::demo::Variant;
use crate::model::report::TestReport;
use crate::model::verdict::Readiness;
use crate::replica::run::Run;
use crate::report::terminal;

#[derive(clap::Args)]
pub struct Args {}

pub fn run(_: &Args) -> Result {
    let run = trial::begin()?;
    output::print(|_, out| writeln!(out, "{INTRODUCTION}"))?;
    let wrong = show(Variant::InMemory, "1. The cart in the memory of each replica", &run)?;
    if wrong.verdict != Readiness::NotReady {
        // Interrupted, or a machine on which it cannot be shown.
        return Ok(Exit::Undecided);
    }
    let sound = show(Variant::WithStore, "2. The same shop, its cart in a store that all replicas share", &run)?;
    output::print(|_, out| writeln!(out, "{CONCLUSION}"))?;
    Ok(if sound.verdict == Readiness::Ready { Exit::Pass } else { Exit::Undecided })
}

const INTRODUCTION: &str = "\
A small web shop, started three times behind a balancer. This binary is the shop, the balancer and the customers.
";

const CONCLUSION: &str = "
Now your own app:   scaleproof lint                      what the code and the deployment files say
                    scaleproof init                      write a scaleproof.yaml for it
                    scaleproof test -- COMMAND           three replicas of it";

/// Tries one variant in a folder of the run and shows its report under `title`.
fn show(variant: Variant, title: &str, run: &Arc<Run>) -> Result<TestReport> {
    let folder = write_project(variant, run).map_err(|error| Failure::refused("the shop cannot be written", &error))?;
    let config = project::config(&folder, None)?;
    let variables = BTreeMap::new();
    let scenarios = project::scenarios(&folder, &[], &config.scenarios, &variables)?;
    let report =
        Trial { run: run.clone(), folder, config, scenarios, variables, users: 9, seed: 42, keep: false }.run()?;
    output::print(|look, out| {
        let bold = anstyle::Style::new().bold();
        writeln!(out, "{bold}{title}{bold:#}\n")?;
        terminal::test::render(&report, look, out)?;
        writeln!(out)
    })?;
    Ok(report)
}

fn write_project(variant: Variant, run: &Run) -> io::Result<PathBuf> {
    let folder = run.folder().join(variant.name());
    let executable = std::env::current_exe()?;
    for (path, text) in variant.project(&executable.to_string_lossy()) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        fs::write(path, text)?;
    }
    Ok(folder)
}
