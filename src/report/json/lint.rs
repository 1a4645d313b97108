//! `scaleproof.lint/1`.

use std::io::{self, Write};

use serde::Serialize;

use super::{FindingV1, ProblemV1};
use crate::model::deployment::Role;
use crate::model::finding::Suppressed;
use crate::model::location::Location;
use crate::model::report::LintReport;

#[derive(Serialize)]
struct ReportV1<'a> {
    schema: &'static str,
    version: &'static str,
    findings: Vec<FindingV1<'a>>,
    services: Vec<ServiceV1<'a>>,
    problems: Vec<ProblemV1<'a>>,
    files: usize,
    lines: u64,
    suppressed: usize,
    suppressions: Vec<SuppressionV1<'a>>,
    hidden: usize,
    known: usize,
    unchanged: usize,
}

/// A finding that is silenced, why, and where that is said.
#[derive(Serialize)]
struct SuppressionV1<'a> {
    rule: &'a str,
    path: &'a str,
    line: u32,
    reason: &'a str,
    said_in: &'a str,
    said_on: u32,
}

impl<'a> From<&'a Suppressed> for SuppressionV1<'a> {
    fn from(Suppressed { finding, reason, said_at }: &'a Suppressed) -> Self {
        let Location { path, span } = &finding.location;
        let (said_in, said_on) = (&*said_at.path, said_at.span.line);
        SuppressionV1 { rule: &finding.rule, path, line: span.line, reason, said_in, said_on }
    }
}

#[derive(Serialize)]
struct ServiceV1<'a> {
    name: &'a str,
    role: Role,
    replicas: u32,
    processes: u32,
    path: &'a str,
    line: u32,
    verdict: &'a str,
}

/// Writes one pretty-printed object and a newline.
pub fn render(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let wire = ReportV1 {
        schema: "scaleproof.lint/1",
        version: env!("CARGO_PKG_VERSION"),
        findings: report.findings.iter().map(FindingV1::from).collect(),
        services: report
            .services
            .iter()
            .map(|row| ServiceV1 {
                name: &row.name,
                role: row.role,
                replicas: row.replicas,
                processes: row.processes,
                path: &row.location.path,
                line: row.location.span.line,
                verdict: &row.verdict,
            })
            .collect(),
        problems: report.problems.iter().map(ProblemV1::from).collect(),
        files: report.files,
        lines: report.lines,
        suppressed: report.suppressed.len(),
        suppressions: report.suppressed.iter().map(SuppressionV1::from).collect(),
        hidden: report.hidden,
        known: report.known,
        unchanged: report.unchanged,
    };
    serde_json::to_writer_pretty(&mut *out, &wire)?;
    writeln!(out)
}
