//! `bench` on a terminal: what `ab` would say, then what it does not: percentiles with their intervals, who answered, what failed,
//! what the generator needed, and the verdict last.

mod instances;

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::style::{self, BOLD, DIM, RED, YELLOW, paint};
use super::{Look, hanging};
use crate::model::bench::{BenchReport, Distribution, Percentile};
use crate::model::verdict::Gate;
use crate::report::text::{clip, one_line, visible};
use crate::report::{ab, plural};

pub fn render(report: &BenchReport, of_ab: ab::Look, look: Look, out: &mut dyn Write) -> io::Result<()> {
    ab::render(report, of_ab, out)?;
    writeln!(out)?;
    if report.latency.count > 0 {
        latency(report, out)?;
        throughput(report, look, out)?;
    }
    failures(report, out)?;
    if let Some(instances) = &report.instances {
        instances::render(instances, look, out)?;
    }
    generator(report, look, out)?;
    if !report.warnings.is_empty() {
        writeln!(out)?;
    }
    for warning in &report.warnings {
        hanging(&paint(YELLOW, "warning  "), &shown(warning), look, out)?;
    }
    verdict(report, look, out)
}

/// A sentence with words of others in it.
fn shown(text: &str) -> String {
    const MOST: usize = 4 << 10;
    one_line(&visible(&clip(text, MOST)))
}

/// A name of others as a cell of a table.
fn named(text: &str) -> String {
    const MOST: usize = 40;
    one_line(&visible(&clip(text, MOST)))
}

/// Fills up to `width` columns.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn latency(report: &BenchReport, out: &mut dyn Write) -> io::Result<()> {
    // What is calculated in a closed loop has no interval.
    let (corrected, of_due): (_, fn(&Percentile) -> String) = match report.load.rate {
        Some(_) => ("from when it was due  95 % interval", |row| format!("  {}", interval(row))),
        None => ("corrected", |_| String::new()),
    };
    writeln!(out, "{}", paint(BOLD, "Latency (ms)"))?;
    writeln!(out, "             as sent  95 % interval            {corrected:>20}")?;
    let mut uncarried = false;
    for (sent, due) in report.latency.percentiles.iter().zip(&report.corrected.percentiles) {
        let mark = if sent.carried { ' ' } else { '*' };
        uncarried |= !sent.carried;
        let name = format!("{} %", sent.percent);
        let row = format!("{name:>9} {:>10.3}{mark} {:<24}{:>20.3}{}", sent.ms, interval(sent), due.ms, of_due(due));
        writeln!(out, "{}", if sent.carried { row } else { paint(DIM, &row) })?;
    }
    let whole = |of: &Distribution| [of.mean, of.sd, of.min, of.max];
    let rows = whole(&report.latency).into_iter().zip(whole(&report.corrected));
    for (name, (sent, due)) in ["mean", "sd", "min", "max"].into_iter().zip(rows) {
        writeln!(out, "{name:>9} {sent:>10.3}  {:24}{due:>20.3}", "")?;
    }
    if uncarried {
        writeln!(out, "{}", paint(DIM, "  * fewer than ten answers were slower: only the interval says something"))?;
    }
    writeln!(out)
}

fn interval(row: &Percentile) -> String {
    format!("{:.3} to {:.3}", row.low, row.high)
}

fn throughput(report: &BenchReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let rate = report.rates.requests_per_second;
    let sure = match report.rates.requests_per_second_interval {
        Some((low, high)) => format!("95 % interval {low:.1} to {high:.1}, out of the seconds of the run"),
        None => "the run is too short for an interval, which takes seven seconds".to_owned(),
    };
    let loop_of = match report.load.rate {
        Some(asked) => format!("open loop, {asked} requests/s asked for, {}", shown(&report.load.arrivals)),
        None => {
            let streams =
                report.load.streams.map_or(String::new(), |streams| format!(", {streams} requests at once on each"));
            format!("closed loop of {}{streams}", plural(report.load.connections as usize, "connection"))
        }
    };
    hanging("Throughput  ", &format!("{rate:.1} requests/s ({sure}); {loop_of}"), look, out)
}

fn failures(report: &BenchReport, out: &mut dyn Write) -> io::Result<()> {
    if report.failures.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", paint(BOLD, "Failures"))?;
    for failure in &report.failures {
        let count = paint(RED, format!("{:>10}", failure.count));
        writeln!(out, "  {:16}{count}  {}", failure.kind.name(), shown(&clip(&failure.example, 200)))?;
    }
    Ok(())
}

fn generator(report: &BenchReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let generator = &report.generator;
    let mut said = format!(
        "{:.2} s of CPU time, {:.1} µs for each request; busy {:.0} % of {}; at most {:.1} MB of memory",
        generator.cpu_seconds,
        generator.cpu_us_per_request,
        generator.busy * 100.0,
        plural(report.load.threads as usize, "thread"),
        generator.peak_memory_bytes as f64 / 1e6
    );
    if let Some(calibration) = &report.calibration {
        said += &format!(
            "; reaches {:.0} requests/s here against a server that does nothing, of which this run is {:.1} %",
            calibration.requests_per_second,
            calibration.ratio * 100.0
        );
    }
    hanging("Generator   ", &said, look, out)
}

fn verdict(report: &BenchReport, look: Look, out: &mut dyn Write) -> io::Result<()> {
    if report.thresholds.is_empty() && report.verdict == Gate::Pass {
        return Ok(());
    }
    writeln!(out)?;
    let width = report.thresholds.iter().map(|threshold| threshold.text.width()).max().unwrap_or(0);
    for threshold in &report.thresholds {
        let word = padded_gate(threshold.verdict);
        writeln!(out, "  {word} {}  {}", padded(&visible(&threshold.text), width), shown(&threshold.measured))?;
    }
    let judged = |verdict| report.thresholds.iter().filter(|threshold| threshold.verdict == verdict).count();
    let of = plural(report.thresholds.len(), "threshold");
    let reason = match report.verdict {
        Gate::Pass => format!("All thresholds hold ({}).", report.thresholds.len()),
        Gate::Fail => format!("{} of {of} missed.", judged(Gate::Fail)),
        Gate::Unknown if report.thresholds.is_empty() => "Nothing was answered.".to_owned(),
        Gate::Unknown => format!("{} of {of} cannot be told from this run.", judged(Gate::Unknown)),
    };
    super::gate(&reason, report.verdict, look, out)
}

/// The verdicts of a list below each other.
fn padded_gate(verdict: Gate) -> String {
    let missing = match verdict {
        Gate::Pass | Gate::Fail => "   ",
        Gate::Unknown => "",
    };
    format!("{}{missing}", style::gate(verdict))
}
