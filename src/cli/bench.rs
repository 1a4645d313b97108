//! `scaleproof bench`.

mod address;
mod args;
mod compare;
mod ending;
mod facts;
mod live;
mod memory;
mod plan;
mod request;
mod story;
mod tls;
mod verbose;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use args::Args;
use args::{BenchFormat, ReportArgs};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::exit::{Exit, Failure, Result, all};
use super::output;
use crate::load::bench::slices::Slices;
use crate::load::bench::summary::{calibrate, summarise};
use crate::load::bench::{self as generator, Interval, Measured, Plan};
use crate::model::bench::{BenchReport, Slice};
use crate::policy::threshold::{self, Bound};
use crate::report::{ab, csv, hlog, json, markdown, terminal};

pub fn run(args: &Args) -> Result {
    match bench(args) {
        Err(wrong @ Failure::Problems(_)) if args.report.ab_compat => {
            wrong.show();
            Ok(Exit::USAGE_OF_AB)
        }
        result => result,
    }
}

fn bench(args: &Args) -> Result {
    if args.report.show_version {
        output::print(|_, out| writeln!(out, "scaleproof bench {}", env!("CARGO_PKG_VERSION")))?;
        return Ok(Exit::Pass);
    }
    memory::release_code();
    args.report.reports.check()?;
    if let Some(files) = &args.report.compare {
        return compare::run(files, &args.report);
    }
    let bounds = all(args.report.fail_on.iter().map(|text| Bound::parse(text)))?;
    let addresses = plan::addresses(args)?;
    let plan = plan::plan(args, &addresses)?;
    plan::allow_connections(&plan)?;
    writable(&args.report)?;
    let stop = Arc::new(AtomicBool::new(false));
    // What was measured until somebody presses Ctrl-C is reported.
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, stop.clone())?;
    }
    let ceiling = args.load.calibrate.then(|| generator::ceiling(&plan, &stop)).transpose()?;
    memory::release_code();
    let (measured, slices) = measure(args, &plan, &stop)?;
    memory::release_code();
    let mut report = summarise(facts::facts(args, &plan, &addresses), &measured);
    if let Some(ceiling) = ceiling {
        calibrate(&mut report, ceiling);
    }
    threshold::judge(&mut report, &bounds, measured.interrupted);
    write(&report, &measured, &slices, &args.report)?;
    exit(args, &report, measured.interrupted)
}

/// Refuses files that cannot be written before any load is sent.
fn writable(report: &ReportArgs) -> Result<()> {
    for path in report.csv.iter().chain(&report.gnuplot) {
        fs::File::create(path).map_err(|error| output::named(error, path))?;
    }
    Ok(())
}

fn measure(args: &Args, plan: &Plan, stop: &AtomicBool) -> Result<(Measured, Vec<Slice>)> {
    let mut live = live::Live::new(plan, args.report.quiet, args.report.ab_compat);
    let mut slices = args.report.reports.any(BenchFormat::Hlog).then(Slices::default);
    let mut watch = |interval: &Interval| {
        live.watch(interval);
        if let Some(slices) = &mut slices {
            slices.add(interval);
        }
    };
    let measured =
        generator::run(plan, stop, &mut watch).map_err(|error| Failure::refused("the generator cannot run", &error))?;
    live.finish();
    Ok((measured, slices.map(Slices::into_slices).unwrap_or_default()))
}

fn write(report: &BenchReport, measured: &Measured, slices: &[Slice], args: &ReportArgs) -> Result<()> {
    let of_ab = ab::Look {
        percentages: !args.no_percentiles,
        deviations: !args.no_median,
        // Without the letter of ab, answers may be of any length, and are told to be so when they are.
        variable_length: args.any_length || (!args.ab_compat && report.requests.length_varied > 0),
    };
    args.reports.write(|format, look, out| match format {
        BenchFormat::Terminal if args.html => ab::html(report, of_ab, &attributes(args), out),
        BenchFormat::Terminal if args.ab_compat => ab::render(report, of_ab, out),
        BenchFormat::Terminal => terminal::bench::render(report, of_ab, look, out),
        BenchFormat::Json => json::bench::render(report, out),
        BenchFormat::Csv => csv::render(report, out),
        BenchFormat::Markdown => markdown::bench::render(report, out),
        BenchFormat::Hlog => hlog::render(slices, measured.began, out),
    })?;
    let file = |path: &Path, render: &dyn Fn(&mut dyn Write) -> std::io::Result<()>| -> Result<()> {
        let mut text = Vec::new();
        render(&mut text)?;
        fs::write(path, text).map_err(|error| output::named(error, path))?;
        Ok(())
    };
    if let Some(path) = &args.csv {
        file(path, &|out| ab::percent(report, out))?;
    }
    if let Some(path) = &args.gnuplot {
        file(path, &|out| ab::gnuplot(&measured.tally.samples, out))?;
    }
    Ok(())
}

fn attributes(args: &ReportArgs) -> ab::Attributes {
    let mut attributes =
        ab::Attributes { table: args.table.clone(), row: args.row.clone(), ..ab::Attributes::default() };
    if !args.cell.is_empty() {
        attributes.cell = args.cell.clone();
    }
    attributes
}

/// The verdict's; to the letter of ab, what it ends with.
fn exit(args: &Args, report: &BenchReport, interrupted: bool) -> Result {
    let of_ab = (args.report.ab_compat && report.thresholds.is_empty())
        .then(|| ending::of_ab(report, interrupted, args.connection.keep_going));
    match (of_ab.flatten(), report.requests.answered) {
        (Some(exit), _) => {
            ending::say_as_ab(report, exit);
            Ok(exit)
        }
        (None, 0) => Err(ending::nothing_answered(report, interrupted)),
        (None, _) => Ok(report.verdict.into()),
    }
}
