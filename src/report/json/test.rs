//! `scaleproof.test/1`, as `test.schema.json` says.

use std::io::{self, Write};

use serde::Serialize;

use super::{FindingV1, ProblemV1};
use crate::model::outcome::Story;
use crate::model::report::{Share, TestReport};
use crate::model::verdict::{CheckVerdict, Readiness};

#[derive(Serialize)]
struct ReportV1<'a> {
    schema: &'static str,
    version: &'static str,
    app: &'a str,
    verdict: Readiness,
    reason: &'a str,
    replicas: u32,
    seed: u64,
    command: &'a [String],
    checks: Vec<CheckV1<'a>>,
    distribution: &'a [Share],
    findings: Vec<FindingV1<'a>>,
    notes: &'a [String],
    problems: Vec<ProblemV1<'a>>,
    seconds: f64,
    log: Option<&'a str>,
}

#[derive(Serialize)]
struct CheckV1<'a> {
    id: &'a str,
    verdict: CheckVerdict,
    severity: crate::model::finding::Severity,
    summary: &'a str,
    evidence: &'a [String],
    power: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<&'a Story>,
}

/// Writes one pretty-printed object and a newline.
pub fn render(report: &TestReport, out: &mut dyn Write) -> io::Result<()> {
    let wire = ReportV1 {
        schema: "scaleproof.test/1",
        version: env!("CARGO_PKG_VERSION"),
        app: &report.app,
        verdict: report.verdict,
        reason: &report.reason,
        replicas: report.replicas,
        seed: report.seed,
        command: &report.command,
        checks: report
            .checks
            .iter()
            .map(|check| CheckV1 {
                id: &check.id,
                verdict: check.verdict,
                severity: check.severity,
                summary: &check.summary,
                evidence: &check.evidence,
                power: &check.power,
                story: check.story.as_ref(),
            })
            .collect(),
        distribution: &report.distribution,
        findings: report.findings.iter().map(FindingV1::from).collect(),
        notes: &report.notes,
        problems: report.problems.iter().map(ProblemV1::from).collect(),
        seconds: report.seconds,
        log: report.log.as_deref(),
    };
    serde_json::to_writer_pretty(&mut *out, &wire)?;
    writeln!(out)
}
