//! `scaleproof.lint/1`, as `lint.schema.json` says.

use std::io::{self, Write};

use serde::Serialize;

use super::{FindingV1, ProblemV1};
use crate::model::deployment::Role;
use crate::model::finding::{Severity, Suppressed};
use crate::model::location::Location;
use crate::model::report::{Coverage, Foreign, LintReport, PassedOver, Volume};
use crate::model::verdict::Gate;

#[derive(Serialize)]
struct ReportV1<'a> {
    schema: &'static str,
    version: &'static str,
    verdict: Gate,
    /// The least severity that fails.
    fail_on: Option<Severity>,
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
    coverage: CoverageV1<'a>,
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

/// What was read, and what was not.
#[derive(Serialize)]
struct CoverageV1<'a> {
    languages: Vec<VolumeV1>,
    in_part: usize,
    passed_over: &'a [PassedOver],
    not_understood: &'a [Foreign],
}

#[derive(Serialize)]
struct VolumeV1 {
    language: &'static str,
    files: usize,
    lines: u64,
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
        verdict: report.verdict,
        fail_on: report.fail_on,
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
        coverage: coverage(&report.coverage),
    };
    serde_json::to_writer_pretty(&mut *out, &wire)?;
    writeln!(out)
}

fn coverage(coverage: &Coverage) -> CoverageV1<'_> {
    let volume = |it: &Volume| VolumeV1 { language: it.language.name(), files: it.files, lines: it.lines };
    CoverageV1 {
        languages: coverage.languages.iter().map(volume).collect(),
        in_part: coverage.in_part,
        passed_over: &coverage.passed_over,
        not_understood: &coverage.not_understood,
    }
}
