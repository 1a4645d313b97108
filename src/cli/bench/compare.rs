//! `--compare A.json B.json`.

use std::fs;
use std::path::{Path, PathBuf};

use super::args::{BenchFormat, ReportArgs};
use crate::cli::exit::{Exit, Result};
use crate::cli::output;
use crate::load::bench::compare::{Named, compare};
use crate::model::bench::BenchReport;
use crate::model::problem::Problem;
use crate::report::{json, markdown, terminal};
use crate::stats::latency;

pub fn run(files: &[PathBuf], args: &ReportArgs) -> Result {
    let [a, b] = files else { return Ok(Exit::Usage) };
    if args.reports.any(BenchFormat::Csv) || args.reports.any(BenchFormat::Hlog) {
        return Err(Problem::new("a comparison has no such format")
            .help("`--compare` writes terminal, json and markdown.")
            .into());
    }
    if !args.fail_on.is_empty() {
        return Err(Problem::new("a comparison is held against no threshold")
            .help("Give `--fail-on` to the run itself, or read `judgement` in `--format json`.")
            .into());
    }
    let (of_a, of_b) = (read(a)?, read(b)?);
    let (name_a, name_b) = (a.display().to_string(), b.display().to_string());
    let comparison = compare(Named { name: &name_a, report: &of_a }, Named { name: &name_b, report: &of_b });
    args.reports.write(|format, look, out| match format {
        BenchFormat::Json => json::comparison::render(&comparison, out),
        BenchFormat::Markdown => markdown::bench::comparison(&comparison, out),
        _ => terminal::comparison::render(&comparison, look, out),
    })?;
    Ok(Exit::Pass)
}

fn read(path: &Path) -> Result<BenchReport> {
    let text = fs::read_to_string(path).map_err(|error| output::named(error, path))?;
    let named = |problem: Problem| problem.in_file(&path.display().to_string());
    let report = json::bench::read(&text).map_err(named)?;
    if latency::decode(&report.histogram).is_none() {
        let problem =
            Problem::new("its `histogram` cannot be read, so that nothing could be said of how sure times are");
        return Err(named(problem.help("`scaleproof bench --format json` writes it")).into());
    }
    Ok(report)
}
