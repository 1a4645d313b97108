//! `scaleproof.bench/1`, as `bench.schema.json` says, written and read.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::bench::{
    BenchReport, BenchTarget, Bytes, Calibration, ConnectionTimes, Distribution, Failure, Generator, InstanceSpread,
    LoadAsked, Rates, Requests, Threshold,
};
use crate::model::problem::Problem;
use crate::model::verdict::Gate;

const SCHEMA: &str = "scaleproof.bench/1";
/// More than any run counts, and few enough digits for a table.
const MOST: f64 = 1e20;

#[derive(Serialize, Deserialize)]
struct ReportV1 {
    schema: String,
    version: String,
    verdict: Gate,
    targets: Vec<BenchTarget>,
    load: LoadAsked,
    seconds: f64,
    requests: Requests,
    failures: Vec<Failure>,
    statuses: BTreeMap<u16, u64>,
    bytes: Bytes,
    rates: Rates,
    times: ConnectionTimes,
    latency: Distribution,
    corrected: Distribution,
    percents: Vec<f64>,
    per_second: Vec<u64>,
    instances: Option<InstanceSpread>,
    generator: Generator,
    calibration: Option<Calibration>,
    thresholds: Vec<Threshold>,
    warnings: Vec<String>,
    histogram: String,
}

/// Writes one pretty-printed object and a newline.
pub fn render(report: &BenchReport, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &ReportV1::from(report.clone()))?;
    writeln!(out)
}

/// Reads what [`render`] wrote.
pub fn read(text: &str) -> Result<BenchReport, Problem> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let wrong = |message: String| Problem::new(message).help("`scaleproof bench --format json` writes it");
    let head: Head =
        serde_json::from_str(text).map_err(|error| wrong(format!("not the JSON of a benchmark: {error}")))?;
    if head.schema != SCHEMA {
        return Err(wrong(format!("the schema is `{}`, expected `{SCHEMA}`", head.schema)));
    }
    let report: ReportV1 =
        serde_json::from_str(text).map_err(|error| wrong(format!("not what `{SCHEMA}` says: {error}")))?;
    let all = serde_json::from_str(text).unwrap_or_default();
    if let Some(figure) = impossible("", &all) {
        return Err(wrong(format!("`{figure}` is nothing that a run measures")));
    }
    Ok(report.into())
}

/// A figure that is negative, or out of all proportion, as `name: figure`.
fn impossible(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => {
            let is_possible = number.as_f64().is_some_and(|number| (0.0..=MOST).contains(&number));
            (!is_possible).then(|| format!("{name}: {number}"))
        }
        Value::Array(values) => values.iter().find_map(|value| impossible(name, value)),
        Value::Object(members) => members.iter().find_map(|(name, value)| impossible(name, value)),
        _ => None,
    }
}

impl From<BenchReport> for ReportV1 {
    fn from(report: BenchReport) -> Self {
        ReportV1 {
            schema: SCHEMA.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            verdict: report.verdict,
            targets: report.targets,
            load: report.load,
            seconds: report.seconds,
            requests: report.requests,
            failures: report.failures,
            statuses: report.statuses,
            bytes: report.bytes,
            rates: report.rates,
            times: report.times,
            latency: report.latency,
            corrected: report.corrected,
            percents: report.percents,
            per_second: report.per_second,
            instances: report.instances,
            generator: report.generator,
            calibration: report.calibration,
            thresholds: report.thresholds,
            warnings: report.warnings,
            histogram: report.histogram,
        }
    }
}

impl From<ReportV1> for BenchReport {
    fn from(wire: ReportV1) -> Self {
        BenchReport {
            targets: wire.targets,
            load: wire.load,
            seconds: wire.seconds,
            requests: wire.requests,
            failures: wire.failures,
            statuses: wire.statuses,
            bytes: wire.bytes,
            rates: wire.rates,
            times: wire.times,
            latency: wire.latency,
            corrected: wire.corrected,
            percents: wire.percents,
            per_second: wire.per_second,
            instances: wire.instances,
            generator: wire.generator,
            calibration: wire.calibration,
            thresholds: wire.thresholds,
            warnings: wire.warnings,
            verdict: wire.verdict,
            histogram: wire.histogram,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_run_can_measure_is_refused() {
        let report = BenchReport { seconds: 1.25, per_second: vec![7, 77], ..BenchReport::default() };
        let mut text = Vec::new();
        render(&report, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(read(&text).unwrap(), report);
        for (was, is, said) in [
            ("1.25", "-1e308", "`seconds: -1e+308` is nothing"),
            ("1.25", "1e308", "`seconds: 1e+308` is nothing"),
            ("77", "-77", "not what `scaleproof.bench/1` says"),
        ] {
            let problem = read(&text.replace(was, is)).unwrap_err();
            assert!(problem.message.contains(said), "{}", problem.message);
        }
    }
}
