//! `scaleproof.bench/1`, as `bench.schema.json` says, written and read.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::model::bench::{
    BenchReport, BenchTarget, Bytes, Calibration, ConnectionTimes, Distribution, Failure, Generator, InstanceSpread,
    LoadAsked, Rates, Requests, Threshold,
};
use crate::model::problem::Problem;
use crate::model::verdict::Gate;

const SCHEMA: &str = "scaleproof.bench/1";

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
    Ok(report.into())
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
