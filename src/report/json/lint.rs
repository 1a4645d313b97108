//! `scaleproof.lint/1`, as `lint.schema.json` says.

use std::io::{self, Write};

use serde::Serialize;

use super::{FindingV1, ProblemV1};
use crate::model::deployment::{Count, Number, Role};
use crate::model::finding::{Severity, Suppressed};
use crate::model::location::Location;
use crate::model::report::{Cause, Coverage, Foreign, LintReport, PassedOver, Raise, ServiceRow, Volume};
use crate::model::verdict::{Gate, Scalability};

#[derive(Serialize)]
struct ReportV1<'a> {
    schema: &'static str,
    version: &'static str,
    verdict: Gate,
    /// The least severity that fails.
    fail_on: Option<Severity>,
    findings: Vec<FindingV1<'a>>,
    services: Vec<ServiceV1<'a>>,
    raised: Vec<RaiseV1<'a>>,
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

/// A service: what it is, how many of it run and where that is said, and whether there may be more.
#[derive(Serialize)]
struct ServiceV1<'a> {
    name: &'a str,
    role: Role,
    replicas: u32,
    /// With what an autoscaler may make.
    most: u32,
    processes: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replicas_at_least: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    most_at_least: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    processes_at_least: bool,
    path: &'a str,
    line: u32,
    counts: Vec<CountV1<'a>>,
    runs: &'a str,
    verdict: Scalability,
    reasons: Vec<CauseV1<'a>>,
}

#[derive(Serialize)]
struct CountV1<'a> {
    value: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    at_least: bool,
    stated_as: &'a str,
    path: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct CauseV1<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

impl<'a> From<&'a ServiceRow> for ServiceV1<'a> {
    fn from(row: &'a ServiceRow) -> Self {
        let count = |count: &'a Count| CountV1 {
            value: count.value,
            at_least: count.at_least,
            stated_as: &count.stated_as,
            path: &count.location.path,
            line: count.location.span.line,
        };
        let cause = |cause: &'a Cause| CauseV1 {
            message: &cause.message,
            path: cause.location.as_ref().map(|location| &*location.path),
            line: cause.location.as_ref().map(|location| location.span.line),
        };
        ServiceV1 {
            name: &row.name,
            role: row.role,
            replicas: row.replicas,
            most: row.most,
            processes: row.processes,
            replicas_at_least: row.at_least.replicas,
            most_at_least: row.at_least.most,
            processes_at_least: row.at_least.processes,
            path: &row.location.path,
            line: row.location.span.line,
            counts: row.counts().map(count).collect(),
            runs: &row.runs,
            verdict: row.verdict,
            reasons: row.reasons.iter().map(cause).collect(),
        }
    }
}

/// A number of instances or processes that went up.
#[derive(Serialize)]
struct RaiseV1<'a> {
    service: &'a str,
    what: &'a str,
    before: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    before_at_least: bool,
    now: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    now_at_least: bool,
    path: &'a str,
    line: u32,
}

impl<'a> From<&'a Raise> for RaiseV1<'a> {
    fn from(raise: &'a Raise) -> Self {
        RaiseV1 {
            service: &raise.service.name,
            what: &raise.what,
            before: raise.before.map(Number::least),
            before_at_least: raise.before == Some(Number::Several),
            now: raise.now.least(),
            now_at_least: raise.now == Number::Several,
            path: &raise.location.path,
            line: raise.location.span.line,
        }
    }
}

/// Writes one pretty-printed object and a newline.
pub fn render(report: &LintReport, out: &mut dyn Write) -> io::Result<()> {
    let wire = ReportV1 {
        schema: "scaleproof.lint/1",
        version: env!("CARGO_PKG_VERSION"),
        verdict: report.verdict,
        fail_on: report.fail_on,
        findings: report.findings.iter().map(FindingV1::from).collect(),
        services: report.services.iter().map(ServiceV1::from).collect(),
        raised: report.raised.iter().map(RaiseV1::from).collect(),
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
