//! `scaleproof.lint/1`.

use std::io::{self, Write};

use serde::Serialize;

use super::{FindingV1, ProblemV1};
use crate::model::deployment::Role;
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
    hidden: usize,
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
        hidden: report.hidden,
    };
    serde_json::to_writer_pretty(&mut *out, &wire)?;
    writeln!(out)
}
