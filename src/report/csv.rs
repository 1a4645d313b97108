//! A benchmark as CSV (RFC 4180), one row for each figure.

use std::io::{self, Write};

use crate::model::bench::{BenchReport, Distribution, TimeSummary};
use crate::report::text::{clip, one_line, visible};

/// `figure,value,unit,low,high`: the last two are the 95 % interval, where there is one.
pub fn render(report: &BenchReport, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Rows { out };
    rows.out.write_all(b"figure,value,unit,low,high\r\n")?;
    rates(report, &mut rows)?;
    requests(report, &mut rows)?;
    let times = &report.times;
    for (name, of) in [
        ("connect", &times.connect),
        ("processing", &times.processing),
        ("waiting", &times.waiting),
        ("total", &times.total),
    ] {
        summary(name, of, &mut rows)?;
    }
    distribution("latency", &report.latency, true, &mut rows)?;
    distribution("corrected", &report.corrected, report.load.rate.is_some(), &mut rows)?;
    instances(report, &mut rows)?;
    let generator = &report.generator;
    rows.figure("generator.cpu", generator.cpu_seconds, "s")?;
    rows.figure("generator.cpu_per_request", generator.cpu_us_per_request, "µs")?;
    rows.figure("generator.busy", generator.busy, "")?;
    rows.figure("generator.peak_memory", generator.peak_memory_bytes, "bytes")
}

struct Rows<'a> {
    out: &'a mut dyn Write,
}

impl Rows<'_> {
    fn figure(&mut self, name: &str, value: impl ToString, unit: &str) -> io::Result<()> {
        self.row([name, &value.to_string(), unit, "", ""])
    }

    fn interval(&mut self, name: &str, value: f64, unit: &str, interval: Option<(f64, f64)>) -> io::Result<()> {
        let end = |of: fn((f64, f64)) -> f64| interval.map_or(String::new(), |interval| of(interval).to_string());
        self.row([name, &value.to_string(), unit, &end(|it| it.0), &end(|it| it.1)])
    }

    fn row(&mut self, cells: [&str; 5]) -> io::Result<()> {
        let cells = cells.map(cell);
        write!(self.out, "{}\r\n", cells.join(","))
    }
}

/// In quotes where it has to be.
fn cell(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

fn rates(report: &BenchReport, rows: &mut Rows<'_>) -> io::Result<()> {
    let rates = &report.rates;
    rows.interval("requests_per_second", rates.requests_per_second, "1/s", rates.requests_per_second_interval)?;
    rows.figure("seconds", report.seconds, "s")?;
    rows.figure("time_per_request", rates.ms_per_request, "ms")?;
    rows.figure("time_per_request_across", rates.ms_per_request_across, "ms")?;
    rows.figure("received", rates.kbytes_received, "KiB/s")?;
    rows.figure("sent", rates.kbytes_sent, "KiB/s")
}

fn requests(report: &BenchReport, rows: &mut Rows<'_>) -> io::Result<()> {
    let requests = &report.requests;
    let counts = [
        ("sent", requests.sent),
        ("answered", requests.answered),
        ("unfinished", requests.unfinished),
        ("unsent", requests.unsent),
        ("hung", requests.hung),
        ("late", requests.late),
        ("late_by_generator", requests.late_by_generator),
        ("non_2xx", requests.non_2xx),
        ("refused", requests.refused),
        ("kept_alive", requests.kept_alive),
        ("connections", requests.connections),
        ("length_varied", requests.length_varied),
    ];
    counts.iter().try_for_each(|(name, count)| rows.figure(&format!("requests.{name}"), count, ""))?;
    let statuses = report.statuses.iter();
    statuses.into_iter().try_for_each(|(status, count)| rows.figure(&format!("status.{status}"), count, ""))?;
    let failures = report.failures.iter();
    failures
        .into_iter()
        .try_for_each(|failure| rows.figure(&format!("failure.{}", failure.kind.name()), failure.count, ""))
}

fn summary(name: &str, of: &TimeSummary, rows: &mut Rows<'_>) -> io::Result<()> {
    let values = [("min", of.min), ("mean", of.mean), ("sd", of.sd), ("median", of.median), ("max", of.max)];
    values.iter().try_for_each(|(value, ms)| rows.figure(&format!("{name}.{value}"), ms, "ms"))
}

/// `of_sample`: is it measured, not calculated?
fn distribution(name: &str, of: &Distribution, of_sample: bool, rows: &mut Rows<'_>) -> io::Result<()> {
    rows.figure(&format!("{name}.count"), of.count, "")?;
    for (value, ms) in [("mean", of.mean), ("sd", of.sd), ("min", of.min), ("max", of.max)] {
        rows.figure(&format!("{name}.{value}"), ms, "ms")?;
    }
    of.percentiles.iter().try_for_each(|row| {
        rows.interval(&format!("{name}.p{}", row.percent), row.ms, "ms", of_sample.then_some((row.low, row.high)))
    })
}

fn instances(report: &BenchReport, rows: &mut Rows<'_>) -> io::Result<()> {
    const MOST: usize = 200;
    let Some(spread) = &report.instances else { return Ok(()) };
    rows.figure("instances.max_over_mean", spread.max_over_mean, "")?;
    rows.figure("instances.jain", spread.jain, "")?;
    rows.figure("instances.unattributed", spread.unattributed, "")?;
    if let Some(p) = spread.p_value {
        rows.figure("instances.p_value", p, "")?;
    }
    for row in &spread.rows {
        let name = one_line(&visible(&clip(&row.name, MOST)));
        rows.figure(&format!("instance.{name}.requests"), row.requests, "")?;
        rows.figure(&format!("instance.{name}.errors"), row.errors, "")?;
        rows.figure(&format!("instance.{name}.decisions"), row.decisions, "")?;
        rows.figure(&format!("instance.{name}.p50"), row.p50, "ms")?;
        rows.figure(&format!("instance.{name}.p99"), row.p99, "ms")?;
    }
    Ok(())
}
